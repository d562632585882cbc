//! One URI of an export → a batch.

use super::wire::{Fields, Value};
use super::{Batch, EntryError, MAX_BATCHES, MigrationError, Rejected, UNKNOWN_FIELDS};
use crate::percent::{self, Plus};
use crate::uri::Part;
use crate::{Account, Algorithm, Kind, MAX_URI_LENGTH, Oddity, Parsed, label};
use data_encoding::HEXLOWER;
use keyhaven_secret::SecretBytes;
use zeroize::Zeroizing;

/// Reads one `otpauth-migration://` URI.
///
/// # Errors
/// What is no batch at all. An entry that gives no account is an `Err` in [`Batch::entries`] instead.
pub fn parse(text: &str) -> Result<Batch, MigrationError> {
    let text = text.trim();
    if text.len() > MAX_URI_LENGTH {
        return Err(MigrationError::TooLong { length: text.len() });
    }
    let (scheme, rest) = text.split_once("://").ok_or(MigrationError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("otpauth-migration") {
        return Err(MigrationError::Scheme);
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let data = query
        .split('&')
        .find_map(|parameter| parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("data")))
        .map(|(_, value)| percent::decode(value, Plus::Plus).text)
        .ok_or(MigrationError::NoData)?;
    let message = decode_base64(&data)?;
    if message.is_empty() {
        return Err(MigrationError::NoData);
    }
    read_batch(&message)
}

/// Base64 as it comes: in either alphabet, with or without padding, and with the spaces that a form decoder makes of `+`.
fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 3 / 4 + 1));
    let (mut buffer, mut bits, mut length) = (0_u32, 0, 0);
    for (index, character) in text.trim_end_matches('=').chars().enumerate() {
        let value = match character {
            'A'..='Z' => character as u32 - 'A' as u32,
            'a'..='z' => character as u32 - 'a' as u32 + 26,
            '0'..='9' => character as u32 - '0' as u32 + 52,
            '+' | '-' | ' ' => 62,
            '/' | '_' => 63,
            '\r' | '\n' | '\t' => continue,
            _ => return Err(MigrationError::Base64 { position: index + 1 }),
        };
        length += 1;
        buffer = buffer << 6 | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    if length % 4 == 1 {
        return Err(MigrationError::Base64Length { length });
    }
    Ok(bytes)
}

fn read_batch(message: &[u8]) -> Result<Batch, MigrationError> {
    let (mut entries, mut unknown) = (Vec::new(), Vec::new());
    let (mut version, mut size, mut index, mut id) = (0, 0, 0, 0);
    for field in Fields::of(message) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(entry)) => entries.push(read_entry(entry, entries.len() + 1)),
            (2, Value::Varint(value)) => version = value,
            (3, Value::Varint(value)) => size = value,
            (4, Value::Varint(value)) => index = value,
            // An int32: a negative one fills ten bytes on the wire, of which the low half counts.
            (5, Value::Varint(value)) => id = value as i32,
            _ => unknown.extend_from_slice(field.raw),
        }
    }
    if entries.is_empty() {
        return Err(MigrationError::NoAccounts);
    }
    // Protobuf leaves out zeros, and a single batch may say nothing about itself.
    let claimed = size.max(1);
    if claimed > u64::from(MAX_BATCHES) || index >= claimed {
        return Err(MigrationError::Place { index, size });
    }
    Ok(Batch { entries, version, size: claimed as u32, index: index as u32, id, unknown })
}

#[derive(Default)]
struct Entry<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
    counter: Option<(u64, &'a [u8])>,
    unknown: Vec<u8>,
    unknown_numbers: Vec<u64>,
}

fn read_entry(raw: &[u8], place: usize) -> Result<Parsed, Rejected> {
    let mut entry = Entry::default();
    let read = entry.fill(raw).map_err(EntryError::from).and_then(|()| entry.account());
    read.map_err(|reason| Rejected {
        place,
        issuer: text(entry.issuer).0,
        name: text(entry.name).0,
        reason,
        raw: SecretBytes::new(raw.to_vec()),
    })
}

