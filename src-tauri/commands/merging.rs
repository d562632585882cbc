//! Copies of the vault beside it, and merging with a preview.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::{AccountRow, Proof};
use std::path::Path;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn copies(app: &AppHandle) -> Answer<Vec<VaultCopy>> {
    Ok(desk(app).app().copies())
}

pub(super) fn preview_copy(app: &AppHandle, name: String, proof: Option<Proof>) -> Answer<LookAnswer> {
    desk(app).app().preview_copy(&name, proof)
}

pub(super) fn choose_merge(app: &AppHandle) -> Answer<Option<String>> {
    let dialog = app.dialog().file().set_title("Choose another copy of this vault");
    let dialog = dialog.add_filter("Keyhaven vault", &["keyhaven"]).add_filter("All files", &["*"]);
    let Some(chosen) = dialog.blocking_pick_file() else { return Ok(None) };
    Ok(Some(chosen.into_path().map_err(other)?.display().to_string()))
}

pub(super) fn preview_merge(app: &AppHandle, path: String, proof: Option<Proof>) -> Answer<LookAnswer> {
    desk(app).app().preview_merge(Path::new(&path), proof)
}

pub(super) fn apply_merge(app: &AppHandle, look: u32) -> Answer<Vec<AccountRow>> {
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.apply_merge(look)?;
    keyhaven.accounts()
}

pub(super) fn settle_copy(app: &AppHandle, name: String, fate: CopyFate) -> Answer<Vec<VaultCopy>> {
    desk(app).app().settle_copy(&name, fate)
}
