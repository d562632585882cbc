//! A compartment: records with their histories, and what could not be understood.
//!
//! Every record holds its current versions, mostly one, and the names of versions that these replace. Merging is
//! set union minus what either side has replaced. That is commutative, associative and idempotent, and it
//! needs no clock: two versions stay side by side exactly when neither's writer had seen the other.

use crate::{
    ids::RecordId,
    json::Unknown,
    record::{Record, Version, VersionId},
};
use keyhaven_secret::SecretBytes;
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry as MapEntry};

/// How many replaced versions of a record are remembered, the newest first. Copies that parted more edits ago than
/// this keep both versions of that record; nothing is lost by it.
const REMEMBERED: usize = 512;

/// The records of one compartment.
#[derive(Default)]
pub struct Compartment {
    pub(crate) entries: BTreeMap<RecordId, Entry>,
    pub(crate) set_aside: Vec<SecretBytes>,
    pub(crate) unknown: Unknown,
}

/// One record's current versions, the one to show first, and what they replace.
#[derive(Default)]
pub(crate) struct Entry {
    pub versions: Vec<Version>,
    pub replaced: BTreeSet<VersionId>,
}

/// A record that was changed in two copies at once; every version is kept until one is [`Compartment::put`] in the
/// place of all. [`Compartment::put_beside`] goes on with one and keeps the others.
#[derive(Debug)]
pub struct Conflict<'a> {
    /// Which record.
    pub id: RecordId,
    /// The versions; the first is the one that [`Compartment::get`] shows.
    pub versions: Vec<&'a Record>,
}

/// What a merge did to one compartment.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub added: usize,
    pub changed: usize,
    pub deleted: usize,
    pub set_aside: usize,
    pub conflicts: Vec<RecordId>,
}

impl Compartment {
    /// The record of that id, unless it is deleted.
    pub fn get(&self, id: RecordId) -> Option<&Record> {
        self.entries.get(&id)?.shown().filter(|record| record.deleted_at.is_none())
    }

    /// All records that are not deleted, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.entries.values().filter_map(Entry::shown).filter(|record| record.deleted_at.is_none())
    }

    /// The tombstones: what was deleted and when. They have no payload.
    pub fn deleted(&self) -> impl Iterator<Item = &Record> {
        self.entries.values().filter_map(Entry::shown).filter(|record| record.deleted_at.is_some())
    }

    /// How many records are not deleted.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no record that is not deleted.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Adds a record, or replaces every version of it. Fields that this program does not know are carried over when
    /// `record` has none. A record equal to the one that stands there changes nothing.
    pub fn put(&mut self, mut record: Record) {
        let entry = self.entries.entry(record.id).or_default();
        entry.carry_over(&mut record);
        if entry.versions.len() == 1 && entry.shown() == Some(&record) {
            return;
        }
        entry.replace(record);
    }

    /// As [`Self::put`], but replaces only the version that [`Self::get`] shows: an edit of one version decides
    /// nothing about the others. What was put is shown, whatever the clocks of the other versions' writers said.
    pub fn put_beside(&mut self, mut record: Record) {
        let entry = self.entries.entry(record.id).or_default();
        entry.carry_over(&mut record);
        if entry.shown() == Some(&record) {
            return;
        }
        let others = entry.versions.iter().skip(1).map(|version| version.record.modified_at);
        if let Some(latest) = others.max() {
            record.modified_at = record.modified_at.max(latest.saturating_add(1));
        }
        entry.replace_shown(record);
    }

    /// Deletes a record: a tombstone without payload stays, so that a merge deletes it elsewhere too. `now` is in
    /// milliseconds since 1970-01-01 UTC. Says whether there was something to delete.
    pub fn delete(&mut self, id: RecordId, now: u64) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        let Some(shown) = entry.shown().filter(|record| record.deleted_at.is_none()) else { return false };
        let mut tombstone = shown.changed(now, SecretBytes::new(Vec::new()));
        tombstone.deleted_at = Some(now);
        entry.replace(tombstone);
        true
    }

    /// The records that were changed in two copies at once.
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict<'_>> {
        self.entries.iter().filter(|(_, entry)| entry.is_conflict()).map(|(id, entry)| Conflict {
            id: *id,
            versions: entry.versions.iter().map(|version| &version.record).collect(),
        })
    }

    /// Records that could not be understood, each as the JSON text that stands in the file. They are saved again
    /// as they are, so that a version that understands them finds them.
    pub fn set_aside(&self) -> &[SecretBytes] {
        &self.set_aside
    }

    /// Drops one record that was set aside, once it is kept elsewhere; says whether it was there.
    pub fn discard_set_aside(&mut self, raw: &SecretBytes) -> bool {
        let before = self.set_aside.len();
        self.set_aside.retain(|kept| kept != raw);
        self.set_aside.len() < before
    }

    /// Takes a version as it stands in a file or another copy.
    pub(crate) fn insert(&mut self, version: Version, replaced: impl IntoIterator<Item = VersionId>) {
        let entry = self.entries.entry(version.record.id).or_default();
        entry.replaced.extend(replaced);
        entry.add(version);
    }

    /// Brings every entry into order after [`Self::insert`].
    pub(crate) fn settle(&mut self) {
        self.entries.values_mut().for_each(Entry::settle);
        self.set_aside.sort_by(|a, b| a.expose().cmp(b.expose()));
        self.set_aside.dedup();
    }

    /// Takes in what another copy has.
    pub(crate) fn merge(&mut self, other: &Self) -> Merged {
        let mut report = Merged::default();
        for (id, theirs) in &other.entries {
            match self.entries.entry(*id) {
                MapEntry::Vacant(place) => {
                    let entry = place.insert(theirs.duplicate());
                    report.added += usize::from(entry.shown().is_some_and(|r| r.deleted_at.is_none()));
                }
                MapEntry::Occupied(mut place) => {
                    let entry = place.get_mut();
                    let before = entry.shown().map(Record::duplicate);
                    entry.merge(theirs);
                    let (Some(before), Some(after)) = (before, entry.shown()) else { continue };
                    match (before.deleted_at, after.deleted_at) {
                        (None, Some(_)) => report.deleted += 1,
                        (Some(_), None) => report.added += 1,
                        _ => report.changed += usize::from(!before.says_the_same(after)),
                    }
                }
            }
        }
        report.conflicts = self.conflicts().map(|conflict| conflict.id).collect();
        let known = self.set_aside.len();
        self.set_aside.extend(other.set_aside.iter().map(SecretBytes::duplicate));
        self.set_aside.sort_by(|a, b| a.expose().cmp(b.expose()));
        self.set_aside.dedup();
        report.set_aside = self.set_aside.len() - known;
        merge_unknown(&mut self.unknown, &other.unknown);
        report
    }
}

