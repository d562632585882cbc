//! What is to become the vault is shown before it does: counts, dates, and what differs from the newest other state.

use crate::host::{TestHost, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::*;
use std::path::Path;
use std::sync::Arc;

const MINUTE: u64 = 60_000;

fn add(app: &mut App, name: &str) {
    let uri = format!("otpauth://totp/{name}?secret=JBSWY3DPEHPK3PXP&issuer={name}");
    let now = app.now();
    app.add(vec![keyhaven_otp::parse_uri(&uri).unwrap().account], now).unwrap();
}

fn proof() -> Proof {
    Proof { passphrase: Some(passphrase().expose().to_owned()), recovery_key: None }
}

fn point(point: &RestorePoint) -> RestoreSource {
    RestoreSource::Point { place: point.place, name: point.name.clone() }
}

/// A vault with the accounts "a" to "c", saved one after the other, a backup of it with the first two, and its file cut
/// off; as the next start finds it.
fn damaged(host: &Arc<TestHost>, home: &Path, folder: &Path) -> App {
    let mut app = open_app(host, home);
    app.set_backup_folder(folder).unwrap();
    for name in ["a", "b"] {
        host.pass(MINUTE);
        add(&mut app, name);
    }
    app.back_up_now().unwrap();
    host.pass(MINUTE);
    add(&mut app, "c");
    host.pass(MINUTE);
    add(&mut app, "d");
    drop(app);
    let file = home.join("vault.keyhaven");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    restarted(host, home)
}

fn names(holds: &Holdings) -> Vec<(&str, Effect)> {
    holds.differences.iter().map(|one| (one.issuer.as_str(), one.effect)).collect()
}

#[test]
fn a_state_is_shown_before_it_takes_a_damaged_vaults_place_and_a_newer_one_is_named() {
    let (host, home, folder) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = damaged(&host, home.path(), folder.path());
    let before = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    let points = app.restore_points().unwrap().points;
    let places: Vec<_> = points.iter().map(|point| point.place).collect();
    assert!(places.contains(&PointPlace::Folder) && places.contains(&PointPlace::Saved), "{points:?}");

    // The newest that can be read: without a key its dates are known, with one all of it.
    let newest = app.preview_restore(&point(&points[0]), None, None).unwrap();
    assert_eq!((newest.saved_at, &newest.newer, &newest.holds), (points[0].saved_at, &None, &None));
    assert!(newest.has_passphrase && newest.has_recovery_key);
    let newest = app.preview_restore(&point(&points[0]), Some(proof()), None).unwrap();
    let holds = newest.holds.unwrap();
    assert_eq!((holds.accounts, holds.recovery), (3, Some(0)), "a, b and c: d was in the file alone");

    // The backup is older: what is newer is named, and what is not in it.
    let backup = points.iter().find(|point| point.place == PointPlace::Folder).unwrap();
    let older = app.preview_restore(&point(backup), Some(proof()), None).unwrap();
    assert_eq!(older.newer.as_ref(), Some(&points[0]));
    let holds = older.holds.unwrap();
    assert_eq!((holds.accounts, holds.compared_with.as_ref().map(|other| other.accounts)), (2, Some(3)));
    assert_eq!(names(&holds), [("c", Effect::Removed)]);

    // A chosen file is looked into alike, and the keyring opens what it has the key of.
    let file = RestoreSource::File { path: folder.path().join(&backup.name).display().to_string() };
    let answer = app.preview_question(&file).unwrap().unwrap().ask();
    let opened = app.preview_restore(&file, None, Some(answer)).unwrap();
    assert_eq!(opened.newer.as_ref(), Some(&points[0]));
    let holds = opened.holds.unwrap();
    assert_eq!((holds.accounts, holds.recovery), (2, None), "the keyring opens no recovery codes");

    let wrong = Proof { passphrase: Some("not this one".into()), recovery_key: None };
    let refused = app.preview_restore(&file, Some(wrong), None).unwrap_err();
    assert_eq!(refused.kind, FailureKind::WrongPassphrase);
    assert_eq!(std::fs::read(home.path().join("vault.keyhaven")).unwrap(), before, "looking changes nothing");

    // The backup may still be meant; what stood there is kept, and so are the newer states.
    app.restore_point(PointPlace::Folder, &backup.name).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    let issuers: Vec<_> = app.accounts().unwrap().into_iter().map(|row| row.issuer).collect();
    assert_eq!(issuers.len(), 2, "{issuers:?}");
    let kept = std::fs::read_dir(home.path().join("generations")).unwrap().flatten();
    let mut kept = kept.filter_map(|file| std::fs::read(file.path()).ok());
    assert!(kept.any(|bytes| bytes == before));
    assert!(app.restore_points().unwrap().points.contains(&points[0]));
    let again = app.restore_point(PointPlace::Folder, &backup.name).unwrap_err();
    assert_eq!(again.kind, FailureKind::VaultExists, "no backup takes the place of a vault that can be read");
    let outside = app.restore_point(PointPlace::Folder, "../vault.keyhaven").unwrap_err();
    assert_eq!(outside.kind, FailureKind::BadInput);
}

#[test]
fn on_a_new_computer_a_backup_is_shown_with_nothing_to_compare_it_with() {
    let (host, home, folder) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, "a");
    let copy = folder.path().join("a.keyhaven");
    app.back_up_to(&copy).unwrap();
    drop(app);
    // Nothing is there to compare it with, and no keyring.
    let elsewhere = tempfile::tempdir().unwrap();
    let app = App::open(TestHost::new(), elsewhere.path());
    let source = RestoreSource::File { path: copy.display().to_string() };
    let answer = app.preview_question(&source).unwrap().map(|question| question.ask());
    assert_eq!(app.preview_restore(&source, None, answer).unwrap().holds, None);
    let preview = app.preview_restore(&source, Some(proof()), None).unwrap();
    let holds = preview.holds.unwrap();
    assert_eq!((holds.accounts, holds.compared_with, preview.newer), (1, None, None));
    assert!(app.restore_points().is_err(), "there never was a vault here");
    let missing = RestoreSource::File { path: folder.path().join("b").display().to_string() };
    assert!(app.preview_restore(&missing, None, None).is_err());
    assert!(app.preview_restore(&RestoreSource::Pages, None, None).is_err(), "no page was gathered");
}

