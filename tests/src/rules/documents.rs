//! Rules over the README, the CI script and the list of promises.

use super::Violations;
use std::path::Path;

/// The command that the README gives for testing, and the one line of the CI script.
pub const TEST_COMMAND: &str = "cargo xtask test";

/// The README shows the two commands.
pub fn readme(text: &str) -> Violations {
    let wanted = ["cargo xtask run", TEST_COMMAND].into_iter();
    wanted
        .filter(|c| !text.lines().any(|l| l.trim().starts_with(c)))
        .map(|c| format!("README.md: no `{c}`"))
        .collect()
}

/// The CI script does exactly what the README says, and nothing beside.
pub fn ci(script: &str) -> Violations {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let commands: Vec<&str> = lines.collect();
    if commands == ["set -euo pipefail", "cd \"$(dirname \"$0\")/..\"", TEST_COMMAND] {
        return Violations::new();
    }
    vec![format!(".ci/run does {commands:?}, not only `{TEST_COMMAND}`")]
}

/// Every test that `docs/promises.md` names (`path/to/file.rs` followed by `name_of_test`) exists, and every
/// promise has one or says "not yet".
pub fn promises(root: &Path, text: &str) -> Violations {
    let mut found = Violations::new();
    for row in text
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes().get(2).is_some_and(u8::is_ascii_digit))
    {
        let mut file = None;
        let mut named = 0;
        for name in row.split('`').skip(1).step_by(2) {
            if name.contains('/') {
                let text = std::fs::read_to_string(root.join(name));
                if text.is_err() {
                    found.push(format!("docs/promises.md: there is no {name}"));
                }
                file = text.ok();
            } else if let Some(text) = &file {
                named += 1;
                if !text.contains(name) {
                    found.push(format!("docs/promises.md: there is no test {name} where it says"));
                }
            }
        }
        if named == 0 && !row.contains("not yet") {
            found.push(format!("docs/promises.md: no test named in: {row}"));
        }
    }
    found
}
