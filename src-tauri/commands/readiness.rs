//! What would be back if this computer were gone, and the drill that tries it.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::readiness_view::*;
use keyhaven_app::view::{ChosenVault, Proof};
use std::path::Path;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn readiness(app: &AppHandle) -> Answer<Readiness> {
    desk(app).app().readiness()
}

pub(super) fn note_ways(
    app: &AppHandle,
    account: String,
    second_device: bool,
    admin_reset: bool,
) -> Answer<Readiness> {
    desk(app).app().note_ways(&account, second_device, admin_reset)
}

pub(super) fn choose_drill_copy(app: &AppHandle) -> Answer<Option<ChosenVault>> {
    let mut dialog = app.dialog().file().set_title("Choose a backup to drill with");
    if let Some(folder) = desk(app).app().backups().folder {
        dialog = dialog.set_directory(folder);
    }
    let dialog = dialog.add_filter("Keyhaven vault", &["keyhaven"]).add_filter("All files", &["*"]);
    let Some(chosen) = dialog.blocking_pick_file() else { return Ok(None) };
    let path = chosen.into_path().map_err(other)?;
    desk(app).app().choose_drill_copy(&path).map(Some)
}

pub(super) fn run_drill(app: &AppHandle, proof: Proof, backup: Option<String>) -> Answer<DrillReport> {
    let desk = desk(app);
    let plan = desk.app().plan_drill(backup.as_deref().map(Path::new))?;
    // Without holding the app: opening the copy takes seconds, and the codes on screen go on meanwhile.
    let home = tempfile::tempdir().map_err(other)?;
    let drilled = plan.run(home.path(), proof)?;
    desk.app().finish_drill(drilled)
}
