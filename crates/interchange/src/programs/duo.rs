//! Duo Mobile: a JSON array of a rooted phone. No issuer, no parameters but a counter.

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Duo;

fn detect(sample: &Sample<'_>) -> Confidence {
    let entries = sample.json().and_then(|json| json.as_array());
    let mark = |entry: &Value| entry.has("otpGenerator") || (entry.has("accountType") && entry.has("pkey"));
    Confidence::sure_if(entries.is_some_and(|entries| entries.iter().take(100).any(mark)))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    let entries =
        export.as_array().ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it is no list" })?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        import.add(|| title("", &entry.words("name"), place + 1), read_entry(entry));
    }
    Ok(import)
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let generator =
        entry.get("otpGenerator").filter(|generator| generator.has("otpSecret")).ok_or(Reason::Push)?;
    let counter = generator.number("counter")?;
    let name = entry.words("name");
    Draft {
        kind: if counter.is_some() { "hotp" } else { "totp" },
        counter,
        ..Draft::totp("", &name, Secret::Base32(generator.text("otpSecret").unwrap_or_default()))
    }
    .finish()
}
