//! What a person does with a vault, when nothing goes wrong.

use crate::support::{Home, NOW, cheap, payloads, record, text};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{
    CreateError, Credential, DiskFiles, KdfCost, Location, LockedVault, NewSlot, NewVault, OpenVault, Opens,
    Problem, RecordId, SlotError, SlotKind, UnlockError,
};

#[test]
fn a_vault_opens_with_each_of_its_slots() {
    let home = Home::new();
    let vault = home.saved();
    let id = vault.id();
    drop(vault);
    let locked = home.read();
    assert_eq!((locked.id(), locked.generation(), locked.saved_at()), (id, 1, NOW));
    let kinds: Vec<_> = locked.slots().into_iter().map(|slot| slot.kind).collect();
    assert_eq!(kinds, [SlotKind::Passphrase, SlotKind::Keyring, SlotKind::RecoveryKey]);
    for credential in [
        Credential::Passphrase(&home.keys.passphrase),
        Credential::Keyring(&home.keys.keyring),
        Credential::RecoveryKey(&home.keys.recovery_key),
    ] {
        let vault = locked.unlock(credential).unwrap();
        assert_eq!(payloads(vault.accounts().iter()), ["one"], "{credential:?}");
        assert!(vault.recovery().is_none(), "{credential:?}");
    }
}

#[test]
fn records_change_and_go_and_the_file_follows() {
    let home = Home::new();
    let mut vault = home.create();
    let (first, second) = (record("account", "first"), record("account", "second"));
    let (first_id, second_id) = (first.id, second.id);
    vault.accounts_mut().put(first);
    vault.accounts_mut().put(second);
    vault.save(&DiskFiles, NOW).unwrap();

    let mut vault = home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
    let changed =
        vault.accounts().get(first_id).unwrap().changed(NOW + 5, SecretBytes::new(b"changed".to_vec()));
    vault.accounts_mut().put(changed);
    assert!(vault.accounts_mut().delete(second_id, NOW + 6));
    assert!(!vault.accounts_mut().delete(second_id, NOW + 7));
    assert!(!vault.accounts_mut().delete(RecordId::random().unwrap(), NOW + 7));
    assert_eq!(vault.save(&DiskFiles, NOW + 8).unwrap().generation, 2);

    let vault = vault.lock().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
    assert_eq!(payloads(vault.accounts().iter()), ["changed"]);
    assert_eq!(vault.accounts().get(first_id).unwrap().modified_at, NOW + 5);
    assert!(vault.accounts().get(second_id).is_none());
    let tombstones: Vec<_> = vault.accounts().deleted().collect();
    assert_eq!(tombstones.len(), 1);
    assert_eq!((tombstones[0].id, tombstones[0].deleted_at), (second_id, Some(NOW + 6)));
    assert!(tombstones[0].payload.is_empty());
    assert_eq!(vault.accounts().conflicts().count(), 0);
}

#[test]
fn the_recovery_compartment_asks_again_and_takes_records_while_locked() {
    let home = Home::new();
    let mut vault = home.saved();
    assert!(vault.recovery().is_none() && vault.recovery_mut().is_none());
    vault.drop_in_recovery(record("codes", "dropped in")).unwrap();
    assert_eq!(vault.waiting_drop_ins(), 1);
    vault.save(&DiskFiles, NOW).unwrap();

    let mut vault = home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
    assert_eq!(vault.waiting_drop_ins(), 1);
    let refused = vault.unlock_recovery(Credential::Keyring(&home.keys.keyring));
    assert!(matches!(refused, Err(UnlockError::NoSuchSlot(SlotKind::Keyring))), "{refused:?}");
    let refused = vault.unlock_recovery(Credential::Passphrase(&text("wrong")));
    assert!(matches!(refused, Err(UnlockError::WrongPassphrase)), "{refused:?}");
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["dropped in"]);
    assert_eq!(vault.waiting_drop_ins(), 0);
    vault.recovery_mut().unwrap().put(record("codes", "put"));
    vault.lock_recovery().unwrap();
    assert!(vault.recovery().is_none());
    vault.save(&DiskFiles, NOW).unwrap();

    let mut vault = home.read().unlock(Credential::RecoveryKey(&home.keys.recovery_key)).unwrap();
    vault.unlock_recovery(Credential::RecoveryKey(&home.keys.recovery_key)).unwrap();
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["dropped in", "put"]);
}

