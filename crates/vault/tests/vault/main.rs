//! The vault from outside: its public API, its files, its specification and its standalone decryptor.
#![expect(clippy::disallowed_methods, reason = "tests look at the files that the vault leaves on the disk")]

mod decryptor;
mod faults;
mod journey;
mod merge;
mod power;
mod refusals;
mod support;
