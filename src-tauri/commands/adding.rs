//! Ways in: files, the clipboard, a form. What was found is an offer until the person accepts it.

use crate::error::{Answer, other};
use crate::platform::clipboard::Content;
use crate::state::desk;
use keyhaven_app::adding::OfferReader;
use keyhaven_app::offer::Pending;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use std::path::PathBuf;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

pub(super) fn offer_from_files(app: &AppHandle) -> Answer<Option<Offer>> {
    let dialog = app.dialog().file().set_title("Choose pictures with QR codes, or text with otpauth links");
    let dialog = dialog.add_filter("Pictures and text", &["png", "jpg", "jpeg", "webp", "gif", "bmp", "txt"]);
    let Some(chosen) = dialog.add_filter("All files", &["*"]).blocking_pick_files() else { return Ok(None) };
    let paths =
        chosen.into_iter().map(|path| path.into_path().map_err(other)).collect::<Answer<Vec<PathBuf>>>()?;
    offer_from_paths(app, &paths).map(Some)
}

/// What was chosen, pasted or dropped on the window.
pub(crate) fn offer_from_paths(app: &AppHandle, paths: &[PathBuf]) -> Answer<Offer> {
    offer(app, |reader| reader.files(paths))
}

/// Reads between two short holds of the app's lock.
fn offer(app: &AppHandle, read: impl FnOnce(&OfferReader) -> Pending) -> Answer<Offer> {
    let desk = desk(app);
    let reader = desk.app().begin_offer()?;
    let pending = read(&reader);
    desk.app().keep_offer(pending)
}

pub(super) fn offer_from_clipboard(app: &AppHandle) -> Answer<Offer> {
    match desk(app).clipboard.read()? {
        Content::Files(paths) => offer_from_paths(app, &paths),
        Content::Input(input) => offer(app, |reader| reader.inputs(vec![("Clipboard".into(), input)])),
    }
}

pub(super) fn offer_from_entry(app: &AppHandle, entry: ManualEntry) -> Answer<Offer> {
    offer(app, |reader| reader.entry(entry))
}

pub(super) fn open_export(app: &AppHandle, offer: u32, index: u32, password: String) -> Answer<Offer> {
    let password = SecretText::new(password);
    let desk = desk(app);
    let (export, reader) = {
        let mut keyhaven = desk.app();
        (keyhaven.locked_export(offer, index)?, keyhaven.begin_offer()?)
    };
    let pending = reader.open(&export, &password)?;
    desk.app().keep_offer(pending)
}

pub(super) fn accept_offer(app: &AppHandle, offer: u32, indices: Vec<u32>) -> Answer<Vec<String>> {
    desk(app).app().accept_offer(offer, &indices)
}

pub(super) fn dismiss_offer(app: &AppHandle, offer: u32) -> Answer<()> {
    desk(app).app().dismiss_offer(offer);
    Ok(())
}
