//! What would be back, what to do next, and the drill that tries it.

use crate::host::{PASSPHRASE, TestHost, open_app};
use keyhaven_app::App;
use keyhaven_app::offer::Input;
use keyhaven_app::readiness_view::*;
use keyhaven_app::recovery::view::*;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use std::path::Path;
use std::sync::Arc;

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// A vault with three accounts; GitHub's has four recovery codes.
fn app() -> (Arc<TestHost>, tempfile::TempDir, App, Vec<String>, String) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let links = "otpauth://totp/GitHub:me?secret=JBSWY3DPEHPK3PXP&issuer=GitHub\n\
        otpauth://totp/AWS:root?secret=JBSWY3DPEHPK3PXQ&issuer=AWS\n\
        otpauth://hotp/Bank:me?secret=JBSWY3DPEHPK3PXR&issuer=Bank&counter=4";
    let inputs = vec![("x".into(), Input::Text(SecretText::new(links.into())))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    let offer = app.keep_offer(pending).unwrap();
    let ids = app.accept_offer(offer.id, &[0, 1, 2]).unwrap();
    let text = "GitHub recovery codes\n8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\nd2f68-3ab90\n";
    let pending = app.begin_drafts(1).unwrap().text("codes.txt".into(), SecretText::new(text.into()));
    let draft = app.keep_draft(pending).unwrap();
    let choices =
        DraftChoices { provider: draft.provider, account: draft.account, ..DraftChoices::default() };
    let set = app.accept_draft(draft.id, choices).unwrap().set;
    assert_eq!(set.account.as_ref(), Some(&ids[0]));
    (host, home, app, ids, set.id)
}

fn proof() -> Proof {
    Proof { passphrase: Some(PASSPHRASE.into()), recovery_key: None }
}

fn drill(app: &mut App, backup: Option<&Path>) -> Result<DrillReport, Failure> {
    let home = tempfile::tempdir().unwrap();
    let drilled = app.plan_drill(backup)?.run(home.path(), proof())?;
    app.finish_drill(drilled)
}

/// A folder for backups on another drive, with a backup in it.
fn backed_up(app: &mut App) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    app.back_up_now().unwrap();
    folder
}

fn lost(report: &DrillReport) -> Vec<(&str, LossReason)> {
    report.lost.iter().map(|loss| (loss.name.as_str(), loss.why)).collect()
}

#[test]
fn every_backup_that_has_an_account_is_named() {
    let (host, _home, mut app, ids, _) = app();
    let folder = tempfile::tempdir().unwrap();
    let copies = |readiness: &Readiness, id: &str| {
        let account = readiness.accounts.iter().find(|account| account.id == id).unwrap();
        (account.in_copy, account.copies.clone())
    };
    let before = app.readiness().unwrap();
    assert_eq!(
        (before.copies.len(), copies(&before, &ids[0])),
        (1, (true, vec![0])),
        "the vault file itself"
    );
    let back_up = |app: &mut App| {
        let done = app.begin_backup(true).unwrap().run();
        app.end_backup(done);
    };
    app.set_backup_folder(folder.path()).unwrap();
    back_up(&mut app);
    host.pass(DAY);
    let changed = AccountChanges { name: Some("you".into()), ..AccountChanges::default() };
    app.edit_account(&ids[1], changed).unwrap();
    let now = app.now();
    let uri = "otpauth://totp/New:me?secret=JBSWY3DPEHPK3PXP&issuer=New";
    let new = app.add(vec![keyhaven_otp::parse_uri(uri).unwrap().account], now).unwrap().remove(0);
    back_up(&mut app);
    let after = app.readiness().unwrap();
    assert_eq!(after.copies.first(), after.copy.as_ref(), "newest first");
    assert!(after.copies.windows(2).all(|two| two[0].saved_at >= two[1].saved_at), "{:?}", after.copies);
    let all: Vec<u32> = (0..).take(after.copies.len()).collect();
    assert!(all.len() >= 2 && after.older == 0);
    assert_eq!(copies(&after, &ids[1]), (true, all), "another name makes the same codes");
    assert_eq!(copies(&after, &new), (true, vec![0]));
}