/// Fields of both; where they differ, the greater text, so that every copy decides alike.
pub(crate) fn merge_unknown(ours: &mut Unknown, theirs: &Unknown) {
    for (name, value) in theirs {
        if ours.get(name).is_none_or(|known| known.expose() < value.expose()) {
            ours.insert(name.clone(), value.duplicate());
        }
    }
}

impl Entry {
    pub fn shown(&self) -> Option<&Record> {
        self.versions.first().map(|version| &version.record)
    }

    fn replace(&mut self, record: Record) {
        let current: Vec<VersionId> = self.versions.iter().map(|version| version.id).collect();
        let version = Version::of(record, &current);
        self.replaced.extend(current);
        self.versions = vec![version];
        self.forget();
    }

    fn replace_shown(&mut self, record: Record) {
        let others = self.versions.split_off(self.versions.len().min(1));
        self.replace(record);
        self.versions.extend(others);
        self.settle();
    }

    fn carry_over(&self, record: &mut Record) {
        if let Some(shown) = self.shown().filter(|_| record.unknown.is_empty()) {
            record.unknown = shown.duplicate().unknown;
        }
    }

    /// A conflict is when versions differ in what they say; two deletions, or the same edit twice, are none.
    fn is_conflict(&self) -> bool {
        let [first, rest @ ..] = self.versions.as_slice() else { return false };
        rest.iter().any(|version| !version.record.says_the_same(&first.record))
    }

    fn merge(&mut self, other: &Self) {
        for version in &other.versions {
            self.add(version.duplicate());
        }
        self.replaced.extend(&other.replaced);
        self.settle();
    }

    /// Versions of one name that say different things are two: a writer was wrong about the name, and nobody knows
    /// about which.
    fn add(&mut self, version: Version) {
        if !self.versions.contains(&version) {
            self.versions.push(version);
        }
    }

    /// Drops replaced versions and sorts the rest. A history that replaces everything is nonsense, and then
    /// everything is kept.
    fn settle(&mut self) {
        if self.versions.iter().any(|version| !self.replaced.contains(&version.id)) {
            self.versions.retain(|version| !self.replaced.contains(&version.id));
        }
        self.versions.sort_by(|a, b| b.rank().cmp(&a.rank()));
        self.forget();
    }

