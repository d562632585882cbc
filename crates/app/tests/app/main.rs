//! What a person does, against the public API, on a real disk with a clock and a keyring that the tests set.
#![expect(clippy::disallowed_methods, reason = "tests read and break files")]
#![expect(clippy::print_stdout, reason = "a test that lacks its data says so")]

mod accounts;
mod backups;
mod camera;
mod downloads;
mod exporting;
mod faults;
#[allow(dead_code, reason = "the stories write such pictures into files too")]
#[path = "../../../../tests/src/harness/frames.rs"]
mod frames;
mod host;
mod losses;
mod merging;
mod moving_in;
mod opening;
mod paper;
mod preview;
mod readiness;
mod recovery;
mod slots;
mod unfinished;
mod versions;
