//! Rules over the app's configuration: what its page may load and what it may ask for.

use super::Violations;
use super::graph::{array, text};
use serde_json::Value;

/// Everything that a source list of the policy may name. `ipc:` and `http://ipc.localhost` are the two spellings
/// of Tauri's own channel to Rust; neither leaves the process.
const LOCAL_SOURCES: &[&str] = &["'none'", "'self'", "data:", "blob:", "ipc:", "http://ipc.localhost"];

/// What a content security policy allows beyond the app itself (CSP Level 3, §6.7.2).
pub fn csp(configuration: &Value) -> Violations {
    let security = &configuration["app"]["security"];
    let Some(policy) = security["csp"].as_str() else {
        return vec!["tauri.conf.json: app.security.csp is not one string".into()];
    };
    let mut found = Violations::new();
    for directive in policy.split(';').map(str::trim).filter(|d| !d.is_empty()) {
        let mut words = directive.split_whitespace();
        let name = words.next().unwrap_or_default();
        for source in words.filter(|source| !LOCAL_SOURCES.contains(source)) {
            found.push(format!("tauri.conf.json: the CSP's {name} allows {source}"));
        }
    }
    if !policy.contains("default-src 'none'") {
        found.push("tauri.conf.json: the CSP does not begin from default-src 'none'".into());
    }
    for switch in ["dangerousDisableAssetCspModification", "assetProtocol"] {
        if !security[switch].is_null() && security[switch] != false {
            found.push(format!("tauri.conf.json: app.security.{switch} opens the policy"));
        }
    }
    if configuration["app"]["withGlobalTauri"] == true {
        found.push("tauri.conf.json: withGlobalTauri hands the API to every script".into());
    }
    for window in array(&configuration["app"]["windows"]) {
        if let Some(url) = window["url"].as_str().filter(|url| url.contains("://")) {
            found.push(format!("tauri.conf.json: a window opens {url}"));
        }
    }
    found
}

/// What a capability file grants beyond single commands of Tauri's core and of the app itself.
pub fn capability(file: &str, capability: &Value) -> Violations {
    let mut found = Violations::new();
    if !capability["remote"].is_null() {
        found.push(format!("{file}: grants commands to remote pages"));
    }
    for permission in array(&capability["permissions"]) {
        let name = permission.as_str().map_or_else(|| text(&permission["identifier"]), str::to_owned);
        let plugin = name.rsplit_once(':').map_or("", |(plugin, _)| plugin);
        if !(plugin.is_empty() || plugin == "core" || plugin.starts_with("core:")) {
            found.push(format!("{file}: grants {name} of a plugin"));
        }
        if name.ends_with("default") || name.contains('*') {
            found.push(format!("{file}: grants {name}, which is more than one command"));
        }
    }
    found
}
