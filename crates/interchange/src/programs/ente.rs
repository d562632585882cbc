//! Ente Auth's encrypted export: Argon2id, then one message of libsodium's secretstream around lines of URIs.
//!
//! Format: ente-io/ente, `mobile/apps/auth/lib/ui/settings/data/import`. The plain export is a list of URIs
//! (`uri_list`). Memory may be 1 GiB: what Ente asks for where the exporting device had it.

use super::{Source, json, password, uri_list, utf8};
use crate::import::decode_base64;
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request, crypto};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Ente;

fn detect(sample: &Sample<'_>) -> Confidence {
    if let Some(json) = sample.json() {
        return Confidence::sure_if(
            json.has("kdfParams") && json.has("encryptedData") && json.has("encryptionNonce"),
        );
    }
    let line = |line: &str| line.trim_start().starts_with("otpauth://") && line.contains("codeDisplay=");
    Confidence::sure_if(sample.text().is_some_and(|text| text.lines().any(line)))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if sample.json().is_none()
        && let Some(text) = sample.text()
        && text.contains("://")
    {
        return Ok(uri_list::read_lines(text, FORMAT));
    }
    let export = json(sample, FORMAT)?;
    let broken = |place: &str, what| ImportError::broken(FORMAT, place, what);
    let bytes = |value: &serde_json::Value, name: &str| {
        let decoded = value.text(name).and_then(decode_base64);
        decoded.ok_or_else(|| broken(name, "it is no base64 text"))
    };
    let parameters = &export["kdfParams"];
    let cost = |name: &'static str| {
        let number = parameters.number(name).ok().flatten();
        number.ok_or_else(|| broken(name, "it is no number"))
    };
    // libsodium's crypto_pwhash counts memory in bytes and knows one lane.
    let cost = crypto::Cost { memory: cost("memLimit")? / 1024, passes: cost("opsLimit")?, lanes: 1 };
    let (salt, sealed, nonce) =
        (bytes(parameters, "salt")?, bytes(export, "encryptedData")?, bytes(export, "encryptionNonce")?);
    if nonce.len() != 24 {
        return Err(broken("encryptionNonce", "it has not 24 bytes"));
    }
    let password = password(request, FORMAT)?.expose().as_bytes();
    let key = crypto::argon2(request, crypto::Argon2Variant::Id, false, password, salt.expose(), cost)?
        .ok_or_else(|| broken("kdfParams", "Argon2 takes no such numbers"))?;
    let text = crypto::open_secretstream(&key, nonce.expose(), sealed.expose())
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })?;
    Ok(uri_list::read_lines(utf8(&text, FORMAT)?, FORMAT))
}
