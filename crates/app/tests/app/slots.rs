//! The ways in: added, changed, removed, renewed; and the keyring doctor's findings.

use crate::host::{PASSPHRASE, TestHost, cheap, open_app, passphrase, restarted};
use keyhaven_app::App;
use keyhaven_app::host::KeyringError;
use keyhaven_app::safety_view::*;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use keyhaven_vault::KdfCost;
use std::sync::Arc;

const SECOND: &str = "marble lantern walnut bicycle";

fn text(text: &str) -> SecretText {
    SecretText::new(text.into())
}

fn proof(text: &str) -> Proof {
    Proof { passphrase: Some(text.into()), recovery_key: None }
}

fn of(slots: &[SlotView], kind: SlotName) -> Vec<&SlotView> {
    slots.iter().filter(|slot| slot.kind == kind).collect()
}

fn add(app: &mut App, name: &str) {
    let uri = format!("otpauth://totp/{name}?secret=JBSWY3DPEHPK3PXP&issuer={name}");
    let now = app.now();
    app.add(vec![keyhaven_otp::parse_uri(&uri).unwrap().account], now).unwrap();
}

#[test]
fn a_second_passphrase_is_added_and_the_first_removed_and_the_last_stays() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let wrong = app.add_passphrase_at(proof("no"), &text(SECOND), "", cheap()).unwrap_err();
    assert_eq!(wrong.kind, FailureKind::WrongPassphrase);
    let weak = app.add_passphrase(proof(PASSPHRASE), &text("password"), "").unwrap_err();
    assert_eq!(weak.kind, FailureKind::WeakPassphrase);
    let slots = app.add_passphrase_at(proof(PASSPHRASE), &text(SECOND), " laptop ", cheap()).unwrap();
    let again = app.add_passphrase_at(proof(SECOND), &text(PASSPHRASE), "", cheap()).unwrap_err();
    assert_eq!(again.kind, FailureKind::BadInput, "it opens the vault already");
    let passphrases = of(&slots, SlotName::Passphrase);
    assert_eq!(app.slot_of_proof(proof(SECOND)).unwrap().as_ref(), Some(&passphrases[1].id));
    assert_eq!(app.slot_of_proof(proof("no")).unwrap(), None);
    let same = app.change_passphrase(&passphrases[1].id, &text(SECOND), &text(PASSPHRASE)).unwrap_err();
    assert_eq!(same.kind, FailureKind::BadInput);
    assert_eq!(passphrases.iter().map(|slot| slot.label.as_str()).collect::<Vec<_>>(), ["", "laptop"]);
    assert!(passphrases.iter().all(|slot| slot.opens_accounts && slot.opens_recovery && slot.removable));
    let (first, second) = (passphrases[0].id.clone(), passphrases[1].id.clone());

    let slots = app.remove_slot(&first, proof(SECOND)).unwrap();
    assert_eq!(of(&slots, SlotName::Passphrase).len(), 1);
    // The kit was never typed back: nobody knows whether anyone has it.
    let last = app.remove_slot(&second, proof(SECOND)).unwrap_err();
    assert_eq!(last.kind, FailureKind::LastWayIn);
    let kit = of(&slots, SlotName::RecoveryKey)[0].id.clone();
    let slots = app.remove_slot(&kit, proof(SECOND)).unwrap();
    assert!(!of(&slots, SlotName::Passphrase)[0].removable);
    assert_eq!(app.remove_slot(&second, proof(SECOND)).unwrap_err().kind, FailureKind::LastWayIn);
    let keyring = of(&slots, SlotName::Keyring)[0].id.clone();
    app.remove_slot(&keyring, proof(SECOND)).unwrap();
    assert_eq!(host.keyring.len(), 0, "its entry is gone too");
    assert!(app.remove_slot(&keyring, proof(SECOND)).is_err());

    let mut app = restarted(&host, home.path());
    assert_eq!(app.unlock_with_passphrase(&passphrase()).unwrap_err().kind, FailureKind::WrongPassphrase);
    app.unlock_with_passphrase(&text(SECOND)).unwrap();
}

#[test]
fn a_passphrase_is_changed_and_its_cost_is_not_lowered() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    // More memory than this "slow" test machine would be given now.
    let high = KdfCost::new(96 * 1024, 3).unwrap();
    app.create(Some((passphrase(), high)), false).unwrap();
    app.close_kit();
    let id = of(&app.slots().unwrap(), SlotName::Passphrase)[0].id.clone();
    let wrong = app.change_passphrase(&id, &text("wrong"), &text(SECOND)).unwrap_err();
    assert_eq!(wrong.kind, FailureKind::WrongPassphrase);
    let slots = app.change_passphrase(&id, &passphrase(), &text(SECOND)).unwrap();
    let slot = of(&slots, SlotName::Passphrase)[0];
    assert_eq!((slot.memory_kib, slot.passes), (Some(96 * 1024), Some(3)));
    app.lock();
    assert!(app.unlock_with_passphrase(&passphrase()).is_err());
    app.unlock_with_passphrase(&text(SECOND)).unwrap();
    assert!(!app.strengthen(&text(SECOND)).unwrap(), "a busy machine lowers nothing");
}

