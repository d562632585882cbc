//! What the window's commands share: the app behind a lock, the clipboard, the idle clock.

use crate::platform::clipboard::Clipboard;
use crate::{backing_up, commands, events, idle, watching};
use keyhaven_app::view::{LockedView, Status};
use keyhaven_app::{App, KeyringAnswer};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use tauri::{AppHandle, Manager};

/// One for each process.
pub(crate) struct Desk {
    app: Mutex<App>,
    /// The system's clipboard and what Keyhaven put there.
    pub clipboard: Clipboard,
    /// When somebody was last here.
    pub idle: idle::Clock,
    /// The keyring's answer to what was asked when the program started.
    early: Mutex<Option<Receiver<KeyringAnswer>>>,
    /// Whether the recovery room is seen: files that are dropped there are recovery files.
    pub recovery_room: AtomicBool,
    /// Whether the pages of a paper backup are gathered: pictures that are dropped are pages.
    pub gathering: AtomicBool,
    /// Encrypted exports that are being opened.
    pub openings: Openings,
    /// The camera, while it is on.
    pub camera: commands::Finder,
    /// When backups run.
    pub backups: backing_up::Timer,
    /// Tells the watch of the folder for downloads that it was switched.
    pub downloads: watching::Switch,
    /// Recovery sets that are low or used up, as the tray says it.
    pub wanting: AtomicU32,
}

impl Desk {
    pub fn new(app: App) -> Self {
        // Asked before the window is there: the keyring takes its time while the web view takes its own.
        let early = Mutex::new(ask_early(&app));
        Self {
            app: Mutex::new(app),
            clipboard: Clipboard::default(),
            idle: idle::Clock::default(),
            early,
            recovery_room: AtomicBool::new(false),
            gathering: AtomicBool::new(false),
            openings: Openings::default(),
            camera: commands::Finder::default(),
            backups: backing_up::Timer::default(),
            downloads: watching::Switch::default(),
            wanting: AtomicU32::new(0),
        }
    }

    /// What the keyring answers: to the question of the start, if that was not used up, else to a new one. `None` when
    /// the vault is not locked. May take as long as a person takes at the keyring's own prompt.
    pub fn ask_keyring(&self) -> Option<KeyringAnswer> {
        let early = self.early.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answered = early.and_then(|early| early.recv().ok());
        answered.or_else(|| {
            let question = self.app().keyring_question();
            question.map(|question| question.ask())
        })
    }

    /// The keyring's answer to the question of the start, if it is there by now and was not used up.
    pub fn early_answer(&self) -> Option<KeyringAnswer> {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = early.as_ref()?.try_recv().ok()?;
        *early = None;
        Some(answer)
    }

    /// An answer from before a lock opens nothing any more.
    fn forget_early(&self) {
        self.early.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The app, for one use-case. A command that died while holding it leaves it usable: every use-case changes
    /// the vault in memory only after the disk has taken the change.
    pub fn app(&self) -> MutexGuard<'_, App> {
        self.app.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The app, unless somebody has it at this moment.
    pub fn app_if_free(&self) -> Option<MutexGuard<'_, App>> {
        match self.app.try_lock() {
            Ok(app) => Some(app),
            Err(TryLockError::Poisoned(app)) => Some(app.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Encrypted exports that are being opened, so that a person can stop it.
#[derive(Default)]
pub(crate) struct Openings(Mutex<Vec<Arc<Opening>>>);

/// One of them: its offer, its number there, and whether it shall stop.
pub(crate) struct Opening(u32, u32, AtomicBool);

impl Openings {
    pub fn begin(&self, offer: u32, index: u32) -> Arc<Opening> {
        let opening = Arc::new(Opening(offer, index, AtomicBool::new(false)));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody works on any more are held here alone.
        all.retain(|one| Arc::strong_count(one) > 1);
        all.push(opening.clone());
        opening
    }

    pub fn stop(&self, offer: u32, index: u32) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for opening in all.iter().filter(|one| (one.0, one.1) == (offer, index)) {
            opening.2.store(true, Ordering::Relaxed);
        }
    }
}

impl Opening {
    pub fn is_stopped(&self) -> bool {
        self.2.load(Ordering::Relaxed)
    }
}

fn ask_early(app: &App) -> Option<Receiver<KeyringAnswer>> {
    let Status::Locked(LockedView { has_keyring: true, .. }) = app.status() else { return None };
    let question = app.keyring_question()?;
    let (answer, early) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("keyring".into());
    // Without a thread to spare it is asked later. A receiver that is gone does not wait for an answer.
    thread.spawn(move || drop(answer.send(question.ask()))).ok().map(|_| early)
}

/// The desk of this process.
pub(crate) fn desk(app: &AppHandle) -> tauri::State<'_, Desk> {
    app.state::<Desk>()
}

/// Locks when the program ends: what is not in the backup yet still goes there.
pub(crate) fn lock_for_good(app: &AppHandle) {
    lock(app);
    backing_up::farewell(app);
}

/// Locks the vault and takes a copied code from the clipboard; tells the page when that changed anything.
///
/// Every way of locking (key, tray, idle, suspend, screen lock) comes through here.
pub(crate) fn lock(app: &AppHandle) -> Status {
    let desk = desk(app);
    desk.forget_early();
    let (was_open, job, status) = {
        let mut keyhaven = desk.app();
        let was_open = keyhaven.is_open();
        // Sealed before the keys go; it is written when they are gone.
        let job = keyhaven.backup_before_lock();
        keyhaven.lock();
        (was_open, job, keyhaven.status())
    };
    // The keys are gone; what was before the camera goes too, and its light.
    drop(desk.camera.close());
    if let Some(job) = job {
        backing_up::run_behind(app, job);
    }
    if was_open {
        desk.clipboard.clear_own(app);
        events::status(app, &status);
    }
    status
}
