//! Rules over the dependency graph, as `cargo metadata --format-version 1` describes it.

use super::Violations;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Crates that talk to a network, or exist for those that do. None may be reachable from the desktop app.
pub const NETWORK_CLIENTS: &[&str] = &[
    "async-tungstenite",
    "attohttpc",
    "awc",
    "curl",
    "h2",
    "h3",
    "hyper",
    "hyper-util",
    "isahc",
    "minreq",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "schannel",
    "surf",
    "tauri-plugin-http",
    "tauri-plugin-updater",
    "tauri-plugin-upload",
    "tauri-plugin-websocket",
    "tokio-tungstenite",
    "tonic",
    "tungstenite",
    "ureq",
    "webpki-roots",
];

/// Cryptography that must run in a shell in one version only: two are two to audit and to update.
pub const CRYPTOGRAPHY: &[&str] = &[
    "aead",
    "argon2",
    "blake2",
    "chacha20",
    "chacha20poly1305",
    "curve25519-dalek",
    "hkdf",
    "hmac",
    "poly1305",
    "sha1",
    "sha2",
    "subtle",
    "totp-rs",
    "x25519-dalek",
    "zeroize",
];

/// The room table of the design: who may depend on whom. Shells on top, `secret` at the bottom, never up, never
/// from shell to shell. A member that is not in the table breaks the rule until it has its line.
const ROOMS: &[(&str, &[&str])] = &[
    ("keyhaven-secret", &[]),
    ("keyhaven-pdf", &["keyhaven-secret"]),
    ("keyhaven-qr", &["keyhaven-pdf", "keyhaven-secret"]),
    ("keyhaven-otp", &["keyhaven-secret"]),
    ("keyhaven-vault", &["keyhaven-secret"]),
    ("keyhaven-interchange", &["keyhaven-otp", "keyhaven-secret"]),
    ("keyhaven-recovery", &["keyhaven-otp", "keyhaven-pdf", "keyhaven-secret"]),
    ("keyhaven-app", BELOW_APP),
    ("keyhaven-platform", &["keyhaven-app", "keyhaven-vault", "keyhaven-secret"]),
    ("keyhaven-desktop", BELOW_SHELLS),
    ("keyhaven-cli", BELOW_SHELLS),
    ("keyhaven-verifier", BELOW_VERIFIER),
    ("keyhaven-verifier-sqlite", &["keyhaven-verifier", "keyhaven-secret"]),
    ("keyhaven-verifier-postgres", &["keyhaven-verifier", "keyhaven-secret"]),
    (
        "keyhaven-verifier-server",
        &[
            "keyhaven-otp",
            "keyhaven-recovery",
            "keyhaven-secret",
            "keyhaven-verifier",
            "keyhaven-verifier-postgres",
            "keyhaven-verifier-sqlite",
        ],
    ),
    ("xtask", &[]),
];

const BELOW_APP: &[&str] = &[
    "keyhaven-interchange",
    "keyhaven-otp",
    "keyhaven-pdf",
    "keyhaven-qr",
    "keyhaven-recovery",
    "keyhaven-secret",
    "keyhaven-vault",
];

const BELOW_VERIFIER: &[&str] = &["keyhaven-otp", "keyhaven-recovery", "keyhaven-secret"];

const BELOW_SHELLS: &[&str] = &[
    "keyhaven-app",
    "keyhaven-interchange",
    "keyhaven-otp",
    "keyhaven-platform",
    "keyhaven-qr",
    "keyhaven-recovery",
    "keyhaven-secret",
    "keyhaven-vault",
];

/// This crate calls every room's public interface, and is the only one that may.
const TESTS: &str = "keyhaven-tests";

/// What a room may not even know by name: the shells' libraries below them, input and output in the pure rooms.
const STRANGERS: &[(&str, &[&str])] = &[
    ("keyhaven-app", &["tauri", "clap", "axum", "keyring", "arboard"]),
    ("keyhaven-vault", &["tauri", "clap", "axum", "keyring", "totp-rs"]),
    ("keyhaven-otp", &["tokio", "jiff", "chrono", "time", "tauri", "clap"]),
    ("keyhaven-qr", &["totp-rs", "tauri", "clap"]),
    ("keyhaven-secret", &["serde", "serde_json"]),
    ("keyhaven-verifier", &["axum", "tauri", "clap", "rusqlite", "tokio-postgres"]),
    ("keyhaven-desktop", &["clap", "axum"]),
    ("keyhaven-cli", &["tauri", "axum"]),
];