#[test]
fn a_second_passphrase_can_guard_the_recovery_compartment_alone() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    let second = text("for recovery only");
    let slot = NewSlot { opens: Opens::Recovery, ..NewSlot::passphrase(&second, cheap()) };
    vault.add_slot(&slot, NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    let locked = home.read();
    let refused = locked.unlock(Credential::Passphrase(&second));
    assert!(matches!(refused, Err(UnlockError::WrongPassphrase)), "{refused:?}");
    let mut vault = locked.unlock(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&second)).unwrap();
}

#[test]
fn a_new_vault_needs_a_durable_slot_and_a_real_passphrase() {
    let home = Home::new();
    let nothing =
        NewVault { location: home.location(), passphrase: None, keyring: None, recovery_key: None, now: NOW };
    assert!(matches!(OpenVault::create(&nothing), Err(CreateError::NoDurableSlot)));
    let keyring_only = NewVault { keyring: Some(&home.keys.keyring), ..nothing };
    assert!(matches!(OpenVault::create(&keyring_only), Err(CreateError::NoDurableSlot)));
    let empty = text("");
    let empty = NewVault { passphrase: Some((&empty, cheap())), ..keyring_only };
    assert!(matches!(OpenVault::create(&empty), Err(CreateError::EmptyPassphrase)));
    assert!(home.names().is_empty());
}

#[test]
fn the_last_durable_slot_stays() {
    let home = Home::new();
    let mut vault = home.saved();
    let id = |vault: &OpenVault, kind| vault.slots().iter().find(|slot| slot.kind == kind).unwrap().id;
    let recovery_key = id(&vault, SlotKind::RecoveryKey);
    vault.remove_slot(recovery_key, NOW).unwrap();
    assert!(matches!(vault.remove_slot(recovery_key, NOW), Err(SlotError::NoSuchSlot)));
    let passphrase = id(&vault, SlotKind::Passphrase);
    assert!(matches!(vault.remove_slot(passphrase, NOW), Err(SlotError::LastDurable)));
    vault.remove_slot(id(&vault, SlotKind::Keyring), NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    let locked = home.read();
    assert!(locked.unlock(Credential::Passphrase(&home.keys.passphrase)).is_ok());
    let gone = locked.unlock(Credential::Keyring(&home.keys.keyring));
    assert!(matches!(gone, Err(UnlockError::NoSuchSlot(SlotKind::Keyring))));
}

#[test]
fn the_last_slot_of_the_recovery_compartment_stays() {
    let home = Home::new();
    let mut vault = home.saved();
    let second = text("accounts only");
    let slot = NewSlot { opens: Opens::Accounts, ..NewSlot::passphrase(&second, cheap()) };
    vault.add_slot(&slot, NOW).unwrap();
    let with_recovery: Vec<_> = vault.slots().into_iter().filter(|slot| slot.opens_recovery).collect();
    assert_eq!(with_recovery.len(), 2);
    vault.remove_slot(with_recovery[0].id, NOW).unwrap();
    let refused = vault.remove_slot(with_recovery[1].id, NOW);
    assert!(matches!(refused, Err(SlotError::LastDurableForRecovery)), "{refused:?}");
}

#[test]
fn a_slot_for_the_recovery_compartment_needs_that_open() {
    let home = Home::new();
    let mut vault = home.saved();
    let more = text("more");
    let refused = vault.add_slot(&NewSlot::passphrase(&more, cheap()), NOW);
    assert!(matches!(refused, Err(SlotError::RecoveryLocked)), "{refused:?}");
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.add_slot(&NewSlot::passphrase(&more, cheap()), NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    let mut vault = home.read().unlock(Credential::Passphrase(&more)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&more)).unwrap();
}

#[test]
fn a_changed_passphrase_replaces_the_old_one_in_both_compartments() {
    let home = Home::new();
    let mut vault = home.saved();
    let slot = vault.slots()[0].clone();
    let new = text("a new one");
    let change = |vault: &mut OpenVault, current: &str| {
        vault.change_passphrase(slot.id, &text(current), &new, cheap(), NOW + 1)
    };
    assert!(matches!(change(&mut vault, "wrong"), Err(SlotError::WrongPassphrase)));
    let id = change(&mut vault, home.keys.passphrase.expose()).unwrap();
    assert_ne!(id, slot.id);
    vault.save(&DiskFiles, NOW).unwrap();
    let locked = home.read();
    let old = locked.unlock(Credential::Passphrase(&home.keys.passphrase));
    assert!(matches!(old, Err(UnlockError::WrongPassphrase)));
    let mut vault = locked.unlock(Credential::Passphrase(&new)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&new)).unwrap();
}

