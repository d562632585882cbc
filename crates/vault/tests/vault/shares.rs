//! File systems that can less than a disk: no locks, no second names, no renaming over a file, no writing at all; and
//! what writers that died leave on them.

use crate::support::{Home, NOW, cheap, payloads, record, text};
use keyhaven_vault::{
    Credential, DiskFiles, DiskOperation, Files, Location, Lock, LockedVault, NewFile, NewSlot, OpenVault,
    SaveError,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A share, by what it cannot do.
#[derive(Clone, Copy, Default)]
struct Share {
    no_locks: bool,
    no_links: bool,
    /// What renaming over a file answers.
    no_rename_over: Option<io::ErrorKind>,
    /// Folders have no order to be brought to the disk in.
    no_folder_sync: bool,
    /// What reading the vault's own file answers.
    unreadable: Option<io::ErrorKind>,
}

impl Files for Share {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.unreadable {
            Some(kind) if path.ends_with(Location::FILE_NAME) => Err(kind.into()),
            _ => DiskFiles.read(path, limit),
        }
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        DiskFiles.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.no_rename_over {
            Some(kind) if to.exists() => Err(kind.into()),
            _ => DiskFiles.rename(from, to),
        }
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.no_links { Err(io::ErrorKind::Unsupported.into()) } else { DiskFiles.link(from, to) }
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.no_folder_sync { Ok(()) } else { DiskFiles.sync_folder(folder) }
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
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        if self.no_locks { Ok(Lock::Unsupported) } else { DiskFiles.lock(path) }
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        DiskFiles.real_path(path)
    }
}

fn open(home: &Home) -> OpenVault {
    home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap()
}

#[test]
fn a_share_without_locks_and_links_is_saved_to_and_the_stale_writer_is_still_refused() {
    let share = Share { no_locks: true, no_links: true, no_folder_sync: true, ..Share::default() };
    let home = Home::new();
    let mut first = home.saved();
    let mut second = open(&home);
    first.accounts_mut().put(record("account", "two"));
    let saved = first.save(&share, NOW + 1).unwrap();
    assert!(!saved.locked, "a person can be told that nothing keeps two writers apart");
    let refused = second.save(&share, NOW + 2);
    assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: Some(2) })), "{refused:?}");
    let report = second.refresh(&share).unwrap();
    assert_eq!((report.added, report.changed), (0, 0), "the one who refreshes had nothing of its own");
    second.save(&share, NOW + 3).unwrap();
    assert_eq!(payloads(open(&home).accounts().iter()), ["one", "two"]);
    let kept = LockedVault::generations(&share, &home.location()).unwrap();
    assert_eq!(kept.iter().map(|generation| generation.number).collect::<Vec<_>>(), [2, 1]);
    assert!(kept.iter().all(|generation| second.opens(&share, generation)));
}

#[test]
fn a_share_that_cannot_rename_over_keeps_the_old_vault_and_says_so() {
    for kind in [io::ErrorKind::AlreadyExists, io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied] {
        let share = Share { no_rename_over: Some(kind), ..Share::default() };
        let home = Home::new();
        let mut vault = home.create();
        vault.accounts_mut().put(record("account", "one"));
        vault.save(&share, NOW).unwrap(); // nothing is there to rename over
        let before = home.bytes();
        vault.accounts_mut().put(record("account", "two"));
        let refused = vault.save(&share, NOW + 1);
        let named = match refused {
            Err(SaveError::Io { operation: DiskOperation::Rename, .. }) => {
                kind != io::ErrorKind::PermissionDenied
            }
            Err(SaveError::ReadOnly { operation: DiskOperation::Rename, .. }) => {
                kind == io::ErrorKind::PermissionDenied
            }
            _ => false,
        };
        assert!(named, "{kind:?}: {refused:?}");
        assert_eq!(home.bytes(), before);
        assert!(home.names().iter().all(|name| !name.ends_with(".tmp")), "{:?}", home.names());
        // The open vault has lost nothing: it goes to a better place.
        vault.save(&DiskFiles, NOW + 2).unwrap();
        assert_eq!(payloads(open(&home).accounts().iter()), ["one", "two"]);
    }
}

