//! What the program tells the page without being asked.

use keyhaven_app::readiness_view::PagesView;
use keyhaven_app::recovery::view::{DownloadOffer, Draft};
use keyhaven_app::safety_view::BackupView;
use keyhaven_app::view::{Failure, Offer, OpeningProgress, Status};
use tauri::{AppHandle, Emitter};

/// The status changed by itself: locked by time, by the system, from the tray.
pub(crate) const STATUS: &str = "status";
/// Files were dropped on the window, and this was found in them.
pub(crate) const OFFER: &str = "offer";
/// Files were dropped on the window, and could not be taken.
pub(crate) const DROP_REFUSED: &str = "drop_refused";
/// Recovery files were dropped on the window, and this is how they were understood.
pub(crate) const DRAFTS: &str = "drafts";
/// Files hover over the window (true) or left it (false).
pub(crate) const DRAG: &str = "drag";
/// The clipboard was cleared (true), or something else was found in it and left alone (false).
pub(crate) const CLIPBOARD: &str = "clipboard";
/// Pictures of a paper backup's pages were dropped on the window, and this is what there is now.
pub(crate) const PAGES: &str = "pages";
/// Other files in the folder for downloads look like recovery codes than before.
pub(crate) const DOWNLOADS: &str = "downloads";
/// The person asked outside the window for the recovery room.
pub(crate) const TO_RECOVERY: &str = "to_recovery";
/// A backup was made, or failed.
pub(crate) const BACKUPS: &str = "backups";

/// The system handed a link over; it waits to be asked for.
pub(crate) const LINKS: &str = "links";
/// How far the opening of an encrypted export is.
pub(crate) const OPENING: &str = "opening";

pub(crate) fn opening(app: &AppHandle, progress: &OpeningProgress) {
    send(app, OPENING, progress);
}

pub(crate) fn status(app: &AppHandle, status: &Status) {
    send(app, STATUS, status);
}

pub(crate) fn offer(app: &AppHandle, offer: &Offer) {
    send(app, OFFER, offer);
}

pub(crate) fn drop_refused(app: &AppHandle, failure: &Failure) {
    send(app, DROP_REFUSED, failure);
}

pub(crate) fn drafts(app: &AppHandle, drafts: &[Draft]) {
    send(app, DRAFTS, &drafts.to_vec());
}

pub(crate) fn drag(app: &AppHandle, over: bool) {
    send(app, DRAG, &over);
}

pub(crate) fn clipboard(app: &AppHandle, cleared: bool) {
    send(app, CLIPBOARD, &cleared);
}

pub(crate) fn pages(app: &AppHandle, pages: &PagesView) {
    send(app, PAGES, pages);
}

pub(crate) fn downloads(app: &AppHandle, offers: &[DownloadOffer]) {
    send(app, DOWNLOADS, &offers.to_vec());
}

pub(crate) fn to_recovery(app: &AppHandle) {
    send(app, TO_RECOVERY, &());
}

pub(crate) fn links(app: &AppHandle) {
    send(app, LINKS, &());
}

pub(crate) fn backups(app: &AppHandle, view: &BackupView) {
    send(app, BACKUPS, view);
}

/// An event that finds no window is no failure: the page asks for the status when it starts.
fn send<T: serde::Serialize + Clone>(app: &AppHandle, event: &str, payload: &T) {
    let _ = app.emit(event, payload.clone());
}

/// The table as data, for the generator of the page's bindings.
#[cfg(test)]
pub(crate) fn table(config: &ts_rs::Config) -> Vec<(&'static str, String)> {
    use ts_rs::TS;
    vec![
        (STATUS, Status::name(config)),
        (OFFER, Offer::name(config)),
        (DROP_REFUSED, Failure::name(config)),
        (DRAFTS, Vec::<Draft>::name(config)),
        (DRAG, bool::name(config)),
        (CLIPBOARD, bool::name(config)),
        (PAGES, PagesView::name(config)),
        (DOWNLOADS, Vec::<DownloadOffer>::name(config)),
        (TO_RECOVERY, <()>::name(config)),
        (BACKUPS, BackupView::name(config)),
        (LINKS, <()>::name(config)),
        (OPENING, OpeningProgress::name(config)),
    ]
}
