//! What the tests across crates share: the rules of the house, the means to drive the real
//! window, and what hostile input is thrown at.
#![expect(clippy::disallowed_methods, reason = "tests read the disk, the clock and the environment")]

pub mod fuzzing;
#[cfg(target_os = "linux")]
pub mod harness;
pub mod rules;

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The desktop app that was built beside this very test program: same folder, same profile.
pub fn app_binary() -> PathBuf {
    program("keyhaven-desktop")
}

/// A program of the workspace that was built beside this very test program: same folder, same profile.
pub fn program(name: &str) -> PathBuf {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let deps = std::env::current_exe().unwrap_or_default();
    deps.ancestors()
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
