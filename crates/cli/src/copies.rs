//! Copies of the vault that a synced folder left beside it: noticed by every command that opens the vault, not only by
//! the one that merges them.

use crate::error::tell;
use crate::output;
use keyhaven_app::App;
use keyhaven_app::safety_view::VaultCopy;

/// Those that a merge would learn something from, or of which that cannot be told.
pub fn with_news(app: &App) -> Vec<VaultCopy> {
    app.copies().into_iter().filter(|copy| copy.news != Some(false)).collect()
}

/// Says on standard error that there are some; what a command answers is the same with and without them.
pub fn announce(app: &App) {
    for copy in with_news(app) {
        tell(what(&copy));
    }
}

/// One copy, and what to do about it.
pub fn what(copy: &VaultCopy) -> String {
    let name = output::shown(&copy.name);
    match &copy.problem {
        Some(problem) => {
            format!("another copy of the vault is beside it and cannot be read: {name} ({problem})")
        }
        None => format!("another copy of the vault is beside it: {name} (keyhaven vault merge shows it)"),
    }
}
