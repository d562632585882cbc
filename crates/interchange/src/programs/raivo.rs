//! Raivo: a JSON array whose values are all text, alone or in the ZIP archive (WinZip AES) that the app makes.
//!
//! Format: raivo-otp/ios-application, `Raivo/Features/DataExport.swift`.

use super::{Source, json, opened_json};
use crate::entry::{Draft, Secret, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, archive};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Raivo;

fn is_member(name: &str) -> bool {
    name.rsplit('/').next() == Some("raivo-otp-export.json")
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let entry = |entry: &Value| {
        entry.has("kind") && entry.has("secret") && entry.get("timer").or(entry.get("account")).is_some()
    };
    let plain =
        sample.json().and_then(|json| json.as_array()).and_then(|entries| entries.first()).is_some_and(entry);
    Confidence::sure_if(plain || sample.members().iter().any(|name| is_member(name)))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if sample.members().is_empty() {
        return read_entries(json(sample, FORMAT)?);
    }
    let data = archive::read(sample.bytes, FORMAT, is_member, request.password)?
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it holds no raivo-otp-export.json" })?;
    read_entries(&*opened_json(&data, FORMAT)?)
}

fn read_entries(export: &Value) -> Result<Import, ImportError> {
    let entries =
        export.as_array().ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it is no list" })?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        import.add(|| title(&entry.words("issuer"), &entry.words("account"), place + 1), read_entry(entry));
    }
    Ok(import)
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let (issuer, name) = (entry.words("issuer"), entry.words("account"));
    let kind = entry.text("kind").ok_or(Reason::Shape { what: "it has no kind" })?;
    let time_based = !kind.eq_ignore_ascii_case("hotp");
    let mut imported = Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret: Secret::Base32(entry.text("secret").unwrap_or_default()),
        algorithm: entry.text("algorithm"),
        digits: entry.number("digits")?,
        period: if time_based { entry.number("timer")? } else { None },
        counter: entry.number("counter")?,
        pin: None,
    }
    .finish()?;
    imported.pinned = entry.is_true("pinned");
    imported.icon =
        entry.text("iconValue").filter(|icon| !icon.is_empty()).map(|icon| Icon::Named(icon.to_owned()));
    Ok(imported)
}