/// Found by reading: while a person looked, a folder that is synced brought the vault back.
#[test]
fn a_vault_that_came_back_meanwhile_is_not_replaced() {
    let (host, home, folder) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = damaged(&host, home.path(), folder.path());
    let points = app.restore_points().unwrap().points;
    let newest = points.iter().find(|point| point.place == PointPlace::Saved).unwrap();
    let file = home.path().join("vault.keyhaven");
    std::fs::copy(home.path().join("generations").join(&newest.name), &file).unwrap();
    let there = std::fs::read(&file).unwrap();
    for point in &points {
        let refused = app.restore_point(point.place, &point.name).unwrap_err();
        assert_eq!(refused.kind, FailureKind::VaultExists, "{point:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), there);
}

/// Found by reading: a backup was put into the empty place of a drive that was not there, a second line of the vault.
#[test]
fn no_backup_takes_the_place_of_a_vault_whose_drive_is_not_there() {
    let (host, home, folder) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let drives = tempfile::tempdir().unwrap();
    let (stick, away) = (drives.path().join("stick"), drives.path().join("in a pocket"));
    std::fs::create_dir(&stick).unwrap();
    let mut app = open_app(&host, home.path());
    add(&mut app, "a");
    app.back_up_to(&stick.join("vault.keyhaven")).unwrap();
    app.use_vault(&stick.join("vault.keyhaven"), false).unwrap();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    add(&mut app, "b");
    app.back_up_now().unwrap();
    drop(app);
    std::fs::rename(&stick, &away).unwrap();
    let mut app = restarted(&host, home.path());
    let points = app.restore_points().unwrap().points;
    let backup = points.iter().find(|point| point.place == PointPlace::Folder).unwrap();
    // Without the drive, and where its place is an empty folder.
    for empty in [false, true] {
        if empty {
            std::fs::create_dir(&stick).unwrap();
        }
        let refused = app.restore_point(backup.place, &backup.name).unwrap_err();
        assert_eq!(refused.kind, FailureKind::NotSaved);
        assert!(refused.detail.contains("connect"), "{}", refused.detail);
        assert!(!stick.join("vault.keyhaven").exists());
    }
    std::fs::remove_dir(&stick).unwrap();
    std::fs::rename(&away, &stick).unwrap();
    app.look_again();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(app.accounts().unwrap().len(), 2);
}
