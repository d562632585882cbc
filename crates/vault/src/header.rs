//! The part of the file that is not sealed: prologue and header, and what a file may demand.
//!
//! Everything here is read before any key exists, from a file that anyone may have made. So each length has a
//! limit that is checked before memory is taken, and nothing costly is done for a file that is not whole.

use crate::{
    cost::KdfCost,
    exact,
    ids::VaultId,
    json::Hex,
    seal,
    slot::{Slot, SlotInfo, SlotKind, secret_of},
};
use keyhaven_secret::KEY_LENGTH;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};
use std::io;

/// Not text, and changed by every transfer that takes it for text (PNG specification §5.2 has the idea).
pub(crate) const MAGIC: [u8; 8] = *b"\x89KHV\r\n\x1a\n";
/// The version of the format that this program writes, and the newest it reads.
pub(crate) const VERSION: u16 = 1;
/// Magic, version, header length, header digest.
pub(crate) const PROLOGUE: usize = 8 + 2 + 4 + DIGEST;
/// A SHA-256.
pub(crate) const DIGEST: usize = 32;
/// The longest header, in bytes.
pub(crate) const MAX_HEADER: usize = 256 * 1024;
/// The longest file, in bytes.
pub(crate) const MAX_FILE: u64 = 256 * 1024 * 1024;
/// The most slots.
pub(crate) const MAX_SLOTS: usize = 32;
/// The most passphrase slots: trying one passphrase costs all of them.
pub(crate) const MAX_PASSPHRASE_SLOTS: usize = 8;
/// The most recovery segments: one, and those merged while the compartment was locked.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// Why a vault file could not be read. The file was not touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no file of that name.
    #[error("there is no vault file")]
    NotFound,
    /// The file ends before its header says; an interrupted copy or download, often of 0 bytes.
    #[error("the vault file is cut short: {found} of at least {expected} bytes")]
    Truncated {
        /// How many bytes there must be at least.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The file does not begin as a vault does.
    #[error("this is not a Keyhaven vault")]
    NotAVault,
    /// A newer Keyhaven wrote the file.
    #[error("the vault has format version {found}, this program reads up to {known}")]
    NewerVersion {
        /// The file's format version.
        found: u16,
        /// The newest that this program reads.
        known: u16,
    },
    /// The file asks for more memory or work than any vault needs. Nothing of it was done.
    #[error("the vault file demands too much: {0}")]
    TooDemanding(Demand),
    /// The file is not as it was written.
    #[error("the vault file is damaged in its {0}")]
    Damaged(DamagedPart),
    /// The system could not read the file.
    #[error("reading the vault file: {0}")]
    Io(#[source] io::Error),
}

/// What a file asked too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Demand {
    /// The file is longer than this program reads, in bytes.
    #[error("a file of more than {limit} bytes")]
    FileLength {
        /// The longest file, in bytes.
        limit: u64,
    },
    /// The header's length in bytes.
    #[error("a header of {found} bytes (at most {limit})")]
    HeaderLength {
        /// What the file says.
        found: u64,
        /// The longest header.
        limit: u64,
    },
    /// The number of slots, or of passphrase slots.
    #[error("{found} slots (at most {limit})")]
    Slots {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The number of recovery segments.
    #[error("{found} recovery segments (at most {limit})")]
    Segments {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Argon2 memory in KiB.
    #[error("{found} KiB of Argon2 memory (8 to {limit})")]
    Memory {
        /// What a slot asks for.
        found: u32,
        /// The most it may ask for.
        limit: u32,
    },
    /// Argon2 passes.
    #[error("{found} Argon2 passes (1 to {limit})")]
    Passes {
        /// What a slot asks for.
        found: u32,
        /// The most it may ask for.
        limit: u32,
    },
}

/// Where a vault file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DamagedPart {
    /// The first 46 bytes: version, header length, header digest.
    #[error("first bytes")]
    Prologue,
    /// The header: ids, slots, lengths.
    #[error("header")]
    Header,
    /// The sealed compartments.
    #[error("sealed contents")]
    Body,
    /// Bytes stand behind the end.
    #[error("end: more follows than belongs to it")]
    End,
}

/// The header (docs/vault-format.md, "Header").
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    pub vault: Hex<16>,
    pub generation: u64,
    pub saved_at: u64,
    pub accounts: AccountsHeader,
    pub recovery: RecoveryHeader,
    pub slots: Vec<StoredSlot>,
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// What the header says of the accounts compartment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccountsHeader {
    /// How often the keys were rotated.
    pub epoch: u64,
    pub commitment: Hex<KEY_LENGTH>,
    pub length: u64,
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// What the header says of the recovery compartment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RecoveryHeader {
    pub commitment: Hex<KEY_LENGTH>,
    pub public_key: Hex<KEY_LENGTH>,
    pub segments: Vec<SegmentHeader>,
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// One sealed state of the recovery compartment. Its digest ties it to the header, and so to the accounts' seal.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SegmentHeader {
    pub length: u64,
    pub sha256: Hex<DIGEST>,
}

