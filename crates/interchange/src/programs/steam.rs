//! Steam: `maFile`s of desktop tools and what lies on the phone. The revocation code beside the secret is a recovery
//! code worth as much as the secret.

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, FoundCode, Import, ImportError, Imported, Reason, Request};
use keyhaven_secret::SecretText;
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Steam;

/// The accounts: the document itself, or those in its `accounts` by identifier.
fn accounts(json: &Value) -> Vec<&Value> {
    if json.has("shared_secret") {
        return vec![json];
    }
    let inner =
        json.get("accounts").and_then(Value::as_object).into_iter().flat_map(|accounts| accounts.values());
    inner.filter(|account| account.has("shared_secret") || account.has("revocation_code")).collect()
}

/// Steam Desktop Authenticator's manifest lists files by name and holds no secret.
fn is_manifest(json: &Value) -> bool {
    json.has("encrypted") && json.list("entries").iter().any(|entry| entry.has("steamid"))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    Confidence::sure_if(!accounts(json).is_empty() || is_manifest(json))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    let accounts = accounts(export);
    if accounts.is_empty() && !is_manifest(export) {
        return Err(ImportError::NotThisFormat { format: FORMAT, why: "it has no shared_secret" });
    }
    if accounts.is_empty() {
        let what =
            "it is the list of files of Steam Desktop Authenticator; import its .maFile files, decrypted";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    let mut import = Import::new(FORMAT);
    for (place, account) in accounts.into_iter().enumerate() {
        let name = name_of(account);
        if let Some(code) = account.text("revocation_code").filter(|code| !code.trim().is_empty()) {
            let code = SecretText::new(code.trim().to_owned());
            import.recovery_codes.push(FoundCode { issuer: "Steam".into(), name: name.clone(), code });
        }
        import.add(|| title("Steam", &name, place + 1), read_account(account, &name));
    }
    Ok(import)
}

fn name_of(account: &Value) -> String {
    let name = account.words("account_name");
    if name.is_empty() { account.words("steamid") } else { name }
}

fn read_account(account: &Value, name: &str) -> Result<Imported, Reason> {
    let secret =
        account.text("shared_secret").filter(|secret| !secret.trim().is_empty()).ok_or(Reason::NoSecret)?;
    let secret = decode_base64(secret).ok_or(Reason::Encoding { encoding: "base64" })?;
    Draft { kind: "steam", ..Draft::totp("Steam", name, Secret::Bytes(secret)) }.finish()
}
