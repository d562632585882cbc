//! Google Authenticator's export: `otpauth-migration://offline?data=…`, one URI a QR code, several codes an export.
//!
//! [`parse`] reads one URI, a [`Collector`] puts the batches of an export together in any order and says which are
//! missing, [`write()`] makes an export. The format was never published; it is the one that Google Authenticator
//! writes and that Aegis, 2FAS and scito/extract_otp_secrets read.

mod collector;
mod read;
mod wire;
mod write;

pub use collector::{Added, Collector, Progress};
pub use read::parse;
pub use wire::WireError;
pub use write::{LeftOut, Loss, Unwritable, Written, write};

use crate::Parsed;
use keyhaven_secret::SecretBytes;

/// Most batches an export may claim to have: a thousand times ten accounts.
pub const MAX_BATCHES: u32 = 1_000;

/// Accounts that Google Authenticator puts into one QR code.
pub const ACCOUNTS_PER_BATCH: usize = 10;

/// The name in [`crate::Account::unknown`] under which an entry's protobuf fields that have no meaning here are kept
/// (hexadecimal, as they stood); [`write()`] puts them back.
pub const UNKNOWN_FIELDS: &str = "migration_fields";

/// What one QR code of an export holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// The accounts; one that cannot be used blocks no other.
    pub entries: Vec<Result<Parsed, Rejected>>,
    /// Version of the format; 1 and 2 have been seen.
    pub version: u64,
    /// How many batches the export has, 1 to [`MAX_BATCHES`].
    pub size: u32,
    /// Which of them this is, from 0.
    pub index: u32,
    /// What the batches of one export have in common; may be negative.
    pub id: i32,
    /// Protobuf fields of the batch that have no meaning here, as they stood.
    pub unknown: Vec<u8>,
}

/// An entry that gives no account. Nothing of it is lost.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the batch, from 1.
    pub place: usize,
    /// Its issuer, as far as it could be read.
    pub issuer: String,
    /// Its name, as far as it could be read.
    pub name: String,
    /// Why it gives no account.
    pub reason: EntryError,
    /// All its bytes.
    pub raw: SecretBytes,
}

/// Why an entry gives no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// No secret.
    #[error("the secret is empty")]
    EmptySecret,
    /// The algorithm MD5, which no other program computes.
    #[error("the algorithm is MD5; accepted are SHA1, SHA256 and SHA512")]
    Md5,
    /// An algorithm that is not known.
    #[error("the algorithm has the number {value}; known are 0 to 4")]
    Algorithm {
        /// As it stands.
        value: u64,
    },
    /// A digit count that is not known. It is an enumeration: 2 means eight digits.
    #[error("the digit count has the number {value}; known are 0 and 1 (six) and 2 (eight)")]
    Digits {
        /// As it stands.
        value: u64,
    },
    /// A type that is not known.
    #[error("the type has the number {value}; known are 0 and 2 (TOTP) and 1 (HOTP)")]
    Type {
        /// As it stands.
        value: u64,
    },
    /// A negative counter.
    #[error("the counter is {value}; it takes 0 to 9223372036854775807")]
    Counter {
        /// As it stands.
        value: i64,
    },
    /// No protobuf message.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// Why a text is no batch of an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// Another scheme, or none.
    #[error("this is no Google Authenticator export: the scheme must be otpauth-migration://")]
    Scheme,
    /// Longer than [`crate::MAX_URI_LENGTH`].
    #[error("the URI is {length} bytes long; at most 65536 are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// No parameter `data`, or an empty one.
    #[error("the parameter data is missing or empty")]
    NoData,
    /// A character that base64 does not know.
    #[error("character {position} of the parameter data is no base64 (RFC 4648 §4)")]
    Base64 {
        /// Its place in the decoded parameter, from 1.
        position: usize,
    },
    /// A length that no base64 text has.
    #[error("the parameter data is cut off: base64 text never has {length} characters")]
    Base64Length {
        /// Characters, padding excepted.
        length: usize,
    },
    /// No protobuf message.
    #[error("the parameter data cannot be read: {0}")]
    Wire(#[from] WireError),
    /// A message without any account.
    #[error("the parameter data holds no account")]
    NoAccounts,
    /// A batch count or place out of range.
    #[error("the batch says it is number {index} (from 0) of {size}; an export has 1 to 1000 batches")]
    Place {
        /// As it stands.
        index: u64,
        /// As it stands.
        size: u64,
    },
}
