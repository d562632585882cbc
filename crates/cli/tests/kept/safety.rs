//! Backups and what comes back from them, told of the right file; and what a process keeps to itself.
#![expect(clippy::disallowed_methods, reason = "the test's own files")]

use super::with_example;
use crate::{PASSPHRASE, json, keyhaven_in, printed, with_passphrase};
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, DiskFiles, KdfCost, Location, LockedVault, NewVault, OpenVault};

const VAULT: &str = "no-such-home/vault.keyhaven";

#[test]
fn a_restore_says_which_of_the_two_files_is_at_fault() {
    let (folder, _) = with_example();
    let here = folder.path();
    std::fs::copy(here.join(VAULT), here.join("backup.keyhaven")).unwrap();
    let (other, _) = with_example();
    std::fs::copy(other.path().join(VAULT), here.join("foreign.keyhaven")).unwrap();
    let restore = |file: &str| printed(&keyhaven_in(here, &["vault", "restore", file], b""));

    // Another vault's file is refused at once: nothing could be agreed to.
    let (exit, _, err) = restore("foreign.keyhaven");
    assert!(exit != 0 && err.contains("there is another vault already at"), "{err}");
    assert!(!err.contains("--yes"), "{err}");

    // A vault of a newer version: the backup is well.
    let mut newer = std::fs::read(here.join(VAULT)).unwrap();
    newer[8..10].copy_from_slice(&[0, 99]);
    std::fs::write(here.join(VAULT), &newer).unwrap();
    let (exit, _, err) = restore("backup.keyhaven");
    assert!(exit != 0 && err.contains("takes the place of the vault at no-such-home"), "{err}");
    assert!(!err.contains("the file that was named"), "{err}");
    assert_eq!(std::fs::read(here.join(VAULT)).unwrap(), newer);

    let whole = std::fs::read(here.join("backup.keyhaven")).unwrap();
    std::fs::write(here.join("torn.keyhaven"), &whole[..100]).unwrap();
    let (exit, _, err) = restore("torn.keyhaven");
    assert!(exit != 0 && err.contains("the file that was named"), "{err}");
}

#[test]
fn rotation_and_a_passphrase_of_the_backups_own_are_set_from_the_command_line() {
    let (folder, _) = with_example();
    let here = folder.path();
    std::fs::create_dir(here.join("stick")).unwrap();
    let (exit, out, err) =
        with_passphrase(here, &["vault", "backup", "--folder", "stick", "--keep", "5", "--json"]);
    assert_eq!(exit, 0, "{err}");
    let view = json(&out);
    assert_eq!((view["keep_newest"].as_u64(), view["keep_days"].as_u64()), (Some(5), Some(90)));
    let (exit, _, err) = with_passphrase(here, &["vault", "backup", "--keep", "2"]);
    assert!(exit == 2 && err.contains("3 to 1000"), "{err}");

    let own = "marble lantern walnut bicycle";
    let input = format!("{PASSPHRASE}\n{own}\n");
    let arguments = ["vault", "backup", "--own-passphrase", "--password-stdin", "--json"];
    let (exit, out, err) = printed(&keyhaven_in(here, &arguments, input.as_bytes()));
    assert!(exit == 0 && json(&out)["own_passphrase"] == true, "{err}");
    let backup = |view: &serde_json::Value| {
        let file = here.join("stick").join(view["last_name"].as_str().unwrap());
        LockedVault::read(&DiskFiles, &Location::at(file)).unwrap()
    };
    let opens = |vault: &LockedVault, text: &str| {
        vault.unlock(Credential::Passphrase(&SecretText::new(text.into()))).is_ok()
    };
    let sealed = backup(&json(&out));
    assert!(opens(&sealed, own) && !opens(&sealed, PASSPHRASE));

    let (exit, out, err) = with_passphrase(here, &["vault", "backup", "--vault-passphrase", "--json"]);
    assert!(exit == 0 && json(&out)["own_passphrase"] == false, "{err}");
    let sealed = backup(&json(&out));
    assert!(opens(&sealed, PASSPHRASE) && !opens(&sealed, own));
}

/// A vault of a program whose least cost was lower.
#[test]
fn trying_the_passphrase_raises_what_guessing_it_costs_and_reading_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let passphrase = SecretText::new(PASSPHRASE.into());
    let mut vault = OpenVault::create(&NewVault {
        location: Location::in_folder(here.join("no-such-home")),
        passphrase: Some((&passphrase, KdfCost::new(64, 1).unwrap())),
        keyring: None,
        recovery_key: None,
        now: 1_790_000_000_000,
    })
    .unwrap();
    vault.save(&DiskFiles, 1_790_000_000_000).unwrap();
    let memory = || {
        let slots = json(&printed(&keyhaven_in(here, &["vault", "slots", "--json"], b"")).1);
        slots["slots"][0]["memory_kib"].as_u64().unwrap()
    };
    assert!(with_passphrase(here, &["list"]).0 < 2);
    assert_eq!(memory(), 64);
    assert_eq!(with_passphrase(here, &["vault", "unlock"]).0, 0);
    assert!(memory() >= 65_536);
    assert_eq!(with_passphrase(here, &["vault", "unlock"]).0, 0, "it opens as before");
}

/// The program as it is built, seen from outside and by itself.
#[cfg(target_os = "linux")]
#[test]
fn the_program_leaves_no_core_file_and_lets_nobody_read_its_memory() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyhaven"));
        command.args(arguments).current_dir(folder.path());
        command.env("KEYHAVEN_HOME", "no-such-home").env("KEYHAVEN_PROTECT", "1");
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
        command
    };
    let told = program(&["doctor", "--json"]).output().unwrap();
    let memory = &json(std::str::from_utf8(&told.stdout).unwrap())["memory"];
    assert_eq!((&memory["core_dumps"], &memory["readable_by_others"]), (&false.into(), &false.into()));

    // It waits for a line, and says that it began by having read the first.
    let mut child = program(&["verify", "-", "94287082", "--at", "59"]).spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let none = || {
        let limits = std::fs::read_to_string(&limits).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        core.split_whitespace().skip(4).take(2).eq(["0", "0"])
    };
    let patience = 6_000;
    let began = (0..patience).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        none()
    });
    assert!(began, "its limit for core files is not 0");
    drop(child.stdin.take());
    child.wait().unwrap();
}
