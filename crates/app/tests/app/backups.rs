//! Backups: written, read again, rotated; what goes wrong is named; and what comes back out of them.

use crate::host::{TestHost, cheap, open_app, passphrase};
use keyhaven_app::App;
use keyhaven_app::readiness_view::Reminder;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, DiskFiles, Location, LockedVault};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const HOTP: &str = "otpauth://hotp/Bank:me?secret=JBSWY3DPEHPK3PXP&issuer=Bank&counter=5";

struct Scene {
    host: Arc<TestHost>,
    app: App,
    home: tempfile::TempDir,
    folder: tempfile::TempDir,
}

/// An open vault, and an empty folder chosen for its backups.
fn scene() -> Scene {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let folder = tempfile::tempdir().unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    Scene { host, app, home, folder }
}

fn add(app: &mut App, uri: &str) -> String {
    let account = keyhaven_otp::parse_uri(uri).unwrap().account;
    let now = app.now();
    app.add(vec![account], now).unwrap();
    let rows = app.accounts().unwrap();
    rows.iter().max_by_key(|row| (row.added_at, row.position)).unwrap().id.clone()
}

fn add_named(app: &mut App, name: &str) -> String {
    add(app, &format!("otpauth://totp/{name}?secret=JBSWY3DPEHPK3PXP&issuer={name}"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What a shell's timer does when a backup is due.
fn timer(app: &mut App) -> Option<BackupView> {
    (app.backup_wait() == Some(0)).then(|| {
        let done = app.begin_backup(false).unwrap().run();
        app.end_backup(done)
    })
}

fn opened(answer: LookAnswer) -> Look {
    match answer {
        LookAnswer::Opened(look) => look,
        other => panic!("{other:?}"),
    }
}

fn proof() -> Proof {
    Proof { passphrase: Some(crate::host::PASSPHRASE.into()), recovery_key: None }
}

/// A plan that cannot be read is not "no folder was chosen", and nothing is written over it.
#[test]
fn a_damaged_plan_is_told_and_put_aside_when_the_folder_is_chosen_anew() {
    let mut scene = scene();
    timer(&mut scene.app).unwrap();
    let file = scene.home.path().join("backups.json");
    let plan = std::fs::read(&file).unwrap();
    std::fs::write(&file, b"").unwrap();
    let told = |app: &App| {
        let view = app.backups();
        assert_eq!(view.state, BackupState::Failing);
        assert!(view.failure.unwrap().contains("backups.json"));
    };
    let failure = scene.app.back_up_now().unwrap_err();
    assert!(failure.detail.contains("choose their folder anew"), "{failure:?}");
    told(&scene.app);
    let mut again = crate::host::restarted(&scene.host, scene.home.path());
    again.unlock_with_passphrase(&passphrase()).unwrap();
    told(&again);
    assert!(again.backup_wait().is_none());
    assert_eq!(std::fs::read(&file).unwrap(), b"", "nothing is written over it");
    // It comes back, as a share does: all is as it was.
    std::fs::write(&file, &plan).unwrap();
    again.back_up_now().unwrap();
    assert_eq!(again.backups().state, BackupState::Good);
    std::fs::write(&file, b"{").unwrap();
    again.set_backup_folder(scene.folder.path()).unwrap();
    assert_eq!(std::fs::read(scene.home.path().join("backups.json.damaged")).unwrap(), b"{");
    again.back_up_now().unwrap();
    assert_eq!(again.backups().state, BackupState::Good);
}

/// The command line adds an account while the window is open: that is backed up too.
#[test]
fn what_another_program_saved_is_backed_up() {
    let mut scene = scene();
    timer(&mut scene.app).unwrap();
    assert!(scene.app.backup_wait().unwrap() > 0);
    let mut other = crate::host::restarted(&scene.host, scene.home.path());
    other.unlock_with_passphrase(&passphrase()).unwrap();
    add_named(&mut other, "Elsewhere");
    let wait = scene.app.backup_wait().unwrap();
    assert!(wait > 0 && wait <= 5 * MINUTE, "it waits for quiet: {wait}");
    scene.host.pass(wait);
    assert_eq!(timer(&mut scene.app).unwrap().state, BackupState::Good);
    let newest = files(scene.folder.path()).pop().unwrap();
    let backup = LockedVault::read(&DiskFiles, &Location::at(&newest)).unwrap();
    let backup = backup.unlock(Credential::Passphrase(&passphrase())).unwrap();
    assert_eq!(backup.accounts().iter().filter(|record| record.kind == "account").count(), 1);
}

#[test]
fn a_chosen_folder_is_backed_up_to_at_once_after_changes_and_looked_at_daily() {
    let mut s = scene();
    assert_eq!(s.app.backups().state, BackupState::Pending);
    let first = timer(&mut s.app).unwrap();
    assert_eq!((first.state, first.last_at), (BackupState::Good, Some(s.app.now())));
    let written = files(s.folder.path());
    assert_eq!(written.len(), 1);
    let read = LockedVault::read(&DiskFiles, &Location::at(&written[0])).unwrap();
    read.unlock(Credential::Passphrase(&passphrase())).unwrap();
    assert_eq!(timer(&mut s.app), None, "nothing changed");

    add_named(&mut s.app, "GitHub");
    assert_eq!(s.app.backups().state, BackupState::Pending);
    assert_eq!(s.app.backup_wait(), Some(MINUTE));
    s.host.pass(MINUTE);
    assert_eq!(timer(&mut s.app).unwrap().state, BackupState::Good);
    assert_eq!(files(s.folder.path()).len(), 2);

    s.host.pass(DAY);
    assert_eq!(timer(&mut s.app).unwrap().last_at, Some(s.app.now()), "found whole");
    assert_eq!(files(s.folder.path()).len(), 2, "and not written once more");
}

#[test]
fn what_is_remembered_survives_a_restart_and_the_command_line_shares_it() {
    let mut s = scene();
    timer(&mut s.app);
    let mut again = App::open(s.host.clone(), s.home.path());
    assert_eq!(again.backups(), s.app.backups());
    assert_eq!(again.backup_wait(), Some(DAY));
    s.host.pass(3 * DAY);
    assert_eq!(again.backups().state, BackupState::Overdue);
    // A locked vault is looked after too: its backups are copies of the sealed file.
    assert_eq!(timer(&mut again).unwrap().state, BackupState::Good);
}

#[test]
fn a_damaged_backup_is_found_by_the_daily_look_and_written_anew() {
    let mut s = scene();
    timer(&mut s.app);
    let file = files(s.folder.path()).remove(0);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    s.host.pass(DAY);
    assert_eq!(timer(&mut s.app).unwrap().state, BackupState::Good);
    let restored = files(s.folder.path());
    assert!(restored.iter().any(|file| std::fs::read(file).unwrap() == good), "{restored:?}");
}

#[test]
fn a_damaged_older_backup_is_named_by_the_daily_look_until_it_is_gone() {
    let mut s = scene();
    timer(&mut s.app);
    let old = files(s.folder.path()).remove(0);
    add_named(&mut s.app, "GitHub");
    assert_eq!(s.app.backup_wait(), Some(MINUTE));
    s.host.pass(MINUTE);
    assert_eq!(timer(&mut s.app).unwrap().damaged, [""; 0]);
    let good = std::fs::read(&old).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&old, &bad).unwrap();
    let name = old.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(
        s.app.backups_looked_at().damaged,
        std::slice::from_ref(&name),
        "whoever looks sees it at once"
    );
    s.host.pass(DAY);
    let view = timer(&mut s.app).unwrap();
    assert_eq!((view.state, &view.damaged), (BackupState::Good, &vec![name.clone()]));
    let reminders = s.app.readiness().unwrap().reminders;
    assert!(reminders.contains(&Reminder::BackupsDamaged { names: vec![name] }), "{reminders:?}");
    assert_eq!(std::fs::read(&old).unwrap(), bad, "nothing is removed unasked");
    let again = App::open(s.host.clone(), s.home.path());
    assert_eq!(again.backups().damaged.len(), 1, "it is remembered");
    std::fs::write(&old, &good).unwrap();
    s.host.pass(DAY);
    assert_eq!(timer(&mut s.app).unwrap().damaged, [""; 0]);
}

#[test]
fn a_folder_on_the_vaults_own_disk_is_said_to_be_there_and_counts_as_elsewhere_only_when_it_is_synced() {
    let mut s = scene();
    add_named(&mut s.app, "GitHub");
    s.host.one_disk.store(true, Ordering::Relaxed);
    let view = timer(&mut s.app).unwrap();
    assert_eq!((view.state, view.same_disk, view.synced), (BackupState::Good, true, false));
    let seen = |app: &App| {
        let readiness = app.readiness().unwrap();
        let here = readiness.reminders.iter().any(|one| matches!(one, Reminder::BackupsOnThisDisk { .. }));
        (readiness.back, readiness.copy.unwrap().elsewhere, here)
    };
    assert_eq!(seen(&s.app), (0, false, true));
    assert!(s.app.note_synced_folder(true).unwrap().synced);
    assert_eq!(seen(&s.app), (1, true, false));
    let again = s.app.set_backup_folder(s.folder.path()).unwrap();
    assert_eq!((again.same_disk, again.synced), (true, false), "said of one choice of a folder");
    s.app.stop_backups().unwrap();
    assert!(!s.app.backups().same_disk);
    assert_eq!(s.app.note_synced_folder(true).unwrap_err().kind, FailureKind::BadInput);
    // Kept elsewhere after all: another drive.
    s.host.one_disk.store(false, Ordering::Relaxed);
    s.app.set_backup_folder(s.folder.path()).unwrap();
    assert!(!timer(&mut s.app).unwrap().same_disk);
    assert_eq!(seen(&s.app), (1, true, false));
}

#[test]
fn a_folder_that_is_gone_empty_or_closed_is_named_and_tried_again() {
    let mut s = scene();
    timer(&mut s.app);
    let mine = files(s.folder.path()).remove(0);
    let aside = tempfile::tempdir().unwrap();
    let kept = aside.path().join(mine.file_name().unwrap());
    std::fs::copy(&mine, &kept).unwrap();

    // The mount point of a drive that is not mounted: there, and empty.
    std::fs::remove_file(&mine).unwrap();
    s.host.pass(DAY);
    let view = timer(&mut s.app).unwrap();
    assert_eq!(view.state, BackupState::Unreachable);
    assert!(view.failure.unwrap().contains("none of the earlier backups"));
    assert!(files(s.folder.path()).is_empty(), "nothing is written where the drive should be");
    let since = view.failing_since;

    std::fs::remove_dir(s.folder.path()).unwrap();
    assert_eq!(timer(&mut s.app), None, "not at once");
    s.host.pass(15 * MINUTE);
    let view = timer(&mut s.app).unwrap();
    assert_eq!((view.state, view.failing_since), (BackupState::Unreachable, since));
    assert!(view.failure.unwrap().contains("not there"));

    std::fs::create_dir(s.folder.path()).unwrap();
    std::fs::copy(&kept, &mine).unwrap();
    s.host.pass(15 * MINUTE);
    let view = timer(&mut s.app).unwrap();
    assert_eq!((view.state, view.failure), (BackupState::Good, None));
}

#[test]
fn a_backup_that_cannot_be_written_is_failing_and_leaves_no_half_of_one() {
    let mut s = scene();
    timer(&mut s.app);
    add_named(&mut s.app, "GitHub");
    // The name of the next backup is taken by a folder: no file gets it, whoever runs this.
    let name = s.app.backups().last_name.unwrap().replace(".keyhaven", "");
    let done = {
        let job = s.app.begin_backup(true).unwrap();
        let next = name.rsplit_once("-g").map(|(start, number)| {
            let number: u64 = number.parse().unwrap();
            format!("{start}-g{}", number + 1)
        });
        std::fs::create_dir(s.folder.path().join(format!("{}.keyhaven", next.unwrap()))).unwrap();
        job.run()
    };
    assert!(done.failure().is_some());
    assert_eq!(s.app.end_backup(done).state, BackupState::Failing);
    let whole = files(s.folder.path()).into_iter().filter(|file| file.is_file()).count();
    assert_eq!(whole, 1, "the earlier one");
}

#[test]
fn the_oldest_go_and_foreign_files_stay() {
    let mut s = scene();
    s.app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 2 }).unwrap();
    let foreign = s.folder.path().join("keyhaven-ffffffff-2020-01-01-000000-g1.keyhaven");
    std::fs::write(&foreign, b"of another vault").unwrap();
    for day in 0..8 {
        for name in ["a", "b"] {
            add_named(&mut s.app, &format!("{name}{day}"));
            s.host.pass(MINUTE);
            s.app.back_up_now().unwrap();
        }
        s.host.pass(DAY);
    }
    let left = files(s.folder.path());
    assert!(left.contains(&foreign));
    // The newest three: both of the last day and one of the day before. Those two days are all that is kept.
    assert_eq!(left.len(), 1 + 3, "{left:?}");
    let refused = s.app.set_backup_rotation(BackupRotation { keep_newest: 0, keep_days: 2 }).unwrap_err();
    assert!(refused.detail.contains("3 to 1000"), "{}", refused.detail);
}

