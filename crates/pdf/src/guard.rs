//! Decoders that panic and decoders that do not end, made harmless.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

/// When work has to have ended.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// As long from now; a time beyond the clock's range is no deadline.
    #[expect(
        clippy::disallowed_methods,
        reason = "a watch on decoders that may not end; what is found does not depend on the time of day"
    )]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// Whether it is past.
    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub fn passed(&self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; `None` when it panicked or was stopped by unwinding. Nothing is printed: for a decoder, giving up is an
/// answer.
pub fn catching<T>(work: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        // The process's hook stays in charge of every panic but those that are caught right here.
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                loud(info);
            }
        }));
    });
    let before = CATCHING.replace(true);
    // Unwind safe: everything that `work` had begun is dropped with it, and only its result leaves.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer_and_the_thread_lives_on() {
        assert_eq!(catching(|| -> u8 { panic!("as decoders do") }), None);
        assert_eq!(catching(|| 7), Some(7));
        assert!(!CATCHING.get());
    }

    #[test]
    fn a_deadline_passes_and_one_beyond_the_clock_never_does() {
        assert!(Deadline::after(Duration::ZERO).passed());
        assert!(!Deadline::after(Duration::MAX).passed());
    }
}
