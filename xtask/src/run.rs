//! `cargo xtask run`: the window, or the first journey where there is no display.

use crate::process::Project;

/// Builds and opens the app.
pub fn run(_project: &Project, _options: &[String]) -> Result<(), String> {
    Err("not yet: the window is still being built".into())
}