/// The clock is 73 years ahead for one save.
#[test]
fn a_clock_that_jumps_ages_no_backup() {
    let mut s = scene();
    s.app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 8 }).unwrap();
    let back_up = |s: &mut Scene, name: &str| {
        add_named(&mut s.app, name);
        s.app.back_up_now().unwrap();
        files(s.folder.path()).len()
    };
    for day in 0..6 {
        assert_eq!(back_up(&mut s, &format!("a{day}")), day + 1);
        s.host.pass(DAY);
    }
    let today = s.app.now();
    s.host.pass(73 * 365 * DAY);
    assert_eq!(back_up(&mut s, "ahead"), 7, "nothing is older for it");
    s.host.set_now(today);
    for day in 0..10 {
        assert_eq!(back_up(&mut s, &format!("b{day}")), (8 + day).min(8));
        s.host.pass(DAY);
    }
    let left = files(s.folder.path());
    assert!(left.iter().all(|file| !file.to_string_lossy().contains("-2099-")), "{left:?}");
}

/// The computer is lost and an early backup is restored on a new one, which goes on in the same folder.
#[test]
fn backups_of_a_line_that_was_given_up_push_out_none_of_the_line_in_use() {
    let mut s = scene();
    s.app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 1 }).unwrap();
    for index in 0..6 {
        add_named(&mut s.app, &format!("a{index}"));
        s.app.back_up_now().unwrap();
        s.host.pass(MINUTE);
        if index == 0 {
            std::fs::copy(&files(s.folder.path())[0], s.home.path().join("first")).unwrap();
        }
    }
    let given_up = files(s.folder.path());
    assert_eq!(given_up.len(), 3);
    let home = tempfile::tempdir().unwrap();
    let mut app = App::open(s.host.clone(), home.path());
    std::fs::copy(s.home.path().join("first"), home.path().join("vault.keyhaven")).unwrap();
    app.look_again();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app.set_backup_folder(s.folder.path()).unwrap();
    app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 1 }).unwrap();
    let mut in_use = Vec::new();
    for index in 0..6 {
        add_named(&mut app, &format!("b{index}"));
        let name = app.back_up_now().unwrap().last_name.unwrap();
        in_use.push(s.folder.path().join(name));
        s.host.pass(MINUTE);
    }
    let left = files(s.folder.path());
    assert!(given_up.iter().all(|file| left.contains(file)), "another installation's are not its to remove");
    let own: Vec<_> = in_use.iter().map(|file| left.contains(file)).collect();
    assert_eq!(own, [false, false, false, true, true, true]);
    // Desk and laptop: the one that is behind in numbers keeps its backups, however many the other makes.
    let behind = in_use.last().unwrap();
    for index in 0..10 {
        add_named(&mut s.app, &format!("c{index}"));
        s.app.back_up_now().unwrap();
        s.host.pass(MINUTE);
    }
    assert!(behind.exists());
}

