//! Ways in: files, the clipboard, a form. What was found is an offer until the person accepts it.

use crate::error::{Answer, other};
use crate::platform::clipboard::Content;
use crate::state::desk;
use keyhaven_app::view::*;
use std::path::PathBuf;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn offer_from_files(app: &AppHandle) -> Answer<Option<Offer>> {
    let dialog = app.dialog().file().set_title("Choose pictures with QR codes, or text with otpauth links");
    let dialog = dialog.add_filter("Pictures and text", &["png", "jpg", "jpeg", "webp", "gif", "bmp", "txt"]);
    let Some(chosen) = dialog.add_filter("All files", &["*"]).blocking_pick_files() else { return Ok(None) };
    let paths =
        chosen.into_iter().map(|path| path.into_path().map_err(other)).collect::<Answer<Vec<PathBuf>>>()?;
    desk(app).app().offer_from_files(&paths).map(Some)
}

/// What was dropped on the window.
pub(crate) fn offer_from_drop(app: &AppHandle, paths: &[PathBuf]) -> Answer<Offer> {
    desk(app).app().offer_from_files(paths)
}

pub(super) fn offer_from_clipboard(app: &AppHandle) -> Answer<Offer> {
    let desk = desk(app);
    match desk.clipboard.read()? {
        Content::Files(paths) => desk.app().offer_from_files(&paths),
        Content::Input(input) => desk.app().offer(vec![("Clipboard".into(), input)]),
    }
}

pub(super) fn offer_from_entry(app: &AppHandle, entry: ManualEntry) -> Answer<Offer> {
    desk(app).app().offer_from_entry(entry)
}

pub(super) fn accept_offer(app: &AppHandle, offer: u32, indices: Vec<u32>) -> Answer<Vec<String>> {
    desk(app).app().accept_offer(offer, &indices)
}

pub(super) fn dismiss_offer(app: &AppHandle, offer: u32) -> Answer<()> {
    desk(app).app().dismiss_offer(offer);
    Ok(())
}
