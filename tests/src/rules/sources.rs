//! Rules over the text of the repository's files.

use super::Violations;
use std::fs;
use std::path::{Path, PathBuf};

/// What is made, not written (`.git` is a file in a work tree beside another).
const MADE: &[&str] = &[".git", "target", "node_modules", "dist", "gen"];

/// One file: its path from the root with `/`, and its text.
pub struct Source {
    /// Path from the repository's root, with `/` on every system.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Every written text file of the repository; pictures and other binaries are left out.
///
/// # Errors
/// A folder that cannot be listed or a file that cannot be read.
pub fn all(root: &Path) -> std::io::Result<Vec<Source>> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if MADE.contains(&name.as_str()) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
            {
                found.push(Source { path: relative(root, &entry.path()), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn relative(root: &Path, path: &Path) -> String {
    let relative: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The page reaches Rust through `ui/src/api` and nowhere else; its tests stand in for Rust.
pub fn tauri_imports(source: &Source) -> Violations {
    let allowed = ["ui/src/api/", "ui/src/test/"].iter().any(|folder| source.path.starts_with(folder));
    let inside = source.path.starts_with("ui/") && !allowed;
    let code = [".ts", ".js", ".svelte", ".html"].iter().any(|end| source.path.ends_with(end));
    let names = ["@tauri-apps/", "__TAURI"];
    if inside && code && names.iter().any(|name| source.text.contains(name)) {
        return vec![format!("{}: names Tauri outside ui/src/api", source.path)];
    }
    Violations::new()
}

/// Only the shells that are network programs, and the tests, may open a socket.
pub fn sockets(source: &Source) -> Violations {
    let allowed = ["crates/verifier-server/", "tests/", "crates/verifier-postgres/"];
    if !source.path.ends_with(".rs") || allowed.iter().any(|folder| source.path.starts_with(folder)) {
        return Violations::new();
    }
    // An address alone (`std::net::IpAddr`) opens nothing.
    let named =
        ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener", "tokio::net"].into_iter();
    named.filter(|name| source.text.contains(name)).map(|name| format!("{}: {name}", source.path)).collect()
}

/// Paths of one machine and addresses of one registry.
pub fn machine_names(source: &Source) -> Violations {
    let mut found = Violations::new();
    // Written in two halves, else this file would break its own rule.
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/")];
    let hosts = [
        concat!("registry.npm", "js.org"),
        concat!("static.crates", ".io"),
        concat!("\"resol", "ved\": \"http"),
    ];
    for (number, line) in source.text.lines().enumerate() {
        let place = || format!("{}:{}", source.path, number + 1);
        for folder in folders {
            let mut from = 0;
            while let Some(at) = line[from..].find(folder).map(|at| at + from) {
                // `https://host/work/` is an address and `~/work/` no machine's: only an absolute path counts.
                let before = line[..at].chars().next_back();
                if before.is_none_or(|c| !c.is_alphanumeric() && !"._~-/".contains(c)) {
                    found.push(format!("{}: {folder}", place()));
                }
                from = at + folder.len();
            }
        }
        found.extend(
            hosts.iter().filter(|host| line.contains(**host)).map(|host| format!("{}: {host}", place())),
        );
    }
    found
}

/// What a merge left undone (`git merge` writes seven of these signs, a space and a name).
pub fn conflict_markers(source: &Source) -> Violations {
    let marks = ["<".repeat(7) + " ", ">".repeat(7) + " "];
    let lines = source.text.lines().enumerate();
    let left = lines.filter(|(_, line)| marks.iter().any(|mark| line.starts_with(mark.as_str())));
    left.map(|(number, line)| format!("{}:{}: {line}", source.path, number + 1)).collect()
}
