//! cotp: its decrypted database (JSON of elements), and its list of URIs. Format: replydev/cotp, `src/otp`.

use super::{Source, json};
use crate::entry::{Draft, Secret, from_uri, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Cotp;

fn is_uri(item: &Value) -> bool {
    item.as_str().is_some_and(|text| text.contains("://"))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    if json.has("nonce") && json.has("salt") && json.has("cipher") {
        return Confidence::Sure;
    }
    let elements = json.get("elements").is_some_and(Value::is_array) && json.has("version");
    let own = json.as_array().map(Vec::as_slice).unwrap_or_default();
    Confidence::sure_if(elements || json.list("items").iter().chain(own).take(10).any(is_uri))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    if export.has("cipher") {
        let what = "it is cotp's sealed database; run cotp export and import what it writes";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    let mut import = Import::new(FORMAT);
    for (place, element) in export.list("elements").iter().enumerate() {
        import.add(
            || title(&element.words("issuer"), &element.words("label"), place + 1),
            read_element(element),
        );
    }
    let own = export.as_array().map(Vec::as_slice).unwrap_or_default();
    for (place, item) in export.list("items").iter().chain(own).enumerate() {
        let read = item.as_str().ok_or(Reason::NotAUri).and_then(from_uri);
        import.add(|| format!("item {}", place + 1), read);
    }
    Ok(import)
}

fn read_element(element: &Value) -> Result<Imported, Reason> {
    let (issuer, name) = (element.words("issuer"), element.words("label"));
    let kind = element.text("type").ok_or(Reason::Shape { what: "it has no type" })?;
    let secret = element.text("secret").unwrap_or_default();
    Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret: if kind.eq_ignore_ascii_case("motp") { Secret::Text(secret) } else { Secret::Base32(secret) },
        algorithm: element.text("algorithm"),
        digits: element.number("digits")?,
        period: element.number("period")?,
        counter: element.number("counter")?,
        pin: element.text("pin"),
    }
    .finish()
}
