//! A disk that fails: every call of a save in turn, with an error, as the last before the power goes, or with a
//! short write. Afterwards the vault opens as it was or as it was to be.

use crate::failing::{FailingFiles, Fault};
use crate::support::{Home, NOW, cheap, payloads, record, text};
use keyhaven_vault::{
    Credential, DiskFiles, Files, Location, Lock, LockedVault, NewFile, NewSlot, OpenVault, ReadError,
    RestoreError, SaveError,
};
use std::{
    io,
    path::{Path, PathBuf},
};

fn open(home: &Home) -> OpenVault {
    home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap()
}

#[test]
fn whatever_fails_at_whatever_call_the_old_or_the_new_vault_is_there() {
    let faults = [
        Fault::Error(io::ErrorKind::Other),
        Fault::Error(io::ErrorKind::StorageFull),
        Fault::Error(io::ErrorKind::PermissionDenied),
        Fault::Killed,
        Fault::KilledAfter,
        Fault::DoneButFailed,
        Fault::ShortWrite,
    ];
    let (mut tried, mut lost) = (0, 0);
    for links in [true, false] {
        for fault in faults {
            for at in 0.. {
                let home = Home::new();
                let mut vault = home.saved();
                vault.accounts_mut().put(record("account", "two"));
                let files = FailingFiles::new(at, fault).with_links(links);
                let saved = vault.save(&files, NOW + 1);
                let case = format!("{fault:?} at call {at}, links {links}: {saved:?}");
                let there = payloads(open(&home).accounts().iter());
                let new = there == ["one", "two"];
                lost += usize::from(!there.contains(&"one".to_owned()));
                assert!(new || there == ["one"], "{case}: {there:?}");
                assert!(new || saved.is_err(), "{case}");
                if new && !matches!(fault, Fault::Killed | Fault::KilledAfter) {
                    // Who is told that nothing was saved does it again, and adds everything twice.
                    assert!(saved.is_ok(), "{case}");
                }
                // The open vault has lost nothing: it saves as soon as the disk works again.
                if !matches!(fault, Fault::Killed | Fault::KilledAfter) || saved.is_ok() {
                    vault.save(&DiskFiles, NOW + 2).unwrap_or_else(|error| panic!("{case}, then {error}"));
                } else {
                    open(&home)
                        .save(&DiskFiles, NOW + 2)
                        .unwrap_or_else(|error| panic!("{case}, then {error}"));
                }
                let left: Vec<_> = home.names().into_iter().filter(|name| name.ends_with(".tmp")).collect();
                assert!(left.is_empty(), "{case}: {left:?}");
                tried += 1;
                if files.calls() <= at {
                    break; // the save ended before its fault
                }
            }
        }
    }
    println!("proof: faults {tried}, lost records {lost}");
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_first_save_that_fails_leaves_nothing_or_the_vault() {
    let mut tried = 0;
    for fault in [Fault::Error(io::ErrorKind::Other), Fault::Killed, Fault::KilledAfter, Fault::ShortWrite] {
        for at in 0.. {
            let home = Home::new();
            let mut vault = home.create();
            let files = FailingFiles::new(at, fault);
            let saved = vault.save(&files, NOW);
            let case = format!("{fault:?} at call {at}: {saved:?}");
            match LockedVault::read(&DiskFiles, &home.location()) {
                Ok(locked) => drop(locked.unlock(Credential::Keyring(&home.keys.keyring)).unwrap()),
                Err(error) => {
                    assert!(matches!(error, keyhaven_vault::ReadError::NotFound), "{case}: {error}");
                    assert!(saved.is_err(), "{case}");
                }
            }
            tried += 1;
            if files.calls() <= at {
                break;
            }
        }
    }
    println!("proof: faults {tried}");
}

/// What is read back of a file just written is something else: a share or a disk that lies.
enum LyingFiles {
    /// A flipped bit.
    Flipped,
    /// A whole vault, and not this one: what a stale cache answers.
    Stale(Vec<u8>),
}

impl Files for LyingFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = DiskFiles.read(path, limit)?;
        if path.extension().is_some_and(|extension| extension == "tmp") {
            let middle = bytes.len() / 2;
            match self {
                Self::Flipped => bytes[middle] ^= 1,
                Self::Stale(stale) => bytes.clone_from(stale),
            }
        }
        Ok(bytes)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        DiskFiles.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        DiskFiles.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        DiskFiles.link(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        DiskFiles.sync_folder(folder)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        DiskFiles.remove(path)
    }
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        DiskFiles.create_folder(folder)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        DiskFiles.list(folder)
    }
    fn lock(&self, _: &Path) -> io::Result<Lock> {
        Ok(Lock::Unsupported)
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        DiskFiles.real_path(path)
    }
}

#[test]
fn what_does_not_read_back_does_not_take_the_vaults_place() {
    let home = Home::new();
    let mut vault = home.saved();
    let before = home.bytes();
    for lie in [LyingFiles::Flipped, LyingFiles::Stale(before.clone())] {
        let refused = vault.save(&lie, NOW);
        assert!(matches!(refused, Err(SaveError::NotVerified)), "{refused:?}");
        assert_eq!(home.bytes(), before);
    }
}