#[test]
fn accounts_stand_by_their_danger_and_notes_take_it_away() {
    let (host, _home, mut app, ids, set) = app();
    let ways = |readiness: &Readiness| {
        let way = |account: &ReadyAccount| (account.issuer.clone(), account.way, account.advice);
        readiness.accounts.iter().map(way).collect::<Vec<_>>()
    };
    let readiness = app.readiness().unwrap();
    assert_eq!(
        (readiness.back, readiness.total, readiness.with_way),
        (0, 3, 1),
        "the only copy goes with the computer"
    );
    assert_eq!(
        ways(&readiness),
        [
            ("AWS".into(), WayBack::Nothing, Advice::AddCodes),
            ("Bank".into(), WayBack::Nothing, Advice::AddCodes),
            ("GitHub".into(), WayBack::RecoveryCodes, Advice::Nothing),
        ]
    );
    assert_eq!(readiness.reminders, [Reminder::KeepKit, Reminder::NoBackupElsewhere, Reminder::NeverDrilled]);
    app.note_ways(&ids[1], false, true).unwrap();
    let readiness = app.note_ways(&ids[2], true, false).unwrap();
    assert_eq!(
        ways(&readiness),
        [
            ("AWS".into(), WayBack::AdminReset, Advice::AskSecondDevice),
            ("Bank".into(), WayBack::SecondDevice, Advice::Nothing),
            ("GitHub".into(), WayBack::RecoveryCodes, Advice::Nothing),
        ]
    );
    app.unlock_recovery(proof()).unwrap();
    app.use_next_recovery_code(&set, "").unwrap();
    let advice = |app: &App| {
        app.readiness().unwrap().accounts.iter().find(|one| one.issuer == "GitHub").unwrap().advice
    };
    assert_eq!(advice(&app), Advice::ReplaceSoon);
    for _ in 0..3 {
        app.use_next_recovery_code(&set, "").unwrap();
    }
    assert_eq!(advice(&app), Advice::Replace);
    for _ in 0..4 {
        app.undo_recovery_use(&set).unwrap();
    }
    assert_eq!(advice(&app), Advice::Nothing);
    host.pass(366 * DAY);
    assert_eq!(advice(&app), Advice::LookAt);
}

#[test]
fn a_drill_is_green_and_red_after_a_set_is_deleted_until_there_is_another() {
    let (host, home, mut app, ids, set) = app();
    let _folder = backed_up(&mut app);
    let report = drill(&mut app, None).unwrap();
    assert!(report.ok && report.copy.elsewhere, "{report:?}");
    assert_eq!((report.accounts_back, report.sets_back, report.codes_back), (3, 1, 4));
    assert_eq!(app.last_drill().unwrap().as_ref(), Some(&report), "it is kept");
    assert!(app.readiness().unwrap().accounts.iter().all(|account| account.drilled_at == Some(report.at)));

    host.pass(DAY);
    app.unlock_recovery(proof()).unwrap();
    app.delete_recovery(&set).unwrap();
    app.back_up_now().unwrap();
    let red = drill(&mut app, None).unwrap();
    assert_eq!((red.ok, lost(&red)), (false, vec![("GitHub", LossReason::SetDeleted)]));
    assert_eq!(red.lost[0].codes, 4, "as many as the last drill found");
    assert_eq!(drill(&mut app, None).unwrap().lost, red.lost, "and stays so");
    assert!(app.readiness().unwrap().reminders.contains(&Reminder::DrillFailed));
    let pending = app.begin_drafts(1).unwrap().text(
        "new.txt".into(),
        SecretText::new("Recovery codes\n11111-aaaaa\n22222-bbbbb\n33333-ccccc\n".into()),
    );
    let draft = app.keep_draft(pending).unwrap();
    let choices = DraftChoices { account: Some(ids[0].clone()), ..DraftChoices::default() };
    app.accept_draft(draft.id, choices).unwrap();
    host.pass(DAY);
    app.back_up_now().unwrap();
    assert!(drill(&mut app, None).unwrap().ok);
    assert!(home.path().join("vault.keyhaven").exists());
}