/// A slot that this version understands, or one that is only kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredSlot {
    Known(Box<Slot>),
    Kept(Value),
}

impl StoredSlot {
    /// The slot, when it is one that this version can open.
    pub fn known(&self) -> Option<&Slot> {
        match self {
            Self::Known(slot) if !matches!(slot.kind(), SlotKind::Unknown(_)) => Some(slot),
            _ => None,
        }
    }

    /// See [`Slot::secret`].
    pub fn secret(&self) -> crate::SlotId {
        match self {
            Self::Known(slot) => slot.secret(),
            Self::Kept(_) => secret_of(self.info().id),
        }
    }

    /// What it says, in an order that every copy of the vault agrees on.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn info(&self) -> SlotInfo {
        match self {
            Self::Known(slot) => slot.info(),
            Self::Kept(value) => {
                let text = |name: &str| value[name].as_str().unwrap_or_default();
                // Without a name of its own it is told apart by what it says.
                let [named @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
                    seal::digest(value.to_string().as_bytes());
                SlotInfo {
                    id: text("id").parse().unwrap_or(crate::SlotId::from_bytes(named)),
                    kind: SlotKind::Unknown(text("kind").to_owned()),
                    created_at: value["created_at"].as_u64().unwrap_or_default(),
                    label: text("label").to_owned(),
                    opens_accounts: false,
                    opens_recovery: false,
                    cost: None,
                }
            }
        }
    }
}

/// A header that was read, and where the sealed parts lie behind it.
#[derive(Clone)]
pub(crate) struct Parsed {
    pub header: Header,
    /// Length of prologue and header: the associated data of the accounts' seal.
    pub head: usize,
    /// The last 32 bytes: the SHA-256 of all before them.
    pub digest: [u8; DIGEST],
}

