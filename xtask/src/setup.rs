//! Set-up: system packages, Rust's components, Node, the pages' and the crates' dependencies.

use crate::packages::{DEBIAN, ELSEWHERE, For, Package};
use crate::process::{Project, answer};
use std::fs;
use std::process::{Command, Stdio};

/// Installs whatever is missing for `purpose`, saying beforehand what and why. Does nothing when all is there.
pub fn setup(project: &Project, purpose: For) -> Result<(), String> {
    system_packages(purpose)?;
    if purpose == For::Tests {
        rust_components(project);
    }
    node()?;
    npm(project)?;
    // All systems' crates, not only this one's: the rules look at the dependency graph of all three.
    if purpose == For::Tests
        && !project.cargo(&["fetch", "--locked", "--quiet"]).status().is_ok_and(|s| s.success())
    {
        return Err(
            "cargo fetch --locked failed: is the crate registry reachable, and Cargo.lock up to date?".into(),
        );
    }
    Ok(())
}

fn system_packages(purpose: For) -> Result<(), String> {
    let Some(missing) = missing_debian_packages(purpose) else {
        let here = fs::read_to_string("/etc/os-release").unwrap_or_default();
        println!(
            "This is not Debian or Ubuntu, so nothing is installed for you. What the build needs, once:"
        );
        for (system, line) in ELSEWHERE.iter().filter(|(system, _)| wanted(system, &here)) {
            println!("  {system}: {line}");
        }
        return Ok(());
    };
    if missing.is_empty() {
        return Ok(());
    }
    println!("These system packages are missing and will be installed with apt-get:");
    for package in &missing {
        println!("  {:<30} {}", package.name, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
    apt(&["update", "-qq"])?;
    // Without a terminal of its own dpkg draws no progress bars into a CI's log.
    let quietly = ["install", "-y", "-qq", "-o=Dpkg::Use-Pty=0", "--no-install-recommends"];
    apt(&[&quietly, names.as_slice()].concat())
}

/// Which line of [`ELSEWHERE`] is for this machine; all of them on a Linux that is none of those.
fn wanted(system: &str, os_release: &str) -> bool {
    match system {
        "macOS" => cfg!(target_os = "macos"),
        "Windows" => cfg!(windows),
        _ if !cfg!(target_os = "linux") => false,
        _ => {
            let known = ["fedora", "arch"].iter().any(|id| os_release.to_lowercase().contains(id));
            !known || os_release.to_lowercase().contains(&system.to_lowercase())
        }
    }
}

/// The packages that are not installed, or `None` when this is no system with `dpkg`.
fn missing_debian_packages(purpose: For) -> Option<Vec<&'static Package>> {
    let os = fs::read_to_string("/etc/os-release").ok()?;
    if !is_debian_like(&os) {
        return None;
    }
    let installed = answer("dpkg-query", &["-W", "-f", "${Package} ${db:Status-Status}\n"])?;
    let installed: Vec<&str> = installed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    let wanted = DEBIAN.iter().filter(|p| purpose == For::Tests || p.needed == For::Building);
    Some(wanted.filter(|p| !installed.contains(&p.name)).collect())
}

fn is_debian_like(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|ids| ids.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// Packages that would ask something on being installed take their default answer (debconf(7)).
const NO_QUESTIONS: &str = "DEBIAN_FRONTEND=noninteractive";

fn apt(arguments: &[&str]) -> Result<(), String> {
    let root = answer("id", &["-u"]).is_some_and(|id| id == "0");
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if root {
        command.args([NO_QUESTIONS, "apt-get"]).stdin(Stdio::null());
    } else {
        // sudo may ask for a password: it keeps the terminal. It hands no variables on, so env sets this one.
        command.args(["env", NO_QUESTIONS, "apt-get"]);
    }
    let shown = format!("apt-get {}", arguments.join(" "));
    match command.args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("{shown} failed (its own message stands above)")),
        Err(e) if root => Err(format!("{shown}: {e}")),
        Err(_) => Err(format!("there is no sudo here; as root, run: {shown}")),
    }
}

/// rustfmt and clippy are not in rustup's minimal profile.
fn rust_components(project: &Project) {
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let there = project.cargo(&[probe, "--version"]).output().is_ok_and(|o| o.status.success());
        if !there {
            println!("Rust's {component} is missing and will be installed with rustup.");
            let added = project.command("rustup").args(["component", "add", component]).status();
            if !added.is_ok_and(|s| s.success()) {
                println!("could not: the {component} step will fail until `cargo {probe}` works");
            }
        }
    }
}

/// What Vite 8 asks for (`engines` in its package.json).
const NODE_RANGE: &str = "20.19 or later in 20, or 22.12 or later";

fn node() -> Result<(), String> {
    let Some(version) = answer("node", &["--version"]) else {
        return Err(format!(
            "Node.js is not installed (or not on the PATH). Keyhaven's pages need {NODE_RANGE}."
        ));
    };
    if node_is_good(&version) {
        return Ok(());
    }
    Err(format!("Node.js here is {version}; Keyhaven's pages need {NODE_RANGE}."))
}

fn node_is_good(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    match major {
        20 => minor >= 19,
        22 => minor >= 12,
        _ => major > 22,
    }
}

/// `npm ci`, when the lock file is not the one that `node_modules` was made from.
fn npm(project: &Project) -> Result<(), String> {
    let lock = project.ui().join("package-lock.json");
    let stamp = project.ui().join("node_modules").join(".keyhaven-lock");
    let wanted = fs::read(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    println!("Installing the pages' dependencies (npm ci in ui) …");
    let status = project.npm(&["ci", "--no-fund", "--no-audit", "--loglevel=error"]).status();
    if !status.as_ref().is_ok_and(|s| s.success()) {
        return Err(
            "npm ci failed in ui (its own message stands above): is the npm registry reachable?".into()
        );
    }
    fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_children_are_known() {
        assert!(is_debian_like("NAME=\"Debian\"\nID=debian\n"));
        assert!(is_debian_like("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(is_debian_like("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian_like("ID=fedora\nVARIANT_ID=debian-look\n"));
    }

    #[test]
    fn node_versions_are_told_apart() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0"] {
            assert!(node_is_good(good), "{good}");
        }
        for bad in ["v18.20.0", "v20.18.3", "v21.7.0", "v22.11.0", "nonsense", ""] {
            assert!(!node_is_good(bad), "{bad}");
        }
    }
}
