//! The desktop app in a world of its own: a display that nobody sees, a private session bus, a real keyring, an
//! empty home, and WebDriver to press the buttons. Nothing of it touches the developer's own desktop.
//!
//! A story begins with [`World::new`], starts the app with [`World::open`] and speaks to its window through
//! [`Window`]. Everything that does not come true in time fails the story with what it waited for, a picture of
//! the window and the app's own output in `target/stories/`. Dropping the world ends every process in it.
//!
//! What cannot be had (a program that is not installed, a window that does not open) is a panic: this is the
//! scaffold of tests, and a panic is how a test fails.

mod clipboard;
mod display;
mod drop_source;
pub mod frames;
mod journey;
mod keyring;
mod memory;
mod process;
mod session_bus;
mod webdriver;
mod window;
mod world;

pub use journey::{PASSPHRASE, SAMPLE, Sample, demo, element, first_journey, now, sample_uris};
pub use memory::{Needle, Unreadable, search};
pub use webdriver::Keys;
pub use window::Window;
pub use world::World;

use std::time::{Duration, Instant};

/// How long anything may take that a person would call immediate; generous, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `question` until it has an answer, for at most `limit`.
pub(crate) fn poll<T>(limit: Duration, mut question: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = question() {
            return Some(answer);
        }
        if started.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
