//! A process that saves without pause and is killed (SIGKILL), again and again: everything that it said was saved is
//! there, and the vault always opens.
//!
//! The process is this test binary, started again to run one test that does nothing unless it is told a vault.

use crate::support::{Home, NOW};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{Credential, DiskFiles, KeyringKey, Location, LockedVault, Record, RecordId};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const VAULT: &str = "KEYHAVEN_TEST_CHILD_VAULT";
const KEY: &str = "KEYHAVEN_TEST_CHILD_KEY";
/// How often the process is killed; `cargo xtask bench vault` asks for 2,000.
const KILLS: &str = "KEYHAVEN_PROOF_KILLS";

/// The record that counts saves.
const COUNTER: RecordId = RecordId::from_bytes([0xc0; 16]);

/// The `number`th record that stays.
fn stays(number: u64) -> RecordId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    RecordId::from_bytes(bytes)
}

fn count(vault: &keyhaven_vault::OpenVault) -> u64 {
    let payload = vault.accounts().get(COUNTER).map(|record| record.payload.expose().to_vec());
    payload.map_or(0, |payload| String::from_utf8(payload).unwrap().parse().unwrap())
}

/// The child's part: counts in one record and adds another with every hundredth save, and says each save that is done.
#[test]
fn child_saves() {
    let (Ok(folder), Ok(key)) = (std::env::var(VAULT), std::env::var(KEY)) else { return };
    let key = KeyringKey::from_text(&SecretText::new(key)).unwrap();
    let location = Location::in_folder(folder);
    LockedVault::clean_up(&DiskFiles, &location);
    let mut vault =
        LockedVault::read(&DiskFiles, &location).unwrap().unlock(Credential::Keyring(&key)).unwrap();
    let mut out = std::io::stdout();
    for number in count(&vault) + 1.. {
        let payload = || SecretBytes::new(number.to_string().into_bytes());
        vault.accounts_mut().put(Record::new(COUNTER, "account", NOW + number, payload()));
        if number % 100 == 0 {
            vault.accounts_mut().put(Record::new(stays(number), "account", NOW + number, payload()));
        }
        vault.save(&DiskFiles, NOW + number).unwrap();
        writeln!(out, "saved {number}").unwrap();
        out.flush().unwrap();
    }
}

fn child(folder: &Path, key: &KeyringKey) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_saves", "--nocapture", "--test-threads=1"])
        .env(VAULT, folder)
        .env(KEY, key.to_text().expose())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_loses_nothing_that_it_said_was_saved() {
    let kills: u64 = std::env::var(KILLS).map_or(100, |kills| kills.parse().unwrap());
    let home = Home::new();
    home.create().save(&DiskFiles, NOW).unwrap();
    let (mut said, mut found, mut lost) = (0, 0, 0);
    for kill in 0..kills {
        let mut child = child(home.folder.path(), &home.keys.keyring);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: String| line.split_once("saved ").and_then(|(_, number)| number.parse().ok());
        // At least one save is done; then the end comes at any point of one of the next.
        said = lines.find_map(number).expect("the child saves");
        std::thread::sleep(Duration::from_micros(kill * 37 % 9_000));
        child.kill().unwrap();
        child.wait().unwrap();
        said = lines.filter_map(number).last().unwrap_or(said);
        let vault = home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
        found = count(&vault);
        // The last save may be on the disk without the word having got out.
        assert!(found == said || found == said + 1, "kill {kill}: {said} were told, {found} is there");
        lost +=
            (1..=said / 100).filter(|hundred| vault.accounts().get(stays(hundred * 100)).is_none()).count();
        assert!(
            LockedVault::generations(&DiskFiles, &home.location())
                .unwrap()
                .iter()
                .all(|generation| generation.readable.is_ok())
        );
    }
    LockedVault::clean_up(&DiskFiles, &home.location());
    let left: Vec<_> = home.names().into_iter().filter(|name| name.ends_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(said >= kills && found >= said);
    println!("proof: processes killed while saving {kills}, saves told {said}, lost records {lost}");
    assert_eq!(lost, 0);
}