/// A set of these codes, kept under a name.
fn keep(app: &mut App, name: &str, text: &str, account: Option<&String>) -> String {
    let pending = app.begin_drafts(1).unwrap().text(name.into(), SecretText::new(text.into()));
    let draft = app.keep_draft(pending).unwrap();
    let choices = DraftChoices { name: name.into(), account: account.cloned(), ..DraftChoices::default() };
    app.accept_draft(draft.id, choices).unwrap().set.id
}

#[test]
fn a_drill_counts_code_by_code_what_is_unused_there_and_here() {
    for open in [true, false] {
        let (host, _home, mut app, _ids, set) = app();
        app.unlock_recovery(proof()).unwrap();
        app.use_next_recovery_code(&set, "").unwrap();
        let _folder = backed_up(&mut app);
        // Used since: the copy would offer them once more, and they are not back.
        app.use_next_recovery_code(&set, "").unwrap();
        app.use_next_recovery_code(&set, "").unwrap();
        if !open {
            app.lock_recovery().unwrap();
        }
        let report = drill(&mut app, None).unwrap();
        assert!(report.ok, "{report:?}");
        assert_eq!((report.codes_back, report.used_since), (1, 2), "open: {open}");
        let of_set = &report.sets[0];
        assert_eq!((of_set.codes_back, of_set.used_since), (1, 2));

        // As many there and here, and not the same ones: the copy has the first as used.
        app.unlock_recovery(proof()).unwrap();
        app.mark_recovery_code(&set, 0, false, "").unwrap();
        app.mark_recovery_code(&set, 3, true, "").unwrap();
        if !open {
            app.lock_recovery().unwrap();
        }
        let report = drill(&mut app, None).unwrap();
        assert_eq!(lost(&report), [("GitHub", LossReason::SetDiffers)], "open: {open}");
        assert_eq!((report.lost[0].codes, report.codes_back, report.used_since), (1, 0, 3));
        host.pass(DAY);
        app.back_up_now().unwrap();
        let report = drill(&mut app, None).unwrap();
        assert_eq!((report.ok, report.codes_back, report.used_since), (true, 1, 0));
    }
}

#[test]
fn a_set_that_a_copy_does_not_have_is_named_with_its_codes() {
    let (host, _home, mut app, ids, _set) = app();
    let _folder = backed_up(&mut app);
    keep(&mut app, "Door", "Recovery codes\n11111-aaaaa\n22222-bbbbb\n33333-ccccc\n", Some(&ids[1]));
    let report = drill(&mut app, None).unwrap();
    assert_eq!(lost(&report), [("Door", LossReason::SetMissing)]);
    assert_eq!((report.lost[0].codes, report.codes_back, report.sets_back), (3, 4, 1));
    let ready = app.readiness().unwrap();
    let account = ready.accounts.iter().find(|account| account.id == ids[1]).unwrap();
    assert_eq!(
        (account.copies.clone(), account.without_sets.clone()),
        (vec![0], vec![0]),
        "its codes are not there"
    );
    host.pass(DAY);
    app.back_up_now().unwrap();
    let ready = app.readiness().unwrap();
    let account = ready.accounts.iter().find(|account| account.id == ids[1]).unwrap();
    assert_eq!((account.copies.clone(), account.without_sets.clone()), (vec![0, 1], vec![1]));
}

