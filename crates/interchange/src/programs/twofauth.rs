//! 2FAuth: JSON. Format: Bubka/2FAuth, `app/Http/Resources`.

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::TwoFAuth;

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    Confidence::sure_if(json.words("app").to_ascii_lowercase().starts_with("2fauth") && json.has("data"))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    let entries = export
        .get("data")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of data" })?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        import.add(|| title(&entry.words("service"), &entry.words("account"), place + 1), read_entry(entry));
    }
    Ok(import)
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let (issuer, name) = (entry.words("service"), entry.words("account"));
    let mut imported = Draft {
        kind: entry.text("otp_type").ok_or(Reason::Shape { what: "it has no type" })?,
        issuer: &issuer,
        name: &name,
        secret: Secret::Base32(entry.text("secret").unwrap_or_default()),
        algorithm: entry.text("algorithm"),
        digits: entry.number("digits")?,
        period: entry.number("period")?,
        counter: entry.number("counter")?,
        pin: None,
    }
    .finish()?;
    imported.icon =
        entry.text("icon").filter(|icon| !icon.is_empty()).map(|icon| Icon::Named(icon.to_owned()));
    Ok(imported)
}
