//! What would be back if this computer were gone, and the drill that tries it.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::readiness_view::*;
use keyhaven_app::view::Proof;
use tauri::AppHandle;

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

pub(super) fn run_drill(app: &AppHandle, proof: Proof) -> Answer<DrillReport> {
    let desk = desk(app);
    let plan = desk.app().plan_drill(None)?;
    // Without holding the app: opening the copy takes seconds, and the codes on screen go on meanwhile.
    let home = tempfile::tempdir().map_err(other)?;
    let drilled = plan.run(home.path(), proof)?;
    desk.app().finish_drill(drilled)
}
