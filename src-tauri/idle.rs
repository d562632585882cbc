//! The idle lock: nobody touched the window for as long as the settings say.
//!
//! Reckoned in wall-clock time, so that a computer waking from sleep locks at once on systems that do not announce
//! the sleep.

use crate::state;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tauri::AppHandle;

/// Longest nap between two looks at the clock, in milliseconds; a sleep of the computer is noticed this late at most.
const LONGEST_NAP: u64 = 30_000;

/// When somebody was last here, Unix milliseconds.
#[derive(Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    /// Somebody is here.
    pub fn touch(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Milliseconds until the lock is due; 0 when it is. A clock set back counts as "somebody is here".
    fn left(&self, now: u64, idle_seconds: u32) -> u64 {
        let since = self.0.load(Ordering::Relaxed);
        if since > now {
            self.touch(now);
        }
        (u64::from(idle_seconds) * 1_000).saturating_sub(now.saturating_sub(since))
    }
}

/// Watches until the program ends; sleeps for as long as nothing can be due.
pub(crate) async fn watch(app: AppHandle) {
    loop {
        let desk = state::desk(&app);
        let (open, now, idle_seconds) = {
            let keyhaven = desk.app();
            (keyhaven.is_open(), keyhaven.now(), keyhaven.settings().idle_seconds)
        };
        let nap = match desk.idle.left(now, idle_seconds) {
            _ if !open || idle_seconds == 0 => LONGEST_NAP / 10,
            0 => {
                let app = app.clone();
                // Wiping and telling takes the app's lock, which a key derivation may hold.
                let _ = tauri::async_runtime::spawn_blocking(move || state::lock(&app)).await;
                continue;
            }
            left => left.min(LONGEST_NAP),
        };
        tokio::time::sleep(Duration::from_millis(nap)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_due_after_the_time_without_a_touch() {
        let clock = Clock::default();
        clock.touch(1_000_000);
        assert_eq!(clock.left(1_000_000, 300), 300_000);
        assert_eq!(clock.left(1_299_000, 300), 1_000);
        assert_eq!(clock.left(1_300_000, 300), 0);
        assert_eq!(clock.left(9_999_999, 300), 0);
    }

    #[test]
    fn a_clock_set_back_does_not_keep_the_vault_open_for_longer() {
        let clock = Clock::default();
        clock.touch(1_000_000);
        clock.left(500_000, 300);
        assert_eq!(clock.left(800_000, 300), 0);
    }
}
