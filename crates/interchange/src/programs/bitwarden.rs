//! Bitwarden: the vault's and the Authenticator app's JSON, the password-protected JSON, and CSV.
//!
//! Format: bitwarden/clients, `libs/tools/export/vault-export`; key derivation in bitwarden.com/help/encrypted-export.
//! Logins without a one-time code are no entries here.

use super::{Source, json, opened_json, password};
use crate::entry::{from_field, title};
use crate::import::decode_base64;
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, crypto};
use hkdf::Hkdf;
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

pub(super) const JSON: Source = Source { format: FORMAT, detect, read };
pub(super) const CSV: Source = Source { format: Format::BitwardenCsv, detect: detect_csv, read: read_csv };

const FORMAT: Format = Format::Bitwarden;

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    let login = |item: &Value| item.get("login").is_some() || (item.has("folderId") && item.has("type"));
    match json.is_true("encrypted") {
        true => Confidence::sure_if(json.has("encKeyValidation_DO_NOT_EDIT") || json.has("items")),
        false => Confidence::sure_if(json.list("items").iter().any(login)),
    }
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    if !export.is_true("encrypted") {
        return read_vault(export);
    }
    if !export.is_true("passwordProtected") {
        return Err(ImportError::AccountRestricted);
    }
    read_vault(&*open(export, request)?)
}

fn open(export: &Document, request: &Request<'_>) -> Result<Document, ImportError> {
    let broken = |place: &str, what| ImportError::broken(FORMAT, place, what);
    let cost = |name: &'static str| {
        let number = export.number(name).ok().flatten();
        number.ok_or_else(|| broken(name, "it is no number"))
    };
    let text = |name: &str| export.text(name).ok_or_else(|| broken(name, "it is missing"));
    // The salt is the base64 text itself, not what it encodes.
    let salt = text("salt")?.as_bytes();
    let (validation, data) = (text("encKeyValidation_DO_NOT_EDIT")?, text("data")?);
    let secret = password(request, FORMAT)?.expose().as_bytes();
    let key = match cost("kdfType")? {
        0 => {
            let key = crypto::pbkdf2_sha256(request, secret, salt, cost("kdfIterations")?, 32)?;
            Key::from_slice(key.expose()).ok_or_else(|| broken("kdfIterations", "it gives no key"))?
        }
        1 => {
            let memory = cost("kdfMemory")?.saturating_mul(1024); // MiB
            let cost =
                crypto::Cost { memory, passes: cost("kdfIterations")?, lanes: cost("kdfParallelism")? };
            let salt = Sha256::digest(salt);
            crypto::argon2(request, crypto::Argon2Variant::Id, false, secret, &salt, cost)?
                .ok_or_else(|| broken("kdfIterations", "Argon2 takes no such numbers"))?
        }
        _ => {
            let what = "its key derivation is not known here; export it as plain JSON or with PBKDF2";
            return Err(ImportError::Unsupported { format: FORMAT, what });
        }
    };
    unseal(&key, validation)
        .map_err(|what| broken("encKeyValidation_DO_NOT_EDIT", what))?
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: true })?;
    let vault = unseal(&key, data)
        .map_err(|what| broken("data", what))?
        .ok_or_else(|| broken("data", "its contents were changed or cut off"))?;
    opened_json(&vault, FORMAT)
}

/// Opens `2.iv|text|mac` (AES-256-CBC, then HMAC-SHA-256). `Ok(None)` when the MAC does not match.
fn unseal(key: &Key, sealed: &str) -> Result<Option<SecretBytes>, &'static str> {
    let parts = sealed.strip_prefix("2.").ok_or("its encryption type is not 2 (AES-CBC with HMAC)")?;
    let parts: Vec<_> = parts.split('|').map(decode_base64).collect();
    let [Some(iv), Some(text), Some(mac)] = parts.as_slice() else {
        return Err("it is not three base64 texts");
    };
    let stretched = Hkdf::<Sha256>::from_prk(key.expose()).map_err(|_| "its key is too short")?;
    let expand =
        |info: &[u8]| Key::try_fill(|key| stretched.expand(info, key)).map_err(|_| "its key is too long");
    let (encryption, authentication) = (expand(b"enc")?, expand(b"mac")?);
    if !crypto::hmac_sha256_matches(authentication.expose(), &[iv.expose(), text.expose()], mac.expose()) {
        return Ok(None);
    }
    crypto::open_aes_cbc(&encryption, iv.expose(), text.expose()).map(Some).ok_or("its padding is wrong")
}