#[test]
fn every_way_back_is_named_and_the_order_of_the_sets_decides_nothing() {
    const CODES: &str = "Recovery codes\n11111-aaaaa\n22222-bbbbb\n33333-ccccc\n44444-ddddd\n55555-eeeee\n";
    const KEY: &str =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n";
    const NOTES: &str = "Security questions\n\nWhat was your first pet?\nRex\n";
    for first in [true, false] {
        let (_host, _home, mut app, ids, _set) = app();
        let ready = |app: &App| {
            let all = app.readiness().unwrap().accounts;
            all.into_iter().find(|account| account.id == ids[1]).unwrap()
        };
        assert_eq!((ready(&app).ways, ready(&app).advice), (vec![], Advice::AddCodes));
        // What a note says nobody knows: it is no way back, and nothing in it is "used".
        keep(&mut app, "Questions", NOTES, Some(&ids[1]));
        assert_eq!((ready(&app).way, ready(&app).advice), (WayBack::Nothing, Advice::AddCodes));
        let (codes, _key) = if first {
            let codes = keep(&mut app, "Codes", CODES, Some(&ids[1]));
            (codes, keep(&mut app, "Key", KEY, Some(&ids[1])))
        } else {
            let key = keep(&mut app, "Key", KEY, Some(&ids[1]));
            (keep(&mut app, "Codes", CODES, Some(&ids[1])), key)
        };
        app.note_ways(&ids[1], true, true).unwrap();
        let all = [WayBack::RecoveryCodes, WayBack::Document, WayBack::SecondDevice, WayBack::AdminReset];
        assert_eq!((ready(&app).ways, ready(&app).way, ready(&app).left), (all.to_vec(), all[0], 5));
        app.unlock_recovery(proof()).unwrap();
        for _ in 0..5 {
            app.use_next_recovery_code(&codes, "").unwrap();
        }
        assert_eq!((ready(&app).ways, ready(&app).way), (all[1..].to_vec(), WayBack::Document), "{first}");
        assert_eq!((ready(&app).left, ready(&app).advice), (0, Advice::ReplaceSoon));
        // Another list in use: its codes count, and the spent one is no reason to hurry.
        keep(&mut app, "More", &CODES.replace('1', "9"), Some(&ids[1]));
        assert_eq!((ready(&app).left, ready(&app).advice), (5, Advice::Nothing));
    }
}

#[test]
fn an_old_copy_is_missing_what_came_after_it() {
    let (_host, home, mut app, ids, set) = app();
    let copy = home.path().join("copy.keyhaven");
    std::fs::copy(home.path().join("vault.keyhaven"), &copy).unwrap();
    app.unlock_recovery(proof()).unwrap();
    app.use_next_recovery_code(&set, "").unwrap();
    let links = "otpauth://totp/New:me?secret=JBSWY3DPEHPK3PXS&issuer=New";
    let inputs = vec![("x".into(), Input::Text(SecretText::new(links.into())))];
    let pending = app.begin_offer().unwrap().inputs(inputs);
    let offer = app.keep_offer(pending).unwrap();
    app.accept_offer(offer.id, &[0]).unwrap();
    app.use_code(&ids[2]).unwrap();
    let report = drill(&mut app, Some(&copy)).unwrap();
    assert_eq!(lost(&report), [("New · me", LossReason::AccountMissing)]);
    assert_eq!((report.accounts_back, report.sets_back, report.copy.elsewhere), (3, 1, true));
    let readiness = app.readiness().unwrap();
    assert_eq!((readiness.back, readiness.total), (3, 4), "a drilled copy elsewhere counts");
    assert!(!readiness.reminders.contains(&Reminder::NoBackupElsewhere));
}

#[test]
fn a_drill_takes_the_newest_backup_of_a_folder_that_can_be_read_and_names_those_that_cannot() {
    let (host, home, mut app, ids, _set) = app();
    let folder = tempfile::tempdir().unwrap();
    let named = |app: &App| app.backups().last_name.unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    app.back_up_now().unwrap();
    let old = named(&app);
    host.pass(DAY);
    app.use_code(&ids[2]).unwrap();
    app.back_up_now().unwrap();
    let new = named(&app);
    assert_ne!(old, new);
    for backup in [None, Some(folder.path())] {
        let report = drill(&mut app, backup).unwrap();
        assert_eq!((report.ok, report.damaged.len()), (true, 0), "{report:?}");
        assert!(report.copy.path.ends_with(&new) && report.copy.elsewhere, "{report:?}");
    }
    let whole = std::fs::read(folder.path().join(&new)).unwrap();
    std::fs::write(folder.path().join(&new), &whole[..whole.len() - 1]).unwrap();
    for backup in [None, Some(folder.path())] {
        let report = drill(&mut app, backup).unwrap();
        assert!(report.copy.path.ends_with(&old), "{report:?}");
        assert_eq!(report.damaged, std::slice::from_ref(&new));
    }
    // A copy that the person made by hand there is a copy too.
    std::fs::copy(home.path().join("vault.keyhaven"), folder.path().join("copy.keyhaven")).unwrap();
    assert!(drill(&mut app, Some(folder.path())).unwrap().copy.path.ends_with("copy.keyhaven"));
    std::fs::remove_file(folder.path().join("copy.keyhaven")).unwrap();
    std::fs::write(folder.path().join(&old), b"").unwrap();
    let refused = drill(&mut app, Some(folder.path())).unwrap_err().detail;
    assert!(refused.contains(&new) && refused.contains(&old), "{refused}");
    let nothing = tempfile::tempdir().unwrap();
    assert!(drill(&mut app, Some(nothing.path())).unwrap_err().detail.contains("no backup of this vault"));
}

