//! Two copies of one vault become one, record by record.

use crate::{
    body,
    compartment::{Compartment, Merged},
    header::{MAX_PASSPHRASE_SLOTS, MAX_SEGMENTS, MAX_SLOTS, StoredSlot},
    ids::{RecordId, SlotId, VaultId},
    open::{OpenVault, RecoveryKeys},
    random::NoRandomness,
    slot::SlotInfo,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a merge changed here. Nothing is on disk before [`OpenVault::save`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeReport {
    /// Accounts that were not here, or were deleted here and changed there.
    pub added: usize,
    /// Accounts that now read otherwise.
    pub changed: usize,
    /// Accounts that were deleted there.
    pub deleted: usize,
    /// Accounts that were changed in both copies; every version is kept, see [`Compartment::conflicts`].
    pub conflicts: Vec<RecordId>,
    /// Records that came along and cannot be understood.
    pub set_aside: usize,
    /// What became of the recovery compartment.
    pub recovery: RecoveryMerge,
    /// Slots that came along.
    pub slots_added: usize,
    /// Slots that were removed there.
    pub slots_removed: usize,
    /// Whether the other copy's keys, which are newer, were taken over.
    pub keys_taken_over: bool,
}

/// What a merge did to the recovery compartment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryMerge {
    /// Both copies have the same.
    Unchanged,
    /// It is locked here; what the other copy has is kept sealed and taken in when it is opened.
    Waiting,
    /// It is open here and was merged.
    Merged {
        /// Records that were not here, or were deleted here and changed there.
        added: usize,
        /// Records that now read otherwise.
        changed: usize,
        /// Records that were deleted there.
        deleted: usize,
        /// Records that were changed in both copies; every version is kept.
        conflicts: Vec<RecordId>,
        /// Records that came along and cannot be understood.
        set_aside: usize,
    },
}

/// Why two vaults were not merged. Both are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They are not copies of one vault.
    #[error("the other file is vault {theirs}, this is vault {ours}")]
    AnotherVault {
        /// This vault.
        ours: VaultId,
        /// The other.
        theirs: VaultId,
    },
    /// The keys were rotated in one copy, or too many sealed states wait already: both recovery compartments must
    /// be open for this.
    #[error("both copies' recovery compartments must be open to merge them")]
    RecoveryLocked,
    /// The copy that is not here does not open with the recovery compartment's key.
    #[error("the other copy's recovery compartment does not open")]
    RecoveryDamaged,
    /// One copy removed the slots that the other relies on; no durable one would be left. Remove fewer.
    #[error("no passphrase or recovery key would be left: each copy removed the other's")]
    NoDurableSlot,
    /// Together they have more slots than a vault may have.
    #[error("together the copies have more slots than the {limit} that are possible")]
    TooManySlots {
        /// How many there may be.
        limit: usize,
    },
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What to do with the recovery compartment, decided before anything is changed.
enum Plan {
    Nothing,
    /// More sealed states.
    Wait(Vec<Vec<u8>>),
    /// Records to take in.
    TakeIn(Compartment),
}

/// Fields of both headers that this version does not know; where they differ, the greater text, so that every copy
/// decides alike.
fn merge_fields(ours: &mut Map<String, Value>, theirs: &Map<String, Value>) {
    let text = |value: &Value| value.to_string();
    for (name, value) in theirs {
        if ours.get(name).is_none_or(|known| text(known) < text(value)) {
            ours.insert(name.clone(), value.clone());
        }
    }
}

impl OpenVault {
    /// Takes in another copy of this vault. The order of merges does not matter, nor does repeating one.
    ///
    /// # Errors
    /// See [`MergeError`].
    pub fn merge(&mut self, other: &Self) -> Result<MergeReport, MergeError> {
        if self.id() != other.id() {
            return Err(MergeError::AnotherVault { ours: self.id(), theirs: other.id() });
        }
        let rank = |vault: &Self| (vault.header.accounts.epoch, vault.header.accounts.commitment.0);
        let keys_taken_over = rank(other) > rank(self);
        let slots = self.merged_slots(other)?;
        let plan = self.plan_recovery(other)?;

        let before: Vec<SlotId> = self.slots().iter().map(|slot| slot.id).collect();
        let after: Vec<SlotId> = slots.iter().map(|slot| slot.info().id).collect();
        self.header.slots = slots;
        if keys_taken_over {
            self.key = other.key.duplicate();
            self.header.accounts = other.header.accounts.clone();
            self.header.recovery = other.header.recovery.clone();
            if let (Some(ours), Some(theirs)) = (&mut self.recovery.open, &other.recovery.open) {
                ours.key = theirs.key.duplicate();
                // Even if nothing in it is new: what is sealed under the keys of before, no key of now opens.
                ours.changed = true;
            }
        }
        let (ours, theirs) = (&mut self.header, &other.header);
        merge_fields(&mut ours.unknown, &theirs.unknown);
        if ours.accounts.commitment == theirs.accounts.commitment {
            merge_fields(&mut ours.accounts.unknown, &theirs.accounts.unknown);
        }
        if ours.recovery.commitment == theirs.recovery.commitment {
            merge_fields(&mut ours.recovery.unknown, &theirs.recovery.unknown);
        }
        for (id, removed_at) in &other.extras.removed_slots {
            let known = self.extras.removed_slots.entry(*id).or_insert(*removed_at);
            *known = (*known).min(*removed_at);
        }
        let Merged { added, changed, deleted, set_aside, conflicts } = self.accounts.merge(&other.accounts);
        let recovery = self.merge_recovery(plan);
        self.extras.drop_ins.extend(other.extras.drop_ins.iter().cloned());
        self.extras.drop_ins.sort();
        self.extras.drop_ins.dedup();
        self.absorb_drop_ins();
        Ok(MergeReport {
            added,
            changed,
            deleted,
            conflicts,
            set_aside,
            recovery,
            slots_added: after.iter().filter(|id| !before.contains(id)).count(),
            slots_removed: before.iter().filter(|id| !after.contains(id)).count(),
            keys_taken_over,
        })
    }

    /// The slots of both, or of the newer keys, without those that either removed.
    fn merged_slots(&self, other: &Self) -> Result<Vec<StoredSlot>, MergeError> {
        let (ours, theirs) = (&self.header.accounts, &other.header.accounts);
        let sources = if ours.commitment == theirs.commitment {
            vec![&self.header.slots, &other.header.slots]
        } else if (theirs.epoch, theirs.commitment.0) > (ours.epoch, ours.commitment.0) {
            vec![&other.header.slots]
        } else {
            vec![&self.header.slots]
        };
        let mut slots: Vec<StoredSlot> = Vec::new();
        for slot in sources.into_iter().flatten() {
            let id = slot.info().id;
            let names = [id, slot.secret()];
            let gone = |removed: &BTreeMap<SlotId, u64>| names.iter().any(|name| removed.contains_key(name));
            if gone(&self.extras.removed_slots) || gone(&other.extras.removed_slots) {
                continue;
            }
            match slots.iter_mut().find(|known| known.info().id == id) {
                None => slots.push(slot.clone()),
                Some(known) if known.text() < slot.text() => *known = slot.clone(),
                Some(_) => {}
            }
        }
        slots.sort_by_key(|slot| (slot.info().created_at, slot.info().id));
        let infos: Vec<SlotInfo> = slots.iter().map(StoredSlot::info).collect();
        if !infos.iter().any(SlotInfo::durable) {
            return Err(MergeError::NoDurableSlot);
        }
        if infos.len() > MAX_SLOTS {
            return Err(MergeError::TooManySlots { limit: MAX_SLOTS });
        }
        if infos.iter().filter(|slot| slot.cost.is_some()).count() > MAX_PASSPHRASE_SLOTS {
            return Err(MergeError::TooManySlots { limit: MAX_PASSPHRASE_SLOTS });
        }
        Ok(slots)
    }

    fn plan_recovery(&self, other: &Self) -> Result<Plan, MergeError> {
        let same_keys = self.header.recovery.commitment == other.header.recovery.commitment;
        let (ours, theirs) = (&self.recovery, &other.recovery);
        match (&ours.open, &theirs.open) {
            (Some(_), Some(theirs)) => {
                let mut copy = Compartment::default();
                copy.merge(&theirs.compartment);
                Ok(Plan::TakeIn(copy))
            }
            _ if !same_keys => Err(MergeError::RecoveryLocked),
            (Some(open), None) => {
                let keys = RecoveryKeys::derive(self.id(), &open.key);
                let mut copy = Compartment::default();
                for segment in &theirs.segments {
                    let read = keys.open_segment(self.id(), segment);
                    copy.merge(&read.map_err(|_| MergeError::RecoveryDamaged)?);
                }
                Ok(Plan::TakeIn(copy))
            }
            (None, _) => {
                let mut new = other.sealed_segments()?;
                new.retain(|segment| !ours.segments.contains(segment));
                if ours.segments.len() + new.len() > MAX_SEGMENTS {
                    return Err(MergeError::RecoveryLocked);
                }
                Ok(if new.is_empty() { Plan::Nothing } else { Plan::Wait(new) })
            }
        }
    }

    fn merge_recovery(&mut self, plan: Plan) -> RecoveryMerge {
        match (plan, &mut self.recovery.open) {
            (Plan::Wait(segments), _) => {
                self.recovery.segments.extend(segments);
                self.recovery.segments.sort();
                RecoveryMerge::Waiting
            }
            (Plan::TakeIn(theirs), Some(open)) => {
                let before = body::write(&open.compartment, None);
                let Merged { added, changed, deleted, set_aside, conflicts } =
                    open.compartment.merge(&theirs);
                // What says the same stays sealed as it is: sealed anew it would look like news to whoever has no key.
                open.changed |= before != body::write(&open.compartment, None);
                if added + changed + deleted + set_aside == 0 && conflicts.is_empty() {
                    return RecoveryMerge::Unchanged;
                }
                RecoveryMerge::Merged { added, changed, deleted, conflicts, set_aside }
            }
            _ => RecoveryMerge::Unchanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credential, DiskFiles, KdfCost, Location, NewVault, Record, SlotKind};
    use keyhaven_secret::{SecretBytes, SecretText};
    use serde_json::json;

    /// Two copies of one vault, their recovery compartments open.
    fn copies() -> (OpenVault, OpenVault) {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = SecretText::new("x".into());
        let mut here = OpenVault::create(&NewVault {
            location: Location::in_folder(folder.path()),
            passphrase: Some((&passphrase, KdfCost::new(8, 1).unwrap())),
            keyring: None,
            recovery_key: None,
            now: 1,
        })
        .unwrap();
        here.unlock_recovery(Credential::Passphrase(&passphrase)).unwrap();
        here.recovery_mut().unwrap().put(record(1, "kept"));
        here.save(&DiskFiles, 1).unwrap();
        let mut there = here.sealed().unlock(Credential::Passphrase(&passphrase)).unwrap();
        there.unlock_recovery(Credential::Passphrase(&passphrase)).unwrap();
        (here, there)
    }

    fn record(id: u8, payload: &str) -> Record {
        let payload = SecretBytes::new(payload.as_bytes().to_vec());
        Record::new(RecordId::from_bytes([id; 16]), "codes", 1, payload)
    }

    /// A slot of a newer version.
    fn kept(number: usize) -> StoredSlot {
        serde_json::from_value(json!({"id": format!("{number:032x}"), "kind": "passkey"})).unwrap()
    }

    #[test]
    fn fields_of_a_newer_version_become_the_same_from_both_sides() {
        let fields = |vault: &OpenVault| {
            let header = &vault.header;
            [&header.unknown, &header.accounts.unknown, &header.recovery.unknown].map(Clone::clone)
        };
        let differing = || {
            let (mut here, mut there) = copies();
            for (vault, value) in [(&mut here, "a"), (&mut there, "b")] {
                let header = &mut vault.header;
                for fields in
                    [&mut header.unknown, &mut header.accounts.unknown, &mut header.recovery.unknown]
                {
                    fields.insert("both".into(), value.into());
                    fields.insert(format!("only {value}"), value.into());
                }
            }
            (here, there)
        };
        let (mut one, other) = differing();
        one.merge(&other).unwrap();
        let (other, mut two) = differing();
        two.merge(&other).unwrap();
        let expected = json!({"both": "b", "only a": "a", "only b": "b"});
        for fields in [fields(&one), fields(&two)].into_iter().flatten() {
            assert_eq!(Value::Object(fields), expected);
        }
    }

    #[test]
    fn a_slot_that_was_called_two_names_has_the_same_one_from_both_sides() {
        let labels = |vault: &OpenVault| vault.slots().into_iter().map(|slot| slot.label).collect::<Vec<_>>();
        let labelled = || {
            let (mut here, mut there) = copies();
            let id = here.slots()[0].id;
            here.label_slot(id, "mine").unwrap();
            there.label_slot(id, "ours").unwrap();
            (here, there)
        };
        let (mut one, other) = labelled();
        let report = one.merge(&other).unwrap();
        assert!(!report.keys_taken_over, "they have the same keys");
        let (other, mut two) = labelled();
        two.merge(&other).unwrap();
        assert_eq!((labels(&one), labels(&two)), (vec!["ours".to_owned()], vec!["ours".to_owned()]));
    }

    #[test]
    fn slots_of_both_are_counted_together() {
        for (more, possible) in [(1, true), (2, false)] {
            let (mut here, mut there) = copies();
            here.header.slots.extend((0..15).map(kept));
            there.header.slots.extend((15..30 + more).map(kept));
            let merged = here.merge(&there);
            match merged {
                Ok(report) => assert!(possible && report.slots_added == MAX_SLOTS - 16),
                Err(MergeError::TooManySlots { limit: MAX_SLOTS }) => assert!(!possible),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn passphrase_slots_of_both_are_counted_together() {
        for (more, possible) in [(0, true), (1, false)] {
            let (mut here, mut there) = copies();
            let slot = here.header.slots[0].known().unwrap().clone();
            let copy = |number: u8| {
                let mut slot = slot.clone();
                slot.id.0 = [number; 16];
                StoredSlot::Known(Box::new(slot))
            };
            assert_eq!(slot.kind(), SlotKind::Passphrase);
            here.header.slots.extend((1..5).map(copy));
            there.header.slots.extend((5..8 + more).map(copy));
            match here.merge(&there) {
                Ok(_) => assert!(possible && here.slots().len() == MAX_PASSPHRASE_SLOTS),
                Err(MergeError::TooManySlots { limit: MAX_PASSPHRASE_SLOTS }) => assert!(!possible),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn as_many_sealed_states_wait_as_a_file_may_have() {
        for (more, possible) in [(0, true), (1, false)] {
            let (mut here, mut there) = copies();
            here.lock_recovery().unwrap();
            there.lock_recovery().unwrap();
            let segment = |number: usize| number.to_be_bytes().to_vec();
            let half = MAX_SEGMENTS / 2;
            here.recovery.segments = (0..half + 1).map(segment).collect();
            // One of them is in both.
            there.recovery.segments = (half..MAX_SEGMENTS + more).map(segment).collect();
            match here.merge(&there) {
                Ok(report) => {
                    assert!(possible && report.recovery == RecoveryMerge::Waiting);
                    assert_eq!(here.recovery.segments.len(), MAX_SEGMENTS);
                }
                Err(MergeError::RecoveryLocked) => assert!(!possible),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What the other copy did to its recovery compartment, and what the merge says of it.
    #[test]
    fn everything_that_comes_into_the_recovery_compartment_is_told() {
        let told = |here_does: fn(&mut Compartment), there_does: fn(&mut Compartment)| {
            let (mut here, mut there) = copies();
            here_does(here.recovery_mut().unwrap());
            there_does(there.recovery_mut().unwrap());
            match here.merge(&there).unwrap().recovery {
                RecoveryMerge::Merged { added, changed, deleted, conflicts, set_aside } => {
                    Some([added, changed, deleted, conflicts.len(), set_aside])
                }
                RecoveryMerge::Unchanged => None,
                RecoveryMerge::Waiting => panic!("both are open"),
            }
        };
        let nothing: fn(&mut Compartment) = |_| {};
        let change: fn(&mut Compartment) = |records| records.put(record(1, "changed"));
        assert_eq!(told(nothing, nothing), None);
        assert_eq!(told(nothing, |records| records.put(record(2, "new"))), Some([1, 0, 0, 0, 0]));
        assert_eq!(told(nothing, change), Some([0, 1, 0, 0, 0]));
        assert_eq!(
            told(nothing, |records| assert!(records.delete(RecordId::from_bytes([1; 16]), 2))),
            Some([0, 0, 1, 0, 0])
        );
        assert_eq!(
            told(nothing, |records| records.set_aside.push(SecretBytes::new(b"7".to_vec()))),
            Some([0, 0, 0, 0, 1])
        );
        // Here is the later one and stays: nothing changes but that there are two.
        let later: fn(&mut Compartment) = |records| {
            let mut later = record(1, "later");
            later.modified_at = 9;
            records.put(later);
        };
        assert_eq!(told(later, change), Some([0, 0, 0, 1, 0]));
    }
}
