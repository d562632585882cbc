//! How an account stands in the vault: the payload of a record of kind [`KIND`], a JSON object.
//!
//! The `uri` is the account itself in the field's own format; beside it stands what the person added. Fields that
//! this version does not know survive a round trip.

use crate::view::{AccountRow, AlgorithmName, HistoryEntry, KindName};
use keyhaven_otp::{Account, Algorithm, Kind, UriError};
use keyhaven_secret::{SecretBytes, SecretText};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Kind of the records that hold an account.
pub const KIND: &str = "account";

/// Edits that are remembered; older ones go.
pub const HISTORY_KEPT: usize = 50;

/// An account and what the person added to it.
pub struct Stored {
    /// The account.
    pub account: Account,
    /// Everything else.
    pub meta: Meta,
}

/// What the person added to an account. Nothing of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Note.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Stays on top.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Place in the manual order.
    pub position: u32,
    /// Slug of the icon the person chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Last use, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_at: Option<u64>,
    /// When it was added, Unix milliseconds.
    pub added_at: u64,
    /// Earlier edits, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct PayloadOut<'a> {
    uri: &'a str,
    #[serde(flatten)]
    meta: &'a Meta,
}

#[derive(Deserialize)]
struct PayloadIn {
    uri: Zeroizing<String>,
    #[serde(flatten)]
    meta: Meta,
}

/// Why a record of kind "account" cannot be shown. It stays in the vault as it is.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The payload is not the JSON object that it should be. Only where, not what: the text may hold a secret.
    #[error("the record is not understood (line {line}, column {column})")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The URI in it cannot be read.
    #[error(transparent)]
    Uri(#[from] UriError),
}

impl Stored {
    /// Reads a record's payload.
    ///
    /// # Errors
    /// The payload is not an account that this version understands.
    pub fn read(payload: &SecretBytes) -> Result<Self, StoredError> {
        let PayloadIn { uri, meta } = serde_json::from_slice(payload.expose())
            .map_err(|error| StoredError::Json { line: error.line(), column: error.column() })?;
        Ok(Self { account: keyhaven_otp::parse_uri(&uri)?.account, meta })
    }

    /// Writes a record's payload.
    pub fn write(&self) -> SecretBytes {
        let uri: SecretText = self.account.to_uri();
        // Room enough that the buffer never moves and leaves a copy behind in the usual case.
        let mut bytes = Vec::with_capacity(uri.expose().len() * 2 + 1024 + self.meta.note.len() * 2);
        let written = serde_json::to_writer(&mut bytes, &PayloadOut { uri: uri.expose(), meta: &self.meta });
        debug_assert!(written.is_ok(), "text and numbers always serialise, and a Vec takes every byte");
        SecretBytes::new(bytes)
    }

    /// Moves a counter ahead to `to`, never back; an account without one has none to move.
    pub fn raise_counter(&mut self, to: u64) {
        if let Kind::Hotp { counter, .. } = &mut self.account.kind {
            *counter = to.max(*counter);
        }
    }

    /// The row of the list.
    pub fn row(&self, id: String) -> AccountRow {
        let Self { account, meta } = self;
        AccountRow {
            id,
            issuer: account.issuer.clone(),
            name: account.name.clone(),
            kind: kind_name(&account.kind),
            digits: account.kind.digits(),
            period: account.kind.period(),
            tags: meta.tags.clone(),
            pinned: meta.pinned,
            position: meta.position,
            icon: meta.icon.clone(),
            has_note: !meta.note.is_empty(),
            used_at: meta.used_at,
            added_at: meta.added_at,
            undecided: false,
        }
    }

    /// Remembers an edit.
    pub fn remember(&mut self, at: u64, change: String) {
        self.meta.history.push(HistoryEntry { at, change });
        let surplus = self.meta.history.len().saturating_sub(HISTORY_KEPT);
        self.meta.history.drain(..surplus);
    }
}

/// Whether two accounts make the same codes: secret and parameters, not names and not the counter.
pub fn same_codes(a: &Account, b: &Account) -> bool {
    let parameters = match (&a.kind, &b.kind) {
        (Kind::Hotp { algorithm: a, digits: m, .. }, Kind::Hotp { algorithm: b, digits: n, .. }) => {
            (a, m) == (b, n)
        }
        (a, b) => a == b,
    };
    parameters && a.secret == b.secret
}

/// The view's name of a kind.
pub fn kind_name(kind: &Kind) -> KindName {
    match kind {
        Kind::Totp { .. } => KindName::Totp,
        Kind::Hotp { .. } => KindName::Hotp,
        Kind::Steam => KindName::Steam,
        Kind::Motp { .. } => KindName::Motp,
        Kind::Yandex { .. } => KindName::Yandex,
    }
}

/// The view's name of an algorithm.
pub fn algorithm_name(algorithm: Algorithm) -> AlgorithmName {
    match algorithm {
        Algorithm::Sha1 => AlgorithmName::SHA1,
        Algorithm::Sha256 => AlgorithmName::SHA256,
        Algorithm::Sha512 => AlgorithmName::SHA512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"uri":"otpauth://totp/Example:me?secret=JBSWY3DPEHPK3PXP&issuer=Example&colour=red","note":"n","tags":["Work"],"position":3,"added_at":5,"future":{"x":[1]}}"#;

    fn stored(text: &str) -> Result<Stored, StoredError> {
        Stored::read(&SecretBytes::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn unknown_fields_and_parameters_survive() {
        let read = stored(PAYLOAD).unwrap();
        let again = Stored::read(&read.write()).unwrap();
        assert_eq!(read.meta, again.meta);
        assert!(again.meta.unknown.contains_key("future"));
        assert_eq!(again.account.unknown, [("colour".to_owned(), "red".to_owned())]);
        assert_eq!(again.meta.note, "n");
    }

    #[test]
    fn an_odd_record_is_an_error_without_the_secret_in_it() {
        let odd = PAYLOAD.replace("\"position\":3", "\"position\":\"JBSWY3DPEHPK3PXP\"");
        let said = stored(&odd).err().map(|error| error.to_string()).unwrap();
        assert!(!said.contains("JBSWY3DPEHPK3PXP"), "{said}");
        assert!(stored("[]").is_err());
        assert!(stored(&PAYLOAD.replace("totp", "notp")).is_err());
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_newest() {
        let mut read = stored(PAYLOAD).unwrap();
        for at in 0..200 {
            read.remember(at, format!("edit {at}"));
        }
        assert_eq!(read.meta.history.len(), HISTORY_KEPT);
        assert_eq!(read.meta.history.last().map(|entry| entry.at), Some(199));
    }

    #[test]
    fn the_same_codes_are_known_under_other_names_and_counters() {
        let account = |uri: &str| keyhaven_otp::parse_uri(uri).unwrap().account;
        let a = account("otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP&counter=1");
        assert!(same_codes(&a, &account("otpauth://hotp/b:c?secret=jbswy3dpehpk3pxp&counter=9")));
        assert!(!same_codes(&a, &account("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP")));
        assert!(!same_codes(&a, &account("otpauth://hotp/a?secret=JBSWY3DPEHPK3PXA&counter=1")));
    }
}
