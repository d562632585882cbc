//! Ways in: files, the clipboard, a form. What was found is an offer until the person accepts it.

use crate::error::{Answer, other};
use crate::events;
use crate::platform::clipboard::Content;
use crate::state::desk;
use keyhaven_app::adding::OfferReader;
use keyhaven_app::offer::{Input, Pending, Progress};
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::DialogExt;

pub(super) fn offer_from_files(app: &AppHandle) -> Answer<Option<Offer>> {
    let dialog = app.dialog().file().set_title("Choose pictures with QR codes, or text with otpauth links");
    let dialog = dialog
        .add_filter("Pictures, PDFs and text", &["png", "jpg", "jpeg", "webp", "gif", "bmp", "pdf", "txt"]);
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

pub(super) fn offer_from_links(app: &AppHandle) -> Answer<Option<Offer>> {
    let desk = desk(app);
    if !desk.app().is_open() {
        return Ok(None);
    }
    let links = app.state::<crate::links::Links>().take();
    if links.is_empty() {
        return Ok(None);
    }
    let inputs = links.into_iter().map(|link| ("Link".into(), Input::Text(link))).collect();
    offer(app, |reader| reader.inputs(inputs)).map(Some)
}

/// How long the desktop takes to draw what Keyhaven's window covered.
const UNCOVERED: Duration = Duration::from_millis(400);

pub(super) fn offer_from_screen(app: &AppHandle) -> Answer<Offer> {
    let desk = desk(app);
    let reader = desk.app().begin_offer()?;
    let window = app.get_webview_window("main");
    if let Some(window) = &window {
        window.hide().map_err(other)?;
        std::thread::sleep(UNCOVERED);
    }
    let pending = reader.screens();
    if let Some(window) = &window {
        // Whatever came of it, the person gets the window back.
        window.show().map_err(other)?;
        let _ = window.set_focus();
    }
    desk.app().keep_offer(pending?)
}

pub(super) fn offer_from_entry(app: &AppHandle, entry: ManualEntry) -> Answer<Offer> {
    offer(app, |reader| reader.entry(entry))
}

pub(super) fn open_export(
    app: &AppHandle,
    offer: u32,
    index: u32,
    password: String,
) -> Answer<Option<Offer>> {
    let password = SecretText::new(password);
    let desk = desk(app);
    let (export, reader) = {
        let mut keyhaven = desk.app();
        (keyhaven.locked_export(offer, index)?, keyhaven.begin_offer()?)
    };
    let opening = desk.openings.begin(offer, index);
    let told = Cell::new(u32::MAX);
    let watch = |progress: Progress| {
        let Progress::KeyDerivation { done, of, memory } = progress else { return ControlFlow::Continue(()) };
        let percent = u32::try_from(done.saturating_mul(100) / of.max(1)).unwrap_or(100);
        if told.replace(percent) != percent {
            let memory_kib = u32::try_from(memory).unwrap_or(u32::MAX);
            events::opening(app, &OpeningProgress { offer, index, percent, memory_kib });
        }
        if opening.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let Some(pending) = reader.open(&export, &password, &watch)? else { return Ok(None) };
    desk.app().keep_offer(pending).map(Some)
}

pub(super) fn stop_opening(app: &AppHandle, offer: u32, index: u32) -> Answer<()> {
    desk(app).openings.stop(offer, index);
    Ok(())
}

pub(super) fn accept_offer(app: &AppHandle, offer: u32, indices: Vec<u32>) -> Answer<Vec<String>> {
    desk(app).app().accept_offer(offer, &indices)
}

pub(super) fn dismiss_offer(app: &AppHandle, offer: u32) -> Answer<()> {
    desk(app).app().dismiss_offer(offer);
    Ok(())
}
