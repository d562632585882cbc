//! Versions of dependencies that do harm. The list stands in `deny.toml`, once, for cargo-deny too.

use super::Violations;
use serde_json::Value;

/// The `deny = [ … ]` list under `[bans]` of `deny.toml`: name and exact version, one a line.
pub fn banned(deny_toml: &str) -> Vec<(String, String)> {
    let section = deny_toml.split("[bans]").nth(1).unwrap_or_default();
    let list = section.split("deny = [").nth(1).and_then(|rest| rest.split("\n]").next()).unwrap_or_default();
    let quoted = |line: &str, key: &str| {
        let rest = line.split(key).nth(1)?;
        Some(rest.split('"').nth(1)?.trim_start_matches('=').to_owned())
    };
    list.lines().filter_map(|line| Some((quoted(line, "name =")?, quoted(line, "version =")?))).collect()
}

/// Packages of `cargo metadata` that are on the list.
pub fn violations(metadata: &Value, banned: &[(String, String)]) -> Violations {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let found = packages.filter(|package| {
        let (name, version) = (package["name"].as_str(), package["version"].as_str());
        banned.iter().any(|(bad, of)| name == Some(bad) && version == Some(of))
    });
    found
        .map(|package| format!("{} {} is banned by deny.toml", package["name"], package["version"]))
        .collect()
}