/// Names from `banned` that `root` reaches through normal and build dependencies, each with the way to it.
pub fn reachable(metadata: &Value, root: &str, banned: &[&str]) -> Violations {
    let reached = reached_from(metadata, root, Reach::Built);
    if reached.is_empty() {
        return vec![format!("there is no package {root}")];
    }
    let mut found = Violations::new();
    for (id, way) in &reached {
        let name = name_of(metadata, id);
        if banned.contains(&name.as_str()) {
            found.push(format!("{root} reaches {name}: {}", way.join(" → ")));
        }
    }
    found
}

/// Packages from `names` that run as a part of `root` in more than one version. What only the compiler runs (build
/// scripts, macros) is left out: its hashes name files and protect nobody.
pub fn doubled(metadata: &Value, root: &str, names: &[&str]) -> Violations {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for id in reached_from(metadata, root, Reach::Running).keys() {
        if let Some(package) = package(metadata, id) {
            let name = text(&package["name"]);
            if names.contains(&name.as_str()) {
                versions.entry(name).or_default().insert(text(&package["version"]));
            }
        }
    }
    let doubled = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    doubled.map(|(name, versions)| format!("{name} stands in {root} as {versions:?}")).collect()
}

/// Members whose dependencies go up, sideways or to a stranger.
pub fn direction(metadata: &Value) -> Violations {
    let members: BTreeSet<String> = array(&metadata["workspace_members"]).iter().map(text).collect();
    let member_names: BTreeSet<String> = members.iter().map(|id| name_of(metadata, id)).collect();
    let mut found = Violations::new();
    for id in &members {
        let name = name_of(metadata, id);
        if name == TESTS {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            found.push(format!("{name} has no line in the table of rooms"));
            continue;
        };
        let strangers = STRANGERS.iter().find(|(room, _)| *room == name).map_or(&[][..], |(_, s)| s);
        for dependency in array(&package(metadata, id).unwrap_or(&Value::Null)["dependencies"]) {
            let other = text(&dependency["name"]);
            let for_tests = dependency["kind"] == "dev";
            if for_tests {
                continue;
            }
            if member_names.contains(&other) && !allowed.contains(&other.as_str()) {
                found.push(format!("{name} may not depend on {other}"));
            } else if name == "xtask" {
                found.push(format!("xtask depends on {other}: it must build on a bare machine in seconds"));
            } else if strangers.contains(&other.as_str()) {
                found.push(format!("{name} may not know {other}"));
            }
        }
    }
    found
}

/// How far a walk through the graph goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Everything that is needed to build and to run it.
    Built,
    /// Only what ends up in the program.
    Running,
}

/// Every package that `root` needs, with one way to it; breadth first, so the shortest.
fn reached_from(metadata: &Value, root: &str, reach: Reach) -> BTreeMap<String, Vec<String>> {
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let start = nodes.keys().find(|id| name_of(metadata, id) == root);
    let Some(start) = start else { return BTreeMap::new() };
    let mut reached = BTreeMap::from([((*start).to_owned(), vec![root.to_owned()])]);
    let mut queue = VecDeque::from([(*start).to_owned()]);
    while let Some(id) = queue.pop_front() {
        let Some(node) = nodes.get(id.as_str()) else { continue };
        for dependency in array(&node["deps"]) {
            let other = text(&dependency["pkg"]);
            let needed = array(&dependency["dep_kinds"]).iter().any(|kind| match reach {
                Reach::Built => kind["kind"] != "dev",
                Reach::Running => kind["kind"].is_null() && !is_macro(metadata, &other),
            });
            if needed && !reached.contains_key(&other) {
                let mut way = reached[&id].clone();
                way.push(name_of(metadata, &other));
                reached.insert(other.clone(), way);
                queue.push_back(other);
            }
        }
    }
    reached
}

/// Whether the package is a procedural macro: code that the compiler runs.
fn is_macro(metadata: &Value, id: &str) -> bool {
    let targets = package(metadata, id).map_or(&Value::Null, |package| &package["targets"]);
    array(targets).iter().any(|target| array(&target["kind"]).iter().any(|kind| kind == "proc-macro"))
}

fn package<'a>(metadata: &'a Value, id: &str) -> Option<&'a Value> {
    array(&metadata["packages"]).iter().find(|package| package["id"] == id)
}

fn name_of(metadata: &Value, id: &str) -> String {
    package(metadata, id).map(|package| text(&package["name"])).unwrap_or_default()
}

pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
