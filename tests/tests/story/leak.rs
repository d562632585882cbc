//! Everything that is planted in a vault, looked for in every process of the window, before and after it locks; and that
//! the window keeps its memory from core files.

use super::safety::{Secrets, keyhaven};
use super::*;
use keyhaven_tests::fuzzing::forge;

const NOTE: &str = "the blue folder behind the third shelf, 48151623";
const CODES: [&str; 4] = ["5f1ae-c07d2", "b94c3-18ef6", "03d7b-6a5e9", "e26f8-4c1b0"];

/// Every planted secret in every spelling that a program could hold it in.
fn planted(keys: &[(&str, [u8; 32])], recovery_key: &str, entry: &str) -> Vec<Needle> {
    let mut needles = secrets();
    needles.push(Needle::text("the account's note", NOTE));
    needles.extend(CODES.iter().map(|code| Needle::text("a recovery code", code)));
    // As each stands in a body, at each of the three places in a Base64 group.
    let bodies = [
        ("the base32 secret", SAMPLE.base32()),
        ("the account's note", NOTE.into()),
        ("a recovery code", CODES.join("\",\"")),
    ];
    for (name, text) in bodies {
        for shift in 0..3 {
            let shifted = [&b"\0\0\0"[..shift], text.as_bytes()].concat();
            let base64 = data_encoding::BASE64.encode(&shifted);
            needles.push(Needle::text(&format!("{name} in Base64"), &base64[4..base64.len() - 4]));
        }
    }
    needles.extend(keys.iter().map(|(name, key)| Needle::bytes(name, key)));
    let number = forge::printed_key(recovery_key).expect("a printed key");
    needles.push(Needle::text("the kit's key", recovery_key));
    needles.push(Needle::bytes("the kit's key", &number.to_be_bytes()));
    needles.push(Needle::bytes("the kit's key", &number.to_ne_bytes()));
    needles.push(Needle::text("the keyring's key", entry));
    let raw = data_encoding::BASE64.decode(entry.as_bytes()).expect("Base64");
    needles.push(Needle::bytes("the keyring's key", &raw));
    needles
}

#[test]
fn a_locked_window_holds_nothing_of_all_that_was_planted() {
    let mut world = World::new("memory-planted");
    let window = world.open(&[]);
    let recovery_key = window.create_vault(PASSPHRASE).join("-");
    window.add_by_drop(&SAMPLE);
    window.close();
    let (home, codes) = (world.vault_home(), world.home().join("codes.txt"));
    std::fs::write(&codes, CODES.map(|code| format!("{code}\n")).concat()).expect("codes");
    let file = codes.display().to_string();
    let plant = [
        &["edit", SAMPLE.issuer, "--note", NOTE, "--password-stdin"][..],
        &["recovery", "add", &file, "--password-stdin"],
    ];
    for arguments in plant {
        let (code, said) = keyhaven(&world, &home, arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }
    let number = forge::printed_key(&recovery_key).expect("a printed key");
    let file = std::fs::read(home.join("vault.keyhaven")).expect("the vault");
    let keys = forge::keys_of(&file, number).expect("the kit's key opens it");
    let entries = Secrets::of(&world).texts();
    assert_eq!(entries.len(), 1, "the keyring has the vault's key");
    let needles = planted(&keys, &recovery_key, &entries[0]);

    // A start of its own: the kit was shown and typed in the one before.
    let window = world.open(&[]);
    window.wait_for_code();
    window.click_named("room-recovery");
    window.type_into_named("recovery-proof", PASSPHRASE);
    window.click_named("recovery-unlock-go");
    window.wait_for_named("recovery-code");
    let open = match window.find_in_memory(|process| process.is_app(), &needles) {
        Ok(open) => open,
        Err(why) => {
            return println!("skipped: this machine does not show other processes' memory: {why}");
        }
    };
    let seen = |name: &str| open.iter().any(|found| found.contains(&format!(": {name} (")));
    for name in [
        "the raw key",
        "the account's note",
        "a recovery code",
        "the accounts' key",
        "the recovery compartment's key",
    ] {
        assert!(seen(name), "{name} is not seen while it is open: {open:?}");
    }
    for name in ["the kit's key", "the keyring's key"] {
        assert!(!seen(name), "{name} is left: {open:?}");
    }
    let pages = window.find_in_memory(|process| !process.is_app(), &needles).expect("readable a moment ago");
    assert!(pages.is_empty(), "the page holds none, open or not:\n  {}", pages.join("\n  "));
    window.lock();
    let found = window.find_in_memory(|_| true, &needles).expect("readable a moment ago");
    assert!(found.is_empty(), "\n  {}", found.join("\n  "));
}

/// As a release does by itself; a build for developers is told to. What the same call keeps from other programs is tried
/// in `crates/platform/tests/protection.rs`.
#[test]
fn the_window_leaves_no_core_file_where_it_protects_itself() {
    let mut world = World::new("protected");
    world.set_variable("KEYHAVEN_PROTECT", "1");
    let window = world.open(&[]);
    window.wait_for_named("first-start");
    let app = window.processes().into_iter().find(|process| process.is_app()).expect("the app");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", app.pid)).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}