fn read_vault(vault: &Value) -> Result<Import, ImportError> {
    let items = vault
        .get("items")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of items" })?;
    let folders: HashMap<_, _> = vault
        .list("folders")
        .iter()
        .filter_map(|folder| Some((folder.text("id")?, folder.words("name"))))
        .collect();
    let mut import = Import::new(FORMAT);
    for (place, item) in items.iter().enumerate() {
        let login = item.get("login").unwrap_or(&Value::Null);
        let Some(totp) = login.text("totp").filter(|totp| !totp.trim().is_empty()) else { continue };
        let (name, user) = (item.words("name"), login.words("username"));
        let read = from_field(totp, &name, &user).map(|mut imported| {
            imported.set_note(item.text("notes"));
            imported.pinned = item.is_true("favorite");
            imported.trashed = item.has("deletedDate");
            imported.tags.extend(item.text("folderId").and_then(|folder| folders.get(folder)).cloned());
            imported
        });
        import.add(|| title(&name, &user, place + 1), read);
    }
    Ok(import)
}

const COLUMNS: [&str; 3] = ["name", "login_username", "login_totp"];

fn detect_csv(sample: &Sample<'_>) -> Confidence {
    let Some(head) = sample.text().and_then(|text| text.trim_start().lines().next()) else {
        return Confidence::No;
    };
    Confidence::sure_if(head.contains("login_totp") && head.contains("name") && head.contains(','))
}

fn read_csv(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let format = Format::BitwardenCsv;
    let text = sample.text().ok_or(ImportError::NotThisFormat { format, why: "it is no text" })?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.trim_start().as_bytes());
    let headers = rows.headers().map_err(|_| ImportError::broken(format, "line 1", "it is no CSV"))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim().eq_ignore_ascii_case(name));
    let [name, user, totp] = COLUMNS.map(column);
    let totp = totp.ok_or(ImportError::NotThisFormat { format, why: "it has no column login_totp" })?;
    let (folder, notes, favorite) = (column("folder"), column("notes"), column("favorite"));
    let mut import = Import::new(format);
    for (place, row) in rows.records().enumerate() {
        let read: Result<Option<Imported>, Reason> = (|| {
            let row = row.as_ref().map_err(|_| Reason::Shape { what: "the row is no CSV" })?;
            let field = |column: Option<usize>| column.and_then(|column| row.get(column)).unwrap_or_default();
            let code = SecretText::new(field(Some(totp)).to_owned());
            if row.len() <= totp {
                return Err(Reason::Shape { what: "the row ends before the column login_totp" });
            }
            if code.expose().trim().is_empty() {
                return Ok(None);
            }
            let mut imported = from_field(code.expose(), field(name), field(user))?;
            imported.set_note(Some(field(notes)));
            imported.pinned = field(favorite).trim() == "1";
            imported.tags.extend(Some(field(folder).trim().to_owned()).filter(|folder| !folder.is_empty()));
            Ok(Some(imported))
        })();
        let title = || {
            let field = |column: Option<usize>| {
                let row = row.as_ref().ok();
                row.zip(column).and_then(|(row, column)| row.get(column)).unwrap_or_default().to_owned()
            };
            title(&field(name), &field(user), place + 1)
        };
        match read {
            Ok(None) => {}
            Ok(Some(imported)) => import.add(title, Ok(imported)),
            Err(reason) => import.add(title, Err(reason)),
        }
    }
    Ok(import)
}
