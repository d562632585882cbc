//! Copies of one vault that went different ways become one again.

use crate::support::{Home, MemoryFiles, NOW, cheap, payloads, record, text};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{
    Credential, DiskFiles, KdfCost, Location, LockedVault, MergeError, NewSlot, NewVault, OpenVault, Record,
    RecordId, RecoveryMerge, SlotKind,
};
use proptest::prelude::*;

/// A second copy of a saved vault.
fn copy(home: &Home) -> OpenVault {
    home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap()
}

fn unlock_recovery(home: &Home, vault: &mut OpenVault) {
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).unwrap();
}

fn change(vault: &mut OpenVault, id: RecordId, at: u64, payload: &str) {
    let payload = SecretBytes::new(payload.as_bytes().to_vec());
    let changed = vault.accounts().get(id).unwrap().changed(at, payload);
    vault.accounts_mut().put(changed);
}

fn only_id(vault: &OpenVault) -> RecordId {
    vault.accounts().iter().next().unwrap().id
}

#[test]
fn what_is_new_in_either_copy_is_in_both_afterwards() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    here.accounts_mut().put(record("account", "here"));
    there.accounts_mut().put(record("account", "there"));
    let report = here.merge(&there).unwrap();
    assert_eq!((report.added, report.changed, report.deleted), (1, 0, 0));
    assert!(report.conflicts.is_empty());
    assert_eq!(payloads(here.accounts().iter()), ["here", "one", "there"]);
}

#[test]
fn a_later_edit_wins_by_history_whatever_the_clocks_say() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = only_id(&here);
    change(&mut there, id, 5, "edited under a clock of 1970");
    let report = here.merge(&there).unwrap();
    assert_eq!((report.changed, report.conflicts.len()), (1, 0));
    assert_eq!(payloads(here.accounts().iter()), ["edited under a clock of 1970"]);
}

#[test]
fn an_edit_in_both_copies_keeps_both_until_one_is_chosen() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = only_id(&here);
    change(&mut here, id, NOW + 1, "here");
    change(&mut there, id, NOW + 2, "there");
    let report = here.merge(&there).unwrap();
    assert_eq!(report.conflicts, [id]);
    here.save(&DiskFiles, NOW).unwrap();
    let mut here = copy(&home);
    let conflict = here.accounts().conflicts().next().unwrap();
    let versions = conflict.versions.iter().map(|record| record.payload.expose()).collect::<Vec<_>>();
    assert_eq!(versions, [b"there".as_slice(), b"here"]);
    assert_eq!(payloads(here.accounts().iter()), ["there"]);
    // Choosing settles it, in the other copy too.
    change(&mut here, id, NOW + 3, "here");
    assert_eq!(here.accounts().conflicts().count(), 0);
    let report = there.merge(&here).unwrap();
    assert!(report.conflicts.is_empty());
    assert_eq!(payloads(there.accounts().iter()), ["here"]);
}

#[test]
fn an_edit_of_one_version_leaves_the_other_undecided() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = only_id(&here);
    change(&mut here, id, NOW + 1, "here");
    // From a computer whose clock is ahead.
    change(&mut there, id, NOW + 1_000, "there");
    here.merge(&there).unwrap();
    let edited =
        here.accounts().get(id).unwrap().changed(NOW + 2, SecretBytes::new(b"there, edited".to_vec()));
    here.accounts_mut().put_beside(edited);
    assert_eq!(payloads(here.accounts().iter()), ["there, edited"]);
    let versions = |vault: &OpenVault| {
        let conflict = vault.accounts().conflicts().next().unwrap();
        conflict.versions.iter().map(|record| record.payload.expose().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(versions(&here), [b"there, edited".as_slice(), b"here"]);
    there.merge(&here).unwrap();
    assert_eq!(versions(&there), versions(&here));
    // Without a second version it is an edit like any other.
    let mut alone = Home::new().saved();
    let only = alone.accounts().get(only_id(&alone)).unwrap().changed(NOW, SecretBytes::new(b"new".to_vec()));
    alone.accounts_mut().put_beside(only);
    assert_eq!(
        (payloads(alone.accounts().iter()), alone.accounts().conflicts().count()),
        (vec!["new".into()], 0)
    );
}

#[test]
fn the_same_edit_in_both_copies_is_no_conflict() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = only_id(&here);
    change(&mut here, id, NOW + 1, "same");
    change(&mut there, id, NOW + 2, "same");
    assert!(here.merge(&there).unwrap().conflicts.is_empty());
}

