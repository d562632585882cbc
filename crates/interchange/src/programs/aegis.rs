//! Aegis: JSON, plain or with its `db` sealed by AES-256-GCM under a key that scrypt slots wrap.
//!
//! Format: beemdevelopment/Aegis, `docs/vault.md`. Only password slots can be opened from a file.

use super::{Source, json, opened_json, password};
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_otp::{Algorithm, Oddity, decode_base32};
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Aegis;

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    Confidence::sure_if(json.has("db") && json.get("header").is_some_and(Value::is_object))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let vault = json(sample, FORMAT)?;
    match vault.get("db") {
        Some(Value::String(sealed)) => read_database(&*open(vault, sealed, request)?),
        Some(db) if db.is_object() => read_database(db),
        _ => Err(ImportError::NotThisFormat { format: FORMAT, why: "it has no db" }),
    }
}

fn hex(value: &Value, name: &str) -> Result<Vec<u8>, ImportError> {
    let text = value.text(name).unwrap_or_default();
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| ImportError::broken(FORMAT, format!("the header's {name}"), "it is no hexadecimal text"))
}

fn cost(slot: &Value, name: &'static str) -> Result<u64, ImportError> {
    let number = slot.number(name).ok().flatten();
    number.ok_or_else(|| ImportError::broken(FORMAT, format!("the slot's {name}"), "it is no number"))
}

/// AES-256-GCM with nonce and tag kept beside the text.
fn unseal(
    key: &Key,
    parameters: &Value,
    mut sealed: Vec<u8>,
) -> Result<Option<keyhaven_secret::SecretBytes>, ImportError> {
    let nonce = hex(parameters, "nonce")?;
    sealed.extend(hex(parameters, "tag")?);
    Ok(crypto::open_aes_gcm(key, &nonce, b"", &sealed))
}

fn open(vault: &Document, sealed: &str, request: &Request<'_>) -> Result<Document, ImportError> {
    let password = password(request, FORMAT)?;
    let header = &vault["header"];
    // Fifty slots are more than anybody has; each costs a key derivation.
    let slots: Vec<_> = header.list("slots").iter().filter(|slot| slot["type"] == 1).take(50).collect();
    let costs = |slot: &Value| Ok((cost(slot, "n")?, cost(slot, "r")?, cost(slot, "p")?));
    let work = slots.iter().try_fold(0u64, |work, slot| {
        let (n, r, p) = costs(slot)?;
        Ok(work.saturating_add(crypto::scrypt_work(n, r, p)))
    })?;
    crypto::check_work(work)?;
    for slot in &slots {
        let (n, r, p) = costs(slot)?;
        let key = crypto::scrypt(request, password, &hex(slot, "salt")?, n, r, p)?.ok_or_else(|| {
            ImportError::broken(FORMAT, "the slot's n, r and p", "scrypt takes no such numbers")
        })?;
        let Some(master) = unseal(&key, &slot["key_params"], hex(slot, "key")?)? else { continue };
        let master = Key::from_slice(master.expose())
            .ok_or_else(|| ImportError::broken(FORMAT, "the slot's key", "it has not 32 bytes"))?;
        let sealed =
            decode_base64(sealed).ok_or_else(|| ImportError::broken(FORMAT, "db", "it is no base64 text"))?;
        let text = unseal(&master, &header["params"], sealed.expose().to_vec())?
            .ok_or_else(|| ImportError::broken(FORMAT, "db", "its contents were changed or cut off"))?;
        return opened_json(&text, FORMAT);
    }
    match slots.is_empty() {
        false => Err(ImportError::WrongPassword { format: FORMAT, certain: true }),
        true => Err(ImportError::Unsupported {
            format: FORMAT,
            what: "it has no password slot; in Aegis set a password for backups and export again",
        }),
    }
}

/// mOTP hashes the secret's lower-case hexadecimal text; Aegis keeps its bytes, in base32 like every other secret
/// (`OtpInfo.fromJson`, `MOTP.generateOTP`). Text that can be no base32 and is hexadecimal is the hashed text itself,
/// as programs write it that did not look so closely.
fn motp_secret(text: &str) -> Result<Secret<'_>, Reason> {
    let text = text.trim();
    match decode_base32(text) {
        Ok(decoded) => {
            let hex = data_encoding::HEXLOWER.encode(decoded.bytes.expose());
            Ok(Secret::Bytes(SecretBytes::new(hex.into_bytes())))
        }
        Err(_) if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(Secret::Text(text))
        }
        Err(error) => Err(Reason::Base32(error)),
    }
}

fn read_database(db: &Value) -> Result<Import, ImportError> {
    let entries = db
        .get("entries")
        .and_then(Value::as_array)
        .ok_or_else(|| ImportError::broken(FORMAT, "db", "it has no entries"))?;
    let groups: HashMap<_, _> = db
        .list("groups")
        .iter()
        .filter_map(|group| Some((group.text("uuid")?, group.words("name"))))
        .collect();
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        let title = || title(&entry.words("issuer"), &entry.words("name"), place + 1);
        import.add(title, read_entry(entry, &groups));
    }
    Ok(import)
}

fn read_entry(entry: &Value, groups: &HashMap<&str, String>) -> Result<Imported, Reason> {
    let info =
        entry.get("info").filter(|info| info.is_object()).ok_or(Reason::Shape { what: "it has no info" })?;
    let kind = entry.text("type").ok_or(Reason::Shape { what: "it has no type" })?;
    let secret = info.text("secret").unwrap_or_default();
    let mut issuer = entry.words("issuer");
    let mut name = entry.words("name");
    // GNOME Authenticator writes "name@issuer" into the name.
    if issuer.is_empty()
        && !entry.has("issuer")
        && let Some((before, after)) = name.rsplit_once('@')
        && !after.contains('.')
        && !before.is_empty()
    {
        (issuer, name) = (after.to_owned(), before.to_owned());
    }
    let motp = kind.eq_ignore_ascii_case("motp");
    // Aegis computes with SHA-1 where a slip of its own once let MD5 be chosen (`OtpInfo.java`).
    let md5 = !motp && info.text("algo") == Some("MD5");
    let mut imported = Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret: if motp { motp_secret(secret)? } else { Secret::Base32(secret) },
        algorithm: info.text("algo").filter(|_| !md5),
        digits: info.number("digits")?,
        period: info.number("period")?,
        counter: info.number("counter")?,
        pin: info.text("pin"),
    }
    .finish()?;
    if motp {
        imported.spelling = Some(SecretText::new(secret.trim().trim_end_matches('=').to_owned()));
    }
    if md5 {
        let (written, meant) = ("MD5".to_owned(), Algorithm::Sha1);
        imported.oddities.push(Oddity::AlgorithmSpelling { written, meant });
    }
    imported.set_note(entry.text("note"));
    imported.pinned = entry.is_true("favorite");
    imported.tags.extend(entry.text("group").filter(|group| !group.is_empty()).map(str::to_owned));
    let mut seen = HashSet::new();
    let ids = entry.list("groups").iter().filter_map(Value::as_str).filter(|id| seen.insert(*id));
    imported.tags.extend(ids.filter_map(|id| groups.get(id)).cloned());
    imported.icon = entry
        .text("icon")
        .filter(|icon| *icon != "null")
        .and_then(decode_base64)
        .filter(|icon| !icon.is_empty())
        .map(|icon| Icon::Picture(icon.expose().to_vec()));
    Ok(imported)
}
