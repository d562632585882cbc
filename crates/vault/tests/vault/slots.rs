//! The ways in: how many there may be, what they are called, and which one something opens.

use crate::support::{Home, NOW, cheap, text};
use keyhaven_secret::SecretText;
use keyhaven_vault::{
    Credential, DiskFiles, KeyringKey, NewSlot, OpenVault, Opens, SlotError, SlotId, SlotKind, UnlockError,
};
use std::collections::BTreeSet;

fn id_of(vault: &OpenVault, kind: &SlotKind) -> SlotId {
    vault.slots().iter().find(|slot| slot.kind == *kind).unwrap().id
}

fn opens<'a>(opens: Opens, slot: NewSlot<'a>) -> NewSlot<'a> {
    NewSlot { opens, ..slot }
}

/// With its recovery compartment open.
fn whole(home: &Home) -> OpenVault {
    let mut vault = home.saved();
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
    vault
}

#[test]
fn a_slot_is_called_what_a_person_says_and_no_other_is() {
    let home = Home::new();
    let mut vault = home.saved();
    let id = id_of(&vault, &SlotKind::Keyring);
    let long = "ü".repeat(100);
    vault.label_slot(id, &long).unwrap();
    assert!(matches!(vault.label_slot(id, &"ü".repeat(101)), Err(SlotError::LabelTooLong)));
    let nobody = SlotId::random().unwrap();
    assert!(matches!(vault.label_slot(nobody, "x"), Err(SlotError::NoSuchSlot)));
    vault.save(&DiskFiles, NOW).unwrap();
    let labels: Vec<_> = home.read().slots().into_iter().map(|slot| slot.label).collect();
    assert_eq!(labels, ["", long.as_str(), ""]);
    let labelled = NewSlot { label: "ü".repeat(101), ..NewSlot::keyring(&home.keys.keyring) };
    assert!(matches!(vault.add_slot(&labelled, NOW), Err(SlotError::LabelTooLong)));
}

#[test]
fn what_opens_which_slot_is_found() {
    let home = Home::new();
    let mut vault = home.saved();
    let other = KeyringKey::generate().unwrap();
    let of_other = vault.add_slot(&NewSlot::keyring(&other), NOW).unwrap();
    for (credential, kind) in [
        (Credential::Passphrase(&home.keys.passphrase), SlotKind::Passphrase),
        (Credential::Keyring(&home.keys.keyring), SlotKind::Keyring),
        (Credential::RecoveryKey(&home.keys.recovery_key), SlotKind::RecoveryKey),
    ] {
        assert_eq!(vault.slot_opened_by(credential), Some(id_of(&vault, &kind)), "{kind:?}");
    }
    assert_eq!(vault.slot_opened_by(Credential::Keyring(&other)), Some(of_other));
    assert_eq!(vault.slot_opened_by(Credential::Passphrase(&text("wrong"))), None);
}

#[test]
fn a_changed_passphrase_opens_what_the_old_one_opened_and_no_more() {
    let home = Home::new();
    let mut vault = whole(&home);
    for (which, accounts, recovery) in [(Opens::Accounts, true, false), (Opens::Recovery, false, true)] {
        let (old, new) = (text(&format!("old {which:?}")), text(&format!("new {which:?}")));
        let id = vault.add_slot(&opens(which, NewSlot::passphrase(&old, cheap())), NOW).unwrap();
        let id = vault.change_passphrase(id, &old, &new, cheap(), NOW).unwrap();
        let slot = vault.slots().into_iter().find(|slot| slot.id == id).unwrap();
        assert_eq!((slot.opens_accounts, slot.opens_recovery), (accounts, recovery), "{which:?}");
        vault.save(&DiskFiles, NOW).unwrap();
        let opened = home.read().unlock(Credential::Passphrase(&new));
        assert_eq!(opened.is_ok(), accounts, "{which:?}");
        let mut open = home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
        assert_eq!(open.unlock_recovery(Credential::Passphrase(&new)).is_ok(), recovery, "{which:?}");
    }
}

/// Whoever printed a kit since a passphrase was chosen has that passphrase's way in, whatever it costs to guess by now.
#[test]
fn a_passphrase_is_as_old_as_its_choice_and_no_younger_for_a_higher_cost() {
    let home = Home::new();
    let mut vault = whole(&home);
    let (old, new) = (text("as it was"), text("another one"));
    let since =
        |vault: &OpenVault, id| vault.slots().into_iter().find(|slot| slot.id == id).unwrap().created_at;
    let id = vault.add_slot(&NewSlot::passphrase(&old, cheap()), NOW).unwrap();
    let id = vault.change_passphrase(id, &old, &old, cheap(), NOW + 5).unwrap();
    assert_eq!(since(&vault, id), NOW);
    let id = vault.change_passphrase(id, &old, &new, cheap(), NOW + 9).unwrap();
    assert_eq!(since(&vault, id), NOW + 9);
}