#[test]
fn a_stale_writer_is_refused_and_can_merge() {
    let home = Home::new();
    let mut first = home.saved();
    let mut second = open(&home);
    first.accounts_mut().put(record("account", "by the first"));
    first.save(&DiskFiles, NOW + 1).unwrap();
    second.accounts_mut().put(record("account", "by the second"));
    let before = home.bytes();
    let refused = second.save(&DiskFiles, NOW + 2);
    assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: Some(2) })), "{refused:?}");
    assert_eq!(home.bytes(), before);

    let mut merged = open(&home);
    merged.merge(&second).unwrap();
    merged.save(&DiskFiles, NOW + 3).unwrap();
    assert_eq!(payloads(open(&home).accounts().iter()), ["by the first", "by the second", "one"]);
}

#[test]
fn a_file_that_is_gone_or_damaged_is_not_written_over() {
    let home = Home::new();
    let mut vault = home.saved();
    std::fs::write(home.location().file(), b"damaged").unwrap();
    assert!(matches!(vault.save(&DiskFiles, NOW), Err(SaveError::ChangedOnDisk { found: None })));
    assert_eq!(home.bytes(), b"damaged");
    std::fs::remove_file(home.location().file()).unwrap();
    assert!(matches!(vault.save(&DiskFiles, NOW), Err(SaveError::ChangedOnDisk { found: None })));
    assert!(!home.location().file().exists());
}

#[test]
fn a_folder_of_generations_that_cannot_be_listed_is_not_an_empty_one() {
    let home = Home::new();
    home.saved();
    let listed = |files: &dyn Files| LockedVault::generations(files, &home.location());
    assert!(listed(&DiskFiles).unwrap().is_empty(), "there is no such folder yet");
    // The first call follows links.
    let error = listed(&FailingFiles::new(1, Fault::Error(io::ErrorKind::PermissionDenied))).unwrap_err();
    let told = matches!(&error, ReadError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied);
    assert!(told, "{error:?}");
}

#[test]
fn only_one_saves_at_a_time() {
    let home = Home::new();
    let mut vault = home.saved();
    let lock = DiskFiles.lock(&home.folder.path().join(".vault.keyhaven.lock")).unwrap();
    assert!(matches!(vault.save(&DiskFiles, NOW), Err(SaveError::LockedByAnother)));
    drop(lock);
    vault.save(&DiskFiles, NOW).unwrap();
}

#[test]
fn a_save_waits_for_another_one_to_end() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.accounts_mut().put(record("account", "two"));
    let files = |held| FailingFiles::new(usize::MAX, Fault::Killed).held(held);
    vault.save(&files(20), NOW + 1).unwrap();
    assert_eq!(payloads(open(&home).accounts().iter()), ["one", "two"]);
    // A program that hangs is not waited for in vain.
    let before = home.bytes();
    assert!(matches!(vault.save(&files(usize::MAX), NOW + 2), Err(SaveError::LockedByAnother)));
    assert_eq!(home.bytes(), before);
}

#[test]
fn generations_are_kept_thinned_and_restored() {
    let home = Home::new();
    let mut vault = home.saved();
    for minute in 1..30 {
        vault.accounts_mut().put(record("account", &format!("{minute}")));
        vault.save(&DiskFiles, NOW + minute * 60_000).unwrap();
    }
    let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    assert_eq!(
        generations.iter().map(|generation| generation.number).collect::<Vec<_>>(),
        (20..30).rev().collect::<Vec<_>>()
    );
    assert!(generations.iter().all(|generation| vault.opens(&DiskFiles, generation)));

    let oldest = &generations[9];
    let restored = LockedVault::restore(&DiskFiles, &home.location(), &oldest.path).unwrap();
    assert_eq!(restored.generation(), 20);
    assert_eq!(open(&home).accounts().len(), 20);
    // What was restored over is kept, and the vault that was open does not write over the restored one.
    let kept = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    assert_eq!(kept[0].number, 30);
    assert!(matches!(vault.save(&DiskFiles, NOW), Err(SaveError::ChangedOnDisk { found: Some(20) })));
    open(&home).save(&DiskFiles, NOW).unwrap();
}

#[test]
fn a_damaged_vault_is_restored_and_its_remains_are_kept() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.save(&DiskFiles, NOW).unwrap();
    std::fs::write(home.location().file(), b"\x89KHV torn").unwrap();
    let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    LockedVault::restore(&DiskFiles, &home.location(), &generations[0].path).unwrap();
    assert_eq!(payloads(open(&home).accounts().iter()), ["one"]);
    let remains = home.names().into_iter().find(|name| name.starts_with("vault-unreadable-")).unwrap();
    let remains = home.location().generations_folder().join(remains);
    assert_eq!(std::fs::read(remains).unwrap(), b"\x89KHV torn");
}

