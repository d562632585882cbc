//! Other projects' files, where they are at hand: every code expected of them is found, and no other.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "reads peer data and says when there is none"
)]

use keyhaven_recovery::parse;
use std::path::Path;

#[test]
fn every_expected_code_and_no_other() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let Ok(manifest) = std::fs::read_to_string(fixtures.join("MANIFEST.json")) else {
        eprintln!("skipped: no peer data");
        return;
    };
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let plain = |code: &str| code.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let mut count = 0;
    for file in manifest["files"].as_array().unwrap().iter().filter(|file| file["format"] == "recovery_codes")
    {
        let name = file["file"].as_str().unwrap();
        let bytes = std::fs::read(fixtures.join(name)).unwrap();
        let texts =
            file["expected"].as_array().unwrap().iter().flat_map(|set| set["codes"].as_array().unwrap());
        let mut expected: Vec<String> = texts.map(|code| plain(code.as_str().unwrap())).collect();
        let set = parse(&bytes, Path::new(name).file_name().and_then(|name| name.to_str())).unwrap();
        let mut found: Vec<String> = set.codes.iter().map(|code| plain(code.text.expose())).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
        crate::support::assert_no_line_lost(&set);
        // A file whose name and words say nothing is perhaps somebody's.
        assert!(set.provider.is_some() || !set.candidates.is_empty(), "{name}: nobody's");
        count += 1;
    }
    assert!(count > 0, "the manifest names recovery files");
}
