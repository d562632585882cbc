//! What is built, and how. Every caller takes its arguments from here, so that nothing is compiled twice.

use crate::process::Project;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

/// One set of packages and features for everything that is compiled: the tests and the app that they drive come
/// from the same build. `custom-protocol` serves the built pages from the binary.
pub const WORKSPACE: [&str; 3] = ["--workspace", "--features", "custom-protocol"];

/// Builds the pages, unless they are newer than everything that they are made from.
pub fn pages(project: &Project) -> Result<(), String> {
    let ui = project.ui();
    let made = changed(&ui.join("dist").join("index.html"));
    let sources = ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "svelte.config.js"];
    let newest = sources.iter().filter_map(|name| changed(&ui.join(name))).max();
    if made.is_some() && made > newest {
        return Ok(());
    }
    println!("Building the pages …");
    let mut npm = project.npm(&["run", "build", "--silent"]);
    loud("npm run build", npm.stdout(Stdio::null()).status())
}

/// When the file, or the newest file in the folder, was changed.
fn changed(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return path.metadata().ok()?.modified().ok();
    }
    path.read_dir().ok()?.filter_map(|entry| changed(&entry.ok()?.path())).max()
}

/// Builds the app as it is shipped, and says where it is.
pub fn release_app(project: &Project) -> Result<PathBuf, String> {
    println!("Building the app (release; the first time takes some minutes) …");
    let arguments =
        ["build", "--release", "--locked", "--package", "keyhaven-desktop", "--features", "custom-protocol"];
    loud("cargo build", project.cargo(&arguments).status())?;
    Ok(project.target.join("release").join(app_name()))
}

/// Builds the app as the tests drive it, with the programs that do; says where the app is.
pub fn debug_app(project: &Project) -> Result<PathBuf, String> {
    println!("Building the app (debug; the first time takes some minutes) …");
    let arguments = [&["build"], &WORKSPACE[..], &["--bins", "--examples", "--locked"]].concat();
    loud("cargo build", project.cargo(&arguments).status())?;
    Ok(project.target.join("debug").join(app_name()))
}

fn app_name() -> String {
    format!("keyhaven-desktop{}", std::env::consts::EXE_SUFFIX)
}

/// Turns the end of a program whose output a person saw into a result.
pub fn loud(name: &str, status: std::io::Result<std::process::ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status}); its own message stands above")),
        Err(e) => Err(format!("{name}: {e}")),
    }
}