#[test]
fn another_vaults_file_is_not_restored_here() {
    let (home, other) = (Home::new(), Home::new());
    home.saved();
    other.saved();
    let before = home.bytes();
    let refused = LockedVault::restore(&DiskFiles, &home.location(), other.location().file());
    assert!(matches!(refused, Err(RestoreError::AnotherVault { .. })), "{refused:?}");
    assert_eq!(home.bytes(), before);
}

#[test]
fn what_a_dead_writer_left_is_removed_and_nothing_else() {
    let home = Home::new();
    let mut vault = home.saved();
    let left = [".vault.keyhaven.0123456789abcdef.tmp", "notes.tmp", ".other.tmp"];
    for name in left {
        std::fs::write(home.folder.path().join(name), b"x").unwrap();
    }
    vault.save(&DiskFiles, NOW).unwrap();
    let names = home.names();
    assert!(!names.contains(&left[0].to_owned()));
    assert!(names.contains(&left[1].to_owned()) && names.contains(&left[2].to_owned()));
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_and_links_stay_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    let mut vault = home.saved();
    vault.save(&DiskFiles, NOW).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.location().file()), 0o600);
    assert_eq!(mode(&home.location().generations_folder()), 0o700);
    let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    assert_eq!(mode(&generations[0].path), 0o600);

    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("linked.keyhaven");
    symlink(home.location().file(), &link).unwrap();
    let locked = LockedVault::read(&DiskFiles, &Location::at(&link)).unwrap();
    let mut vault = locked.unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
    let generation = vault.save(&DiskFiles, NOW).unwrap().generation;
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(home.read().generation(), generation);
    // It stays the vault that the link leads to, wherever that leads tomorrow.
    assert_eq!(vault.sealed().location().file(), link);
    let restored = LockedVault::restore(&DiskFiles, &Location::at(&link), &generations[0].path).unwrap();
    assert_eq!(restored.location().file(), link);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_save_after_a_failed_one_keeps_slots_and_recovery_changes() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.recovery_mut().unwrap().put(record("codes", "new"));
    let more = text("more");
    vault.add_slot(&NewSlot::passphrase(&more, cheap()), NOW).unwrap();
    vault.save(&FailingFiles::new(3, Fault::Killed), NOW).unwrap_err();
    vault.save(&DiskFiles, NOW).unwrap();
    let mut vault = home.read().unlock(Credential::Passphrase(&more)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&more)).unwrap();
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["new"]);
}

#[test]
fn a_file_cut_off_under_an_open_vault_is_kept_and_written_anew() {
    for broken in [&b""[..], b"KEYHAVEN", b"something else altogether"] {
        let home = Home::new();
        let mut vault = home.saved();
        vault.accounts_mut().put(record("account", "two"));
        vault.save(&DiskFiles, NOW).unwrap();
        std::fs::write(home.location().file(), broken).unwrap();
        vault.accounts_mut().put(record("account", "three"));
        assert!(matches!(vault.save(&DiskFiles, NOW + 1), Err(SaveError::ChangedOnDisk { .. })));
        vault.save_over_unreadable(&DiskFiles, NOW + 1).unwrap();
        assert_eq!(payloads(open(&home).accounts().iter()), ["one", "three", "two"]);
        let kept = std::fs::read_dir(home.location().generations_folder()).unwrap().flatten();
        let kept = kept.filter(|file| std::fs::read(file.path()).is_ok_and(|bytes| bytes == broken)).count();
        assert_eq!(kept, 1, "what stood there is kept");
        vault.accounts_mut().put(record("account", "four"));
        vault.save(&DiskFiles, NOW + 2).unwrap();
    }
}

#[test]
fn only_what_cannot_be_read_is_written_over() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.accounts_mut().put(record("account", "two"));
    vault.save(&DiskFiles, NOW).unwrap();
    let mut other = open(&home);
    other.accounts_mut().put(record("account", "theirs"));
    other.save(&DiskFiles, NOW + 1).unwrap();
    let refused = vault.save_over_unreadable(&DiskFiles, NOW + 2);
    assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: Some(_) })), "{refused:?}");

    // A newer program's.
    let mut bytes = std::fs::read(home.location().file()).unwrap();
    bytes[8..10].copy_from_slice(&[0, 99]);
    std::fs::write(home.location().file(), &bytes).unwrap();
    let refused = vault.save_over_unreadable(&DiskFiles, NOW + 2);
    assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: None })), "{refused:?}");
    assert_eq!(std::fs::read(home.location().file()).unwrap(), bytes);

    // The stick was pulled out: nothing is written into the folder that it leaves behind.
    std::fs::remove_file(home.location().file()).unwrap();
    std::fs::remove_dir_all(home.location().generations_folder()).unwrap();
    let refused = vault.save_over_unreadable(&DiskFiles, NOW + 2);
    assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: None })), "{refused:?}");
    assert!(!home.location().file().exists());
}
