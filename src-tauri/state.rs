//! What the window's commands share: the app behind a lock, the clipboard, the idle clock.

use crate::platform::clipboard::Clipboard;
use crate::{events, idle};
use keyhaven_app::App;
use keyhaven_app::view::Status;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Manager};

/// One for each process.
pub(crate) struct Desk {
    app: Mutex<App>,
    /// The system's clipboard and what Keyhaven put there.
    pub clipboard: Clipboard,
    /// When somebody was last here.
    pub idle: idle::Clock,
}

impl Desk {
    pub fn new(app: App) -> Self {
        Self { app: Mutex::new(app), clipboard: Clipboard::default(), idle: idle::Clock::default() }
    }

    /// The app, for one use-case. A command that died while holding it leaves it usable: every use-case changes
    /// the vault in memory only after the disk has taken the change.
    pub fn app(&self) -> MutexGuard<'_, App> {
        self.app.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The desk of this process.
pub(crate) fn desk(app: &AppHandle) -> tauri::State<'_, Desk> {
    app.state::<Desk>()
}

/// Locks the vault and takes a copied code from the clipboard; tells the page when that changed anything.
///
/// Every way of locking (key, tray, idle, suspend, screen lock) comes through here.
pub(crate) fn lock(app: &AppHandle) -> Status {
    let desk = desk(app);
    let (was_open, status) = {
        let mut keyhaven = desk.app();
        let was_open = keyhaven.is_open();
        keyhaven.lock();
        (was_open, keyhaven.status())
    };
    if was_open {
        desk.clipboard.clear_own(app);
        events::status(app, &status);
    }
    status
}