#[test]
fn a_deletion_is_merged_and_an_edit_beats_it() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = only_id(&here);
    there.accounts_mut().delete(id, NOW + 9);
    let mut edited = copy(&home);
    assert_eq!(here.merge(&there).unwrap().deleted, 1);
    assert!(here.accounts().is_empty());
    // The one who edited did not know that it was deleted: it stays, and is told.
    change(&mut edited, id, NOW + 1, "edited");
    assert_eq!(here.merge(&edited).unwrap().conflicts, [id]);
    assert_eq!(payloads(here.accounts().iter()), ["edited"]);
    // Deleting both versions settles it.
    here.accounts_mut().delete(id, NOW + 10);
    edited.merge(&here).unwrap();
    assert!(edited.accounts().is_empty() && edited.accounts().conflicts().count() == 0);
}

#[test]
fn locked_recovery_compartments_are_merged_when_opened() {
    let home = Home::new();
    let mut here = home.saved();
    let (mut there, mut third) = (copy(&home), copy(&home));
    for (vault, payload) in [(&mut here, "here"), (&mut there, "there"), (&mut third, "third")] {
        unlock_recovery(&home, vault);
        vault.recovery_mut().unwrap().put(record("codes", payload));
        vault.lock_recovery().unwrap();
        vault.drop_in_recovery(record("codes", &format!("dropped {payload}"))).unwrap();
    }
    assert_eq!(here.merge(&there).unwrap().recovery, RecoveryMerge::Waiting);
    assert_eq!(here.merge(&there).unwrap().recovery, RecoveryMerge::Unchanged);
    unlock_recovery(&home, &mut third);
    let report = third.merge(&here).unwrap();
    assert!(matches!(report.recovery, RecoveryMerge::Merged { added: 2, .. }), "{report:?}");
    here.save(&DiskFiles, NOW).unwrap();
    let mut here = copy(&home);
    unlock_recovery(&home, &mut here);
    let all = ["dropped here", "dropped there", "here", "there"];
    assert_eq!(payloads(here.recovery().unwrap().iter()), all);
    assert_eq!(third.recovery().unwrap().len(), 6);
    assert_eq!(third.waiting_drop_ins(), 0);
}

#[test]
fn slots_travel_and_removed_ones_stay_away() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id =
        |vault: &OpenVault, kind| vault.slots().iter().find(|slot| slot.kind == kind).map(|slot| slot.id);
    here.remove_slot(id(&here, SlotKind::Keyring).unwrap(), NOW).unwrap();
    let other_keyring = keyhaven_vault::KeyringKey::generate().unwrap();
    there.add_slot(&NewSlot::keyring(&other_keyring), NOW).unwrap();
    let report = here.merge(&there).unwrap();
    assert_eq!((report.slots_added, report.slots_removed), (1, 0));
    let report = there.merge(&here).unwrap();
    assert_eq!((report.slots_added, report.slots_removed), (0, 1));
    here.save(&DiskFiles, NOW).unwrap();
    assert!(home.read().unlock(Credential::Keyring(&home.keys.keyring)).is_err());
    assert!(home.read().unlock(Credential::Keyring(&other_keyring)).is_ok());
}

