//! `cargo xtask run`: the window, or the first journey where there is no display.

use crate::build::{debug_app, loud, pages, release_app};
use crate::packages::For;
use crate::process::Project;
use crate::setup::setup;
use std::fs;

/// Sets up, builds and opens the app; without a display walks the first journey and leaves a picture of it.
pub fn run(project: &Project, options: &[String]) -> Result<(), String> {
    let unknown = options.iter().find(|option| *option != "--demo" && *option != "--debug");
    if let Some(option) = unknown {
        return Err(format!("cargo xtask run knows --demo and --debug, not {option}"));
    }
    let has = |name: &str| options.iter().any(|option| option == name);
    if has_display() {
        setup(project, For::Building)?;
        pages(project)?;
        let app = if has("--debug") { debug_app(project)? } else { release_app(project)? };
        let mut command = project.command(&app.to_string_lossy());
        return loud("Keyhaven", command.args(has("--demo").then_some("--demo")).status());
    }
    println!(
        "There is no display here: the window is opened where nobody sees it, and a picture of it is kept."
    );
    setup(project, For::Tests)?;
    pages(project)?;
    debug_app(project)?;
    let (walk, picture) =
        if has("--demo") { ("--demo", "demo.png") } else { ("--journey", "first-journey.png") };
    println!(
        "Walking: {} …",
        if has("--demo") {
            "a vault with 24 sample accounts"
        } else {
            "a new vault, a QR picture dropped on the window, its code compared with oathtool's"
        }
    );
    let program = project.target.join("debug").join("examples").join("first_journey");
    let output = project.command(&program.to_string_lossy()).arg(walk).output();
    let output = output.map_err(|e| format!("{}: {e}", program.display()))?;
    if !output.status.success() {
        return Err(format!("the walk stopped:\n{}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let made = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let kept = project.target.join(picture);
    fs::copy(&made, &kept).map_err(|e| format!("{made}: {e}"))?;
    println!("All of it went well, in a vault that is thrown away. What the window showed at the end:");
    println!("{}", kept.display());
    Ok(())
}

/// Whether a window could be seen. Only on Linux and its like is that a question.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
