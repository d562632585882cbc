//! The rules of the house, as functions that return what violates them. `tests/rules.rs` runs each on the
//! repository, and once on something broken, so that a rule that can no longer fail is noticed.

pub mod bans;
pub mod documents;
pub mod graph;
pub mod licences;
pub mod sources;
pub mod tauri;

/// What a rule found: one sentence a violation, naming what and where. Empty when the rule holds.
pub type Violations = Vec<String>;
