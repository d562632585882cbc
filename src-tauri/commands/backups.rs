//! Backups, and what comes back out of them.

use crate::backing_up;
use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::{AccountRow, Proof};
use keyhaven_secret::SecretText;
use std::path::Path;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn backups(app: &AppHandle) -> Answer<BackupView> {
    // The folder may be a share that does not answer: the app is free meanwhile.
    let look = desk(app).app().backup_look();
    Ok(look.run(false))
}

pub(super) fn choose_backup_folder(app: &AppHandle) -> Answer<Option<BackupView>> {
    let dialog = app.dialog().file().set_title("Choose a folder for backups");
    let Some(chosen) = dialog.blocking_pick_folder() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    set_backup_folder(app, path.display().to_string()).map(Some)
}

pub(super) fn set_backup_folder(app: &AppHandle, folder: String) -> Answer<BackupView> {
    desk(app).app().set_backup_folder(Path::new(folder.trim()))?;
    // The first backup shows at once whether the folder can be written; a failure is a state, not an error of this.
    backing_up::run(app, false).or_else(|_| backups(app))
}

pub(super) fn note_synced_folder(app: &AppHandle, synced: bool) -> Answer<BackupView> {
    desk(app).app().note_synced_folder(synced)
}

pub(super) fn stop_backups(app: &AppHandle) -> Answer<BackupView> {
    desk(app).app().stop_backups()
}

pub(super) fn set_backup_rotation(app: &AppHandle, rotation: BackupRotation) -> Answer<BackupView> {
    desk(app).app().set_backup_rotation(rotation)
}

pub(super) fn set_backup_passphrase(
    app: &AppHandle,
    proof: Proof,
    passphrase: Option<String>,
) -> Answer<BackupView> {
    desk(app).app().set_backup_passphrase(proof, passphrase.map(SecretText::new))?;
    backing_up::run(app, false).or_else(|_| backups(app))
}

pub(super) fn back_up_now(app: &AppHandle) -> Answer<BackupView> {
    backing_up::run(app, true)
}

pub(super) fn restore_points(app: &AppHandle) -> Answer<RestorePoints> {
    desk(app).app().restore_points()
}

pub(super) fn look_into(
    app: &AppHandle,
    place: PointPlace,
    name: String,
    proof: Option<Proof>,
) -> Answer<LookAnswer> {
    desk(app).app().look_into_point(place, &name, proof)
}

pub(super) fn restore_records(app: &AppHandle, look: u32, ids: Vec<String>) -> Answer<Vec<AccountRow>> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.restore_records(look, &ids)?;
    keyhaven.accounts()
}

pub(super) fn forget_look(app: &AppHandle) -> Answer<()> {
    desk(app).app().forget_look();
    Ok(())
}
