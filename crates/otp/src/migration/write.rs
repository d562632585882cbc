//! Accounts → the URIs of an export.

use super::UNKNOWN_FIELDS;
use super::wire::{put_bytes, put_number};
use crate::percent::encode_into;
use crate::{Account, Algorithm, Kind, label};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use keyhaven_secret::SecretText;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Why an account cannot be part of an export: the format has no way to say it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// Neither TOTP nor HOTP.
    #[error("the format knows TOTP and HOTP only, not {kind}")]
    Kind {
        /// [`Kind::name`].
        kind: &'static str,
    },
    /// Another number of digits than 6 or 8.
    #[error("the format knows 6 and 8 digits only, not {digits}")]
    Digits {
        /// The account's.
        digits: u8,
    },
    /// Another period than 30 s.
    #[error("the format knows a period of 30 s only, not {period} s")]
    Period {
        /// The account's, in seconds.
        period: u32,
    },
    /// A counter beyond 63 bits.
    #[error("the format knows counters up to 9223372036854775807 only, not {counter}")]
    Counter {
        /// The account's.
        counter: u64,
    },
    /// An empty secret.
    #[error("the secret is empty")]
    EmptySecret,
}

/// An account that is not in the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its place among the accounts given, from 0.
    pub place: usize,
    /// Why.
    pub reason: Unwritable,
}

/// A parameter that the export does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The account's place among those given, from 0.
    pub place: usize,
    /// The parameter's name.
    pub parameter: String,
}

/// An export, and what is not in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// One URI a QR code, in order.
    pub uris: Vec<SecretText>,
    /// Accounts that the format cannot express.
    pub left_out: Vec<LeftOut>,
    /// Unknown parameters that the format has no place for.
    pub lost: Vec<Loss>,
}

/// Writes an export with at most `max_per_batch` accounts (at least 1; Google's is [`super::ACCOUNTS_PER_BATCH`]) in
/// each URI. The same accounts give the same URIs.
pub fn write<'a>(accounts: impl IntoIterator<Item = &'a Account>, max_per_batch: usize) -> Written {
    let mut written = Written { uris: Vec::new(), left_out: Vec::new(), lost: Vec::new() };
    let mut entries = Vec::new();
    for (place, account) in accounts.into_iter().enumerate() {
        match write_entry(account) {
            Ok((entry, lost)) => {
                entries.push(entry);
                written.lost.extend(lost.into_iter().map(|parameter| Loss { place, parameter }));
            }
            Err(reason) => written.left_out.push(LeftOut { place, reason }),
        }
    }
    // The batches of an export share an identifier. Google's is random; a digest of what they hold needs no random
    // numbers, tells no more than the URIs do, and lets the same export be recognised.
    let digest = entries.iter().fold(Sha256::new(), |digest, entry| digest.chain_update(entry)).finalize();
    let id = i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let batches = entries.chunks(max_per_batch.max(1));
    let size = batches.len() as u64;
    written.uris = batches.zip(0..).map(|(batch, index)| write_batch(batch, size, index, id)).collect();
    written
}

fn write_batch(entries: &[Zeroizing<Vec<u8>>], size: u64, index: u64, id: i32) -> SecretText {
    let length: usize = entries.iter().map(|entry| entry.len() + 12).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(length + 64));
    for entry in entries {
        put_bytes(&mut message, 1, entry);
    }
    for (number, value) in [(2, 1), (3, size), (4, index), (5, i64::from(id) as u64)] {
        put_number(&mut message, number, value);
    }
    let data = Zeroizing::new(BASE64.encode(&message));
    let mut uri = Zeroizing::new(String::with_capacity(data.len() * 3 + 64));
    uri.push_str("otpauth-migration://offline?data=");
    encode_into(&mut uri, data.as_bytes(), b"");
    uri.into()
}

/// The entry's message, and the names of parameters it has no place for.
fn write_entry(account: &Account) -> Result<(Zeroizing<Vec<u8>>, Vec<String>), Unwritable> {
    if account.secret.is_empty() {
        return Err(Unwritable::EmptySecret);
    }
    let (algorithm, digits, kind, counter) = match account.kind {
        Kind::Totp { algorithm, digits, period: 30 } => (algorithm, digits, 2, None),
        Kind::Totp { period, .. } => return Err(Unwritable::Period { period }),
        Kind::Hotp { counter, .. } if i64::try_from(counter).is_err() => {
            return Err(Unwritable::Counter { counter });
        }
        Kind::Hotp { algorithm, digits, counter } => (algorithm, digits, 1, Some(counter)),
        Kind::Steam | Kind::Motp { .. } | Kind::Yandex { .. } => {
            return Err(Unwritable::Kind { kind: account.kind.name() });
        }
    };
    let digits = match digits {
        6 => 1,
        8 => 2,
        digits => return Err(Unwritable::Digits { digits }),
    };
    let algorithm = match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
    };
    let unknown: usize = account.unknown.iter().map(|(_, value)| value.len()).sum();
    let names = account.issuer.len() * 2 + account.name.len();
    let mut entry = Zeroizing::new(Vec::with_capacity(account.secret.len() + names + unknown + 128));
    put_bytes(&mut entry, 1, account.secret.expose());
    put_bytes(&mut entry, 2, name(account).as_bytes());
    let issuer = account.issuer.trim();
    if !issuer.is_empty() {
        put_bytes(&mut entry, 3, issuer.as_bytes());
    }
    put_number(&mut entry, 4, algorithm);
    put_number(&mut entry, 5, digits);
    put_number(&mut entry, 6, kind);
    if let Some(counter) = counter {
        put_number(&mut entry, 7, counter);
    }
    let mut lost = Vec::new();
    for (parameter, value) in &account.unknown {
        let fields = (parameter == UNKNOWN_FIELDS).then(|| HEXLOWER_PERMISSIVE.decode(value.as_bytes()).ok());
        match fields.flatten() {
            Some(fields) => entry.extend_from_slice(&fields),
            None => lost.push(parameter.clone()),
        }
    }
    Ok((entry, lost))
}

/// The name, with the label's issuer where it has to come back: a colon in the name splits only if there is an issuer.
fn name(account: &Account) -> String {
    let (issuer, name) = (account.issuer.trim(), account.name.trim());
    match label::prefix(issuer, name, account.label_issuer.as_deref()) {
        Some(prefix) if account.label_issuer.is_some() || (name.contains(':') && !issuer.is_empty()) => {
            format!("{prefix}:{name}")
        }
        _ => name.into(),
    }
}
