//! The rules of the house, each run on the repository as it stands and on something that breaks it.
#![allow(clippy::disallowed_methods, reason = "a test reads the repository's files")]

use keyhaven_tests::root;
use keyhaven_tests::rules::{bans, documents, graph, licences, sources, tauri};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::LazyLock;

const DESKTOP: &str = "keyhaven-desktop";
const SYSTEMS: [&str; 3] = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"];

fn metadata(system: &str) -> Value {
    let arguments =
        ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", system];
    let cargo = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    let hint = "cargo metadata failed; `cargo fetch --locked` fetches what it needs:";
    assert!(cargo.status.success(), "{hint}\n{}", String::from_utf8_lossy(&cargo.stderr));
    serde_json::from_slice(&cargo.stdout).expect("cargo prints JSON")
}

static GRAPHS: LazyLock<Vec<(&str, Value)>> =
    LazyLock::new(|| SYSTEMS.iter().map(|system| (*system, metadata(system))).collect());

static SOURCES: LazyLock<Vec<sources::Source>> =
    LazyLock::new(|| sources::all(&root()).expect("readable files"));

fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn holds(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n  {}", violations.join("\n  "));
}

/// A little graph: packages with their dependencies, `~` before a name marks one that only tests need.
fn little_graph(packages: &[(&str, &str, &[&str])]) -> Value {
    let id = |name: &str| format!("{name}#1");
    let name = |dependency: &str| dependency.trim_start_matches('~').to_owned();
    let kind = |dependency: &str| if dependency.starts_with('~') { json!("dev") } else { Value::Null };
    json!({
        "workspace_members": packages.iter().map(|p| id(p.0)).collect::<Vec<_>>(),
        "packages": packages.iter().map(|(package, version, dependencies)| json!({
            "id": id(package), "name": package.split('@').next(), "version": version, "license": "MIT",
            "dependencies": dependencies.iter()
                .map(|d| json!({"name": name(d), "kind": kind(d)})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "resolve": {"nodes": packages.iter().map(|(package, _, dependencies)| json!({
            "id": id(package),
            "deps": dependencies.iter()
                .map(|d| json!({"pkg": id(&name(d)), "dep_kinds": [{"kind": kind(d)}]})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>()},
    })
}

/// Promise 1, in the graph: nothing that the desktop app is built from or with is a network client.
#[test]
fn the_desktop_app_has_no_network_client() {
    for (system, graph) in GRAPHS.iter() {
        let found = graph::reachable(graph, DESKTOP, graph::NETWORK_CLIENTS);
        assert!(found.is_empty(), "on {system}:\n  {}", found.join("\n  "));
    }
}

#[test]
fn a_network_client_is_found_however_deep() {
    let broken = little_graph(&[
        (DESKTOP, "1.0.0", &["harmless", "~ureq"]),
        ("harmless", "1.0.0", &["reqwest"]),
        ("reqwest", "1.0.0", &[]),
        ("ureq", "1.0.0", &[]),
    ]);
    let found = graph::reachable(&broken, DESKTOP, graph::NETWORK_CLIENTS);
    assert_eq!(found, ["keyhaven-desktop reaches reqwest: keyhaven-desktop → harmless → reqwest"]);
    assert_eq!(
        graph::reachable(&broken, "renamed", graph::NETWORK_CLIENTS).len(),
        1,
        "a rename is no way out"
    );
}

#[test]
fn dependencies_point_down() {
    holds(graph::direction(&GRAPHS[0].1));
}

#[test]
fn a_dependency_that_points_up_or_sideways_is_found() {
    let broken = little_graph(&[
        ("keyhaven-secret", "1.0.0", &["keyhaven-otp", "~keyhaven-vault"]),
        ("keyhaven-otp", "1.0.0", &["tokio"]),
        ("keyhaven-vault", "1.0.0", &[]),
        ("keyhaven-cli", "1.0.0", &[DESKTOP]),
        (DESKTOP, "1.0.0", &[]),
        ("keyhaven-shed", "1.0.0", &[]),
        ("xtask", "1.0.0", &["serde_json"]),
    ]);
    let found = graph::direction(&broken);
    assert_eq!(
        found,
        [
            "keyhaven-cli may not depend on keyhaven-desktop",
            "keyhaven-otp may not know tokio",
            "keyhaven-secret may not depend on keyhaven-otp",
            "keyhaven-shed has no line in the table of rooms",
            "xtask depends on serde_json: it must build on a bare machine in seconds",
        ]
    );
}

#[test]
fn cryptography_stands_once() {
    for (_, graph) in GRAPHS.iter() {
        holds(graph::doubled(graph, DESKTOP, graph::CRYPTOGRAPHY));
        holds(graph::doubled(graph, "keyhaven-cli", graph::CRYPTOGRAPHY));
    }
}

#[test]
fn a_second_version_of_a_cipher_is_found() {
    let broken = little_graph(&[
        (DESKTOP, "1.0.0", &["sha2@a", "sha2@b"]),
        ("sha2@a", "0.10.9", &[]),
        ("sha2@b", "0.11.0", &[]),
    ]);
    assert_eq!(graph::doubled(&broken, DESKTOP, graph::CRYPTOGRAPHY).len(), 1);
}

#[test]
fn licences_are_permissive() {
    let allowed = licences::allowed(&file("deny.toml"));
    assert!(allowed.len() > 5, "the list is read: {allowed:?}");
    assert!(!allowed.iter().any(|licence| licence.contains("GPL")), "{allowed:?}");
    for (_, graph) in GRAPHS.iter() {
        holds(licences::violations(graph, &allowed));
    }
}

#[test]
fn no_version_known_to_do_harm_is_used() {
    let banned = bans::banned(&file("deny.toml"));
    assert!(banned.contains(&("blocking".into(), "1.7.0".into())), "the list is read: {banned:?}");
    for (_, graph) in GRAPHS.iter() {
        holds(bans::violations(graph, &banned));
    }
    let broken =
        json!({"packages": [{"name": "blocking", "version": "1.7.0"}, {"name": "a", "version": "1.7.0"}]});
    assert_eq!(bans::violations(&broken, &banned).len(), 1);
}

#[test]
fn another_licence_or_none_is_found() {
    let broken = json!({"packages": [
        {"name": "a", "version": "1.0.0", "license": "MIT OR GPL-3.0-only"},
        {"name": "b", "version": "1.0.0", "license": "GPL-3.0-only"},
        {"name": "c", "version": "1.0.0", "license": null},
    ]});
    assert_eq!(licences::violations(&broken, &["MIT".to_owned()]).len(), 2);
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    holds(tauri::csp(&serde_json::from_str(&file("tauri.conf.json")).expect("JSON")));
}

/// Without `%u` a desktop starts the program for a clicked link and keeps the link to itself.
#[test]
fn a_link_reaches_the_program_through_every_launcher() {
    let settings: Value = serde_json::from_str(&file("tauri.conf.json")).expect("JSON");
    for package in ["deb", "rpm"] {
        let template =
            settings["bundle"]["linux"][package]["desktopTemplate"].as_str().expect("our own launcher");
        let launcher = file(template);
        assert!(launcher.lines().any(|line| line == "Exec={{exec}} %u"), "{template}:\n{launcher}");
        assert!(launcher.lines().any(|line| line == "MimeType={{mime_type}}"), "{template}:\n{launcher}");
    }
}

#[test]
fn an_open_policy_is_found() {
    let with = |security: Value| json!({"app": {"security": security}});
    let good = with(json!({"csp": "default-src 'none'; script-src 'self'"}));
    assert!(tauri::csp(&good).is_empty());
    for broken in [
        with(json!({})),
        with(json!({"csp": null})),
        with(json!({"csp": "script-src 'self'"})),
        with(json!({"csp": "default-src 'none'; script-src 'self' 'unsafe-eval'"})),
        with(json!({"csp": "default-src 'none'; style-src 'unsafe-inline'"})),
        with(json!({"csp": "default-src 'none'; connect-src https://example.org"})),
        with(json!({"csp": "default-src 'none'; img-src *"})),
        with(json!({"csp": "default-src 'none'", "dangerousDisableAssetCspModification": true})),
        with(json!({"csp": "default-src 'none'", "assetProtocol": {"enable": true}})),
    ] {
        assert!(!tauri::csp(&broken).is_empty(), "{broken}");
    }
}

#[test]
fn the_page_may_ask_for_single_commands_only() {
    let mut seen = 0;
    for source in SOURCES.iter().filter(|s| s.path.starts_with("src-tauri/capabilities/")) {
        holds(tauri::capability(&source.path, &serde_json::from_str(&source.text).expect("JSON")));
        seen += 1;
    }
    assert!(seen > 0, "there are capabilities");
}

#[test]
fn a_wide_capability_is_found() {
    for permission in ["http:default", "shell:allow-open", "core:default", "core:window:default", "default"] {
        assert!(!tauri::capability("x", &json!({"permissions": [permission]})).is_empty(), "{permission}");
    }
    assert!(!tauri::capability("x", &json!({"permissions": [{"identifier": "fs:allow-read"}]})).is_empty());
    assert!(!tauri::capability("x", &json!({"remote": {"urls": ["https://example.org"]}})).is_empty());
    let good = json!({"permissions": ["core:event:allow-listen", "allow-unlock"]});
    assert!(tauri::capability("x", &good).is_empty());
}

#[test]
fn texts_keep_the_rules() {
    assert!(SOURCES.iter().any(|s| s.path == "tests/tests/rules.rs"), "the walk finds this very file");
    let rules = [sources::tauri_imports, sources::sockets, sources::machine_names, sources::conflict_markers];
    for rule in rules {
        holds(SOURCES.iter().flat_map(rule).collect());
    }
}

#[test]
fn a_text_that_breaks_a_rule_is_found() {
    let source = |path: &str, text: &str| sources::Source { path: path.into(), text: text.into() };
    let import = "import { invoke } from '@tauri-apps/api/core'";
    assert_eq!(sources::tauri_imports(&source("ui/src/screens/Codes.svelte", import)).len(), 1);
    assert!(sources::tauri_imports(&source("ui/src/api/index.ts", import)).is_empty());
    assert_eq!(sources::sockets(&source("crates/app/src/lib.rs", "use std::net::TcpStream;")).len(), 1);
    assert!(
        sources::sockets(&source("crates/verifier-server/src/lib.rs", "use std::net::TcpStream;")).is_empty()
    );
    let path = format!("see /{}/x and \"/{}/y\"", "work", "root");
    assert_eq!(sources::machine_names(&source("docs/x.md", &path)).len(), 2);
    let address = format!("https://example.org/{}/x, ~/{}/y", "work", "work");
    assert!(sources::machine_names(&source("docs/x.md", &address)).is_empty());
    let conflict = format!("{} HEAD\nours\n=======\n", "<".repeat(7));
    assert_eq!(sources::conflict_markers(&source("docs/x.md", &conflict)).len(), 1);
    assert!(sources::conflict_markers(&source("docs/x.md", "Title\n=======\n")).is_empty());
    let lock = format!("\"{}\": \"https://example.org/a.tgz\"", "resolved");
    assert_eq!(sources::machine_names(&source("ui/package-lock.json", &lock)).len(), 1);
}

#[test]
fn readme_and_ci_say_the_same() {
    holds(documents::readme(&file("README.md")));
    holds(documents::ci(&file(".ci/run")));
}

#[test]
fn a_missing_command_is_found() {
    assert_eq!(documents::readme("# Keyhaven\n\n    cargo xtask run\n").len(), 1);
    let good = "#!/usr/bin/env bash\nset -euo pipefail\ncd \"$(dirname \"$0\")/..\"\ncargo xtask test\n";
    assert!(documents::ci(good).is_empty());
    assert_eq!(documents::ci(&good.replace("xtask test", "xtask test || true")).len(), 1);
    assert_eq!(documents::ci(&good.replace("set -euo pipefail\n", "")).len(), 1);
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let promises = file("docs/promises.md");
    holds(documents::promises(&root(), &promises));
    for number in 1..=9 {
        assert!(promises.contains(&format!("\n| {number} | ")), "promise {number} has a row");
    }
}

#[test]
fn a_promise_without_its_test_is_found() {
    for broken in [
        "| 1 | Offline | a careful look |",
        "| 1 | Offline | `tests/tests/gone.rs` `some_test` |",
        "| 1 | Offline | `tests/tests/rules.rs` `gone_and_forgotten_by_all` |"
            .replace("by_all", "by_everybody")
            .as_str(),
    ] {
        assert!(!documents::promises(&root(), broken).is_empty(), "{broken}");
    }
    assert!(documents::promises(&root(), "| 1 | Offline | not yet |").is_empty());
}
