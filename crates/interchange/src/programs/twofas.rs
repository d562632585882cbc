//! 2FAS: JSON of four generations, plain or with its services sealed by AES-256-GCM under PBKDF2-HMAC-SHA-256.
//!
//! Format: twofas/2fas-android, `core/backup`. The first generation never had more than TOTP with its defaults.

use super::{Source, json, opened_json, password};
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_secret::{Key, SecretBytes};
use serde_json::Value;
use std::collections::HashMap;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::TwoFas;
/// Rounds that every version uses; the file does not say.
const ROUNDS: u64 = 10_000;

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    let services = json.get("services").is_some_and(Value::is_array) || json.has("servicesEncrypted");
    if json.has("schemaVersion") { Confidence::sure_if(services) } else { Confidence::likely_if(services) }
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let backup = json(sample, FORMAT)?;
    let groups: HashMap<_, _> = backup
        .list("groups")
        .iter()
        .filter_map(|group| Some((group.text("id")?, group.words("name"))))
        .collect();
    match backup.text("servicesEncrypted").filter(|sealed| !sealed.is_empty()) {
        Some(sealed) => {
            let services = open(sealed, backup.text("reference"), request)?;
            let services = services
                .as_array()
                .ok_or_else(|| ImportError::broken(FORMAT, "servicesEncrypted", "it holds no list"))?;
            Ok(read_services(services, &groups))
        }
        None => {
            let services = backup.get("services").and_then(Value::as_array);
            let services = services
                .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of services" })?;
            Ok(read_services(services, &groups))
        }
    }
}

/// Opens the services. `reference` is fixed text under the same password: it tells a wrong one from damage.
fn open(sealed: &str, reference: Option<&str>, request: &Request<'_>) -> Result<Document, ImportError> {
    let broken = |what| ImportError::broken(FORMAT, "servicesEncrypted", what);
    if let Some(opened) = unseal(sealed, request)? {
        return opened_json(&opened, FORMAT);
    }
    match reference.map(|reference| unseal(reference, request)) {
        Some(Ok(Some(_))) => Err(broken("its contents were changed or cut off")),
        Some(Ok(None)) => Err(ImportError::WrongPassword { format: FORMAT, certain: true }),
        Some(Err(ImportError::Cancelled)) => Err(ImportError::Cancelled),
        None | Some(Err(_)) => Err(ImportError::WrongPassword { format: FORMAT, certain: false }),
    }
}

/// Text, salt and nonce; `None` when they do not open with the password.
fn unseal(sealed: &str, request: &Request<'_>) -> Result<Option<SecretBytes>, ImportError> {
    let broken = |what| ImportError::broken(FORMAT, "servicesEncrypted", what);
    let parts: Vec<_> = sealed.split(':').map(decode_base64).collect();
    let [Some(text), Some(salt), Some(iv)] = parts.as_slice() else {
        return Err(broken("it is not three base64 texts"));
    };
    let password = password(request, FORMAT)?;
    let key = crypto::pbkdf2_sha256(request, password.expose().as_bytes(), salt.expose(), ROUNDS, 32)?;
    let key = Key::from_slice(key.expose()).ok_or_else(|| broken("its key has not 32 bytes"))?;
    Ok(crypto::open_aes_gcm(&key, iv.expose(), b"", text.expose()))
}

fn read_services(services: &[Value], groups: &HashMap<&str, String>) -> Import {
    let mut import = Import::new(FORMAT);
    // The order is the app's, where every service has one.
    let mut ordered: Vec<_> = services.iter().enumerate().collect();
    ordered.sort_by_key(|(_, service)| service["order"]["position"].as_u64().unwrap_or(u64::MAX));
    for (place, service) in ordered {
        let (issuer, name) = names(service);
        import.add(|| title(&issuer, &name, place + 1), read_service(service, groups));
    }
    import
}

/// The issuer falls back to the service's name, the account's name to its label.
fn names(service: &Value) -> (String, String) {
    let otp = &service["otp"];
    let first =
        |candidates: [String; 2]| candidates.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let issuer = first([otp.words("issuer"), service.words("name")]);
    let name = first([otp.words("account"), otp.words("label")]);
    let name = match name.split_once(':') {
        Some((prefix, rest)) if prefix.trim().eq_ignore_ascii_case(&issuer) => rest.trim().to_owned(),
        _ => name,
    };
    (issuer, name)
}

fn read_service(service: &Value, groups: &HashMap<&str, String>) -> Result<Imported, Reason> {
    let otp = &service["otp"];
    let (issuer, name) = names(service);
    let mut imported = Draft {
        kind: otp.text("tokenType").filter(|kind| !kind.is_empty()).unwrap_or("totp"),
        issuer: &issuer,
        name: &name,
        secret: Secret::Base32(service.text("secret").unwrap_or_default()),
        algorithm: otp.text("algorithm"),
        digits: otp.number("digits")?,
        period: otp.number("period")?,
        counter: otp.number("counter")?,
        pin: None,
    }
    .finish()?;
    // The name that the person gave it, where it is another than the issuer's: there is no other place for it.
    let own = service.words("name");
    if !own.is_empty() && !own.eq_ignore_ascii_case(&issuer) && !own.eq_ignore_ascii_case(&name) {
        imported.set_note(Some(&own));
    }
    imported.tags.extend(service.text("groupId").and_then(|group| groups.get(group)).cloned());
    imported.icon = service
        .pointer("/icon/iconCollection/id")
        .and_then(Value::as_str)
        .map(|icon| Icon::Named(icon.to_owned()));
    Ok(imported)
}