#[test]
fn rotated_keys_close_the_vault_to_every_old_slot() {
    let home = Home::new();
    let mut vault = home.saved();
    let new = text("after the theft");
    let slots = [NewSlot::passphrase(&new, cheap())];
    assert!(matches!(vault.rotate_keys(&slots, NOW), Err(SlotError::RecoveryLocked)));
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault.recovery_mut().unwrap().put(record("codes", "kept"));
    let keyring_only = [NewSlot::keyring(&home.keys.keyring)];
    assert!(matches!(vault.rotate_keys(&keyring_only, NOW), Err(SlotError::LastDurable)));
    vault.rotate_keys(&slots, NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();

    let locked = home.read();
    assert!(locked.unlock(Credential::Passphrase(&home.keys.passphrase)).is_err());
    assert!(locked.unlock(Credential::Keyring(&home.keys.keyring)).is_err());
    let mut vault = locked.unlock(Credential::Passphrase(&new)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&new)).unwrap();
    assert_eq!(payloads(vault.accounts().iter()), ["one"]);
    assert_eq!(payloads(vault.recovery().unwrap().iter()), ["kept"]);
    let report = vault.check(&DiskFiles);
    assert!(report.problems.iter().any(|problem| matches!(problem, Problem::GenerationOfOtherKeys { .. })));
}

#[test]
fn a_check_of_a_sound_vault_finds_nothing_but_the_cheap_test_passphrase() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.save(&DiskFiles, NOW).unwrap();
    let report = vault.check(&DiskFiles);
    assert_eq!((report.accounts, report.recovery, report.generations), (1, None, 1));
    assert!(matches!(report.problems[..], [Problem::CheapPassphrase { .. }]), "{:?}", report.problems);
}

#[test]
fn a_backup_is_the_same_vault_and_takes_no_files_place() {
    let home = Home::new();
    let vault = home.saved();
    let backup = Location::at(home.folder.path().join("backup.keyhaven"));
    vault.sealed().copy_to(&DiskFiles, &backup).unwrap();
    assert!(vault.sealed().copy_to(&DiskFiles, &backup).is_err());
    let copy = LockedVault::read(&DiskFiles, &backup).unwrap();
    assert_eq!(copy.as_bytes(), home.bytes());
}

#[test]
fn calibration_measures_once() {
    let mut measured = 0;
    let target = std::time::Duration::from_millis(700);
    let cost = KdfCost::calibrate(target, |_| {
        measured += 1;
        target
    });
    assert_eq!((measured, cost), (1, KdfCost::DEFAULT_MINIMUM));
}
