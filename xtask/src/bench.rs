//! `cargo xtask bench`: the figures, each printed by a program of the room that it is about, in release builds.

use crate::build::loud;
use crate::packages::For;
use crate::process::{Project, answer};
use crate::proof;
use crate::setup::setup;
use std::fs;
use std::path::PathBuf;

/// What can be measured: its name, the package and the example that prints the figures.
const PRINTED: &[(&str, &str, &str)] = &[
    ("otp", "keyhaven-otp", "bench_codes"),
    ("qr", "keyhaven-qr", "bench_qr"),
    ("camera", "keyhaven-app", "bench_camera"),
    ("vault", "keyhaven-tests", "bench_vault"),
    ("verifier", "keyhaven-verifier-postgres", "bench_verifier"),
];

/// Prints the figures called `names`, or all.
pub fn bench(project: &Project, names: &[String]) -> Result<(), String> {
    let known = |name: &str| name == "app" || PRINTED.iter().any(|(printed, _, _)| *printed == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!(
            "nothing is measured under the name {name}; there are otp, qr, camera, vault, verifier and app"
        ));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    machine();
    for (name, package, example) in PRINTED.iter().filter(|(name, _, _)| wanted(name)) {
        println!("\n== {name}");
        let arguments =
            ["run", "--release", "--locked", "--quiet", "--package", package, "--example", example];
        let mut command = project.cargo(&arguments);
        if *name == "vault" {
            proof::prove(project, command)?;
        } else {
            loud(example, command.status())?;
        }
    }
    if wanted("app") { app(project) } else { Ok(()) }
}

/// Figures mean little without the machine that they were taken on.
fn machine() {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (system, processor) = (std::env::consts::OS, model.unwrap_or(std::env::consts::ARCH));
    let rust = answer("rustc", &["--version"]).unwrap_or_default();
    println!("{system}, {cores} × {processor}, {rust}");
}

/// The app as it is shipped: its bundle's size, then its window's speed, memory and idle cost.
fn app(project: &Project) -> Result<(), String> {
    println!("\n== app");
    setup(project, For::Tests)?;
    if !cfg!(target_os = "linux") {
        return Err("the app is measured on Linux only".into());
    }
    println!("building the bundle (the first time takes some minutes) …");
    let tauri = project.ui().join("node_modules").join(".bin").join("tauri");
    let mut bundle = project.command(&tauri.to_string_lossy());
    bundle.args(["build", "--bundles", "deb", "--ci"]);
    let logged = project.logged("bundle", bundle, std::time::Duration::from_secs(40 * 60))?;
    if !logged.success {
        return Err(format!("tauri build failed; all of it in {}", logged.log.display()));
    }
    let release = project.target.join("release");
    let binary = release.join("keyhaven-desktop");
    print_size("the program", Some(binary.clone()));
    print_size("the .deb", newest_deb(&release.join("bundle").join("deb")));
    let arguments =
        ["run", "--release", "--locked", "--quiet", "--package", "keyhaven-tests", "--example", "bench_app"];
    let mut measure = project.cargo(&arguments);
    loud("bench_app", measure.arg("--").arg(&binary).status())
}

fn newest_deb(folder: &std::path::Path) -> Option<PathBuf> {
    let debs = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    debs.filter(|path| path.extension().is_some_and(|end| end == "deb"))
        .max_by_key(|path| path.metadata().ok()?.modified().ok())
}

fn print_size(name: &str, path: Option<PathBuf>) {
    match path.and_then(|path| path.metadata().ok()) {
        Some(file) => println!("{name:<44} {:>8.2} MB", file.len() as f64 / 1e6),
        None => println!("{name:<44} was not made"),
    }
}