/// Root may write everywhere: there the test runs once more in a process without that right (capabilities(7),
/// `CAP_DAC_OVERRIDE`).
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_read_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    const WITHOUT_RIGHT: &str = "KEYHAVEN_TEST_MAY_NOT_WRITE";
    let home = Home::new();
    let mut vault = home.saved();
    let before = home.bytes();
    let mode = |mode| {
        std::fs::set_permissions(home.folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o500);
    let writable = std::fs::File::create(home.folder.path().join("probe")).is_ok();
    vault.accounts_mut().put(record("account", "two"));
    let saved = vault.save(&DiskFiles, NOW + 1);
    LockedVault::clean_up(&DiskFiles, &home.location());
    let opened = payloads(open(&home).accounts().iter());
    mode(0o700);
    if writable {
        assert!(std::env::var_os(WITHOUT_RIGHT).is_none(), "the right was not given up");
        let mut same = std::process::Command::new("setpriv");
        same.args(["--bounding-set=-dac_override,-dac_read_search", "--"])
            .arg(std::env::current_exe().unwrap());
        same.args(["--exact", "shares::a_folder_that_may_not_be_written_is_read_and_left_alone"]);
        let output = same.env(WITHOUT_RIGHT, "1").output().expect("setpriv: `cargo xtask setup` installs it");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    assert!(matches!(saved, Err(SaveError::ReadOnly { .. })), "{saved:?}");
    assert_eq!((opened, home.bytes()), (vec!["one".to_owned()], before));
    vault.save(&DiskFiles, NOW + 2).unwrap();
}

#[test]
fn a_vault_that_cannot_be_read_at_this_moment_is_not_written_over_and_says_why() {
    let home = Home::new();
    let mut vault = home.saved();
    let mut anew = home.create();
    let before = home.bytes();
    let disk = |kind| Share { unreadable: Some(kind), ..Share::default() };
    for vault in [&mut vault, &mut anew] {
        let refused = vault.save(&disk(io::ErrorKind::TimedOut), NOW);
        let why = matches!(&refused, Err(SaveError::Io { operation: DiskOperation::Read, source, .. })
            if source.kind() == io::ErrorKind::TimedOut);
        assert!(why, "{refused:?}");
        // Something that large is no vault of this program, and so not the one that was read.
        let refused = vault.save(&disk(io::ErrorKind::FileTooLarge), NOW);
        assert!(matches!(refused, Err(SaveError::ChangedOnDisk { found: None })), "{refused:?}");
    }
    assert_eq!(home.bytes(), before);
    vault.save(&DiskFiles, NOW).unwrap();
}

#[test]
fn a_copy_takes_no_place_of_which_nobody_knows_what_stands_there() {
    let (home, elsewhere) = (Home::new(), Home::new());
    let vault = home.saved();
    let place = elsewhere.location();
    std::fs::write(place.file(), b"theirs").unwrap();
    let refused = |kind| {
        let disk = Share { unreadable: Some(kind), ..Share::default() };
        vault.sealed().copy_to(&disk, &place).unwrap_err()
    };
    let error = refused(io::ErrorKind::TimedOut);
    assert!(matches!(error, SaveError::Io { operation: DiskOperation::Read, .. }), "{error:?}");
    let error = refused(io::ErrorKind::FileTooLarge);
    assert!(matches!(error, SaveError::AlreadyExists), "{error:?}");
    assert_eq!(elsewhere.bytes(), b"theirs");
}

/// A save that failed after it had kept the state is done again.
#[test]
fn a_state_that_was_kept_already_is_kept_once_and_whole() {
    for torn in [false, true] {
        let home = Home::new();
        let mut vault = home.saved();
        vault.accounts_mut().put(record("account", "two"));
        let share = Share { no_rename_over: Some(io::ErrorKind::Unsupported), ..Share::default() };
        vault.save(&share, NOW).unwrap_err();
        let kept = || {
            let generations = home.location().generations_folder();
            let mut files = std::fs::read_dir(generations).unwrap().map(|file| file.unwrap().path());
            (files.next().unwrap(), files.next().is_some())
        };
        let (path, more) = kept();
        assert!(!more);
        if torn {
            let whole = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap(); // the vault's own second name
            std::fs::write(&path, &whole[..100]).unwrap();
        }
        #[cfg(unix)]
        let number = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).unwrap());
        #[cfg(unix)]
        let before = number();
        vault.save(&DiskFiles, NOW).unwrap();
        assert_eq!(kept(), (path.clone(), false), "torn: {torn}");
        let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
        assert!(generations[0].readable.is_ok(), "torn: {torn}");
        #[cfg(unix)]
        assert_eq!(before == number(), !torn, "what is there is not written again");
    }
}

