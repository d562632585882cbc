//! FreeOTP 1 (Android preferences) and FreeOTP+ (the same, and a JSON export): one token format.
//!
//! Format: freeotp/freeotp-android, `Token.java`; helloworld1/FreeOTPPlus, `OtpToken.kt`. Both keep the counter of the
//! last code, one less than that of the next (their own `toUri` adds one).

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::json::{Document, Fields};
use crate::prefs::Preferences;
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request};
use keyhaven_secret::SecretBytes;
use serde_json::Value;
use std::collections::HashMap;

pub(super) const XML: Source = Source { format: Format::FreeOtp, detect: detect_xml, read: read_xml };
pub(super) const PLUS: Source = Source { format: Format::FreeOtpPlus, detect: detect_plus, read: read_plus };

fn detect_xml(sample: &Sample<'_>) -> Confidence {
    let mark = |text: &str| text.contains("issuerExt") || text.contains("\"tokenOrder\"");
    Confidence::sure_if(sample.is_preferences() && sample.text().is_some_and(mark))
}

fn detect_plus(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    Confidence::sure_if(json.get("tokens").is_some_and(Value::is_array) && json.has("tokenOrder"))
}

fn read_xml(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let format = Format::FreeOtp;
    let text = sample.text().ok_or(ImportError::NotThisFormat { format, why: "it is no text" })?;
    let preferences = Preferences::read(text, format)?;
    let order = preferences.get("tokenOrder").and_then(|order| Document::parse(order).ok());
    let order = order.as_ref().and_then(|order| order.as_array()).map(Vec::as_slice).unwrap_or_default();
    let order: HashMap<&str, usize> = order.iter().filter_map(Value::as_str).zip(0..).collect();
    let mut tokens: Vec<_> = preferences.iter().filter(|(name, _)| *name != "tokenOrder").collect();
    tokens.sort_by_key(|(name, _)| order.get(name).copied().unwrap_or(usize::MAX));
    let mut import = Import::new(format);
    for (name, token) in tokens {
        match Document::parse(token) {
            Ok(token) if token.is_object() => {
                import.add(|| name.to_owned(), read_token(&token, Next::AfterStored))
            }
            // Other preferences of the app stand here too.
            _ if !token.trim_start().starts_with('{') => {}
            _ => import.add(|| name.to_owned(), Err(Reason::Shape { what: "it is no JSON" })),
        }
    }
    Ok(import)
}

fn read_plus(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let format = Format::FreeOtpPlus;
    let export = json(sample, format)?;
    let tokens = export
        .get("tokens")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format, why: "it has no list of tokens" })?;
    let mut import = Import::new(format);
    for (place, token) in tokens.iter().enumerate() {
        let (issuer, name) = names(token);
        import.add(|| title(&issuer, &name, place + 1), read_token(token, Next::AfterStored));
    }
    Ok(import)
}

/// Which counter the next code has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The one after the stored one.
    AfterStored,
    /// The stored one.
    Stored,
}

/// What the user sees: edited names before the original ones.
pub(super) fn names(token: &Value) -> (String, String) {
    let first = |fields: &[&str]| {
        fields.iter().map(|field| token.words(field)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    (first(&["issuerAlt", "issuerExt", "issuerInt"]), first(&["labelAlt", "label"]))
}

pub(super) fn read_token(token: &Value, next: Next) -> Result<Imported, Reason> {
    let secret = token.get("secret").and_then(Value::as_array).ok_or(Reason::NoSecret)?;
    let secret = signed_bytes(secret).ok_or(Reason::Encoding { encoding: "a list of bytes" })?;
    read_token_with(token, secret, next)
}

pub(super) fn read_token_with(token: &Value, secret: SecretBytes, next: Next) -> Result<Imported, Reason> {
    let (issuer, name) = names(token);
    let kind = token.text("type").unwrap_or("totp");
    // FreeOTP tells Steam's codes by the issuer and keeps TOTP as the type.
    let steam =
        token.text("issuerExt") == Some("Steam") && kind.eq_ignore_ascii_case("totp") && token["digits"] == 5;
    let counter = if kind.eq_ignore_ascii_case("hotp") { next_counter(token, next)? } else { None };
    let mut imported = Draft {
        kind: if steam { "steam" } else { kind },
        issuer: &issuer,
        name: &name,
        secret: Secret::Bytes(secret),
        algorithm: token.text("algo"),
        digits: token.number("digits")?,
        period: token.number("period")?.filter(|period| *period != 0),
        counter,
        pin: None,
    }
    .finish()?;
    imported.icon =
        token.text("image").filter(|icon| !icon.is_empty()).map(|icon| Icon::Named(icon.to_owned()));
    Ok(imported)
}

/// The counter of the next code. Java's long, and less than zero only where nothing was shown yet.
fn next_counter(token: &Value, next: Next) -> Result<Option<u64>, Reason> {
    let Some(stored) = token.get("counter").filter(|stored| !stored.is_null()) else { return Ok(None) };
    let counter = match next {
        Next::AfterStored => stored.as_i64().and_then(|stored| stored.checked_add(1)),
        Next::Stored => stored.as_i64(),
    };
    let counter = counter.and_then(|counter| u64::try_from(counter).ok());
    counter.map(Some).ok_or(Reason::NotANumber { parameter: "counter" })
}

/// Java's bytes, from −128 to 127.
pub(super) fn signed_bytes(list: &[Value]) -> Option<SecretBytes> {
    let mut bytes = Vec::with_capacity(list.len());
    for value in list {
        let Some(byte @ -128..=255) = value.as_i64() else {
            drop(SecretBytes::new(bytes));
            return None;
        };
        bytes.push(byte as u8); // two's complement, as Java has it
    }
    Some(SecretBytes::new(bytes))
}