/// An earlier state is put back on the same computer: what is in use counts as the newest.
#[test]
fn a_backup_whose_state_came_back_into_use_is_the_newest() {
    let mut s = scene();
    s.app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 1 }).unwrap();
    for index in 0..3 {
        add_named(&mut s.app, &format!("a{index}"));
        s.app.back_up_now().unwrap();
        s.host.pass(MINUTE);
    }
    let first = files(s.folder.path()).remove(0);
    s.app.lock();
    std::fs::write(s.home.path().join("vault.keyhaven"), b"").unwrap();
    s.app.look_again();
    s.app.use_vault(&first, true).unwrap();
    s.app.unlock_with_passphrase(&passphrase()).unwrap();
    s.app.back_up_now().unwrap();
    assert_eq!(files(s.folder.path()).len(), 3, "it is there already");
    for index in 0..2 {
        add_named(&mut s.app, &format!("b{index}"));
        s.app.back_up_now().unwrap();
        s.host.pass(MINUTE);
        assert!(first.exists(), "two of the given-up line go first");
    }
    assert_eq!(files(s.folder.path()).len(), 3);
}

#[test]
fn a_folder_that_would_share_the_vaults_fate_or_is_none_is_refused() {
    let mut s = scene();
    for (folder, word) in [
        (s.home.path().to_path_buf(), "the vault's own"),
        (s.home.path().join("generations"), "no such folder"),
        (s.home.path().join("vault.keyhaven"), "is a file"),
    ] {
        let failure = s.app.set_backup_folder(&folder).unwrap_err();
        assert_eq!(failure.kind, FailureKind::BadInput);
        assert!(failure.detail.contains(word), "{}", failure.detail);
    }
    assert_eq!(s.app.stop_backups().unwrap().state, BackupState::Off);
    assert_eq!(s.app.backup_wait(), None);
    assert!(s.app.begin_backup(true).is_err());
}