#[test]
fn a_copy_on_the_vaults_own_disk_is_drilled_and_counts_for_nothing_when_the_disk_is_gone() {
    let (host, home, mut app, ..) = app();
    let copy = home.path().join("copy.keyhaven");
    std::fs::copy(home.path().join("vault.keyhaven"), &copy).unwrap();
    host.one_disk.store(true, std::sync::atomic::Ordering::Relaxed);
    let report = drill(&mut app, Some(&copy)).unwrap();
    assert_eq!((report.ok, report.copy.elsewhere, report.lost.len()), (false, false, 0));
    let readiness = app.readiness().unwrap();
    assert_eq!(readiness.back, 0);
    assert!(readiness.accounts.iter().all(|account| account.drilled_at.is_none()), "not the way back");
    assert!(readiness.reminders.contains(&Reminder::NoBackupElsewhere));
    assert!(readiness.reminders.contains(&Reminder::NeverDrilled), "{:?}", readiness.reminders);
}

#[test]
fn a_drill_of_a_local_copy_takes_nothing_from_the_one_of_a_copy_elsewhere() {
    let (host, home, mut app, ..) = app();
    let copy = home.path().join("copy.keyhaven");
    std::fs::copy(home.path().join("vault.keyhaven"), &copy).unwrap();
    let good = drill(&mut app, Some(&copy)).unwrap();
    assert!(good.ok);
    host.one_disk.store(true, std::sync::atomic::Ordering::Relaxed);
    // More of them than are kept.
    for _ in 0..12 {
        host.pass(1_000);
        assert!(!drill(&mut app, Some(&copy)).unwrap().ok);
    }
    let readiness = app.readiness().unwrap();
    assert_eq!((readiness.back, readiness.total), (3, 3));
    assert!(readiness.accounts.iter().all(|account| account.drilled_at == Some(good.at)));
    assert!(!readiness.reminders.contains(&Reminder::NeverDrilled), "{:?}", readiness.reminders);
    assert!(!readiness.drill.unwrap().copy.elsewhere, "the last is told as it was");
    host.pass(200 * DAY);
    assert!(app.readiness().unwrap().reminders.contains(&Reminder::DrillOld));
}

#[test]
fn a_note_written_after_the_backup_is_missing_from_it() {
    let (_host, home, mut app, _, set) = app();
    let copy = home.path().join("copy.keyhaven");
    let back_up = || std::fs::copy(home.path().join("vault.keyhaven"), &copy).unwrap();
    let note = |app: &mut App, text: &str| {
        app.unlock_recovery(proof()).unwrap();
        let changes = SetChanges { note: Some(text.into()), ..SetChanges::default() };
        app.edit_recovery(&set, changes).unwrap();
    };
    back_up();
    note(&mut app, "First pet: Rex");
    let report = drill(&mut app, Some(&copy)).unwrap();
    assert_eq!((lost(&report), report.ok), (vec![("GitHub", LossReason::SetDiffers)], false));
    assert_eq!(report.codes_back, 4);
    back_up();
    assert!(drill(&mut app, Some(&copy)).unwrap().ok);
    note(&mut app, "");
    assert!(drill(&mut app, Some(&copy)).unwrap().ok, "a note that is gone here cannot be lost");
}