/// The passphrase's slot was made again at another cost in one copy, or in both, and the passphrase is given up in one.
#[test]
fn a_passphrase_that_was_given_up_does_not_come_back_by_a_merge() {
    let old = |home: &Home| home.keys.passphrase.duplicate();
    let id = |vault: &OpenVault| {
        vault
            .slots()
            .iter()
            .filter(|slot| slot.kind == SlotKind::Passphrase)
            .map(|slot| slot.id)
            .max()
            .unwrap()
    };
    let again = |home: &Home, vault: &mut OpenVault| {
        let (id, old) = (id(vault), old(home));
        vault.change_passphrase(id, &old, &old, KdfCost::new(16, 1).unwrap(), NOW).unwrap();
    };
    let opens = |vault: &OpenVault, passphrase: &SecretText| {
        vault.slot_opened_by(Credential::Passphrase(passphrase)).is_some()
    };
    let new = text("another one");
    for (again_here, removed) in [(false, false), (true, false), (false, true), (true, true)] {
        let home = Home::new();
        let (mut here, mut there) = (home.saved(), copy(&home));
        again(&home, &mut there);
        again(&home, &mut there);
        if again_here {
            again(&home, &mut here);
            here.merge(&there).unwrap();
            assert_eq!(here.slots().iter().filter(|slot| slot.kind == SlotKind::Passphrase).count(), 2);
        }
        let given_up = id(&here);
        if removed {
            here.remove_slot(given_up, NOW).unwrap();
        } else {
            here.change_passphrase(given_up, &old(&home), &new, cheap(), NOW).unwrap();
        }
        assert!(!opens(&here, &old(&home)), "no slot of it is left");
        again(&home, &mut there);
        let mut third = copy(&home);
        third.merge(&there).unwrap();
        third.merge(&here).unwrap();
        here.merge(&there).unwrap();
        there.merge(&here).unwrap();
        for vault in [&here, &there, &third] {
            assert!(!opens(vault, &old(&home)), "{again_here} {removed}");
            assert_eq!(opens(vault, &new), !removed);
        }
    }
}

#[test]
fn copies_that_removed_each_others_last_way_in_are_not_merged() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    let id = |vault: &OpenVault, kind| vault.slots().iter().find(|slot| slot.kind == kind).unwrap().id;
    here.remove_slot(id(&here, SlotKind::Passphrase), NOW).unwrap();
    there.remove_slot(id(&there, SlotKind::RecoveryKey), NOW).unwrap();
    there.accounts_mut().put(record("account", "there"));
    assert!(matches!(here.merge(&there), Err(MergeError::NoDurableSlot)));
    assert_eq!((here.accounts().len(), here.slots().len()), (1, 2));
}

#[test]
fn newer_keys_are_taken_over_and_older_ones_are_not() {
    let home = Home::new();
    let (mut here, mut there) = (home.saved(), copy(&home));
    unlock_recovery(&home, &mut there);
    let new = text("new");
    there.rotate_keys(&[NewSlot::passphrase(&new, cheap())], NOW).unwrap();
    there.recovery_mut().unwrap().put(record("codes", "there"));
    assert!(matches!(here.merge(&there), Err(MergeError::RecoveryLocked)));
    unlock_recovery(&home, &mut here);
    here.recovery_mut().unwrap().put(record("codes", "here"));
    assert!(!there.merge(&here).unwrap().keys_taken_over);
    let report = here.merge(&there).unwrap();
    assert!(report.keys_taken_over);
    here.save(&DiskFiles, NOW).unwrap();
    let locked = home.read();
    assert!(locked.unlock(Credential::Passphrase(&home.keys.passphrase)).is_err());
    let mut here = locked.unlock(Credential::Passphrase(&new)).unwrap();
    here.unlock_recovery(Credential::Passphrase(&new)).unwrap();
    assert_eq!(payloads(here.recovery().unwrap().iter()), ["here", "there"]);
    assert_eq!(payloads(there.recovery().unwrap().iter()), ["here", "there"]);
}

