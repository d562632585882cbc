//! The ways into the vault, and the keyring doctor.

use crate::error::Answer;
use crate::state::desk;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::{Kit, Proof};
use keyhaven_secret::SecretText;
use tauri::AppHandle;

pub(super) fn slots(app: &AppHandle) -> Answer<Vec<SlotView>> {
    desk(app).app().slots()
}

pub(super) fn add_passphrase(
    app: &AppHandle,
    proof: Proof,
    passphrase: String,
    label: String,
) -> Answer<Vec<SlotView>> {
    desk(app).app().add_passphrase(proof, &SecretText::new(passphrase), &label)
}

pub(super) fn remove_slot(app: &AppHandle, id: String, proof: Proof) -> Answer<Vec<SlotView>> {
    desk(app).app().remove_slot(&id, proof)
}

pub(super) fn change_passphrase(
    app: &AppHandle,
    id: String,
    current: String,
    passphrase: String,
) -> Answer<Vec<SlotView>> {
    let (current, passphrase) = (SecretText::new(current), SecretText::new(passphrase));
    desk(app).app().change_passphrase(&id, &current, &passphrase)
}

pub(super) fn rotation_fate(app: &AppHandle) -> Answer<RotationFate> {
    desk(app).app().rotation_fate()
}

pub(super) fn rotate_keys(app: &AppHandle, passphrase: String) -> Answer<Kit> {
    desk(app).app().rotate_keys(&SecretText::new(passphrase))
}

pub(super) fn doctor(app: &AppHandle, unlock: bool) -> Answer<DoctorReport> {
    let desk = desk(app);
    let question = desk.app().doctor_question(unlock);
    let answer = question.ask();
    Ok(desk.app().diagnose(answer))
}
