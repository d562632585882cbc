//! How recovery sets stand in the vault.
//!
//! A set is three records. The **codes** (kind [`SET_KIND`]) and the **original file**, byte for byte ([`FILE_KIND`]),
//! are in the recovery compartment. A **summary** under the set's id ([`SUMMARY_KIND`]) is among the accounts: whose
//! set it is and how many codes are left, never a code. So counts can be shown, and new files be taken in, while the
//! recovery compartment is locked.

use crate::recovery::view::{SetKind, TidyWay};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Compartment, Record, RecordId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Kind of the records with codes.
pub const SET_KIND: &str = "recovery-set";
/// Kind of the records that are an original file.
pub const FILE_KIND: &str = "recovery-file";
/// Kind of the summaries among the accounts.
pub const SUMMARY_KIND: &str = "recovery-summary";

/// What may be known of a set while its codes are locked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
    /// Whose codes they are; empty where that is not known.
    pub provider: String,
    /// The person's own name for the set; empty: the provider's.
    pub label: String,
    pub kind: SetKind,
    /// The account's record, when it is linked to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Name of the file it came from, or "Clipboard".
    pub source: String,
    /// Bytes of the original.
    pub size: u64,
    /// Codes in all.
    pub total: u32,
    /// Codes that are used.
    pub used: u32,
    pub added_at: u64,
    /// When a code was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_at: Option<u64>,
    /// When the codes were last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<u64>,
    /// When a newer set took its place; it is never offered again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_at: Option<u64>,
    /// The set that this one replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// What became of the downloaded file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tidied: Option<Tidied>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tidied {
    pub way: TidyWay,
    pub at: u64,
}

/// A set's codes and texts.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Set {
    /// As in the summary, so that a lost summary can be made again.
    pub provider: String,
    pub kind: SetKind,
    pub source: String,
    pub added_at: u64,
    pub codes: Vec<Code>,
    pub documents: Vec<Document>,
    /// The person's note.
    pub note: Zeroizing<String>,
    /// The record of the original file.
    pub file: String,
    /// Pages of the original, when it is a PDF that could be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Code {
    pub text: Zeroizing<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

/// How a code was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Used {
    /// When; not known for a code that its file already called used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// Where, in the person's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Document {
    /// As `keyhaven-recovery` names it.
    pub kind: String,
    /// Its text; none where the document is the original file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Zeroizing<String>>,
}

/// A payload of one of the three kinds.
pub(crate) trait Payload: Serialize + for<'de> Deserialize<'de> {
    fn read(payload: &SecretBytes) -> Option<Self> {
        serde_json::from_slice(payload.expose()).ok()
    }

    fn write(&self) -> SecretBytes {
        // Twice: first only counting, so that the buffer with the codes never moves and leaves a copy behind.
        let mut counter = Counter(0);
        let counted = serde_json::to_writer(&mut counter, self);
        let mut bytes = Vec::with_capacity(counter.0);
        let written = serde_json::to_writer(&mut bytes, self);
        debug_assert!(counted.is_ok() && written.is_ok(), "text and numbers always serialise");
        SecretBytes::new(bytes)
    }
}

impl Payload for Summary {}
impl Payload for Set {}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Summary {
    /// Codes that are left.
    pub fn left(&self) -> u32 {
        self.total.saturating_sub(self.used)
    }

    /// Takes the counts of `set` over; says whether that changed anything.
    pub fn count(&mut self, set: &Set) -> bool {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let total = number(set.codes.len());
        let used = number(set.codes.iter().filter(|code| code.used.is_some()).count());
        let used_at = set.codes.iter().filter_map(|code| code.used.as_ref()?.at).max();
        let before = (self.total, self.used, self.used_at);
        (self.total, self.used, self.used_at) = (total, used, used_at);
        before != (total, used, used_at)
    }

    /// A summary for a set that lost its own.
    pub fn of(set: &Set) -> Self {
        let mut summary = Self {
            provider: set.provider.clone(),
            kind: set.kind,
            source: set.source.clone(),
            added_at: set.added_at,
            ..Self::default()
        };
        summary.count(set);
        summary
    }
}

