//! Making, opening and locking the vault.

use crate::error::{Answer, other};
use crate::state::{self, desk};
use keyhaven_app::safety_view::{PointPlace, RestorePreview, RestoreSource};
use keyhaven_app::strength;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use std::path::Path;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn status(app: &AppHandle) -> Answer<Status> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.look_again();
    // The keyring has mostly answered by the time the page asks first; how it refused, the status says.
    if let Some(answer) = desk.early_answer() {
        let _ = keyhaven.unlock_with_keyring_answer(answer);
    }
    Ok(keyhaven.status())
}

pub(super) fn estimate_passphrase(_app: &AppHandle, passphrase: String) -> Answer<Strength> {
    Ok(strength::estimate(&SecretText::new(passphrase)))
}

pub(super) fn create_vault(app: &AppHandle, request: NewVaultRequest) -> Answer<Kit> {
    touch(app)?;
    desk(app).app().create_vault(request.passphrase.map(SecretText::new), request.keyring)
}

pub(super) fn choose_vault(app: &AppHandle) -> Answer<Option<ChosenVault>> {
    let dialog = app
        .dialog()
        .file()
        .set_title("Choose a vault or a backup")
        .add_filter("Keyhaven vault", &["keyhaven"]);
    let Some(chosen) = dialog.add_filter("All files", &["*"]).blocking_pick_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().choose(&path).map(Some)
}

pub(super) fn use_vault(app: &AppHandle, path: String, copy: bool) -> Answer<Status> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.use_vault(Path::new(&path), copy)?;
    Ok(keyhaven.status())
}

pub(super) fn preview_restore(
    app: &AppHandle,
    source: RestoreSource,
    proof: Option<Proof>,
    keyring: bool,
) -> Answer<RestorePreview> {
    let desk = desk(app);
    // The keyring may ask the person, who may take their time: the app is free meanwhile.
    let question = if keyring { desk.app().preview_question(&source)? } else { None };
    let answer = question.map(|question| question.ask());
    desk.app().preview_restore(&source, proof, answer)
}

pub(super) fn restore_point(app: &AppHandle, place: PointPlace, name: String) -> Answer<Status> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.restore_point(place, &name)?;
    Ok(keyhaven.status())
}

pub(super) fn unlock_with_keyring(app: &AppHandle) -> Answer<Status> {
    touch(app)?;
    let desk = desk(app);
    if let Some(answer) = desk.ask_keyring() {
        desk.app().unlock_with_keyring_answer(answer)?;
    }
    status(app)
}

pub(super) fn unlock_with_passphrase(app: &AppHandle, passphrase: String) -> Answer<Status> {
    touch(app)?;
    let passphrase = SecretText::new(passphrase);
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.unlock_with_passphrase(&passphrase)?;
    let status = keyhaven.status();
    drop(keyhaven);
    strengthen(app, passphrase);
    Ok(status)
}

/// Raises the passphrase's cost where that is due, after the page has its answer: nobody waits for it.
fn strengthen(app: &AppHandle, passphrase: SecretText) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        // What fails here fails again, and is told, at the next change that somebody asks for.
        let _ = state::desk(&app).app().strengthen(&passphrase);
        state::desk(&app).backups.wake();
    });
}

pub(super) fn unlock_with_recovery_key(app: &AppHandle, recovery_key: String) -> Answer<Status> {
    touch(app)?;
    let recovery_key = SecretText::new(recovery_key);
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.unlock_with_recovery_key(&recovery_key)?;
    Ok(keyhaven.status())
}

pub(super) fn save_set_aside(app: &AppHandle, proof: Proof) -> Answer<Option<String>> {
    // Whoever mistypes the passphrase hears so before choosing a file.
    let bytes = desk(app).app().set_aside_file(proof)?;
    let dialog = app.dialog().file().set_title("Save what could not be understood");
    let dialog = dialog.add_filter("JSON lines", &["jsonl"]).set_file_name("keyhaven-set-aside.jsonl");
    let Some(chosen) = dialog.blocking_save_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().save_private_file(&path, &bytes)?;
    Ok(Some(path.display().to_string()))
}

pub(super) fn lock(app: &AppHandle) -> Answer<Status> {
    Ok(state::lock(app))
}

pub(super) fn touch(app: &AppHandle) -> Answer<()> {
    let desk = desk(app);
    let now = desk.app().now();
    desk.idle.touch(now);
    Ok(())
}

pub(super) fn enable_keyring(app: &AppHandle) -> Answer<Status> {
    let desk = desk(app);
    // The keyring may ask the person, who may take their time: the app is free meanwhile, above all to be locked.
    let entry = desk.app().keyring_entry()?;
    let written = entry.write();
    let mut keyhaven = desk.app();
    keyhaven.adopt_keyring(written)?;
    Ok(keyhaven.status())
}

pub(super) fn disable_keyring(app: &AppHandle) -> Answer<Status> {
    let desk = desk(app);
    let question = desk.app().keyring_to_disable()?;
    let answer = question.ask();
    desk.app().disable_keyring_answered(answer)?;
    question.forget();
    status(app)
}
