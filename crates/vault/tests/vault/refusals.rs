//! Files and keys that must be refused, each with its own error, the file untouched.

use crate::support::{Home, NOW, cheap, record, text};
use keyhaven_secret::SecretText;
use keyhaven_vault::{
    Credential, DamagedPart, Demand, DiskFiles, InvalidRecoveryKey, KeyringKey, Location, LockedVault,
    NewVault, OpenVault, ReadError, RecoveryKey, SaveError, SlotKind, UnlockError,
};
use sha2::{Digest, Sha256};

#[test]
fn wrong_keys_have_errors_of_their_own_and_touch_nothing() {
    let home = Home::new();
    home.saved();
    let before = home.bytes();
    let locked = home.read();
    let wrong = locked.unlock(Credential::Passphrase(&text("correct horse battery stapler")));
    assert!(matches!(wrong, Err(UnlockError::WrongPassphrase)), "{wrong:?}");
    let wrong = locked.unlock(Credential::Keyring(&KeyringKey::generate().unwrap()));
    assert!(matches!(wrong, Err(UnlockError::ForeignKeyringKey)), "{wrong:?}");
    let wrong = locked.unlock(Credential::RecoveryKey(&RecoveryKey::generate().unwrap()));
    assert!(matches!(wrong, Err(UnlockError::WrongRecoveryKey)), "{wrong:?}");
    assert_eq!(home.bytes(), before);
}

#[test]
fn a_typing_slip_in_the_recovery_key_is_not_a_wrong_key() {
    let home = Home::new();
    let printed = home.keys.recovery_key.to_text();
    let mut slip = printed.expose().to_owned();
    let replacement = if slip.ends_with('7') { "8" } else { "7" };
    slip.replace_range(40..41, replacement);
    let slip = RecoveryKey::parse(&text(&slip));
    assert_eq!(slip.map(drop), Err(InvalidRecoveryKey::Checksum { groups: vec![7] }));
}

#[test]
fn what_is_printed_of_a_locked_vault_and_its_keys_is_their_name() {
    let home = Home::new();
    let vault = home.saved();
    let printed = format!("{:?}", home.read());
    assert_eq!(printed, format!("LockedVault({}, generation 1)", vault.id()));
    let credentials = [
        (Credential::Passphrase(&home.keys.passphrase), "Credential(passphrase)"),
        (Credential::Keyring(&home.keys.keyring), "Credential(keyring)"),
        (Credential::RecoveryKey(&home.keys.recovery_key), "Credential(recovery-key)"),
    ];
    for (credential, name) in credentials {
        assert_eq!(format!("{credential:?}"), name);
    }
}

#[test]
fn a_vault_without_a_slot_of_that_kind_says_so() {
    let home = Home::new();
    let vault = OpenVault::create(&NewVault {
        location: home.location(),
        passphrase: Some((&home.keys.passphrase, cheap())),
        keyring: None,
        recovery_key: None,
        now: NOW,
    });
    let refused = vault.unwrap().lock().unlock(Credential::Keyring(&home.keys.keyring));
    assert!(matches!(refused, Err(UnlockError::NoSuchSlot(SlotKind::Keyring))), "{refused:?}");
}

#[test]
fn nothing_there_is_not_found() {
    let read = LockedVault::read(&DiskFiles, &Home::new().location());
    assert!(matches!(read, Err(ReadError::NotFound)), "{read:?}");
}

#[test]
fn a_folder_in_the_files_place_is_an_io_error() {
    let home = Home::new();
    std::fs::create_dir(home.location().file()).unwrap();
    let read = LockedVault::read(&DiskFiles, &home.location());
    assert!(matches!(read, Err(ReadError::Io(_))), "{read:?}");
}

fn parse(bytes: &[u8]) -> Result<LockedVault, ReadError> {
    LockedVault::parse(bytes.to_vec(), &Location::in_folder("nowhere"))
}