/// Reads everything of a file that needs no key.
pub(crate) fn parse(file: &[u8]) -> Result<Parsed, ReadError> {
    if !file.starts_with(&MAGIC[..file.len().min(MAGIC.len())]) {
        return Err(ReadError::NotAVault);
    }
    let truncated =
        |expected: usize| ReadError::Truncated { expected: expected as u64, found: file.len() as u64 };
    if file.len() >= 10 {
        match u16::from_be_bytes([file[8], file[9]]) {
            0 => return Err(ReadError::Damaged(DamagedPart::Prologue)),
            found if found > VERSION => return Err(ReadError::NewerVersion { found, known: VERSION }),
            _ => {}
        }
    }
    let Some(prologue) = file.get(..PROLOGUE) else { return Err(truncated(PROLOGUE)) };
    let length = u32::from_be_bytes([prologue[10], prologue[11], prologue[12], prologue[13]]);
    if length as usize > MAX_HEADER {
        let (found, limit) = (u64::from(length), MAX_HEADER as u64);
        return Err(ReadError::TooDemanding(Demand::HeaderLength { found, limit }));
    }
    let head = PROLOGUE + length as usize;
    let Some(json) = file.get(PROLOGUE..head) else { return Err(truncated(head)) };
    if seal::digest(json) != prologue[14..] {
        return Err(ReadError::Damaged(DamagedPart::Header));
    }
    count(json)?;
    // serde_json stops at 128 levels, so deep nesting ends here too.
    let mut header: Header =
        serde_json::from_slice(json).map_err(|_| ReadError::Damaged(DamagedPart::Header))?;
    header.check_demands()?;
    exact::read_fractions(&mut header, json);
    let sealed = header
        .recovery
        .segments
        .iter()
        .map(|segment| segment.length)
        .chain([header.accounts.length, (head + DIGEST) as u64])
        .try_fold(0u64, u64::checked_add)
        .ok_or(ReadError::Damaged(DamagedPart::Header))?;
    let found = file.len() as u64;
    if found < sealed {
        return Err(ReadError::Truncated { expected: sealed, found });
    }
    if found > sealed {
        return Err(ReadError::Damaged(DamagedPart::End));
    }
    let Some((before, digest)) = file.split_last_chunk::<DIGEST>() else { return Err(truncated(head)) };
    if seal::digest(before) != *digest {
        return Err(ReadError::Damaged(DamagedPart::Body));
    }
    Ok(Parsed { header, head, digest: *digest })
}

/// Refuses a header with too many slots or segments before one of them is looked at: as many as fit into a header take
/// longer to read than a file may keep anybody waiting.
fn count(json: &[u8]) -> Result<(), ReadError> {
    #[derive(Deserialize)]
    struct Counted {
        slots: Vec<IgnoredAny>,
        recovery: CountedRecovery,
    }
    #[derive(Deserialize)]
    struct CountedRecovery {
        segments: Vec<IgnoredAny>,
    }
    let counted: Counted =
        serde_json::from_slice(json).map_err(|_| ReadError::Damaged(DamagedPart::Header))?;
    let (found, limit) = (counted.slots.len(), MAX_SLOTS);
    if found > limit {
        return Err(ReadError::TooDemanding(Demand::Slots { found, limit }));
    }
    let (found, limit) = (counted.recovery.segments.len(), MAX_SEGMENTS);
    if found > limit {
        return Err(ReadError::TooDemanding(Demand::Segments { found, limit }));
    }
    Ok(())
}

impl Header {
    pub fn vault(&self) -> VaultId {
        VaultId::from_bytes(self.vault.0)
    }

    fn check_demands(&self) -> Result<(), ReadError> {
        let too_many = |found, limit| {
            if found > limit { Err(ReadError::TooDemanding(Demand::Slots { found, limit })) } else { Ok(()) }
        };
        let demands = || self.slots.iter().filter_map(StoredSlot::known).filter_map(|slot| slot.argon2id);
        too_many(demands().count(), MAX_PASSPHRASE_SLOTS)?;
        for demand in demands() {
            let (found, limit) = (demand.memory_kib, KdfCost::MAX_MEMORY_KIB);
            if !(8..=limit).contains(&found) {
                return Err(ReadError::TooDemanding(Demand::Memory { found, limit }));
            }
            let (found, limit) = (demand.passes, KdfCost::MAX_PASSES);
            if !(1..=limit).contains(&found) {
                return Err(ReadError::TooDemanding(Demand::Passes { found, limit }));
            }
        }
        Ok(())
    }

    /// Prologue and header as they stand in the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json =
            serde_json::to_vec(self).expect("a header has string keys only, and no number that JSON lacks");
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX); // more than MAX_HEADER is refused by save
        let mut bytes = Vec::with_capacity(PROLOGUE + json.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&seal::digest(&json));
        bytes.extend_from_slice(&json);
        bytes
    }
}
