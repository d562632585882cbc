use keyhaven_otp::{Account, Parsed, parse_uri};
use std::path::PathBuf;

pub fn parsed(uri: &str) -> Parsed {
    parse_uri(uri).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

pub fn account(uri: &str) -> Account {
    parsed(uri).account
}

/// A file of another project, where it stands beside the workspace; `None` (and a word about it) when it does not.
pub fn peer_file(path: &str) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures").join(path);
    let text = std::fs::read_to_string(file).ok();
    if text.is_none() {
        eprintln!("skipped: no peer data ({path})");
    }
    text
}
