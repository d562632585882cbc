//! Copies beside the vault are noticed, looked into before anything changes, merged and put away.

use crate::host::{PASSPHRASE, TestHost, open_app, passphrase};
use keyhaven_app::App;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::*;
use std::path::Path;
use std::sync::Arc;

const CONFLICT: &str = "vault.sync-conflict-20261122-091500-K4T2ABC.keyhaven";

fn add(app: &mut App, name: &str) {
    let uri = format!("otpauth://totp/{name}?secret=JBSWY3DPEHPK3PXP&issuer={name}");
    let now = app.now();
    app.add(vec![keyhaven_otp::parse_uri(&uri).unwrap().account], now).unwrap();
}

fn id_of(app: &App, issuer: &str) -> String {
    app.accounts().unwrap().into_iter().find(|row| row.issuer == issuer).unwrap().id
}

/// The vault on another computer, open.
fn another_computer(host: &Arc<TestHost>, home: &Path, other: &Path) -> App {
    std::fs::copy(home.join("vault.keyhaven"), other.join("vault.keyhaven")).unwrap();
    let mut app = App::open(host.clone(), other);
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app
}

fn opened(answer: LookAnswer) -> Look {
    match answer {
        LookAnswer::Opened(look) => look,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_conflicted_copy_is_noticed_shown_merged_on_the_persons_word_and_kept_or_removed() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, "Both");
    add(&mut app, "DeletedThere");
    let mut there = another_computer(&host, home.path(), other.path());
    add(&mut there, "AddedThere");
    let deleted = id_of(&there, "DeletedThere");
    there.delete_account(&deleted).unwrap();
    let both = id_of(&there, "Both");
    there.edit_account(&both, AccountChanges { note: Some("there".into()), ..Default::default() }).unwrap();
    add(&mut app, "AddedHere");
    app.edit_account(&both, AccountChanges { name: Some("here".into()), ..Default::default() }).unwrap();
    assert!(app.copies().is_empty());
    std::fs::copy(other.path().join("vault.keyhaven"), home.path().join(CONFLICT)).unwrap();
    // Beside it, what is none: the very same file, and another vault.
    std::fs::copy(home.path().join("vault.keyhaven"), home.path().join("vault (1).keyhaven")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    drop(open_app(&host, elsewhere.path()));
    std::fs::copy(elsewhere.path().join("vault.keyhaven"), home.path().join("vault 2.keyhaven")).unwrap();

    let copies = app.copies();
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert_eq!((copies[0].name.as_str(), copies[0].made_by), (CONFLICT, Some(CopyMaker::Syncthing)));
    assert_eq!(copies[0].news, Some(true));
    let before = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    let look = opened(app.preview_copy(CONFLICT, None).unwrap());
    let effects: Vec<_> = look.differences.iter().map(|one| (one.issuer.as_str(), one.effect)).collect();
    assert_eq!(
        effects,
        [("AddedThere", Effect::Added), ("Both", Effect::BothKept), ("DeletedThere", Effect::Removed)]
    );
    assert!(!look.merge.as_ref().unwrap().nothing);
    assert_eq!(std::fs::read(home.path().join("vault.keyhaven")).unwrap(), before, "looking changes nothing");

    app.apply_merge(look.look).unwrap();
    let mut names: Vec<_> = app.accounts().unwrap().into_iter().map(|row| row.issuer).collect();
    names.sort();
    assert_eq!(names, ["AddedHere", "AddedThere", "Both"]);
    let again = opened(app.preview_copy(CONFLICT, None).unwrap());
    assert!(again.merge.unwrap().nothing, "merging it once more would change nothing");

    // Both copies are old news now: the merged one, and the one that was the very same file before.
    assert!(app.copies().iter().all(|copy| copy.news == Some(false)), "{:?}", app.copies());
    assert!(app.settle_copy(CONFLICT, CopyFate::Keep).unwrap().iter().all(|copy| copy.name != CONFLICT));
    assert!(home.path().join(format!("{CONFLICT}.merged")).exists());
    std::fs::copy(other.path().join("vault.keyhaven"), home.path().join(CONFLICT)).unwrap();
    app.settle_copy(CONFLICT, CopyFate::Keep).unwrap();
    assert!(home.path().join(format!("{CONFLICT}.merged.2")).exists(), "one that was kept is not replaced");
    std::fs::copy(other.path().join("vault.keyhaven"), home.path().join(CONFLICT)).unwrap();
    app.settle_copy(CONFLICT, CopyFate::Remove).unwrap();
    assert!(!home.path().join(CONFLICT).exists());
    for name in ["vault.keyhaven", "../vault.keyhaven", "vault 2.keyhaven"] {
        assert!(app.settle_copy(name, CopyFate::Remove).is_err(), "{name} is no copy");
    }
}

/// What goes is what was merged: a program that keeps folders alike may put another file in its place at any time.
#[test]
fn a_copy_with_something_that_the_vault_has_not_is_never_removed() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let mut there = another_computer(&host, home.path(), other.path());
    let (theirs, copy) = (other.path().join("vault.keyhaven"), home.path().join(CONFLICT));
    let arrives = || std::fs::copy(&theirs, &copy).map(drop).unwrap();
    let refused = |app: &App| {
        let failure = app.settle_copy(CONFLICT, CopyFate::Remove).unwrap_err();
        assert_eq!(failure.kind, FailureKind::BadInput);
        assert!(failure.detail.contains("merge it first"), "{}", failure.detail);
    };
    let merge = |app: &mut App| {
        let look = opened(app.preview_copy(CONFLICT, None).unwrap());
        app.apply_merge(look.look).unwrap();
    };
    add(&mut there, "First");
    arrives();
    refused(&app);
    merge(&mut app);
    // Another state of it arrives under the same name.
    add(&mut there, "Second");
    arrives();
    refused(&app);
    assert!(copy.exists());
    merge(&mut app);
    // And one more, between the comparison and the removal.
    add(&mut there, "Third");
    let (from, to) = (theirs.clone(), copy.clone());
    *host.files.meanwhile.lock().unwrap() =
        Some(Box::new(move || std::fs::copy(from, to).map(drop).unwrap()));
    refused(&app);
    assert_eq!(
        std::fs::read(home.path().join(format!("{CONFLICT}.merged"))).unwrap(),
        std::fs::read(&theirs).unwrap(),
        "it is kept, and named"
    );
    // A locked vault cannot compare.
    arrives();
    merge(&mut app);
    app.lock();
    refused(&app);
    app.unlock_with_passphrase(&passphrase()).unwrap();
    app.settle_copy(CONFLICT, CopyFate::Remove).unwrap();
    assert!(!copy.exists());
}

