//! `cargo xtask screenshot`: the README's picture, made by the stories.

use crate::process::Project;
use std::fs;

/// GitHub shows it at once at this size, and the repository stays small.
const LARGEST: u64 = 200_000;

/// Copies the stories' picture of the codes to `docs/screenshot.png`.
pub fn screenshot(project: &Project) -> Result<(), String> {
    let made = project.target.join("stories").join("codes.png");
    let size = fs::metadata(&made)
        .map_err(|e| format!("{}: {e}; `cargo xtask test` makes it", made.display()))?
        .len();
    if size > LARGEST {
        return Err(format!("{} has {size} bytes, more than {LARGEST}", made.display()));
    }
    let kept = project.root.join("docs").join("screenshot.png");
    fs::copy(&made, &kept).map_err(|e| format!("{}: {e}", kept.display()))?;
    println!("{} ({size} bytes)", kept.display());
    Ok(())
}