#[test]
fn a_program_that_starts_removes_what_died_writers_left_and_nothing_else() {
    let home = Home::new();
    home.saved().save(&DiskFiles, NOW).unwrap();
    let generations = home.location().generations_folder();
    let left = [
        home.folder.path().join(".vault.keyhaven.0123456789abcdef.tmp"),
        generations.join(".vault-0000000001-1763800000000-1a2b3c4d.keyhaven.0123456789abcdef.tmp"),
        generations.join(".vault-unreadable-1a2b3c4d.keyhaven.0123456789abcdef.tmp"),
    ];
    // A second vault in the same folder has a lock of its own: its writer may be at work.
    let not_ours = [
        home.folder.path().join(".vault-2.keyhaven.0123456789abcdef.tmp"),
        home.folder.path().join(".vaults.tmp"),
        home.folder.path().join(".vault.keyhaven.tmp"),
        home.folder.path().join(".vault.keyhaven.0123456789abcdeg.tmp"),
        generations.join(".vault-2-0000000001-1763800000000-1a2b3c4d.keyhaven.0123456789abcdef.tmp"),
    ];
    let make = || left.iter().chain(&not_ours).for_each(|path| std::fs::write(path, b"x").unwrap());
    let there = |paths: &[PathBuf]| paths.iter().filter(|path| path.exists()).count();
    make();
    let lock = DiskFiles.lock(&home.folder.path().join(".vault.keyhaven.lock")).unwrap();
    LockedVault::clean_up(&DiskFiles, &home.location());
    assert_eq!(there(&left), 3, "another program is saving");
    drop(lock);
    LockedVault::clean_up(&DiskFiles, &home.location());
    assert_eq!((there(&left), there(&not_ours)), (0, not_ours.len()));
    make();
    LockedVault::clean_up(&Share { no_locks: true, ..Share::default() }, &home.location());
    assert_eq!((there(&left), there(&not_ours)), (0, not_ours.len()));
    make();
    open(&home).save(&DiskFiles, NOW).unwrap();
    assert_eq!((there(&left), there(&not_ours)), (0, not_ours.len()));
}

#[test]
fn starting_where_there_is_no_vault_makes_nothing() {
    let home = Home::new();
    LockedVault::clean_up(&DiskFiles, &home.location());
    LockedVault::clean_up(&DiskFiles, &Location::in_folder(home.folder.path().join("none")));
    assert!(home.names().is_empty());
}

#[test]
fn what_is_saved_after_a_restore_is_kept_before_what_was_restored_over() {
    let home = Home::new();
    let mut vault = home.saved();
    for minute in 1..30 {
        vault.save(&DiskFiles, NOW + minute * 60_000).unwrap();
    }
    let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    let oldest = generations.last().unwrap();
    LockedVault::restore(&DiskFiles, &home.location(), &oldest.path).unwrap();
    let mut vault = open(&home);
    for minute in 40..46 {
        vault.accounts_mut().put(record("account", &format!("after {minute}")));
        vault.save(&DiskFiles, NOW + minute * 60_000).unwrap();
    }
    let kept = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
    let saved_at: Vec<u64> = kept.iter().map(|generation| (generation.saved_at - NOW) / 60_000).collect();
    assert_eq!(saved_at[..5], [44, 43, 42, 41, 40], "every state since the restore is there");
    assert_eq!(vault.generation(), kept[0].number + 1);
    assert!(kept[0].number > 30, "numbers go on where they were, not where the restored state was");
}