#[test]
fn a_copy_is_noticed_too_where_its_name_does_not_end_as_the_vaults() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut another_computer(&host, home.path(), other.path()), "AddedThere");
    let names = [
        "Copy of vault.keyhaven",
        "vault.keyhaven (conflicted copy 2026-11-22 091500)",
        "vault.keyhaven.sync-conflict-20261122-091500-K4T2ABC",
    ];
    for name in names {
        std::fs::copy(other.path().join("vault.keyhaven"), home.path().join(name)).unwrap();
    }
    let found: Vec<_> = app.copies().into_iter().map(|copy| (copy.name, copy.news)).collect();
    assert_eq!(found, names.map(|name| (name.to_owned(), Some(true))));
    for name in names {
        opened(app.preview_copy(name, None).unwrap());
        app.settle_copy(name, CopyFate::Keep).unwrap();
    }
    assert!(app.copies().is_empty(), "{:?}", app.copies());
}

#[test]
fn a_copy_that_has_not_arrived_whole_is_told_and_left_alone() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let whole = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    std::fs::write(home.path().join(CONFLICT), &whole[..whole.len() / 2]).unwrap();
    let copies = app.copies();
    assert!(copies[0].problem.as_ref().unwrap().contains("cut short"), "{copies:?}");
    assert_eq!(app.preview_copy(CONFLICT, None).unwrap_err().kind, FailureKind::DamagedVault);
    assert!(home.path().join(CONFLICT).exists());
}