#[test]
fn every_truncation_is_called_one() {
    let home = Home::new();
    home.saved();
    let bytes = home.bytes();
    for length in 0..bytes.len() {
        match parse(&bytes[..length]) {
            Err(ReadError::Truncated { expected, found }) => {
                assert!(found == length as u64 && expected > found, "{length}");
            }
            other => panic!("{length}: {other:?}"),
        }
    }
    println!("proof: truncations {}", bytes.len());
    let longer = [&bytes[..], b"x"].concat();
    assert!(matches!(parse(&longer), Err(ReadError::Damaged(DamagedPart::End))));
}

#[test]
fn every_flipped_bit_is_noticed_before_any_key_is_asked_for() {
    let home = Home::new();
    home.saved();
    let mut bytes = home.bytes();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            let read = parse(&bytes);
            assert!(read.is_err(), "byte {index} bit {bit}");
            bytes[index] ^= 1 << bit;
        }
    }
    assert!(parse(&bytes).is_ok());
    println!("proof: bit flips {}", 8 * bytes.len());
}

/// Someone who changes the file and makes its checksums fit again, which takes no key.
fn forge(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
    let length = u32::from_be_bytes(bytes[10..14].try_into().unwrap()) as usize;
    let mut header = bytes[46..46 + length].to_vec();
    let mut body = bytes[46 + length..bytes.len() - 32].to_vec();
    change(&mut header, &mut body);
    let mut forged = bytes[..10].to_vec();
    forged.extend(u32::try_from(header.len()).unwrap().to_be_bytes());
    forged.extend(Sha256::digest(&header));
    forged.extend(header);
    forged.extend(body);
    let digest = Sha256::digest(&forged);
    forged.extend(digest);
    forged
}

#[test]
fn every_forged_byte_is_a_typed_error_even_with_the_right_key() {
    let home = Home::new();
    home.saved();
    let bytes = home.bytes();
    let header = u32::from_be_bytes(bytes[10..14].try_into().unwrap()) as usize;
    let credential = Credential::Keyring(&home.keys.keyring);
    for index in 0..header {
        let forged = forge(&bytes, |header, _| header[index] ^= 1);
        let opened = parse(&forged).map(|locked| locked.unlock(credential).map(drop));
        assert!(!matches!(opened, Ok(Ok(()))), "header byte {index}");
    }
    for index in 0..bytes.len() - 32 - 46 - header {
        let forged = forge(&bytes, |_, body| body[index] ^= 1);
        let opened = parse(&forged).unwrap().unlock(credential);
        assert!(matches!(opened, Err(UnlockError::Damaged(DamagedPart::Body))), "body byte {index}");
    }
    println!("proof: forged bytes {}", bytes.len() - 32 - 46);
}

/// The commitment decides before anything is decrypted; without it the seal would, and say `Body`.
#[test]
fn a_key_that_the_header_does_not_commit_to_opens_nothing() {
    let home = Home::new();
    home.saved();
    let forged = forge(&home.bytes(), |header, _| {
        let text = String::from_utf8(header.clone()).unwrap();
        let at = text.find("\"accounts\":{\"epoch\":1,\"commitment\":\"").unwrap() + 37;
        let digit = if header[at] == b'0' { b'1' } else { b'0' };
        header[at] = digit;
    });
    let opened = parse(&forged).unwrap().unlock(Credential::Keyring(&home.keys.keyring));
    assert!(matches!(opened, Err(UnlockError::Damaged(DamagedPart::Header))), "{opened:?}");
}

#[test]
fn another_saves_slots_do_not_open_this_one() {
    let home = Home::new();
    let mut vault = home.saved();
    let old = home.bytes();
    vault.save(&DiskFiles, NOW + 1).unwrap();
    let new = home.bytes();
    // The old header with the new body, lengths alike: the header is the body's associated data.
    let old_length = u32::from_be_bytes(old[10..14].try_into().unwrap()) as usize;
    let swapped = forge(&new, |header, _| *header = old[46..46 + old_length].to_vec());
    let opened = parse(&swapped).unwrap().unlock(Credential::Keyring(&home.keys.keyring));
    assert!(matches!(opened, Err(UnlockError::Damaged(_))), "{opened:?}");
}