#[test]
fn backups_with_a_passphrase_of_their_own_open_with_it_and_the_kit_and_not_with_the_vaults() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    let kit = app.create(Some((passphrase(), cheap())), false).unwrap();
    let folder = tempfile::tempdir().unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    let own = || SecretText::new("marble lantern walnut bicycle".into());
    let wrong = Proof { passphrase: Some("no".into()), recovery_key: None };
    assert_eq!(app.set_backup_passphrase(wrong, Some(own())).unwrap_err().kind, FailureKind::WrongPassphrase);
    let weak = app.set_backup_passphrase(proof(), Some(SecretText::new("password".into())));
    assert_eq!(weak.unwrap_err().kind, FailureKind::WeakPassphrase);
    assert!(app.set_backup_passphrase(proof(), Some(own())).unwrap().own_passphrase);
    add_named(&mut app, "GitHub");
    assert_eq!(app.back_up_now().unwrap().state, BackupState::Good);

    let file = files(folder.path()).remove(0);
    let read = LockedVault::read(&DiskFiles, &Location::at(&file)).unwrap();
    assert!(read.unlock(Credential::Passphrase(&passphrase())).is_err());
    let mut opened_copy = read.unlock(Credential::Passphrase(&own())).unwrap();
    opened_copy.unlock_recovery(Credential::Passphrase(&own())).unwrap();
    let key = keyhaven_vault::RecoveryKey::parse(&SecretText::new(kit.groups.join("-"))).unwrap();
    assert!(read.unlock(Credential::RecoveryKey(&key)).is_ok());
    host.pass(DAY);
    assert_eq!(timer(&mut app).unwrap().state, BackupState::Good);
    assert_eq!(files(folder.path()).len(), 1, "the one of yesterday is known again");
    let name = app.backups().last_name.unwrap();
    let look = opened(app.look_into_point(PointPlace::Folder, &name, None).unwrap());
    assert_eq!((look.accounts, look.differences.len()), (1, 0));

    // Sealing it takes the open vault; a locked one waits, and is not called well for ever.
    app.lock();
    assert_eq!(app.backup_wait(), None);
    host.pass(3 * DAY);
    assert_eq!(app.backups().state, BackupState::Overdue);
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(!app.set_backup_passphrase(proof(), None).unwrap().own_passphrase);
    app.back_up_now().unwrap();
    let plain = files(folder.path()).into_iter().filter(|file| {
        LockedVault::read(&DiskFiles, &Location::at(file))
            .is_ok_and(|read| read.unlock(Credential::Passphrase(&passphrase())).is_ok())
    });
    assert_eq!(plain.count(), 1);
}