/// Each save pushes the earliest saved state towards its end; what was refused is no reason for that.
#[test]
fn what_is_refused_writes_nothing() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    add(&mut app, "kept");
    let only = of(&app.slots().unwrap(), SlotName::Passphrase)[0].id.clone();
    let vault = || std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    let states = || std::fs::read_dir(home.path().join("generations")).unwrap().count();
    let (before, count, slots) = (vault(), states(), app.slots().unwrap());
    for _ in 0..3 {
        let wrong = app.change_passphrase(&only, &text("not the passphrase"), &text(SECOND)).unwrap_err();
        assert_eq!(wrong.kind, FailureKind::WrongPassphrase);
        let long = "x".repeat(10_000);
        app.add_passphrase_at(proof(PASSPHRASE), &text(SECOND), &long, cheap()).unwrap_err();
        app.remove_slot(&only, proof(PASSPHRASE)).unwrap_err();
        assert!(!app.strengthen(&text("not the passphrase")).unwrap());
    }
    assert!(vault() == before && states() == count);
    assert_eq!(app.slots().unwrap(), slots);
    add(&mut app, "more");
    assert_eq!(app.accounts().unwrap().len(), 2);
}

#[test]
fn a_cost_below_the_least_is_raised_after_an_unlock_and_once() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    drop(open_app(&host, home.path()));
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
    let since = of(&app.slots().unwrap(), SlotName::Passphrase)[0].created_at;
    host.pass(3_600_000);
    assert!(app.strengthen(&passphrase()).unwrap());
    let least = KdfCost::DEFAULT_MINIMUM;
    let slots = app.slots().unwrap();
    let slot = of(&slots, SlotName::Passphrase)[0];
    assert_eq!((slot.memory_kib, slot.passes), (Some(least.memory_kib()), Some(least.passes())));
    assert_eq!(slot.created_at, since, "the same passphrase makes no emergency kit old");
    assert!(!app.strengthen(&passphrase()).unwrap());
    let mut app = restarted(&host, home.path());
    app.unlock_with_passphrase(&passphrase()).unwrap();
}

#[test]
fn a_machine_that_got_faster_raises_the_cost() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = App::open(host.clone(), home.path());
    app.create(Some((passphrase(), KdfCost::DEFAULT_MINIMUM)), false).unwrap();
    app.lock();
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(!app.strengthen(&passphrase()).unwrap(), "it takes long enough");
    app.lock();
    host.measures(std::time::Duration::from_millis(300));
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert!(app.strengthen(&passphrase()).unwrap());
    let memory = of(&app.slots().unwrap(), SlotName::Passphrase)[0].memory_kib.unwrap();
    assert_eq!(memory, 2 * KdfCost::DEFAULT_MINIMUM.memory_kib());
}

#[test]
fn renewed_keys_leave_the_old_states_to_the_old_ways_in_and_that_is_told_before() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    let folder = tempfile::tempdir().unwrap();
    app.set_backup_folder(folder.path()).unwrap();
    add(&mut app, "GitHub");
    app.back_up_now().unwrap();
    let backup = app.backups().last_name.unwrap();
    app.add_passphrase_at(proof(PASSPHRASE), &text(SECOND), "", cheap()).unwrap();
    let old_entry = host.keyring.len();
    let fate = app.rotation_fate().unwrap();
    assert_eq!((fate.backups, fate.other_passphrases, fate.keyring, fate.possible), (1, 1, true, true));
    assert!(fate.saved_states >= 1);
    assert_eq!(app.rotate_keys(&text("wrong")).err().unwrap().kind, FailureKind::WrongPassphrase);

    let kit = app.rotate_keys(&passphrase()).unwrap();
    assert_eq!(host.keyring.len(), old_entry);
    let Status::Open(view) = app.status() else { panic!() };
    assert_eq!((view.kit, view.accounts), (KitState::Unconfirmed, 1));
    // The old backup still opens, with what opened it then.
    assert!(matches!(
        app.look_into_point(PointPlace::Folder, &backup, None).unwrap(),
        LookAnswer::Locked { has_passphrase: true, .. }
    ));
    assert!(matches!(
        app.look_into_point(PointPlace::Folder, &backup, Some(proof(PASSPHRASE))).unwrap(),
        LookAnswer::Opened(Look { accounts: 1, .. })
    ));
    let mut app = restarted(&host, home.path());
    app.unlock_with_keyring().unwrap();
    app.lock();
    assert!(app.unlock_with_passphrase(&text(SECOND)).is_err(), "the other passphrase opens it no more");
    app.unlock_with_recovery_key(&text(&kit.groups.join("-"))).unwrap();
}

