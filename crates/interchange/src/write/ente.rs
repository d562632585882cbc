//! Ente Auth: lines of URIs with `codeDisplay`, plain or as one secretstream message under Argon2id.

use super::{ExportError, Exported, Work, json_bytes, lines, random};
use crate::{Request, crypto};
use data_encoding::BASE64;
use keyhaven_secret::{SecretBytes, SecretText};
use serde_json::json;
use zeroize::Zeroizing;

/// libsodium's MODERATE: 256 MiB, three passes. Ente reads whatever the file says.
const MEMORY: u64 = 256 * 1024;
const PASSES: u64 = 3;
const LEAST_MEMORY: u64 = 64;

pub(super) fn plain(accounts: &[Exported<'_>]) -> SecretBytes {
    lines(accounts.iter().map(line))
}

fn line(exported: &Exported<'_>) -> SecretText {
    let display = json_bytes(json!({
        "pinned": exported.pinned,
        "trashed": false,
        "lastUsedAt": 0,
        "tapCount": 0,
        "tags": exported.tags,
        "note": exported.note.map_or("", SecretText::expose),
    }));
    let mut account = exported.account.duplicate();
    let text = Zeroizing::new(String::from_utf8_lossy(display.expose()).into_owned());
    account.unknown.push(("codeDisplay".to_owned(), text.to_string()));
    let uri = account.to_uri();
    for (_, value) in &mut account.unknown {
        zeroize::Zeroize::zeroize(value);
    }
    uri
}

pub(super) fn encrypted(
    accounts: &[Exported<'_>],
    password: &SecretText,
    work: Work,
) -> Result<SecretBytes, ExportError> {
    let text = plain(accounts);
    let salt: [u8; 16] = random()?;
    let header: [u8; 24] = random()?;
    let (memory, passes) = if work == Work::Least { (LEAST_MEMORY, 1) } else { (MEMORY, PASSES) };
    let cost = crypto::Cost { memory, passes, lanes: 1 };
    let password = password.expose().as_bytes();
    let key = crypto::argon2(&Request::default(), crypto::Argon2Variant::Id, false, password, &salt, cost)
        .ok()
        .flatten()
        .ok_or(ExportError::Sealing)?;
    let sealed = crypto::seal_secretstream(&key, &header, text.expose()).ok_or(ExportError::Sealing)?;
    Ok(json_bytes(json!({
        "version": 1,
        "kdfParams": { "memLimit": memory * 1024, "opsLimit": passes, "salt": BASE64.encode(&salt) },
        "encryptedData": BASE64.encode(&sealed),
        "encryptionNonce": BASE64.encode(&header),
    })))
}
