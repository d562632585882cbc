//! Proton Authenticator: JSON, plain or under Argon2id and AES-256-GCM.
//!
//! Format: protonpass/proton-pass-common, `proton-authenticator/src/entry/exporter.rs`. The costs are fixed there.

use super::{Source, json, opened_json, password};
use crate::entry::{from_uri, title};
use crate::import::decode_base64;
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, crypto};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::ProtonAuthenticator;
const COST: crypto::Cost = crypto::Cost { memory: 19_456, passes: 2, lanes: 1 };
const AAD: &[u8] = b"proton.authenticator.export.v1";

fn is_encrypted(json: &Value) -> bool {
    json.has("version")
        && json.text("salt").is_some()
        && json.text("content").is_some()
        && json.as_object().is_some_and(|fields| fields.len() == 3)
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    let plain = json.list("entries").iter().any(|entry| entry.pointer("/content/uri").is_some());
    Confidence::sure_if(plain && json.has("version") || is_encrypted(json))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    if !is_encrypted(export) {
        return read_entries(export);
    }
    let bytes = |name: &'static str| {
        let decoded = export.text(name).and_then(decode_base64);
        decoded.ok_or_else(|| ImportError::broken(FORMAT, name, "it is no base64 text"))
    };
    let (salt, content) = (bytes("salt")?, bytes("content")?);
    let password = password(request, FORMAT)?.expose().as_bytes();
    let key = crypto::argon2(request, crypto::Argon2Variant::Id, false, password, salt.expose(), COST)?
        .ok_or_else(|| ImportError::broken(FORMAT, "salt", "Argon2 takes none of its length"))?;
    let (nonce, sealed) = content
        .expose()
        .split_at_checked(12)
        .ok_or_else(|| ImportError::broken(FORMAT, "content", "it is cut off"))?;
    let opened = crypto::open_aes_gcm(&key, nonce, AAD, sealed)
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })?;
    read_entries(&*opened_json(&opened, FORMAT)?)
}

fn read_entries(export: &Value) -> Result<Import, ImportError> {
    let entries = export
        .get("entries")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of entries" })?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        let name = entry.get("content").map(|content| content.words("name")).unwrap_or_default();
        import.add(|| title("", &name, place + 1), read_entry(entry, &name));
    }
    Ok(import)
}

fn read_entry(entry: &Value, name: &str) -> Result<Imported, Reason> {
    let uri = entry
        .pointer("/content/uri")
        .and_then(Value::as_str)
        .ok_or(Reason::Shape { what: "it has no URI" })?;
    let mut imported = from_uri(uri)?;
    // `steam://` names nothing; the name stands beside it.
    if uri.trim_start().get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("steam://")) {
        imported.account.issuer.clear();
        imported.account.name = name.to_owned();
    }
    imported.set_note(entry.text("note"));
    Ok(imported)
}
