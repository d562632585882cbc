//! The vault from outside: its public API, its files, its specification and its standalone decryptor.
#![expect(clippy::disallowed_methods, reason = "tests look at the files that the vault leaves on the disk")]
#![expect(
    clippy::print_stdout,
    reason = "what was proved how often is printed, for `cargo xtask bench vault`"
)]

mod decryptor;
mod failing;
mod faults;
mod full_disk;
mod generations;
mod journey;
mod kill;
mod merge;
mod operations;
mod power;
mod refusals;
mod shares;
mod slots;
mod support;
