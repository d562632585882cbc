//! What a person does, against the public API, on a real disk with a clock and a keyring that the tests set.
#![expect(clippy::disallowed_methods, reason = "tests read and break files")]
#![expect(clippy::print_stdout, reason = "a test that lacks its data says so")]

mod accounts;
mod backups;
mod downloads;
mod exporting;
mod host;
mod losses;
mod merging;
mod moving_in;
mod opening;
mod paper;
mod readiness;
mod recovery;
mod slots;
mod versions;