fn replace(header: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(header.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    *header = text.replacen(from, to, 1).into_bytes();
}

/// That they are refused at once follows from where they are refused: before a key is derived, a slot is looked at, or
/// memory is taken that the file asks for. `cargo xtask bench vault` prints how long each takes.
#[test]
fn what_demands_too_much_is_refused_before_anything_of_it_is_done() {
    let home = Home::new();
    home.saved();
    let bytes = home.bytes();
    let memory = forge(&bytes, |header, _| replace(header, "\"memory_kib\":8,", "\"memory_kib\":67108864,"));
    let passes = forge(&bytes, |header, _| replace(header, "\"passes\":1,", "\"passes\":4000000000,"));
    let mut header_4_gib = bytes.clone();
    header_4_gib[10..14].fill(0xff);
    let slots = |count: usize| {
        let slots = format!("\"slots\":[{}{{}},", "{},".repeat(count - 1));
        forge(&bytes, |header, _| replace(header, "\"slots\":[", &slots))
    };
    let segments = "{\"length\":0,\"sha256\":\"".to_owned() + &"0".repeat(64) + "\"},";
    let segments = format!("\"segments\":[{}", segments.repeat(100));
    let segments = forge(&bytes, |header, _| replace(header, "\"segments\":[", &segments));
    let deep = forge(&bytes, |header, _| {
        let deep = format!("{{\"deep\":{}{},", "[".repeat(100_000), "]".repeat(100_000));
        replace(header, "{", &deep);
    });
    let overflow = forge(&bytes, |header, _| {
        let text = String::from_utf8(header.clone()).unwrap();
        let at = text.find("\"length\":").unwrap() + 9;
        let end = at + text[at..].find(|c: char| !c.is_ascii_digit()).unwrap();
        *header = format!("{}{}{}", &text[..at], u64::MAX, &text[end..]).into_bytes();
    });

    let refused = |bytes: &[u8]| parse(bytes).unwrap_err();
    let demand = |bytes: &[u8]| match refused(bytes) {
        ReadError::TooDemanding(demand) => demand,
        other => panic!("{other:?}"),
    };
    assert_eq!(demand(&memory), Demand::Memory { found: 67_108_864, limit: 1_048_576 });
    assert_eq!(demand(&passes), Demand::Passes { found: 4_000_000_000, limit: 20 });
    assert_eq!(demand(&header_4_gib), Demand::HeaderLength { found: 0xffff_ffff, limit: 262_144 });
    assert_eq!(demand(&slots(1000)), Demand::Slots { found: 1003, limit: 32 });
    assert!(matches!(demand(&slots(1_000_000)), Demand::HeaderLength { .. }));
    assert_eq!(demand(&segments), Demand::Segments { found: 101, limit: 64 });
    assert!(matches!(refused(&deep), ReadError::Damaged(DamagedPart::Header)));
    assert!(matches!(refused(&overflow), ReadError::Damaged(DamagedPart::Header)));
}

/// The bound of 50 ms, held by what is done and not by a clock: a refusal takes no memory that the file asks for, and none
/// worth speaking of beside the file itself, so no Argon2 block, no slot and no level of nesting was begun. (Most of it
/// is the header's JSON, where the header itself is within its limit.)
#[test]
fn what_demands_too_much_is_refused_with_next_to_no_memory() {
    let home = Home::new();
    home.saved();
    let bytes = home.bytes();
    let argon2 = forge(&bytes, |header, _| replace(header, "\"memory_kib\":8,", "\"memory_kib\":67108864,"));
    let mut header_4_gib = bytes.clone();
    header_4_gib[10..14].fill(0xff);
    let slots = |count: usize| {
        let slots = format!("\"slots\":[{}{{}},", "{},".repeat(count - 1));
        forge(&bytes, |header, _| replace(header, "\"slots\":[", &slots))
    };
    let nested = |levels: usize| {
        let deep = format!("{{\"deep\":{}{},", "[".repeat(levels), "]".repeat(levels));
        forge(&bytes, |header, _| replace(header, "{", &deep))
    };
    const KIB: u64 = 1024;
    for (name, file, at_most) in [
        ("64 GiB of Argon2 memory", argon2, 64 * KIB),
        ("a header of 4 GiB", header_4_gib, 4 * KIB),
        ("a million slots", slots(1_000_000), 4 * KIB),
        ("as many slots as fit", slots(80_000), 32 * 1024 * KIB),
        ("a million levels", nested(1_000_000), 4 * KIB),
        ("as many levels as fit", nested(120_000), 512 * KIB),
    ] {
        let place = Location::in_folder("nowhere");
        let mut refused = false;
        let did = allocation_counter::measure(|| refused = LockedVault::parse(file, &place).is_err());
        assert!(refused, "{name}");
        assert!(did.bytes_total < at_most, "{name}: {did:?}");
    }

    // From the disk: what is too long is not read.
    let long = Location::at(home.folder.path().join("long.keyhaven"));
    std::fs::File::create(long.file()).unwrap().set_len(256 * 1024 * 1024 + 1).unwrap();
    let did = allocation_counter::measure(|| assert!(LockedVault::read(&DiskFiles, &long).is_err()));
    assert!(did.bytes_total < 4 * KIB, "{did:?}");
}

#[test]
fn a_file_too_long_is_refused_unread() {
    let home = Home::new();
    let file = std::fs::File::create(home.location().file()).unwrap();
    // One byte more than is read. Where files cannot be sparse it takes its room on the disk, so no more than that.
    file.set_len(256 * 1024 * 1024 + 1).unwrap();
    let read = LockedVault::read(&DiskFiles, &home.location());
    assert!(matches!(read, Err(ReadError::TooDemanding(Demand::FileLength { .. }))), "{read:?}");
}

#[test]
fn a_newer_version_is_named_whatever_follows_it() {
    let home = Home::new();
    home.saved();
    let mut bytes = home.bytes();
    bytes[9] = 2;
    for length in [10, 100, bytes.len()] {
        let read = parse(&bytes[..length]);
        assert!(matches!(read, Err(ReadError::NewerVersion { found: 2, known: 1 })), "{read:?}");
    }
    bytes[9] = 0;
    assert!(matches!(parse(&bytes), Err(ReadError::Damaged(DamagedPart::Prologue))));
}

#[test]
fn other_files_are_no_vaults() {
    for bytes in [&b"PK\x03\x04"[..], b"{}", b"\x89PNG\r\n\x1a\n", b"\x89KHV\n\n\x1a\n"] {
        assert!(matches!(parse(bytes), Err(ReadError::NotAVault)), "{bytes:?}");
    }
}

/// That a save keeps such slots is tested beside [`OpenVault`], which can write them.
#[test]
fn slots_of_unknown_kinds_are_shown() {
    let home = Home::new();
    home.saved();
    let future = r#""slots":[{"id":"00112233445566778899aabbccddeeff","kind":"passkey","created_at":5,"label":"key","blob":1},"#;
    let forged = forge(&home.bytes(), |header, _| replace(header, "\"slots\":[", future));
    let slots = parse(&forged).unwrap().slots();
    assert_eq!(slots.len(), 4);
    assert_eq!(slots[0].kind, SlotKind::Unknown("passkey".into()));
    assert_eq!((slots[0].label.as_str(), slots[0].created_at, slots[0].durable()), ("key", 5, false));
}

#[test]
fn a_new_vault_takes_no_files_place() {
    let home = Home::new();
    std::fs::write(home.location().file(), b"anything").unwrap();
    let mut vault = home.create();
    vault.accounts_mut().put(record("account", "one"));
    let refused = vault.save(&DiskFiles, NOW);
    assert!(matches!(refused, Err(SaveError::AlreadyExists)), "{refused:?}");
    assert_eq!(home.bytes(), b"anything");
}

#[test]
fn any_passphrase_is_an_answer() {
    let home = Home::new();
    home.saved();
    let locked = home.read();
    for odd in ["", "\0", "\u{1f5dd}", &"x".repeat(1_000_000)] {
        let refused = locked.unlock(Credential::Passphrase(&SecretText::new(odd.into())));
        assert!(matches!(refused, Err(UnlockError::WrongPassphrase)));
    }
}
