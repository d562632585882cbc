//! Backups, their rotation and what becomes of merged copies, with a fault at each call of the disk in turn.
#![expect(
    clippy::print_stdout,
    reason = "what was proved how often is printed, for `cargo xtask bench vault`"
)]

use crate::host::{FailingCall, TestHost, open_app, passphrase};
use keyhaven_app::App;
use keyhaven_app::safety_view::*;
use keyhaven_vault::{Credential, DiskFiles, Location, LockedVault};
use std::path::{Path, PathBuf};

const MINUTE: u64 = 60_000;
const CONFLICT: &str = "vault.sync-conflict-20261122-091500-K4T2ABC.keyhaven";

fn add(app: &mut App, name: &str) {
    let uri = format!("otpauth://totp/{name}?secret=JBSWY3DPEHPK3PXP&issuer={name}");
    let now = app.now();
    app.add(vec![keyhaven_otp::parse_uri(&uri).unwrap().account], now).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "tmp")
}

/// The issuers in the newest backup that is whole.
fn newest_backup(folder: &Path) -> Vec<String> {
    let read = files(folder).into_iter().filter(|file| !is_temporary(file));
    let read = read.filter_map(|file| LockedVault::read(&DiskFiles, &Location::at(file)).ok());
    let newest = read.max_by_key(LockedVault::generation).unwrap();
    let open = newest.unlock(Credential::Passphrase(&passphrase())).unwrap();
    let texts =
        open.accounts().iter().map(|record| String::from_utf8_lossy(record.payload.expose()).into_owned());
    let uris = texts.filter_map(|text| Some(text.split_once("issuer=")?.1.chars().take(1).collect()));
    uris.collect()
}

/// Each call fails alone, and as the last one before the program is gone; until no call is left to fail.
fn at_each_call(mut try_at: impl FnMut(FailingCall) -> bool) -> usize {
    let mut tried = 0;
    for killed in [false, true] {
        for at in 0.. {
            tried += 1;
            if !try_at(FailingCall { at, killed }) {
                break;
            }
        }
    }
    tried
}

#[test]
fn whatever_fails_while_a_backup_is_written_and_others_go_as_many_good_ones_stay() {
    let mut lost = 0;
    let tried = at_each_call(|fault| {
        let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut app = open_app(&host, home.path());
        app.set_backup_folder(folder.path()).unwrap();
        app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 1 }).unwrap();
        for name in ["a", "b", "c"] {
            add(&mut app, name);
            app.back_up_now().unwrap();
            host.pass(MINUTE);
        }
        add(&mut app, "d");
        let vault = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
        let whole = || -> Vec<u64> {
            let files = files(folder.path()).into_iter().filter(|file| !is_temporary(file));
            // What has a backup's name is whole.
            files
                .map(|file| LockedVault::read(&DiskFiles, &Location::at(file)).unwrap().generation())
                .collect()
        };
        let wanted = app.begin_backup(false).unwrap();
        host.files.fail(Some(fault));
        let done = wanted.run();
        let reached = host.files.calls() > fault.at;
        host.files.fail(None);
        let failed = done.failure().is_some();
        let newest = LockedVault::parse(vault.clone(), &Location::at("x")).unwrap().generation();
        assert!(whole().len() >= 3, "{fault:?}: {:?}", whole());
        // What the newest whole backup lacks of what the one before the fault had: a, b and c.
        let newest_whole = newest_backup(folder.path());
        lost += ["a", "b", "c"].iter().filter(|name| !newest_whole.iter().any(|one| one == *name)).count();
        assert!(failed || whole().contains(&newest), "{fault:?}: it says that it was done");
        assert_eq!(std::fs::read(home.path().join("vault.keyhaven")).unwrap(), vault);

        // The next one, of a program that goes on or begins anew.
        if fault.killed {
            drop(app);
            app = crate::host::restarted(&host, home.path());
            app.unlock_with_passphrase(&passphrase()).unwrap();
        } else {
            app.end_backup(done);
        }
        add(&mut app, "e");
        host.pass(MINUTE);
        assert_eq!(app.back_up_now().unwrap().state, BackupState::Good, "{fault:?}");
        assert!(whole().len() >= 3, "{fault:?}: {:?}", whole());
        let left: Vec<_> = files(folder.path()).into_iter().filter(|file| is_temporary(file)).collect();
        assert!(left.is_empty(), "{fault:?}: {left:?}");
        reached
    });
    println!("proof: faults {tried}, lost records {lost}");
    assert!(tried > 20 && lost == 0, "{tried}, {lost}");
}

#[test]
fn whatever_fails_while_a_copy_is_merged_and_put_away_nothing_of_it_is_lost() {
    let (mut tried, mut lost) = (0, 0);
    for fate in [CopyFate::Keep, CopyFate::Remove] {
        tried += at_each_call(|fault| {
            let host = TestHost::new();
            let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let mut app = open_app(&host, home.path());
            std::fs::copy(home.path().join("vault.keyhaven"), other.path().join("vault.keyhaven")).unwrap();
            let mut there = App::open(host.clone(), other.path());
            there.unlock_with_passphrase(&passphrase()).unwrap();
            add(&mut there, "There");
            add(&mut app, "Here");
            drop(there);
            let copy = home.path().join(CONFLICT);
            std::fs::copy(other.path().join("vault.keyhaven"), &copy).unwrap();
            let bytes = std::fs::read(&copy).unwrap();
            let LookAnswer::Opened(look) = app.preview_copy(CONFLICT, None).unwrap() else {
                panic!("locked")
            };
            host.files.fail(Some(fault));
            let merged = app.apply_merge(look.look).is_ok();
            let settled = merged && app.settle_copy(CONFLICT, fate).is_ok();
            let reached = host.files.calls() > fault.at;
            host.files.fail(None);
            drop(app);
            let mut app = crate::host::restarted(&host, home.path());
            app.unlock_with_passphrase(&passphrase()).unwrap();
            let accounts: Vec<_> = app.accounts().unwrap().into_iter().map(|row| row.issuer).collect();
            let has = |name: &str| accounts.iter().any(|one| one == name);
            let kept =
                files(home.path()).iter().any(|file| std::fs::read(file).is_ok_and(|one| one == bytes));
            lost += usize::from(!has("Here")) + usize::from(!has("There") && !kept);
            assert!(has("Here") && (has("There") || kept && !merged), "{fault:?}: {accounts:?}");
            assert!(kept || has("There"), "{fault:?}");
            assert!(!settled || !copy.exists(), "{fault:?}: it says that it was put away");
            assert!(kept || fate == CopyFate::Remove, "{fault:?}: it should be kept");
            let left: Vec<_> = files(home.path()).into_iter().filter(|file| is_temporary(file)).collect();
            assert!(left.is_empty(), "{fault:?}: {left:?}");
            reached
        });
    }
    println!("proof: faults {tried}, lost records {lost}");
    assert!(tried > 40 && lost == 0, "{tried}, {lost}");
}