/// Somebody who looks into another vault in between chose no other passphrase by that.
#[test]
fn another_vault_in_between_takes_no_backups_own_passphrase_along() {
    let mut s = scene();
    let own = || SecretText::new("marble lantern walnut bicycle".into());
    s.app.set_backup_passphrase(proof(), Some(own())).unwrap();
    s.app.back_up_now().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    drop(open_app(&s.host, elsewhere.path()));
    let opens = |folder: &Path, vault: &str, passphrase: SecretText| {
        let newest = files(folder).into_iter().filter(|file| file.to_string_lossy().contains(vault));
        let newest = newest.max_by_key(|file| file.metadata().unwrap().modified().unwrap()).unwrap();
        let read = LockedVault::read(&DiskFiles, &Location::at(newest)).unwrap();
        read.unlock(Credential::Passphrase(&passphrase)).is_ok()
    };
    let short = |app: &App| match app.status() {
        Status::Open(view) => view.vault_id.replace('-', "")[..8].to_owned(),
        other => panic!("{other:?}"),
    };
    s.app.lock();
    s.app.use_vault(&elsewhere.path().join("vault.keyhaven"), false).unwrap();
    s.app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(!s.app.back_up_now().unwrap().own_passphrase, "that vault has none");
    assert!(opens(s.folder.path(), &short(&s.app), passphrase()));

    s.app.lock();
    s.app.use_vault(&s.home.path().join("vault.keyhaven"), false).unwrap();
    s.app.unlock_with_passphrase(&passphrase()).unwrap();
    add_named(&mut s.app, "GitHub");
    s.host.pass(MINUTE);
    assert!(s.app.back_up_now().unwrap().own_passphrase);
    assert!(opens(s.folder.path(), &short(&s.app), own()));
    assert!(!opens(s.folder.path(), &short(&s.app), passphrase()));
}

