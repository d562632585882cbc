//! The idle lock: nobody touched the window for as long as the settings say.
//!
//! Reckoned in wall-clock time, and a nap that took far longer than it should was the computer's sleep: then it locks,
//! whatever the idle time, as it does where the system announces the sleep.

use crate::state;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tauri::AppHandle;

/// Longest nap between two looks at the clock, in milliseconds; a sleep of the computer is noticed this late at most.
const LONGEST_NAP: u64 = 30_000;

/// Longer than this after its end a nap does not last on a computer that is awake, in milliseconds: one that is very busy
/// is some seconds late.
const LATE: u64 = 20_000;

/// Whether the computer slept meanwhile: from `before` to `after`, both Unix milliseconds, more than the nap went by.
fn was_asleep(before: u64, after: u64, nap: u64) -> bool {
    after.saturating_sub(before) > nap + LATE
}

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
                lock(&app).await;
                continue;
            }
            left => left.min(LONGEST_NAP),
        };
        tokio::time::sleep(Duration::from_millis(nap)).await;
        let after = desk.app().now();
        if open && was_asleep(now, after, nap) {
            lock(&app).await;
        }
    }
}

/// Wiping and telling takes the app's lock, which a key derivation may hold.
async fn lock(app: &AppHandle) {
    let app = app.clone();
    let _ = tauri::async_runtime::spawn_blocking(move || state::lock(&app)).await;
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
    fn a_nap_that_took_minutes_was_the_computers_sleep() {
        assert!(was_asleep(1_000_000, 1_120_000, 30_000));
        assert!(!was_asleep(1_000_000, 1_031_000, 30_000));
        assert!(!was_asleep(1_000_000, 1_045_000, 30_000), "late, and awake");
        assert!(!was_asleep(1_000_000, 500_000, 30_000), "the clock was set back");
    }

    #[test]
    fn a_clock_set_back_does_not_keep_the_vault_open_for_longer() {
        let clock = Clock::default();
        clock.touch(1_000_000);
        clock.left(500_000, 300);
        assert_eq!(clock.left(800_000, 300), 0);
    }
}
