//! The folder for downloads, looked at while that is switched on in the settings.
//!
//! A listing every few seconds, rather than a watch of each system's own (inotify, FSEvents, ReadDirectoryChangesW). Those
//! say nothing of what another computer writes to a share, drop events when their queue is full, and tell of a file before
//! it is whole: a listing, and a second one that sees the file alike, would be needed beside them. Alone it is the same
//! everywhere and costs one reading of a folder; while it is switched off nothing runs.

use crate::{events, state};
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::Notify;

/// Between two looks. A download is offered after the second that sees it alike.
const PAUSE: Duration = Duration::from_secs(3);

/// Tells that the settings changed.
#[derive(Default)]
pub(crate) struct Switch(Notify);

impl Switch {
    /// The settings changed.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Watches until the program ends; sleeps without end while it is switched off.
pub(crate) async fn watch(app: AppHandle) {
    loop {
        let handle = app.clone();
        // Listing and reading take their time, and the app may be held by a key derivation.
        let on = tauri::async_runtime::spawn_blocking(move || look(&handle)).await.unwrap_or(false);
        let desk = state::desk(&app);
        if on {
            let _ = tokio::time::timeout(PAUSE, desk.downloads.0.notified()).await;
        } else {
            desk.downloads.0.notified().await;
        }
    }
}

/// Looks once; says whether it is switched on.
pub(crate) fn look(app: &AppHandle) -> bool {
    let desk = state::desk(app);
    let look = desk.app().downloads_look();
    let Some(look) = look else { return false };
    let seen = look.run();
    let mut keyhaven = desk.app();
    if keyhaven.downloads_seen(seen) && keyhaven.is_open() {
        events::downloads(app, &keyhaven.downloads());
    }
    true
}
