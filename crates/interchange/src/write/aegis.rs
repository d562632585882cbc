//! Aegis: beemdevelopment/Aegis, `docs/vault.md`, database version 3.

use super::{ExportError, Exported, Lost, Work, json_bytes, random, uuid};
use crate::{Request, crypto};
use data_encoding::{BASE64, HEXLOWER};
use keyhaven_otp::{Account, Kind};
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::{Map, Value, json};

/// What Aegis itself asks of scrypt.
const N: u64 = 1 << 15;
const LEAST_N: u64 = 1 << 4;

pub(super) fn plain(accounts: &[Exported<'_>]) -> Result<SecretBytes, ExportError> {
    let header = json!({ "slots": null, "params": null });
    Ok(json_bytes(json!({ "version": 1, "header": header, "db": database(accounts)? })))
}

pub(super) fn encrypted(
    accounts: &[Exported<'_>],
    password: &SecretText,
    work: Work,
) -> Result<SecretBytes, ExportError> {
    let database = json_bytes(database(accounts)?);
    let master = Key::try_fill(|key| getrandom::fill(key).map_err(|_| ExportError::NoRandomness))?;
    let (sealed, params) = seal(&master, database.expose())?;

    let salt: [u8; 32] = random()?;
    let n = if work == Work::Least { LEAST_N } else { N };
    let key = crypto::scrypt(&Request::default(), password, &salt, n, 8, 1)
        .ok()
        .flatten()
        .ok_or(ExportError::Sealing)?;
    let (sealed_master, key_params) = seal(&key, master.expose())?;
    let slot = json!({
        "type": 1,
        "uuid": uuid()?,
        "key": HEXLOWER.encode(&sealed_master),
        "key_params": key_params,
        "n": n,
        "r": 8,
        "p": 1,
        "salt": HEXLOWER.encode(&salt),
        "repaired": true,
        "is_backup": false,
    });
    let header = json!({ "slots": [slot], "params": params });
    Ok(json_bytes(json!({ "version": 1, "header": header, "db": BASE64.encode(&sealed) })))
}

/// The sealed text without its tag, and nonce and tag as Aegis keeps them.
fn seal(key: &Key, text: &[u8]) -> Result<(Vec<u8>, Value), ExportError> {
    let nonce: [u8; 12] = random()?;
    let mut sealed = crypto::seal_aes_gcm(key, &nonce, text).ok_or(ExportError::Sealing)?;
    let tag = sealed.split_off(sealed.len().saturating_sub(16));
    Ok((sealed, json!({ "nonce": HEXLOWER.encode(&nonce), "tag": HEXLOWER.encode(&tag) })))
}

/// The bytes behind an mOTP secret. `None` where Aegis would hash another text: its own is in lower case.
fn hashed_bytes(account: &Account) -> Option<SecretBytes> {
    HEXLOWER.decode(account.secret.expose()).ok().map(SecretBytes::new)
}

/// What Aegis would refuse, and with it the whole file, or compute otherwise (`MotpInfo.java`, `YandexInfo.java`).
pub(super) fn cannot_hold(account: &Account) -> Option<Lost> {
    match &account.kind {
        Kind::Motp { .. } if hashed_bytes(account).is_none() => Some(Lost::AccountForSecret),
        Kind::Motp { digits, .. } if *digits != 6 => Some(Lost::AccountForDigits),
        Kind::Motp { period, .. } if *period != 10 => Some(Lost::AccountForPeriod),
        Kind::Yandex { .. } if !matches!(account.secret.len(), 16 | 26) => Some(Lost::AccountForSecret),
        _ => None,
    }
}

fn database(accounts: &[Exported<'_>]) -> Result<Value, ExportError> {
    let mut groups: Vec<(&str, String)> = Vec::new();
    for tag in accounts.iter().flat_map(|exported| exported.tags) {
        if !groups.iter().any(|(name, _)| name == tag) {
            groups.push((tag, uuid()?));
        }
    }
    let mut entries = Vec::with_capacity(accounts.len());
    for exported in accounts {
        let account = exported.account;
        let bound = exported.tags.iter().filter_map(|tag| groups.iter().find(|(name, _)| name == tag));
        entries.push(json!({
            "type": account.kind.name(),
            "uuid": uuid()?,
            "name": account.name,
            "issuer": account.issuer,
            "note": exported.note.map_or("", SecretText::expose),
            "favorite": exported.pinned,
            "icon": null,
            "info": info(exported),
            "groups": bound.map(|(_, id)| id.as_str()).collect::<Vec<_>>(),
        }));
    }
    let groups: Vec<_> = groups.iter().map(|(name, id)| json!({ "uuid": id, "name": name })).collect();
    Ok(json!({ "version": 3, "entries": entries, "groups": groups }))
}

fn info(exported: &Exported<'_>) -> Value {
    let account = exported.account;
    let kind = &account.kind;
    let mut info = Map::new();
    let mut set = |name: &str, value: Value| info.insert(name.to_owned(), value);
    match kind {
        Kind::Motp { pin, .. } => {
            // Aegis keeps the bytes whose hexadecimal text is hashed; `can_hold` has made sure that it is such text.
            let bytes = hashed_bytes(account).unwrap_or_else(|| SecretBytes::new(Vec::new()));
            set("secret", data_encoding::BASE32_NOPAD.encode(bytes.expose()).into());
            set("algo", "MD5".into());
            set("pin", pin.expose().into());
        }
        _ => {
            set("secret", account.secret_base32().expose().into());
            set("algo", kind.algorithm().map_or("SHA1", |algorithm| algorithm.name()).into());
        }
    }
    set("digits", kind.digits().into());
    if let Kind::Yandex { pin } = kind {
        set("pin", pin.expose().into());
    }
    match (kind, kind.period()) {
        (Kind::Hotp { counter, .. }, _) => set("counter", (*counter).into()),
        (_, period) => set("period", period.unwrap_or(30).into()),
    };
    Value::Object(info)
}