#[test]
fn a_drill_needs_what_opens_the_copy_and_a_copy_of_this_vault() {
    let (_host, home, mut app, ..) = app();
    let wrong = Proof { passphrase: Some("wrong".into()), recovery_key: None };
    let folder = tempfile::tempdir().unwrap();
    let refused = app.plan_drill(None).unwrap().run(folder.path(), wrong).err().map(|failure| failure.kind);
    assert_eq!(refused, Some(FailureKind::WrongPassphrase));
    let (_, other_home, ..) = self::app();
    let other = other_home.path().join("vault.keyhaven");
    assert!(drill(&mut app, Some(&other)).unwrap_err().detail.contains("another vault"));
    assert_eq!(app.choose_drill_copy(&other).unwrap_err().kind, FailureKind::AnotherVault);
    let own = home.path().join("vault.keyhaven");
    assert!(app.choose_drill_copy(&own).unwrap().saved_at > 0);
    assert!(drill(&mut app, Some(&home.path().join("nothing"))).is_err());
    assert_eq!(app.last_drill().unwrap(), None);
}

#[test]
fn reminders_come_when_they_are_due_and_go_when_they_are_seen_to() {
    let (host, _home, mut app, ids, set) = app();
    let reminders = |app: &App| app.readiness().unwrap().reminders;
    let loose = |app: &mut App, name: &str| {
        let text = "Recovery codes\n11111-aaaaa\n22222-bbbbb\n33333-ccccc\n44444-ddddd\n";
        let pending = app.begin_drafts(1).unwrap().text(name.into(), SecretText::new(text.into()));
        let draft = app.keep_draft(pending).unwrap();
        let choices = DraftChoices { name: name.into(), ..DraftChoices::default() };
        app.accept_draft(draft.id, choices).unwrap().set.id
    };
    let door = loose(&mut app, "Door");
    assert!(!reminders(&app).contains(&Reminder::KitOlderThanSlots), "made together");

    // The printed kit is older than the newest way in, until there is a newer kit.
    host.pass(DAY);
    let second = SecretText::new("another good passphrase of six words".into());
    app.add_passphrase(proof(), &second, "second").unwrap();
    assert!(reminders(&app).contains(&Reminder::KitOlderThanSlots));
    host.pass(DAY);
    let kit = app.renew_kit(proof()).unwrap();
    let group = |number: usize| SecretText::new(kit.groups[usize::from(kit.challenge[number])].clone());
    app.confirm_kit(&[group(0), group(1)]).unwrap();
    let now = reminders(&app);
    assert!(!now.contains(&Reminder::KitOlderThanSlots) && !now.contains(&Reminder::KeepKit), "{now:?}");

    // Few codes left in a set without an account.
    let low = Reminder::SetLow { name: "Door".into() };
    app.unlock_recovery(proof()).unwrap();
    assert!(!reminders(&app).contains(&low));
    app.use_next_recovery_code(&door, "").unwrap();
    assert!(reminders(&app).contains(&low));
    app.undo_recovery_use(&door).unwrap();

    // Not looked at for a year: with an account it is the account's advice, without one a reminder of its own.
    let _folder = backed_up(&mut app);
    assert!(drill(&mut app, None).unwrap().ok);
    host.pass(366 * DAY);
    let stale = Reminder::SetStale { name: "Door".into() };
    let advice = |app: &App| {
        app.readiness().unwrap().accounts.iter().find(|account| account.id == ids[0]).unwrap().advice
    };
    assert!(reminders(&app).contains(&stale) && reminders(&app).contains(&Reminder::DrillOld));
    assert_eq!(advice(&app), Advice::LookAt);
    app.reveal_recovery(&door).unwrap();
    app.reveal_recovery(&set).unwrap();
    assert!(!reminders(&app).contains(&stale));
    assert_eq!(advice(&app), Advice::Nothing);
    app.back_up_now().unwrap();
    assert!(drill(&mut app, None).unwrap().ok);
    assert!(!reminders(&app).contains(&Reminder::DrillOld));
}
