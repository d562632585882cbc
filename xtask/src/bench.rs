//! `cargo xtask bench`: the figures.

use crate::process::Project;

/// Prints the figures called `names`, or all.
pub fn bench(_project: &Project, _names: &[String]) -> Result<(), String> {
    Err("not yet: there is nothing to measure".into())
}
