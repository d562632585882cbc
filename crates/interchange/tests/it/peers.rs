//! Every file of `../shared/fixtures` against what its manifest expects. Read where they stand; not there, not tested.

use keyhaven_interchange::{ImportError, Imported, Request, read};
use keyhaven_otp::Kind;
use keyhaven_secret::SecretText;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    folder.join("MANIFEST.json").is_file().then_some(folder)
}

/// The manifest's export files, or nothing (told) when it is not there.
#[expect(clippy::disallowed_methods, reason = "tests read files")]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn files() -> Vec<(Value, Vec<u8>)> {
    let Some(folder) = folder() else {
        eprintln!("skipped: no peer data");
        return Vec::new();
    };
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let others = ["recovery_codes", "uri_vectors", "qr_images"];
    let files = manifest["files"].as_array().unwrap().iter();
    files
        .filter(|file| !others.contains(&file["format"].as_str().unwrap()))
        .map(|file| (file.clone(), std::fs::read(folder.join(file["file"].as_str().unwrap())).unwrap()))
        .collect()
}

pub fn password(file: &Value) -> Option<SecretText> {
    file["password"].as_str().map(|password| SecretText::new(password.to_owned()))
}

/// kind, issuer, name, secret, algorithm, digits, period or counter
type Row = (String, String, String, String, String, u64, u64);

fn row_of(imported: &Imported) -> Row {
    let kind = &imported.account.kind;
    let time_or_hash = matches!(kind, Kind::Totp { .. } | Kind::Hotp { .. });
    let text = |text: &str| text.trim().to_owned();
    (
        text(kind.name()),
        text(&imported.account.issuer),
        text(&imported.account.name),
        imported.secret_as_written().expose().to_uppercase(),
        if time_or_hash { text(imported.algorithm_name()) } else { String::new() },
        if time_or_hash { u64::from(kind.digits()) } else { 0 },
        match imported.counter() {
            Some(counter) => counter,
            None if time_or_hash => u64::from(kind.period().unwrap()),
            None => 0,
        },
    )
}

/// What the manifest expects; `None` where the entry cannot become an account.
fn expected_row(file: &Value, entry: &Value) -> Option<Row> {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().trim().to_owned();
    let kind = match text("type").as_str() {
        "steamtotp" => "steam".to_owned(),
        "yaotp" => "yandex".to_owned(),
        kind => kind.to_owned(),
    };
    let algorithm = text("algorithm").to_uppercase();
    let secret: String =
        text("secret").split_whitespace().collect::<String>().trim_end_matches('=').to_uppercase();
    // The manifest keeps placeholders that are no base32 and algorithms that nobody computes; formats.md §1 and the
    // import's own contract say that these are problems.
    let base32 = secret.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    let known = ["totp", "hotp", "steam", "motp", "yandex"].contains(&kind.as_str());
    if !known
        || (kind != "motp" && !base32)
        || !["SHA1", "SHA256", "SHA512", "MD5"].contains(&algorithm.as_str())
    {
        return None;
    }
    let time_or_hash = kind == "totp" || kind == "hotp";
    let number =
        |name: &str, default: u64| entry[name].as_u64().filter(|number| *number != 0).unwrap_or(default);
    let factor = match kind.as_str() {
        // Stored as the last counter used, in these two (formats.md §10); the manifest has it as stored.
        "hotp" => {
            let stored_before =
                ["freeotp_v1_xml", "freeotp_plus"].contains(&file["format"].as_str().unwrap());
            entry["counter"].as_u64().unwrap_or(0) + u64::from(stored_before)
        }
        "totp" => number("period", 30),
        _ => 0,
    };
    let (issuer, mut name) = (text("issuer"), text("name"));
    // `Issuer: Name` in one field (formats.md §13); the manifest has it unsplit.
    if file["format"] == "authy" {
        name = name.strip_prefix(&format!("{issuer}:")).unwrap_or(&name).trim().to_owned();
    }
    let digits = if time_or_hash { number("digits", 6) } else { 0 };
    let algorithm = if time_or_hash { algorithm } else { String::new() };
    Some((kind, issuer, name, secret, algorithm, digits, factor))
}

#[test]
fn every_entry_of_every_file_is_an_account_or_a_problem() {
    for (file, bytes) in files() {
        let name = file["file"].as_str().unwrap();
        let password = password(&file);
        // The name is not given: the bytes have to say what they are.
        let import = read(&bytes, &Request { password: password.as_ref(), ..Request::default() });
        let entries = file["expected"].as_array().cloned().unwrap_or_default();
        if entries.is_empty() {
            let empty = import.as_ref().map_or(true, |import| import.accounts.is_empty());
            assert!(empty, "{name} gives {:?}", import.map(|import| import.accounts.len()));
            continue;
        }
        let import = import.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut expected: Vec<_> = entries.iter().filter_map(|entry| expected_row(&file, entry)).collect();
        let problems = entries.len() - expected.len();
        assert!(import.problems.len() >= problems, "{name}: {:?}", import.problems);
        if problems == 0 && !name.contains("migration") {
            assert_eq!(import.problems, [], "{name}");
        }
        let mut found: Vec<_> = import.accounts.iter().map(row_of).collect();
        // The manifest's decoder left the mOTP row of this page out.
        if name == "stratum_html/backup.html" {
            found.retain(|row| row.0 != "motp");
        }
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_wrong_password_and_no_password_are_told_apart() {
    let wrong = SecretText::new("certainly not it".into());
    for (file, bytes) in files().into_iter().filter(|(file, _)| file["wrong_password"] == "rejected") {
        let name = file["file"].as_str().unwrap();
        // One gibibyte of Argon2 once is enough (the test above).
        if name.contains("stratum_ente") {
            continue;
        }
        let none = read(&bytes, &Request::default());
        assert!(matches!(none, Err(ImportError::PasswordNeeded { .. })), "{name}: {none:?}");
        let wrong = read(&bytes, &Request { password: Some(&wrong), ..Request::default() });
        assert!(matches!(wrong, Err(ImportError::WrongPassword { .. })), "{name}: {wrong:?}");
    }
}
