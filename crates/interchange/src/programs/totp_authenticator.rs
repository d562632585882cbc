//! TOTP Authenticator (by BinaryBoot): base64 around AES-256-CBC, and Android preferences. Algorithms are not kept.
//!
//! Known from beemdevelopment/Aegis and stratumauth/app. There is no integrity check: JSON has to come out.

use super::Source;
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::json::{Document, Fields};
use crate::prefs::Preferences;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_secret::{SecretBytes, SecretText};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::TotpAuthenticator;
const LIST: &str = "STATIC_TOTP_CODES_LIST";
/// The password of exports that were made without one.
const NO_PASSWORD: &[u8] = b"TotpAuthenticator";

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(text) = sample.text() else { return Confidence::No };
    if sample.is_preferences() {
        return Confidence::sure_if(text.contains(LIST));
    }
    if sample.json().is_some() || !text.bytes().all(is_base64) || !is_one_text(text) {
        return Confidence::No;
    }
    Confidence::likely_if(decode_base64(text).is_some_and(|bytes| bytes.len() % 16 == 0))
}

/// Whether the lines are one long text, broken at one width or not at all. Lists of recovery codes are base64 by the
/// look of each character and short in their lines; keys in hexadecimal or base32 are in one case throughout.
fn is_one_text(text: &str) -> bool {
    let mut lines = text.trim().lines().map(str::trim);
    let width = lines.next().map_or(0, str::len);
    let (mut wide, mut last) = (true, width);
    for line in lines {
        wide &= last == width && line.len() <= width;
        last = line.len();
    }
    let is = |kind: fn(&u8) -> bool| text.bytes().any(|byte| kind(&byte));
    wide && width >= 64 && is(u8::is_ascii_lowercase) && is(u8::is_ascii_uppercase)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let not_this = |why| ImportError::NotThisFormat { format: FORMAT, why };
    let text = sample.text().ok_or_else(|| not_this("it is no text"))?;
    if sample.is_preferences() {
        let preferences = Preferences::read(text, FORMAT)?;
        let list = preferences.get(LIST).ok_or_else(|| not_this("it has no list of codes"))?;
        return read_list(list).ok_or_else(|| ImportError::broken(FORMAT, LIST, "it is no list in JSON"));
    }
    let sealed = decode_base64(text).ok_or_else(|| not_this("it is no base64 text"))?;
    if let Some(import) = open(NO_PASSWORD, &sealed) {
        return Ok(import);
    }
    let password = super::password(request, FORMAT)?;
    open(password.expose().as_bytes(), &sealed)
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })
}

fn open(password: &[u8], sealed: &SecretBytes) -> Option<Import> {
    let opened = crypto::open_aes_cbc(&crypto::sha256_key(&[password]), &[0; 16], sealed.expose())?;
    let document = Document::parse(std::str::from_utf8(opened.expose()).ok()?).ok()?;
    // An object whose only field's *name* is the list, as text.
    let list = document.as_object()?.keys().next()?;
    read_list(list)
}

fn read_list(list: &str) -> Option<Import> {
    let list = Document::parse(list).ok()?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in list.as_array()?.iter().enumerate() {
        import.add(|| title(&issuer(entry), &entry.words("name"), place + 1), read_entry(entry));
    }
    Some(import)
}

fn issuer(entry: &Value) -> String {
    Some(entry.words("issuer")).filter(|issuer| issuer != "Unknown").unwrap_or_default()
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let (issuer, name) = (issuer(entry), entry.words("name"));
    let key = SecretText::new(entry.text("key").unwrap_or_default().trim().to_owned());
    let hex =
        |text: &str| data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().map(SecretBytes::new);
    let secret = match entry.number("base")? {
        Some(16) => Secret::Bytes(hex(key.expose()).ok_or(Reason::Encoding { encoding: "hexadecimal" })?),
        Some(32) | None => Secret::Base32(key.expose()),
        Some(64) => {
            Secret::Bytes(decode_base64(key.expose()).ok_or(Reason::Encoding { encoding: "base64" })?)
        }
        Some(_) => return Err(Reason::Shape { what: "its key is in a base other than 16, 32 and 64" }),
    };
    Draft {
        digits: entry.number("digits")?,
        period: entry.number("period")?,
        ..Draft::totp(&issuer, &name, secret)
    }
    .finish()
}