#[test]
fn a_made_up_generation_does_not_use_the_numbers_up() {
    let home = Home::new();
    let mut vault = home.saved();
    std::fs::create_dir_all(home.location().generations_folder()).unwrap();
    for number in [u64::MAX, u64::from(u32::MAX)] {
        let name = format!("vault-{number}-0-00000000.keyhaven");
        std::fs::write(home.location().generations_folder().join(name), b"x").unwrap();
    }
    assert_eq!(vault.save(&DiskFiles, NOW).unwrap().generation, 2);
    assert_eq!(vault.save(&DiskFiles, NOW).unwrap().generation, 3);
}

#[test]
fn a_vault_whose_bytes_the_disk_no_longer_gives_is_restored_and_its_remains_are_kept() {
    for (no_links, kind) in
        [(false, io::ErrorKind::Other), (true, io::ErrorKind::Other), (false, io::ErrorKind::FileTooLarge)]
    {
        let home = Home::new();
        let mut vault = home.saved();
        vault.accounts_mut().put(record("account", "two"));
        vault.save(&DiskFiles, NOW + 1).unwrap();
        let lost = home.bytes();
        let generations = LockedVault::generations(&DiskFiles, &home.location()).unwrap();
        let disk = Share { unreadable: Some(kind), no_links, ..Share::default() };
        // What was put in place cannot be read back on such a disk either; what counts is what stands there.
        let _ = LockedVault::restore(&disk, &home.location(), &generations[0].path);
        assert_eq!(payloads(open(&home).accounts().iter()), ["one"], "{kind:?}");
        let remains = home.names().into_iter().find(|name| name.starts_with("vault-unreadable-")).unwrap();
        let remains = std::fs::read(home.location().generations_folder().join(remains)).unwrap();
        assert!(remains == lost, "{kind:?}: the file that could not be read is kept as it is");
    }
}

#[test]
fn keys_that_were_rotated_and_not_saved_are_taken_back() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.recovery_mut().unwrap().put(record("codes", "kept"));
    vault.save(&DiskFiles, NOW).unwrap();
    let new = text("new");
    vault.rotate_keys(&[NewSlot::passphrase(&new, cheap())], NOW).unwrap();
    vault.accounts_mut().put(record("account", "unsaved"));
    let share = Share { no_rename_over: Some(io::ErrorKind::Unsupported), ..Share::default() };
    vault.save(&share, NOW + 1).unwrap_err();
    vault.revert().unwrap();
    assert_eq!(payloads(vault.accounts().iter()), ["one"]);
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["kept"]);
    vault.save(&DiskFiles, NOW + 2).unwrap();
    assert!(home.read().unlock(Credential::Passphrase(&new)).is_err(), "the new keys were never saved");
    assert!(home.read().unlock(Credential::Passphrase(&home.keys.passphrase)).is_ok());
    // Saved, they are what later changes are taken back to.
    vault.rotate_keys(&[NewSlot::passphrase(&new, cheap())], NOW).unwrap();
    vault.save(&DiskFiles, NOW + 3).unwrap();
    vault.accounts_mut().put(record("account", "unsaved"));
    vault.revert().unwrap();
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["kept"]);
    vault.lock_recovery().unwrap();
    vault.revert().unwrap();
    assert!(vault.recovery().is_none(), "what was locked stays so");
}

#[test]
fn rotated_keys_wait_for_what_another_program_saved_meanwhile() {
    let home = Home::new();
    let mut vault = home.saved();
    let mut other = open(&home);
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    let new = text("new");
    vault.rotate_keys(&[NewSlot::passphrase(&new, cheap())], NOW).unwrap();
    other.accounts_mut().put(record("account", "by the other"));
    other.save(&DiskFiles, NOW + 1).unwrap();
    assert!(matches!(vault.save(&DiskFiles, NOW + 2), Err(SaveError::ChangedOnDisk { .. })));
    vault.refresh(&DiskFiles).unwrap();
    vault.save(&DiskFiles, NOW + 3).unwrap();
    let mut there = home.read().unlock(Credential::Passphrase(&new)).unwrap();
    assert_eq!(payloads(there.accounts().iter()), ["by the other", "one"]);
    there.unlock_recovery(Credential::Passphrase(&new)).unwrap();
    assert!(there.recovery().unwrap().is_empty());
}
