//! Authenticator, the browser extension: a JSON object of entries by hash. Written from its source
//! (Authenticator-Extension/Authenticator, `src/models/storage.ts`); only plain entries are read.

use super::{Source, json};
use crate::entry::{Draft, Secret, shortened, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};
use keyhaven_secret::SecretBytes;
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::AuthenticatorExtension;

fn is_entry(value: &Value) -> bool {
    value.has("hash") && (value.has("secret") || value.has("data"))
        || value.text("dataType") == Some("EncOTPStorage")
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(entries) = sample.json().and_then(|json| json.as_object()) else { return Confidence::No };
    Confidence::sure_if(entries.values().take(100).any(is_entry))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    let entries =
        export.as_object().ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it is no object" })?;
    let mut ordered: Vec<_> = entries.values().filter(|value| is_entry(value)).collect();
    ordered.sort_by_key(|entry| entry["index"].as_u64().unwrap_or(u64::MAX));
    let sealed =
        |entry: &Value| entry.is_true("encrypted") || entry.text("dataType") == Some("EncOTPStorage");
    if !ordered.is_empty() && ordered.iter().all(|entry| sealed(entry)) {
        let what = "it is encrypted; in the extension choose Backup, then download the unencrypted file";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    let mut import = Import::new(FORMAT);
    for (place, entry) in ordered.into_iter().enumerate() {
        let read = if sealed(entry) { Err(Reason::Sealed) } else { read_entry(entry) };
        import.add(|| title(&issuer(entry), &entry.words("account"), place + 1), read);
    }
    Ok(import)
}

/// The issuer may carry the site it is for, after `::`.
fn issuer(entry: &Value) -> String {
    let issuer = entry.words("issuer");
    issuer.split("::").next().unwrap_or_default().to_owned()
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let (issuer, name) = (issuer(entry), entry.words("account"));
    let secret = entry.text("secret").unwrap_or_default();
    let hex = || {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(secret.trim().as_bytes());
        bytes
            .map(|bytes| Secret::Bytes(SecretBytes::new(bytes)))
            .map_err(|_| Reason::Encoding { encoding: "hexadecimal" })
    };
    let word = match entry.get("type") {
        None | Some(Value::Null) => "totp",
        Some(word) => word.as_str().ok_or(Reason::Shape { what: "its type is no word" })?,
    };
    let (kind, secret, digits) = match word {
        "totp" | "hotp" | "steam" => (word, Secret::Base32(secret), entry.number("digits")?),
        "hex" => ("totp", hex()?, entry.number("digits")?),
        "hhex" => ("hotp", hex()?, entry.number("digits")?),
        "battle" => ("totp", Secret::Base32(secret), Some(8)),
        other => return Err(Reason::Kind { word: shortened(other) }),
    };
    let mut imported = Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret,
        algorithm: entry.text("algorithm"),
        digits,
        period: entry.number("period")?.filter(|period| *period != 0),
        counter: entry.number("counter")?,
        pin: None,
    }
    .finish()?;
    imported.pinned = entry.is_true("pinned");
    Ok(imported)
}
