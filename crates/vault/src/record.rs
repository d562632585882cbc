//! One record and its versions. What a payload means is the caller's business.

use crate::{
    ids::{RecordId, hex, unhex},
    json::Unknown,
};
use keyhaven_secret::SecretBytes;
use sha2::{Digest, Sha256};
use std::fmt;

/// A record: an account, a set of recovery codes, a setting. Opaque to the vault.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Which record; the same in every copy of the vault.
    pub id: RecordId,
    /// What the payload is, for example `account`. Kinds that the caller does not know it leaves alone.
    pub kind: String,
    /// When it was last changed, in milliseconds since 1970-01-01 UTC. For people and for display: what
    /// supersedes what is decided by the versions' history, so a clock that jumps back loses nothing.
    pub modified_at: u64,
    /// When it was deleted, in milliseconds since 1970-01-01 UTC.
    pub deleted_at: Option<u64>,
    /// The content.
    pub payload: SecretBytes,
    /// Fields that a newer version wrote; see [`Record::changed`].
    pub(crate) unknown: Unknown,
}

impl Record {
    /// A record without history. `modified_at` is in milliseconds since 1970-01-01 UTC.
    pub fn new(id: RecordId, kind: impl Into<String>, modified_at: u64, payload: SecretBytes) -> Self {
        Self { id, kind: kind.into(), modified_at, deleted_at: None, payload, unknown: Unknown::new() }
    }

    /// The same record with another payload; fields that this version does not know are carried along.
    pub fn changed(&self, modified_at: u64, payload: SecretBytes) -> Self {
        Self { modified_at, deleted_at: None, payload, ..self.duplicate() }
    }

    /// The same record as one of its own, under another id.
    pub fn apart(&self, id: RecordId, modified_at: u64) -> Self {
        Self { id, modified_at, ..self.duplicate() }
    }

    /// A second, equally secret record.
    pub fn duplicate(&self) -> Self {
        Self {
            id: self.id,
            kind: self.kind.clone(),
            modified_at: self.modified_at,
            deleted_at: self.deleted_at,
            payload: self.payload.duplicate(),
            unknown: self.unknown.iter().map(|(name, value)| (name.clone(), value.duplicate())).collect(),
        }
    }

    /// Whether both say the same, whenever that was said.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.deleted_at.is_some() == other.deleted_at.is_some()
            && self.payload == other.payload
            && self.unknown == other.unknown
    }
}

/// Names one version of a record: how many came before it, and the first 64 bits of a digest of what it says and
/// replaces. The count orders versions without a clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VersionId {
    pub count: u32,
    pub hash: [u8; 8],
}

impl VersionId {
    pub fn parse(text: &str) -> Option<Self> {
        let (count, hash) = text.split_once('-')?;
        Some(Self { count: count.parse().ok()?, hash: unhex(hash)? })
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.count, hex(&self.hash))
    }
}

/// A record as it stood at one time.
#[derive(PartialEq, Eq)]
pub(crate) struct Version {
    pub id: VersionId,
    pub record: Record,
}

impl Version {
    /// The version that `record` makes when it replaces `replaced`.
    pub fn of(record: Record, replaced: &[VersionId]) -> Self {
        let count = replaced.iter().map(|id| id.count).max().unwrap_or(0).saturating_add(1);
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        part(record.id.as_bytes());
        part(record.kind.as_bytes());
        part(&record.modified_at.to_be_bytes());
        part(&record.deleted_at.map_or([0; 9], |at| {
            let mut bytes = [1; 9];
            bytes[1..].copy_from_slice(&at.to_be_bytes());
            bytes
        }));
        part(record.payload.expose());
        for (name, value) in &record.unknown {
            part(name.as_bytes());
            part(value.expose().as_bytes());
        }
        for id in replaced {
            part(id.to_string().as_bytes());
        }
        let digest = hasher.finalize();
        let mut hash = [0; 8];
        hash.copy_from_slice(&digest[..8]);
        Self { id: VersionId { count, hash }, record }
    }

    pub fn duplicate(&self) -> Self {
        Self { id: self.id, record: self.record.duplicate() }
    }

    /// Which of several concurrent versions is shown: what lives before what is deleted, then the later. The rest
    /// only makes every copy decide alike.
    pub fn rank(&self) -> impl Ord {
        let record = &self.record;
        let unknown: Vec<_> =
            record.unknown.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        let content = (record.payload.expose(), record.kind.as_str(), record.deleted_at, unknown);
        (record.deleted_at.is_none(), record.modified_at, self.id, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_secret::SecretText;

    fn record() -> Record {
        let mut record =
            Record::new(RecordId::random().unwrap(), "account", 5, SecretBytes::new(b"a".to_vec()));
        record.unknown.insert("colour".to_owned(), SecretText::new("\"red\"".to_owned()));
        record
    }

    #[test]
    fn a_changed_record_lives_and_one_apart_is_another() {
        let dead = Record { deleted_at: Some(6), ..record() };
        let changed = dead.changed(7, SecretBytes::new(b"b".to_vec()));
        assert_eq!((changed.id, changed.modified_at, changed.deleted_at), (dead.id, 7, None));
        assert_eq!((changed.payload.expose(), &changed.unknown), (&b"b"[..], &dead.unknown));
        let (first, id) = (record(), RecordId::random().unwrap());
        let apart = first.apart(id, 9);
        assert_eq!((apart.id, apart.modified_at), (id, 9));
        assert!(apart.says_the_same(&first));
    }

    #[test]
    fn records_say_the_same_when_nothing_but_the_moment_differs() {
        let one = record();
        let other = |change: fn(&mut Record)| {
            let mut other = one.duplicate();
            change(&mut other);
            one.says_the_same(&other)
        };
        assert!(other(|_| ()));
        assert!(other(|record| record.modified_at = 8));
        assert!(!other(|record| record.kind = "note".to_owned()));
        assert!(!other(|record| record.deleted_at = Some(8)));
        assert!(!other(|record| record.payload = SecretBytes::new(b"b".to_vec())));
        assert!(!other(|record| record.unknown = Unknown::new()));
    }
}