#[test]
fn keys_are_not_renewed_when_the_keyring_refuses_its_new_one() {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    let mut app = open_app(&host, home.path());
    host.keyring.fail_with(Some(KeyringError::Refused("policy".into())));
    assert_eq!(app.rotate_keys(&passphrase()).err().unwrap().kind, FailureKind::Keyring);
    host.keyring.fail_with(None);
    restarted(&host, home.path()).unlock_with_keyring().unwrap();
}

fn examine(app: &App, unlock: bool) -> DoctorReport {
    app.diagnose(app.doctor_question(unlock).ask())
}

fn vault_id(app: &App) -> String {
    match app.status() {
        Status::Open(view) => view.vault_id,
        Status::Locked(view) => view.vault_id,
        other => panic!("{other:?}"),
    }
}

fn doctors_scene() -> (Arc<TestHost>, tempfile::TempDir, App) {
    let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
    *host.keyring.provider.lock().unwrap() = "gnome-keyring-d".into();
    let app = open_app(&host, home.path());
    (host, home, app)
}

#[test]
fn each_trouble_of_the_keyring_has_its_own_finding() {
    let (host, home, app) = doctors_scene();
    let before = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    assert_eq!(examine(&app, false).finding, Finding::Ready);
    for (fault, quietly, asking) in [
        (KeyringError::Absent("no bus".into()), Finding::NoService, Finding::NoService),
        (KeyringError::NoCollection, Finding::NoCollection, Finding::NoCollection),
        (KeyringError::Locked, Finding::Locked, Finding::Refused),
        (KeyringError::Refused("policy".into()), Finding::Refused, Finding::Refused),
        (KeyringError::Missing, Finding::Missing, Finding::Missing),
        (KeyringError::Ambiguous, Finding::Ambiguous, Finding::Ambiguous),
        (KeyringError::Malformed, Finding::NotAKey, Finding::NotAKey),
        (KeyringError::TooLarge("2560".into()), Finding::TooLarge, Finding::TooLarge),
        (KeyringError::Failed("broken".into()), Finding::Failed, Finding::Failed),
    ] {
        host.keyring.fail_with(Some(fault.clone()));
        assert_eq!(examine(&app, false).finding, quietly, "{fault:?}");
        assert_eq!(examine(&app, true).finding, asking, "{fault:?}");
    }
    host.keyring.fail_with(None);
    let id = vault_id(&app);
    let long = "A".repeat(4_000);
    for (entry, finding) in [
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Finding::AnotherVault),
        ("a password of something else", Finding::NotAKey),
        (long.as_str(), Finding::TooLarge),
    ] {
        host.keyring.put(&id, entry);
        let report = examine(&app, false);
        assert_eq!((report.finding, report.repairable), (finding, true));
        assert!(!format!("{report:?}").contains(entry), "no entry is shown");
    }
    assert_eq!(std::fs::read(home.path().join("vault.keyhaven")).unwrap(), before, "looking changes nothing");
    // The repair.
    let mut app = app;
    app.enable_keyring().unwrap();
    assert_eq!(examine(&app, false).finding, Finding::Ready);
}

#[test]
fn a_key_in_another_program_than_the_one_that_answers_now_is_told() {
    let (host, home, app) = doctors_scene();
    host.keyring.clear();
    *host.keyring.provider.lock().unwrap() = "keepassxc".into();
    host.keyring.put("0000-1111", "an entry of another vault");
    let report = examine(&app, false);
    assert_eq!((report.finding, report.other_vaults), (Finding::OtherProvider, 1));
    assert_eq!(
        (report.stored_with.as_deref(), report.provider.as_deref()),
        (Some("gnome-keyring-d"), Some("keepassxc"))
    );
    // It is remembered over a restart, and a locked vault is examined as well.
    let again = restarted(&host, home.path());
    let report = examine(&again, false);
    assert_eq!((report.finding, report.open), (Finding::OtherProvider, false));
}

#[test]
fn a_key_of_another_state_after_a_restore_is_stale() {
    let (host, home, mut app) = doctors_scene();
    add(&mut app, "One");
    let older = std::fs::read(home.path().join("vault.keyhaven")).unwrap();
    app.enable_keyring().unwrap();
    add(&mut app, "Two");
    drop(app);
    std::fs::write(home.path().join("vault.keyhaven"), older).unwrap();
    let mut app = restarted(&host, home.path());
    assert!(app.unlock_with_keyring().is_err());
    assert_eq!(examine(&app, false).finding, Finding::Stale);
    app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(app.disable_keyring(), Ok(()));
    assert_eq!(examine(&app, false).finding, Finding::NotUsed);
}