#[test]
fn new_keys_want_a_durable_way_into_each_compartment() {
    let home = Home::new();
    let mut vault = whole(&home);
    let (one, other) = (text("one"), text("other"));
    let passphrase = |which| opens(which, NewSlot::passphrase(&one, cheap()));
    let keyring = |which| opens(which, NewSlot::keyring(&home.keys.keyring));
    let refused = vault.rotate_keys(&[passphrase(Opens::Recovery), keyring(Opens::Both)], NOW);
    assert!(matches!(refused, Err(SlotError::LastDurable)), "{refused:?}");
    let refused = vault.rotate_keys(&[passphrase(Opens::Accounts), keyring(Opens::Both)], NOW);
    assert!(matches!(refused, Err(SlotError::LastDurableForRecovery)), "{refused:?}");
    // What was refused changed nothing.
    vault.save(&DiskFiles, NOW).unwrap();
    assert!(home.read().unlock(Credential::Passphrase(&home.keys.passphrase)).is_ok());
    let second = opens(Opens::Recovery, NewSlot::passphrase(&other, cheap()));
    vault.rotate_keys(&[passphrase(Opens::Accounts), second], NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    let mut vault = home.read().unlock(Credential::Passphrase(&one)).unwrap();
    vault.unlock_recovery(Credential::Passphrase(&other)).unwrap();
}

/// The numbers of docs/vault-format.md, "Limits".
#[test]
fn there_are_as_many_slots_as_a_file_may_have() {
    const SLOTS: usize = 32;
    const PASSPHRASES: usize = 8;
    let too_many = |result: Result<(), SlotError>, most: usize| {
        assert!(matches!(&result, Err(SlotError::TooMany { limit }) if *limit == most), "{result:?}");
    };
    let home = Home::new();
    let passphrase = text("one");
    let slot = || NewSlot::passphrase(&passphrase, cheap());
    let keyring = || NewSlot::keyring(&home.keys.keyring);

    let mut vault = whole(&home);
    for _ in 1..PASSPHRASES {
        vault.add_slot(&slot(), NOW).unwrap();
    }
    too_many(vault.add_slot(&slot(), NOW).map(drop), PASSPHRASES);
    while vault.slots().len() < SLOTS {
        vault.add_slot(&keyring(), NOW).unwrap();
    }
    too_many(vault.add_slot(&keyring(), NOW).map(drop), SLOTS);
    vault.save(&DiskFiles, NOW).unwrap();
    assert_eq!(home.read().slots().len(), SLOTS);

    let slots = |passphrases: usize, all: usize| -> Vec<NewSlot<'_>> {
        (0..all).map(|number| if number < passphrases { slot() } else { keyring() }).collect()
    };
    too_many(vault.rotate_keys(&slots(1, SLOTS + 1), NOW), SLOTS);
    too_many(vault.rotate_keys(&slots(PASSPHRASES + 1, SLOTS), NOW), PASSPHRASES);
    vault.rotate_keys(&slots(PASSPHRASES, SLOTS), NOW).unwrap();
    vault.save(&DiskFiles, NOW).unwrap();
    assert_eq!(home.read().slots().len(), SLOTS);
}

/// Whoever has the file of two people with one passphrase must not see that from it, nor try it for both at once.
#[test]
fn one_passphrase_has_another_salt_in_each_slot() {
    let home = Home::new();
    let mut vault = whole(&home);
    for _ in 0..3 {
        vault.add_slot(&NewSlot::passphrase(&home.keys.passphrase, cheap()), NOW).unwrap();
    }
    vault.save(&DiskFiles, NOW).unwrap();
    let file = home.bytes();
    let text = String::from_utf8_lossy(&file);
    let salts: BTreeSet<&str> = text.split("\"salt\":\"").skip(1).map(|rest| &rest[..32]).collect();
    assert_eq!(salts.len(), 4);
}

#[test]
fn a_key_of_the_keyring_opens_the_slot_that_was_made_for_it_among_several() {
    let home = Home::new();
    let mut vault = home.saved();
    let others: Vec<_> = (0..3).map(|_| KeyringKey::generate().unwrap()).collect();
    for key in &others {
        vault.add_slot(&NewSlot::keyring(key), NOW).unwrap();
    }
    vault.save(&DiskFiles, NOW).unwrap();
    for key in &others {
        assert!(home.read().unlock(Credential::Keyring(key)).is_ok());
    }
    let foreign = home.read().unlock(Credential::Keyring(&KeyringKey::generate().unwrap()));
    assert!(matches!(foreign, Err(UnlockError::ForeignKeyringKey)), "{foreign:?}");
    let wrong = SecretText::new("wrong".into());
    assert!(matches!(home.read().unlock(Credential::Passphrase(&wrong)), Err(UnlockError::WrongPassphrase)));
}
