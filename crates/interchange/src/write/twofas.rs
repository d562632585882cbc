//! 2FAS: twofas/2fas-android, schema version 4.

use super::{ExportError, Exported, json_bytes, random, titled, uuid};
use crate::{Request, crypto};
use data_encoding::BASE64;
use keyhaven_otp::Kind;
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::{Value, json};

const ROUNDS: u64 = 10_000;
/// What the app compares after opening it with a password: fixed text, sealed like the services.
const REFERENCE: &[u8] = b"tRViSsLKzd86Hprh4ceC2OP7xazn4rrt4xhfEUbOjxLX8Rc3mkISXE0lWbmnWfggogbBJhtYgpK6fMl1D6mtsy92R3HkdGfwuXbzLebqVFJsR7IZ2w58t938iymwG4824igYy1wi6n2WDpO1Q1P69zwJGs2F5a1qP4MyIiDSD7NCV2OvidXQCBnDlGfmz0f1BQySRkkt4ryiJeCjD2o4QsveJ9uDBUn8ELyOrESv5R5DMDkD4iAF8TXU7KyoJujd";

struct Backup {
    services: Vec<Value>,
    groups: Vec<Value>,
}

pub(super) fn plain(accounts: &[Exported<'_>]) -> Result<SecretBytes, ExportError> {
    let backup = backup(accounts)?;
    Ok(json_bytes(document(json!({ "services": backup.services, "groups": backup.groups }))))
}

pub(super) fn encrypted(
    accounts: &[Exported<'_>],
    password: &SecretText,
) -> Result<SecretBytes, ExportError> {
    let backup = backup(accounts)?;
    let services = json_bytes(Value::Array(backup.services));
    let salt: [u8; 256] = random()?;
    let key = crypto::pbkdf2_sha256(&Request::default(), password.expose().as_bytes(), &salt, ROUNDS, 32)
        .ok()
        .and_then(|key| Key::from_slice(key.expose()))
        .ok_or(ExportError::Sealing)?;
    let seal = |text: &[u8]| {
        let nonce: [u8; 12] = random()?;
        let sealed = crypto::seal_aes_gcm(&key, &nonce, text).ok_or(ExportError::Sealing)?;
        Ok([&sealed[..], &salt, &nonce].map(|part| BASE64.encode(part)).join(":"))
    };
    Ok(json_bytes(document(json!({
        "services": [],
        "groups": backup.groups,
        "servicesEncrypted": seal(services.expose())?,
        "reference": seal(REFERENCE)?,
    }))))
}

fn document(mut contents: Value) -> Value {
    // No clock here: 0 makes the app treat it as old, which it is free to.
    contents["updatedAt"] = 0.into();
    contents["schemaVersion"] = 4.into();
    contents["appVersionCode"] = 5_000_030.into();
    contents["appVersionName"] = "5.4.9".into();
    contents["appOrigin"] = "android".into();
    contents
}

fn backup(accounts: &[Exported<'_>]) -> Result<Backup, ExportError> {
    let mut groups: Vec<(&str, String)> = Vec::new();
    let mut services = Vec::with_capacity(accounts.len());
    for (position, exported) in accounts.iter().enumerate() {
        let group = match exported.tags.first() {
            None => None,
            Some(tag) => {
                if !groups.iter().any(|(name, _)| name == tag) {
                    groups.push((tag, uuid()?));
                }
                groups.iter().find(|(name, _)| name == tag).map(|(_, id)| id.as_str())
            }
        };
        services.push(service(exported, position, group));
    }
    let groups =
        groups.iter().map(|(name, id)| json!({ "id": id, "name": name, "isExpanded": true })).collect();
    Ok(Backup { services, groups })
}

fn service(exported: &Exported<'_>, position: usize, group: Option<&str>) -> Value {
    let kind = &exported.account.kind;
    let (issuer, name) = titled(exported.account);
    let mut otp = json!({
        "label": name,
        "account": name,
        "issuer": issuer,
        "digits": kind.digits(),
        "algorithm": kind.algorithm().map_or("SHA1", |algorithm| algorithm.name()),
        "tokenType": kind.name().to_uppercase(),
        "source": "Link",
    });
    match kind {
        Kind::Hotp { counter, .. } => otp["counter"] = (*counter).into(),
        kind => otp["period"] = kind.period().into(),
    }
    let mut service = json!({
        "name": issuer,
        "secret": exported.account.secret_base32().expose(),
        "updatedAt": 0,
        "otp": otp,
        "order": { "position": position },
    });
    if let Some(group) = group {
        service["groupId"] = group.into();
    }
    service
}
