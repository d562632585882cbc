//! What a person does, against the public API, on a real disk with a clock and a keyring that the tests set.
#![expect(clippy::disallowed_methods, reason = "tests read and break files")]

mod accounts;
mod host;
mod opening;
