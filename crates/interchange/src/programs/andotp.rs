//! andOTP: a JSON array, plain or sealed by AES-256-GCM in two generations, neither of which has a mark.
//!
//! Format: andOTP/andOTP, `Utilities/EncryptionHelper.java`.

use super::{Source, password};
use crate::entry::{Draft, Secret, title};
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_otp::decode_base32;
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::AndOtp;
/// What the round count at the head of the current layout can be; anything else is the old layout's nonce.
const ROUNDS: std::ops::RangeInclusive<u64> = 1..=10_000_000;
const SALT: usize = 12;
const NONCE: usize = 12;
const TAG: usize = 16;

fn detect(sample: &Sample<'_>) -> Confidence {
    if let Some(json) = sample.json() {
        let mark = |entry: &Value| {
            entry.has("secret") && entry.has("type") && entry.has("label") && entry.has("digits")
        };
        return Confidence::sure_if(
            json.as_array().is_some_and(|entries| entries.iter().take(100).any(mark)),
        );
    }
    if sample.text().is_some() || sample.has_mark() || sample.bytes.len() < NONCE + TAG + 2 {
        return Confidence::No;
    }
    match (layout(sample.bytes), sample.ending.as_str()) {
        // Current versions draw the count from 140,000 to 160,000.
        (Some((130_000..=170_000, _)), _) => Confidence::Likely,
        (_, "aes" | "bin") => Confidence::Likely,
        _ => Confidence::Possible,
    }
}

/// Round count and rest of the current layout.
fn layout(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (rounds, rest) = bytes.split_first_chunk::<4>()?;
    let rounds = u64::from(u32::from_be_bytes(*rounds));
    (ROUNDS.contains(&rounds) && rest.len() >= SALT + NONCE + TAG).then_some((rounds, rest))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    match sample.json() {
        Some(json) => read_entries(json),
        None if sample.text().is_some() => Err(sample.unrecognised()),
        None => read_entries(&open(sample.bytes, request)?),
    }
}

fn open(bytes: &[u8], request: &Request<'_>) -> Result<Document, ImportError> {
    let password = password(request, FORMAT)?.expose().as_bytes();
    let mut opened = None;
    if let Some((rounds, rest)) = layout(bytes) {
        let (salt, rest) = rest.split_at(SALT);
        let key = crypto::pbkdf2_sha1(request, password, salt, rounds, 32)?;
        opened = Key::from_slice(key.expose()).and_then(|key| open_after_nonce(&key, rest));
    }
    // Versions before 0.6.3 hashed the password once and wrote neither count nor salt.
    let opened = opened
        .or_else(|| open_after_nonce(&crypto::sha256_key(&[password]), bytes))
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })?;
    super::opened_json(&opened, FORMAT)
}

fn open_after_nonce(key: &Key, bytes: &[u8]) -> Option<SecretBytes> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    crypto::open_aes_gcm(key, nonce, b"", sealed)
}

fn read_entries(json: &Document) -> Result<Import, ImportError> {
    let entries =
        json.as_array().ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it is no list" })?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        let title = || title(&entry.words("issuer"), &entry.words("label"), place + 1);
        import.add(title, read_entry(entry));
    }
    Ok(import)
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let kind = entry.text("type").ok_or(Reason::Shape { what: "it has no type" })?;
    let secret = entry.text("secret").unwrap_or_default();
    let (issuer, label) = (entry.words("issuer"), entry.words("label"));
    // Before issuers had a field of their own they stood in the label.
    let (issuer, name) = match label.split_once(" - ").filter(|_| !entry.has("issuer")) {
        Some((issuer, name)) => (issuer.trim().to_owned(), name.trim().to_owned()),
        None => (issuer, label),
    };
    let motp = kind.eq_ignore_ascii_case("motp");
    let mut imported = Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret: Secret::Base32(secret),
        algorithm: entry.text("algorithm"),
        digits: entry.number("digits")?,
        // andOTP writes TOTP's period for mOTP too and computes with 10 s.
        period: if motp { None } else { entry.number("period")? },
        counter: entry.number("counter")?,
        pin: entry.text("pin"),
    }
    .finish()?;
    if motp && decode_base32(secret).is_ok() {
        imported.spelling = Some(SecretText::new(secret.trim().trim_end_matches('=').to_owned()));
    }
    imported.tags = entry.list("tags").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    imported.icon = entry
        .text("thumbnail")
        .filter(|icon| !matches!(*icon, "" | "Default"))
        .map(|icon| Icon::Named(icon.to_owned()));
    Ok(imported)
}
