//! The store in a SQLite file: the suite for every store, and what only a file can do wrong.

mod crash;
#[cfg(target_os = "linux")]
mod disk;
mod earlier;
mod file;
mod migrations;
mod plans;
mod processes;

use keyhaven_verifier_sqlite::SqliteStore;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A fresh store under cargo's folder for tests, which each run empties first.
async fn open() -> SqliteStore {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let root = ROOT.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlite-conformance");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        root
    });
    SqliteStore::open(&root.join(format!("{}.db", NEXT.fetch_add(1, Ordering::Relaxed)))).unwrap()
}

keyhaven_verifier::store_conformance!(open);