#[test]
fn a_damaged_backup_takes_no_good_ones_place() {
    let mut s = scene();
    s.app.set_backup_rotation(BackupRotation { keep_newest: 3, keep_days: 1 }).unwrap();
    let back_up = |s: &mut Scene, name: &str| {
        add_named(&mut s.app, name);
        s.app.back_up_now().unwrap();
        s.host.pass(MINUTE);
    };
    for name in ["a", "b", "c"] {
        back_up(&mut s, name);
    }
    let whole = |file: &PathBuf| LockedVault::read(&DiskFiles, &Location::at(file)).is_ok();
    let good = |s: &Scene| files(s.folder.path()).into_iter().filter(whole).count();
    for damaged in &files(s.folder.path())[1..] {
        std::fs::write(damaged, b"\x89KHV").unwrap();
    }
    let first = files(s.folder.path()).remove(0);
    for (name, left) in [("d", 2), ("e", 3), ("f", 3), ("g", 3)] {
        back_up(&mut s, name);
        assert_eq!(good(&s), left, "{name}");
        assert_eq!(first.exists(), matches!(name, "d" | "e"), "{name}");
    }
    assert_eq!(files(s.folder.path()).len(), 5, "what is damaged is told, and stays");
    assert_eq!(s.app.backups_looked_at().damaged.len(), 2);
}

#[test]
fn a_clock_beyond_every_calendar_backs_up_all_the_same() {
    let mut s = scene();
    s.host.set_now(253_402_300_800_000);
    add_named(&mut s.app, "a");
    assert_eq!(s.app.back_up_now().unwrap().state, BackupState::Good);
    assert_eq!(s.app.back_up_now().unwrap().state, BackupState::Good);
    assert_eq!(files(s.folder.path()).len(), 1, "the same state once");
    s.host.set_now(crate::host::START);
    assert_eq!(s.app.backups().state, BackupState::Overdue, "the last one is from the future");
    assert_eq!(s.app.backup_wait(), Some(0));
    assert_eq!(timer(&mut s.app).unwrap().state, BackupState::Good);
}

#[test]
fn a_lock_takes_an_unsaved_backup_along() {
    let mut s = scene();
    timer(&mut s.app);
    assert!(s.app.backup_before_lock().is_none());
    add_named(&mut s.app, "GitHub");
    let job = s.app.backup_before_lock().unwrap();
    s.app.lock();
    let done = job.run();
    assert_eq!(s.app.end_backup(done).state, BackupState::Good);
    assert_eq!(files(s.folder.path()).len(), 2);
}