/// Found by reading: the new keys were taken over, and the recovery compartment stayed sealed under those of before.
#[test]
fn with_newer_keys_recovery_records_that_nobody_changed_are_sealed_under_them() {
    for records in [0, 1] {
        let home = Home::new();
        let mut here = home.saved();
        unlock_recovery(&home, &mut here);
        for _ in 0..records {
            here.recovery_mut().unwrap().put(record("codes", "kept"));
        }
        here.save(&DiskFiles, NOW).unwrap();
        let mut there = copy(&home);
        unlock_recovery(&home, &mut there);
        let new = text("new");
        there.rotate_keys(&[NewSlot::passphrase(&new, cheap())], NOW).unwrap();
        assert!(here.merge(&there).unwrap().keys_taken_over);
        here.save(&DiskFiles, NOW + 2).unwrap();
        let mut read = home.read().unlock(Credential::Passphrase(&new)).unwrap();
        read.unlock_recovery(Credential::Passphrase(&new)).unwrap();
        assert_eq!(read.recovery().unwrap().len(), records);
    }
}

#[test]
fn another_vault_is_not_merged() {
    let (mut here, there) = (Home::new().create(), Home::new().create());
    assert!(matches!(here.merge(&there), Err(MergeError::AnotherVault { .. })));
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u8, u64),
    PutBeside(usize, u8, u64),
    Delete(usize, u64),
    Drop(usize, u8),
    LockRecovery,
    UnlockRecovery,
    Merge(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, any::<u8>(), 0..100u64).prop_map(|(record, payload, at)| Step::Put(record, payload, at)),
        2 => (0..4usize, any::<u8>(), 0..100u64).prop_map(|(record, payload, at)| Step::PutBeside(record, payload, at)),
        2 => (0..4usize, 0..100u64).prop_map(|(record, at)| Step::Delete(record, at)),
        2 => (0..3usize, any::<u8>()).prop_map(|(record, payload)| Step::Drop(record, payload)),
        1 => Just(Step::LockRecovery),
        1 => Just(Step::UnlockRecovery),
        2 => (0..3usize).prop_map(Step::Merge),
    ]
}

/// Three copies of a vault in memory, each with a place of its own.
struct Copies {
    home: Home,
    files: MemoryFiles,
    next: std::cell::Cell<u64>,
    merges: std::cell::Cell<u64>,
}

impl Copies {
    fn location(&self) -> Location {
        self.next.set(self.next.get() + 1);
        Location::at(format!("copy-{}/vault.keyhaven", self.next.get()))
    }

    fn first(&self) -> OpenVault {
        let mut vault = OpenVault::create(&NewVault {
            location: self.location(),
            passphrase: Some((&self.home.keys.passphrase, cheap())),
            keyring: Some(&self.home.keys.keyring),
            recovery_key: None,
            now: NOW,
        })
        .unwrap();
        vault.save(&self.files, NOW).unwrap();
        vault
    }

    /// The same vault once more, through its file; its recovery compartment is locked.
    fn copy(&self, vault: &mut OpenVault) -> OpenVault {
        vault.save(&self.files, NOW).unwrap();
        let location = self.location();
        vault.sealed().copy_to(&self.files, &location).unwrap();
        let locked = LockedVault::read(&self.files, &location).unwrap();
        locked.unlock(Credential::Keyring(&self.home.keys.keyring)).unwrap()
    }

    fn merged(&self, vault: &mut OpenVault, other: &OpenVault) -> OpenVault {
        let mut copy = self.copy(vault);
        copy.merge(other).unwrap();
        self.merges.set(self.merges.get() + 1);
        copy
    }

