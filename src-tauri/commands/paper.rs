//! A paper backup on its way back: pictures of its pages, gathered until none is missing.

use crate::error::{Answer, other};
use crate::state::desk;
use keyhaven_app::readiness_view::PagesView;
use keyhaven_app::safety_view::LookAnswer;
use keyhaven_app::view::{Proof, Status};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn gather_pages(app: &AppHandle, shown: bool) -> Answer<()> {
    let desk = desk(app);
    desk.gathering.store(shown, Ordering::Relaxed);
    desk.app().forget_pages();
    Ok(())
}

pub(super) fn pages_from_files(app: &AppHandle) -> Answer<Option<PagesView>> {
    let dialog = app.dialog().file().set_title("Choose the pictures of the pages");
    let dialog = dialog.add_filter("Pictures and PDFs", &["png", "jpg", "jpeg", "webp", "gif", "bmp", "pdf"]);
    let Some(chosen) = dialog.add_filter("All files", &["*"]).blocking_pick_files() else { return Ok(None) };
    let paths =
        chosen.into_iter().map(|path| path.into_path().map_err(other)).collect::<Answer<Vec<PathBuf>>>()?;
    Ok(Some(pages_from_paths(app, &paths)))
}

/// What was chosen, or dropped on the window while pages are gathered.
pub(crate) fn pages_from_paths(app: &AppHandle, paths: &[PathBuf]) -> PagesView {
    let desk = desk(app);
    let reader = desk.app().begin_pages();
    // Looking for codes in a photograph takes a while; nobody else waits for it.
    let read = reader.files(paths);
    desk.app().add_pages(read)
}

pub(super) fn look_into_pages(app: &AppHandle, proof: Option<Proof>) -> Answer<LookAnswer> {
    desk(app).app().look_into_pages(proof)
}

pub(super) fn restore_pages(app: &AppHandle) -> Answer<Status> {
    let scratch = tempfile::tempdir().map_err(other)?;
    let desk = desk(app);
    let mut keyhaven = desk.app();
    keyhaven.restore_gathered_pages(scratch.path())?;
    Ok(keyhaven.status())
}
