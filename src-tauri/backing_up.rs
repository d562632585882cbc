//! When backups run: the app says how long nothing is due, this sleeps for so long.
//!
//! Every command wakes it, since a command may have changed the vault; between commands it sleeps for minutes, so a
//! hidden window uses no processor time for it.

use crate::error::Answer;
use crate::{events, state};
use keyhaven_app::backups::BackupJob;
use keyhaven_app::safety_view::BackupView;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::Notify;

/// Longest nap, in milliseconds: the clock may be set, and a computer that slept does not count the time.
const LONGEST_NAP: u64 = 10 * 60_000;
/// Shortest nap, in milliseconds: what failed is not tried in a tight loop, whatever the app says.
const SHORTEST_NAP: u64 = 1_000;
/// How long ending the program waits for the last backup: a share that does not answer must not hold it for ever.
const FAREWELL: Duration = Duration::from_secs(10);

/// What the timer and the commands share.
#[derive(Default)]
pub(crate) struct Timer {
    wake: Notify,
    /// One backup at a time.
    running: Mutex<()>,
    /// Tells when the backup of the last lock is done.
    behind: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Timer {
    /// Something may have changed.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Makes one backup now and tells the page.
pub(crate) fn run(app: &AppHandle, asked: bool) -> Answer<BackupView> {
    let desk = state::desk(app);
    let job = desk.app().begin_backup(asked)?;
    finish(app, job)
}

/// Runs the job of a vault that is being locked, behind its back.
pub(crate) fn run_behind(app: &AppHandle, job: BackupJob) {
    let (done, wait) = mpsc::sync_channel(1);
    let handle = app.clone();
    let started = std::thread::Builder::new().name("last-backup".into()).spawn(move || {
        drop(finish(&handle, job));
        let _ = done.send(());
    });
    if started.is_ok() {
        *state::desk(app).backups.behind.lock().unwrap_or_else(PoisonError::into_inner) = Some(wait);
    }
}

/// Waits for such a backup before the program ends, but not for ever.
pub(crate) fn farewell(app: &AppHandle) {
    let desk = state::desk(app);
    let behind = desk.backups.behind.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(wait) = behind {
        let _ = wait.recv_timeout(FAREWELL);
    }
}

fn finish(app: &AppHandle, job: BackupJob) -> Answer<BackupView> {
    let desk = state::desk(app);
    let done = {
        let _alone = desk.backups.running.lock().unwrap_or_else(PoisonError::into_inner);
        job.run()
    };
    let failure = done.failure();
    let view = desk.app().end_backup(done);
    events::backups(app, &view);
    failure.map_or(Ok(view), Err)
}

/// Watches until the program ends.
pub(crate) async fn watch(app: AppHandle) {
    loop {
        let desk = state::desk(&app);
        let wait = desk.app().backup_wait();
        match wait {
            Some(0) => {
                let app = app.clone();
                // Sealing and writing take their time; the page hears how it went.
                let _ = tauri::async_runtime::spawn_blocking(move || run(&app, false)).await;
                tokio::time::sleep(Duration::from_millis(SHORTEST_NAP)).await;
            }
            wait => {
                let nap = wait.unwrap_or(LONGEST_NAP).clamp(SHORTEST_NAP, LONGEST_NAP);
                let _ = tokio::time::timeout(Duration::from_millis(nap), desk.backups.wake.notified()).await;
            }
        }
    }
}