#[test]
fn a_look_tells_what_differs_and_single_records_come_back() {
    let mut s = scene();
    let (gone, edited) = (add_named(&mut s.app, "Gone"), add_named(&mut s.app, "Edited"));
    let bank = add(&mut s.app, HOTP);
    s.app.back_up_now().unwrap();
    let backup = s.app.backups().last_name.unwrap();
    s.app.delete_account(&gone).unwrap();
    s.app
        .edit_account(&edited, AccountChanges { name: Some("renamed".into()), ..Default::default() })
        .unwrap();
    let used = [s.app.use_code(&bank).unwrap().code, s.app.use_code(&bank).unwrap().code];
    let added = add_named(&mut s.app, "Added");

    let look = opened(s.app.look_into_point(PointPlace::Folder, &backup, None).unwrap());
    assert_eq!((look.accounts, look.accounts_now, look.merge.is_none()), (3, 3, true));
    let told = |id: &str| {
        let found = look.differences.iter().find(|one| one.id == id).unwrap();
        (found.effect, found.changes.join("; "))
    };
    assert_eq!(told(&gone), (Effect::Added, String::new()));
    assert_eq!(told(&added), (Effect::Removed, String::new()));
    assert_eq!(told(&edited).0, Effect::Changed);
    assert!(told(&edited).1.starts_with("name: renamed → "), "{}", told(&edited).1);
    // The counter that is further on stays, so there is nothing to choose.
    assert!(look.differences.iter().all(|one| one.id != bank));
    assert_eq!(look.differences.len(), 3);
    assert!(!format!("{look:?}").contains("JBSWY3DPEHPK3PXP"));

    // One record only: everything else stays.
    assert_eq!(s.app.restore_records(look.look, std::slice::from_ref(&gone)).unwrap(), 1);
    let names = |app: &App| {
        let mut names: Vec<_> = app.accounts().unwrap().into_iter().map(|row| row.issuer).collect();
        names.sort();
        names
    };
    assert_eq!(names(&s.app), ["Added", "Bank", "Edited", "Gone"]);
    assert!(s.app.restore_records(look.look, &[]).is_err(), "a look is used once");

    // Everything: what was added since goes, and a counter does not go back.
    let look = opened(s.app.look_into_point(PointPlace::Folder, &backup, None).unwrap());
    let all: Vec<String> = look.differences.iter().map(|one| one.id.clone()).collect();
    s.app.restore_records(look.look, &all).unwrap();
    assert_eq!(names(&s.app), ["Bank", "Edited", "Gone"]);
    let next = s.app.use_code(&bank).unwrap().code;
    assert!(!used.contains(&next), "a used code was shown again");
    assert_eq!(s.app.account(&bank).unwrap().counter, Some(8));

    // And it is on disk.
    s.app.lock();
    s.app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(names(&s.app), ["Bank", "Edited", "Gone"]);
}

#[test]
fn saved_states_are_looked_into_too_and_a_foreign_backup_is_refused() {
    let mut s = scene();
    add_named(&mut s.app, "One");
    s.host.pass(MINUTE);
    add_named(&mut s.app, "Two");
    let points = s.app.restore_points().unwrap();
    let saved = points.points.iter().find(|point| point.place == PointPlace::Saved).unwrap().clone();
    let look = opened(s.app.look_into_point(PointPlace::Saved, &saved.name, None).unwrap());
    assert_eq!((look.accounts, look.accounts_now), (1, 2));
    let outside = s.app.look_into_point(PointPlace::Saved, "../vault.keyhaven", None).unwrap_err();
    assert_eq!(outside.kind, FailureKind::BadInput);

    let elsewhere = tempfile::tempdir().unwrap();
    drop(open_app(&TestHost::new(), elsewhere.path()));
    let foreign = s.app.look_into_file(&elsewhere.path().join("vault.keyhaven"), Some(proof())).unwrap_err();
    assert_eq!(foreign.kind, FailureKind::AnotherVault);
}
