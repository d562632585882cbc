//! What hostile input is thrown at: one function for each target, with the property that must hold for any bytes.
//!
//! `cargo xtask fuzz` runs them under libFuzzer (folder `fuzz/`), the tests run them on stable Rust over the kept
//! corpora and some thousands of [`mutated`] inputs. A function that returns is content; a broken property panics.

mod accounts;
mod files;
pub mod forge;
mod memory_files;
mod merge;
mod mutate;
mod vault;

pub use memory_files::MemoryFiles;
pub use mutate::{Random, mutated};

use std::path::PathBuf;

/// One target.
pub struct Target {
    /// Its name on the command line, in `fuzz/fuzz_targets` and `fuzz/corpus`.
    pub name: &'static str,
    /// What must hold for these bytes; it panics when it does not.
    pub run: fn(&[u8]),
    /// Inputs that our own writers make, to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target. The first six are those of the vault's format and of what people scan.
pub const TARGETS: &[Target] = &[
    Target { name: "header", run: vault::header, seeds: vault::header_seeds },
    Target { name: "body", run: vault::body, seeds: vault::body_seeds },
    Target { name: "records", run: vault::records, seeds: vault::record_seeds },
    Target { name: "merge", run: merge::merge, seeds: merge::seeds },
    Target { name: "otpauth", run: accounts::otpauth, seeds: accounts::otpauth_seeds },
    Target { name: "migration", run: accounts::migration, seeds: accounts::migration_seeds },
    Target { name: "recovery", run: files::recovery, seeds: files::recovery_seeds },
    Target { name: "interchange", run: files::interchange, seeds: files::interchange_seeds },
    Target { name: "qr", run: files::qr, seeds: files::qr_seeds },
];

/// Runs the target of that name on `data`.
///
/// # Panics
/// When there is no such target, or its property does not hold.
pub fn run(name: &str, data: &[u8]) {
    (target(name).run)(data);
}

/// Names the folder that [`write_seeds`] writes to.
pub const SEEDS_VARIABLE: &str = "KEYHAVEN_FUZZ_SEEDS";

/// Writes a target's seeds into the folder that [`SEEDS_VARIABLE`] names, for libFuzzer to find them there.
///
/// # Panics
/// When there is no such target, or the folder cannot be written.
pub fn write_seeds(name: &str) {
    let Some(folder) = std::env::var_os(SEEDS_VARIABLE).map(PathBuf::from) else { return };
    for (number, seed) in (target(name).seeds)().iter().enumerate() {
        let path = folder.join(format!("seed-{number}"));
        std::fs::write(&path, seed).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target {name}"))
}