impl Set {
    /// The set as several copies of the vault have it after they were changed at once: a code that any of them calls
    /// used is used.
    pub fn of_versions(versions: &[&Record]) -> Option<Self> {
        let mut sets = versions.iter().filter_map(|record| Self::read(&record.payload));
        let mut first = sets.next()?;
        for other in sets {
            for theirs in other.codes {
                match first.codes.iter_mut().find(|ours| ours.text == theirs.text) {
                    Some(ours) => ours.used = ours.used.take().or(theirs.used),
                    None => first.codes.push(theirs),
                }
            }
        }
        Some(first)
    }

    /// The first code that is not used.
    pub fn next(&self) -> Option<usize> {
        self.codes.iter().position(|code| code.used.is_none())
    }

    /// The code that was used last: the latest time, and among equals the one furthest back in the list.
    pub fn last_used(&self) -> Option<usize> {
        let used = self.codes.iter().enumerate().filter_map(|(at, code)| Some((code.used.as_ref()?.at?, at)));
        used.max().map(|(_, at)| at)
    }
}

/// All summaries among the accounts.
pub(crate) fn summaries(accounts: &Compartment) -> impl Iterator<Item = (RecordId, Summary)> {
    let records = accounts.iter().filter(|record| record.kind == SUMMARY_KIND);
    records.filter_map(|record| Some((record.id, Summary::read(&record.payload)?)))
}

/// The set of that id, with the uses of every version of it.
pub(crate) fn set(recovery: &Compartment, id: RecordId) -> Option<Set> {
    let shown = recovery.get(id).filter(|record| record.kind == SET_KIND)?;
    match recovery.conflicts().find(|conflict| conflict.id == id) {
        Some(conflict) => Set::of_versions(&conflict.versions),
        None => Set::read(&shown.payload),
    }
}

/// The payload of `then`, an earlier or another state of the recovery set or summary `now`, with what was used since: a
/// code that was used stays used, whatever another state says.
pub(crate) fn with_uses(now: &Record, then: &Record) -> Option<SecretBytes> {
    match (now.kind.as_str(), then.kind.as_str()) {
        (SET_KIND, SET_KIND) => {
            let (now, mut then) = (Set::read(&now.payload)?, Set::read(&then.payload)?);
            for code in then.codes.iter_mut().filter(|code| code.used.is_none()) {
                code.used =
                    now.codes.iter().find(|same| same.text == code.text).and_then(|same| same.used.clone());
            }
            Some(then.write())
        }
        (SUMMARY_KIND, SUMMARY_KIND) => {
            let (now, mut then) = (Summary::read(&now.payload)?, Summary::read(&then.payload)?);
            if now.total == then.total {
                then.used = then.used.max(now.used);
            }
            then.used_at = then.used_at.max(now.used_at);
            then.seen_at = then.seen_at.max(now.seen_at);
            Some(then.write())
        }
        _ => None,
    }
}

/// Puts a record in the place of what its id had.
pub(crate) fn put(compartment: &mut Compartment, id: RecordId, kind: &str, now: u64, payload: SecretBytes) {
    let record = match compartment.get(id) {
        Some(record) => record.changed(now, payload),
        None => Record::new(id, kind, now, payload),
    };
    compartment.put(record);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of(codes: &[(&str, Option<u64>)]) -> Set {
        let code = |(text, at): &(&str, Option<u64>)| Code {
            text: Zeroizing::new((*text).to_owned()),
            remark: None,
            used: at.map(|at| Used { at: Some(at), place: String::new() }),
        };
        Set { codes: codes.iter().map(code).collect(), ..Set::default() }
    }

    #[test]
    fn what_one_copy_calls_used_is_used() {
        let id = RecordId::random().unwrap();
        let record = |set: Set| Record::new(id, SET_KIND, 1, set.write());
        let here = record(set_of(&[("a", Some(5)), ("b", None), ("c", None)]));
        let there = record(set_of(&[("a", None), ("b", Some(7)), ("c", None)]));
        let merged = Set::of_versions(&[&here, &there]).unwrap();
        assert_eq!((merged.next(), merged.last_used()), (Some(2), Some(1)));
    }

    #[test]
    fn unknown_fields_survive_and_the_buffer_is_as_long_as_it_must_be() {
        let text = r#"{"provider":"X","codes":[{"text":"a"}],"future":{"y":1}}"#;
        let set = Set::read(&SecretBytes::new(text.as_bytes().to_vec())).unwrap();
        let again = Set::read(&set.write()).unwrap();
        assert!(again.unknown.contains_key("future"));
        assert!(Summary::read(&SecretBytes::new(b"[]".to_vec())).is_none());
    }
}