#[test]
fn a_copy_with_other_keys_asks_for_its_passphrase() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let mut there = another_computer(&host, home.path(), other.path());
    add(&mut there, "AddedThere");
    drop(there);
    // The other computer rotated the keys.
    let location = keyhaven_vault::Location::at(other.path().join("vault.keyhaven"));
    let files = keyhaven_vault::DiskFiles;
    let new = keyhaven_secret::SecretText::new("the passphrase of the other computer".into());
    let credential = passphrase();
    let credential = keyhaven_vault::Credential::Passphrase(&credential);
    let mut vault = keyhaven_vault::LockedVault::read(&files, &location).unwrap().unlock(credential).unwrap();
    vault.unlock_recovery(credential).unwrap();
    vault.rotate_keys(&[keyhaven_vault::NewSlot::passphrase(&new, crate::host::cheap())], 9).unwrap();
    vault.save(&files, 10).unwrap();
    std::fs::copy(location.file(), home.path().join(CONFLICT)).unwrap();

    assert!(matches!(
        app.preview_copy(CONFLICT, None).unwrap(),
        LookAnswer::Locked { has_passphrase: true, has_recovery_key: false }
    ));
    let proof = |text: &str| Some(Proof { passphrase: Some(text.into()), recovery_key: None });
    let wrong = app.preview_copy(CONFLICT, proof("wrong")).unwrap_err();
    assert_eq!(wrong.kind, FailureKind::WrongPassphrase);
    // Its passphrase opens the copy; to take newer keys over, this vault's recovery compartment must open as well.
    let half = app.preview_copy(CONFLICT, proof(new.expose())).unwrap_err();
    assert_eq!(half.kind, FailureKind::RecoveryLocked);
    assert_eq!(app.preview_copy(CONFLICT, proof(PASSPHRASE)).unwrap_err().kind, FailureKind::WrongPassphrase);
}

/// As a person has it who keeps the vault in a synced folder and left a link in its old place.
#[cfg(unix)]
#[test]
fn a_vault_behind_a_link_has_its_copies_and_states_where_it_really_is() {
    let (host, home, other) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = tempfile::tempdir().unwrap();
    let mut app = open_app(&host, home.path());
    add(&mut app, "Both");
    drop(app);
    let (link, real) = (home.path().join("vault.keyhaven"), place.path().join("vault.keyhaven"));
    std::fs::rename(&link, &real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut app = App::open(host.clone(), home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    add(&mut another_computer(&host, home.path(), other.path()), "AddedThere");
    add(&mut app, "AddedHere");
    std::fs::copy(other.path().join("vault.keyhaven"), place.path().join(CONFLICT)).unwrap();

    let names: Vec<_> = app.copies().into_iter().map(|copy| copy.name).collect();
    assert_eq!(names, [CONFLICT]);
    let look = opened(app.preview_copy(CONFLICT, None).unwrap());
    app.apply_merge(look.look).unwrap();
    assert_eq!(app.accounts().unwrap().len(), 3);
    app.settle_copy(CONFLICT, CopyFate::Remove).unwrap();
    assert!(!place.path().join(CONFLICT).exists());
    let points = app.restore_points().unwrap().points;
    let point = points.iter().find(|point| point.place == PointPlace::Saved).unwrap();
    opened(app.look_into_point(point.place, &point.name, None).unwrap());
    let refused = app.set_backup_folder(place.path()).unwrap_err();
    assert!(refused.detail.contains("the vault's own"), "{}", refused.detail);
}