    fn forget(&mut self) {
        while self.replaced.len() > REMEMBERED {
            self.replaced.pop_first();
        }
    }

    fn duplicate(&self) -> Self {
        Self {
            versions: self.versions.iter().map(Version::duplicate).collect(),
            replaced: self.replaced.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_secret::SecretText;

    fn record(id: RecordId, at: u64, text: &str) -> Record {
        Record::new(id, "account", at, SecretBytes::new(text.as_bytes().to_vec()))
    }

    fn copy(of: &Compartment) -> Compartment {
        let mut copy = Compartment::default();
        copy.merge(of);
        copy
    }

    fn names(of: &Compartment, id: RecordId) -> Vec<VersionId> {
        of.entries[&id].versions.iter().map(|version| version.id).collect()
    }

    #[test]
    fn what_has_a_record_is_not_empty_and_what_has_a_tombstone_is() {
        let (mut all, id) = (Compartment::default(), RecordId::random().unwrap());
        assert!(all.is_empty());
        all.put(record(id, 1, "a"));
        assert!(!all.is_empty());
        assert!(all.delete(id, 2));
        assert!(all.is_empty());
    }

    #[test]
    fn what_stands_there_already_makes_no_version() {
        let (mut all, id) = (Compartment::default(), RecordId::random().unwrap());
        all.put(record(id, 1, "a"));
        let first = names(&all, id);
        all.put(record(id, 1, "a"));
        assert_eq!(names(&all, id).len(), 1);
        assert!(names(&all, id) == first, "nothing was said");
        // Beside another version the same words decide between the two.
        let mut other = Compartment::default();
        other.put(record(id, 2, "b"));
        all.merge(&other);
        assert_eq!(all.conflicts().count(), 1);
        let shown = all.get(id).unwrap().duplicate();
        all.put(shown);
        assert_eq!((all.conflicts().count(), names(&all, id).len()), (0, 1));
    }

    #[test]
    fn what_lives_in_another_copy_comes_back_and_is_counted_as_added() {
        let id = RecordId::random().unwrap();
        let mut ours = Compartment::default();
        ours.put(record(id, 1, "a"));
        let mut theirs = copy(&ours);
        assert!(ours.delete(id, 2));
        theirs.put(record(id, 3, "b"));
        let merged = ours.merge(&theirs);
        assert_eq!((merged.added, merged.changed, merged.deleted), (1, 0, 0));
        assert_eq!(ours.get(id).map(|record| record.payload.expose()), Some(&b"b"[..]));
        let again = ours.merge(&theirs);
        assert_eq!((again.added, again.changed, again.deleted), (0, 0, 0));
    }

    #[test]
    fn what_is_set_aside_is_counted_once_and_discarded_once() {
        let raw = |text: &str| SecretBytes::new(text.as_bytes().to_vec());
        let mut ours = Compartment { set_aside: vec![raw("1"), raw("2")], ..Compartment::default() };
        let theirs = Compartment { set_aside: vec![raw("2"), raw("3")], ..Compartment::default() };
        assert_eq!(ours.merge(&theirs).set_aside, 1);
        assert_eq!(ours.set_aside().len(), 3);
        assert!(!ours.discard_set_aside(&raw("4")));
        assert!(ours.discard_set_aside(&raw("3")));
        assert!(!ours.discard_set_aside(&raw("3")));
        assert_eq!(ours.set_aside().len(), 2);
    }

    #[test]
    fn of_fields_that_nobody_knows_every_copy_keeps_the_same() {
        let fields = |fields: &[(&str, &str)]| -> Unknown {
            let field =
                |(name, value): &(&str, &str)| ((*name).to_owned(), SecretText::new((*value).to_owned()));
            fields.iter().map(field).collect()
        };
        let values = |of: &Unknown| -> Vec<(String, String)> {
            of.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
        };
        let (one, other) = ([("a", "1"), ("b", "4"), ("d", "5")], [("b", "3"), ("c", "2"), ("d", "6")]);
        let all = [("a", "1"), ("b", "4"), ("c", "2"), ("d", "6")];
        for (ours, theirs) in [(&one, &other), (&other, &one)] {
            let mut ours = fields(ours);
            merge_unknown(&mut ours, &fields(theirs));
            assert_eq!(values(&ours), values(&fields(&all)));
        }
    }
}
