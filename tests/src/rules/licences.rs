//! The licences that a dependency may have. The list itself stands in `deny.toml`, once, for cargo-deny too.

use super::Violations;
use super::graph::{array, text};
use serde_json::Value;

/// The `allow = [ … ]` list under `[licenses]` of `deny.toml`.
pub fn allowed(deny_toml: &str) -> Vec<String> {
    let section = deny_toml.split("[licenses]").nth(1).unwrap_or_default();
    let list =
        section.split_once("allow = [").map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| {
            line.split(',').map(|item| item.trim().trim_matches('"').to_owned()).collect::<Vec<_>>()
        })
        .filter(|item| !item.is_empty())
        .collect()
}

/// Packages whose licence expression cannot be satisfied from `allowed`.
pub fn violations(metadata: &Value, allowed: &[String]) -> Violations {
    let packages = array(&metadata["packages"]).iter();
    let refused = packages.filter(|package| !satisfied(&text(&package["license"]), allowed));
    refused
        .map(|p| format!("{} {}: licence {}", text(&p["name"]), text(&p["version"]), p["license"]))
        .collect()
}

/// Whether an SPDX expression (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>) can be met:
/// AND binds closer than OR, and `/` is cargo's old way to write OR.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&tokens, &mut at, allowed);
    met == Some(true) && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize, allowed: &[String]) -> Option<bool> {
    let mut met = all_of(tokens, at, allowed)?;
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(tokens, at, allowed)?;
    }
    Some(met)
}

fn all_of(tokens: &[&str], at: &mut usize, allowed: &[String]) -> Option<bool> {
    let mut met = one(tokens, at, allowed)?;
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(tokens, at, allowed)?;
    }
    Some(met)
}

fn one(tokens: &[&str], at: &mut usize, allowed: &[String]) -> Option<bool> {
    let token = *tokens.get(*at)?;
    *at += 1;
    if token == "(" {
        let met = any_of(tokens, at, allowed)?;
        *at += 1;
        return (tokens.get(*at - 1) == Some(&")")).then_some(met);
    }
    let mut name = token.to_owned();
    if tokens.get(*at) == Some(&"WITH") {
        name = format!("{token} WITH {}", tokens.get(*at + 1)?);
        *at += 2;
    }
    Some(allowed.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_bind_as_spdx_says() {
        let allowed: Vec<String> =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(Into::into).into();
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "GPL-2.0 AND LGPL-2.1 OR MIT",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT WITH something",
            "(MIT",
            "MIT MIT",
            "MIT AND (GPL-2.0 OR LGPL-2.1)",
        ] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }
}