impl<'a> Entry<'a> {
    fn fill(&mut self, raw: &'a [u8]) -> Result<(), super::WireError> {
        for field in Fields::of(raw) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Bytes(value)) => self.secret = value,
                (2, Value::Bytes(value)) => self.name = value,
                (3, Value::Bytes(value)) => self.issuer = value,
                (4, Value::Varint(value)) => self.algorithm = value,
                (5, Value::Varint(value)) => self.digits = value,
                (6, Value::Varint(value)) => self.kind = value,
                (7, Value::Varint(value)) => self.counter = Some((value, field.raw)),
                _ => {
                    self.unknown.extend_from_slice(field.raw);
                    self.unknown_numbers.push(field.number);
                }
            }
        }
        Ok(())
    }

    fn account(&mut self) -> Result<Parsed, EntryError> {
        if self.secret.is_empty() {
            return Err(EntryError::EmptySecret);
        }
        let algorithm = match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            4 => return Err(EntryError::Md5),
            value => return Err(EntryError::Algorithm { value }),
        };
        let digits = match self.digits {
            0 | 1 => 6,
            2 => 8,
            value => return Err(EntryError::Digits { value }),
        };
        let kind = match self.kind {
            0 | 2 => {
                // Without meaning for TOTP: kept, unless it is the zero that Google Authenticator writes.
                if let Some((1.., raw)) = self.counter {
                    self.unknown.extend_from_slice(raw);
                    self.unknown_numbers.push(7);
                }
                Kind::Totp { algorithm, digits, period: 30 }
            }
            1 => {
                let counter = self.counter.map_or(0, |(value, _)| value);
                // An int64 on the wire.
                if i64::try_from(counter).is_err() {
                    return Err(EntryError::Counter { value: counter as i64 });
                }
                Kind::Hotp { algorithm, digits, counter }
            }
            value => return Err(EntryError::Type { value }),
        };
        Ok(self.named(kind))
    }

    fn named(&self, kind: Kind) -> Parsed {
        let mut oddities = Vec::new();
        let ((label, label_latin1), (issuer, issuer_latin1)) = (text(self.name), text(self.issuer));
        if label_latin1 {
            oddities.push(Oddity::NotUtf8 { part: Part::Label });
        }
        if issuer_latin1 {
            oddities.push(Oddity::NotUtf8 { part: Part::Parameter("issuer".into()) });
        }
        let secret = SecretBytes::new(self.secret.to_vec());
        if secret.len() < 16 {
            oddities.push(Oddity::ShortSecret { bits: secret.len() * 8 });
        }
        let mut account = if issuer.trim().is_empty() {
            // A colon may be the name's own: the issuer has a field of its own here, and it is empty.
            oddities.push(if label.contains(':') { Oddity::AmbiguousName } else { Oddity::NoIssuer });
            Account::new("", label.trim(), secret, kind)
        } else {
            let names = label::settle(&label, &issuer);
            if let Some(prefix) = &names.label_issuer {
                let (label, parameter) = (prefix.clone(), names.issuer.clone());
                oddities.push(Oddity::DisagreeingIssuer { label, parameter });
            }
            Account {
                label_issuer: names.label_issuer,
                ..Account::new(names.issuer, names.name, secret, kind)
            }
        };
        if !self.unknown.is_empty() {
            let numbers = self.unknown_numbers.iter();
            oddities.extend(
                numbers.map(|number| Oddity::UnknownParameter { parameter: format!("field {number}") }),
            );
            account.unknown.push((UNKNOWN_FIELDS.into(), HEXLOWER.encode(&self.unknown)));
        }
        Parsed { account, oddities }
    }
}

/// UTF-8 as protobuf demands it; anything else is read as Latin-1, which loses nothing, and told.
fn text(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(_) => (bytes.iter().map(|&byte| char::from(byte)).collect(), true),
    }
}
