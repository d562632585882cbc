//! The standalone decryptor reads what this program writes, with each kind of slot and nothing of this program.

use crate::support::{Home, NOW, record};
use keyhaven_vault::{Credential, DiskFiles};
use serde_json::Value;
use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs it with the system's Python, which is where distributions put PyNaCl.
fn run(file: &Path, kind: &str, secret: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/decrypt.py");
    let python = if cfg!(target_os = "linux") { "/usr/bin/python3" } else { "python3" };
    let mut child = Command::new(python)
        .arg(script)
        .args(["--password-stdin", "--with", kind])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python} does not start ({error}); the decryptor's test needs it"));
    // A script that refuses the file ends without reading.
    let _ = child.stdin.take().unwrap().write_all(format!("{secret}\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("PyNaCl is not here"), "PyNaCl is missing: install the package python3-nacl");
    output
}

fn decrypt(file: &Path, kind: &str, secret: &str) -> Value {
    let output = run(file, kind, secret);
    assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A vault with an edited and a deleted account, an open text, a recovery record and a drop-in.
fn vault() -> (Home, usize) {
    let home = Home::new();
    let mut vault = home.create();
    let (account, gone) = (record("account", r#"{"issuer":"Überbank"}"#), record("account", "gone"));
    let (id, gone_id) = (account.id, gone.id);
    vault.accounts_mut().put(account);
    vault.accounts_mut().put(gone);
    vault.accounts_mut().delete(gone_id, NOW + 1);
    let payload = keyhaven_secret::SecretBytes::new(br#"{"issuer":"Bank"}"#.to_vec());
    let changed = vault.accounts().get(id).unwrap().changed(NOW + 2, payload);
    vault.accounts_mut().put(changed);
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.recovery_mut().unwrap().put(record("codes", "11111 22222"));
    vault.lock_recovery().unwrap();
    vault.drop_in_recovery(record("codes", "dropped in")).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    (home, 2)
}

#[test]
fn the_decryptor_opens_a_vault_with_each_kind_of_slot() {
    let (home, records) = vault();
    let location = home.location();
    let keyring = home.keys.keyring.to_text();
    let recovery_key = home.keys.recovery_key.to_text();
    let sloppy = recovery_key.expose().to_lowercase().replace('-', " ").replace('0', "o");
    for (kind, secret, recovery) in [
        ("passphrase", home.keys.passphrase.expose(), true),
        ("keyring", keyring.expose(), false),
        ("recovery-key", recovery_key.expose(), true),
        ("recovery-key", &sloppy, true),
    ] {
        let output = decrypt(location.file(), kind, secret);
        assert_eq!(output["generation"], 1, "{kind}");
        let accounts = output["accounts"].as_array().unwrap();
        assert_eq!(accounts.len(), records, "{kind}: {accounts:?}");
        let live: Vec<_> = accounts.iter().filter(|account| account.get("deleted_at").is_none()).collect();
        assert_eq!(live[0]["payload"], serde_json::json!({"issuer": "Bank"}), "{kind}");
        if recovery {
            let mut payloads: Vec<_> = output["recovery"]
                .as_array()
                .unwrap()
                .iter()
                .map(|record| record["payload"].clone())
                .collect();
            payloads.sort_by_key(Value::to_string);
            assert_eq!(payloads, ["11111 22222", "dropped in"], "{kind}");
        } else {
            assert!(output["recovery"].is_null(), "{kind}");
        }
    }
}

#[test]
fn the_decryptor_refuses_wrong_keys_and_damaged_files() {
    let (home, _) = vault();
    let location = home.location();
    let refused = |kind: &str, secret: &str, words: &str| {
        let output = run(location.file(), kind, secret);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(words), "{kind}: {error}");
        assert!(output.stdout.is_empty() && !error.contains("Traceback"), "{kind}: {error}");
    };
    refused("passphrase", "wrong", "does not open this vault");
    refused("recovery-key", "00000-00000", "seven groups of five");
    let mut bytes = home.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(location.file(), &bytes).unwrap();
    refused("passphrase", home.keys.passphrase.expose(), "cut short or damaged");
    bytes[9] = 2;
    std::fs::write(location.file(), &bytes).unwrap();
    refused("passphrase", home.keys.passphrase.expose(), "another format version");
}

/// A recovery code may look like a number; it is not one.
#[test]
fn the_decryptor_opens_the_documents_test_vector() {
    let document = include_str!("../../../../docs/vault-format.md");
    let (_, hex) = document.split_once("\nfile = ").unwrap();
    let (hex, _) = hex.split_once("\n```").unwrap();
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vector.keyhaven");
    std::fs::write(&file, digits.chunks(2).map(byte).collect::<Vec<u8>>()).unwrap();
    let output = decrypt(&file, "passphrase", "correct horse battery staple");
    assert_eq!(output["recovery"][0]["payload"], "33333333");
    assert_eq!(output["recovery"][1]["payload"], "11111111 22222222");
}

#[test]
fn the_decryptor_stays_short() {
    let script = include_str!("../../../../docs/decrypt.py");
    assert!(script.lines().count() < 150);
}

#[test]
fn without_its_library_it_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("nacl")).unwrap();
    std::fs::write(folder.path().join("nacl/__init__.py"), "raise ImportError('not here')\n").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/decrypt.py");
    let python = if cfg!(target_os = "linux") { "/usr/bin/python3" } else { "python3" };
    let output =
        Command::new(python).arg(script).arg("any").env("PYTHONPATH", folder.path()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("python3-nacl"), "{error}");
    assert!(!error.contains("Traceback"), "{error}");
}