    /// Everything that can be seen of a vault, after it went through its file.
    fn seen(&self, vault: &mut OpenVault) -> String {
        let mut vault = self.copy(vault);
        unlock_recovery(&self.home, &mut vault);
        let mut seen = String::new();
        for compartment in [vault.accounts(), vault.recovery().unwrap()] {
            for record in compartment.iter().chain(compartment.deleted()) {
                seen += &format!("{record:?} {:?}\n", record.payload.expose());
            }
            for conflict in compartment.conflicts() {
                let payloads: Vec<_> =
                    conflict.versions.iter().map(|record| record.payload.expose()).collect();
                seen += &format!("conflict {} {payloads:?}\n", conflict.id);
            }
        }
        seen
    }
}

fn id(kind: u8, index: usize) -> RecordId {
    let mut bytes = [kind; 16];
    bytes[15] = u8::try_from(index).unwrap();
    RecordId::from_bytes(bytes)
}

fn run(copies: &Copies, vaults: &mut [OpenVault; 3], who: usize, step: &Step) {
    let payload = |payload: &u8| SecretBytes::new(vec![*payload]);
    match step {
        Step::Put(index, content, at) => {
            vaults[who].accounts_mut().put(Record::new(id(1, *index), "account", *at, payload(content)));
        }
        Step::PutBeside(index, content, at) => {
            vaults[who].accounts_mut().put_beside(Record::new(
                id(1, *index),
                "account",
                *at,
                payload(content),
            ));
        }
        Step::Delete(index, at) => drop(vaults[who].accounts_mut().delete(id(1, *index), *at)),
        Step::Drop(index, content) => {
            vaults[who].drop_in_recovery(Record::new(id(2, *index), "codes", NOW, payload(content))).unwrap();
        }
        Step::LockRecovery => vaults[who].lock_recovery().unwrap(),
        Step::UnlockRecovery => unlock_recovery(&copies.home, &mut vaults[who]),
        Step::Merge(from) if *from == who => {}
        Step::Merge(from) => {
            let [one, other] = vaults.get_disjoint_mut([who, *from]).unwrap();
            one.merge(other).unwrap();
            copies.merges.set(copies.merges.get() + 1);
        }
    }
}

/// How many histories are tried; `cargo xtask bench vault` asks for more.
fn histories() -> u32 {
    std::env::var("KEYHAVEN_PROOF_HISTORIES").map_or(48, |histories| histories.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(histories()))]
    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        history in prop::collection::vec((0..3usize, step()), 0..40)
    ) {
        let copies = Copies { home: Home::new(), files: MemoryFiles::default(), next: 0.into(), merges: 0.into() };
        let mut first = copies.first();
        let mut vaults = [copies.copy(&mut first), copies.copy(&mut first), first];
        for (who, step) in &history {
            run(&copies, &mut vaults, *who, step);
        }
        let [mut a, mut b, mut c] = vaults;
        let mut ab = copies.merged(&mut a, &b);
        let mut ba = copies.merged(&mut b, &a);
        prop_assert_eq!(copies.seen(&mut ab), copies.seen(&mut ba), "commutative");
        let mut bc = copies.merged(&mut b, &c);
        let mut ab_c = copies.merged(&mut ab, &c);
        let mut a_bc = copies.merged(&mut a, &bc);
        let mut c_ba = copies.merged(&mut c, &ba);
        let all = copies.seen(&mut ab_c);
        prop_assert_eq!(&all, &copies.seen(&mut a_bc), "associative");
        prop_assert_eq!(&all, &copies.seen(&mut c_ba), "commutative and associative");
        let again = copies.copy(&mut a);
        prop_assert_eq!(copies.seen(&mut copies.merged(&mut a, &again)), copies.seen(&mut a), "idempotent");
        prop_assert_eq!(copies.seen(&mut copies.merged(&mut ab_c, &b)), all.clone(), "absorbing");
        prop_assert_eq!(copies.seen(&mut copies.merged(&mut bc, &ab_c)), all, "absorbing");
        println!("proof: merges {}", copies.merges.get());
    }
}
