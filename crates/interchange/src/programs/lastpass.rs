//! LastPass Authenticator: plain JSON, TOTP only. Format: as its apps write it (versions 1 on iOS, 3 on Android).

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};
use serde_json::Value;
use std::collections::HashMap;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::LastPass;

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(json) = sample.json() else { return Confidence::No };
    let device = json.has("deviceId") || json.has("localDeviceId");
    let accounts =
        json.list("accounts").iter().any(|account| account.has("issuerName") || account.has("userName"));
    match (device, accounts) {
        (true, _) if json.get("accounts").is_some_and(Value::is_array) => Confidence::Sure,
        (false, true) => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let export = json(sample, FORMAT)?;
    let accounts = export
        .get("accounts")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of accounts" })?;
    let mut folders = HashMap::new();
    for folder in export.list("folders") {
        folders.entry(folder["id"].to_string()).or_insert_with(|| folder.words("name"));
    }
    let mut import = Import::new(FORMAT);
    for (place, account) in accounts.iter().enumerate() {
        let title = || title(&account.words("issuerName"), &account.words("userName"), place + 1);
        import.add(title, read_account(account, &folders));
    }
    Ok(import)
}

fn read_account(account: &Value, folders: &HashMap<String, String>) -> Result<Imported, Reason> {
    let (issuer, name) = (account.words("issuerName"), account.words("userName"));
    let secret = account.text("secret").unwrap_or_default();
    if secret.trim().is_empty() && account.is_true("pushNotification") {
        return Err(Reason::Push);
    }
    let mut imported = Draft {
        algorithm: account.text("algorithm"),
        digits: account.number("digits")?,
        period: account.number("timeStep")?,
        ..Draft::totp(&issuer, &name, Secret::Base32(secret))
    }
    .finish()?;
    imported.pinned = account.is_true("isFavorite");
    let folder = account.pointer("/folderData/folderId").filter(|id| !id.is_null());
    let folder = folder.and_then(|id| folders.get(&id.to_string()));
    imported.tags.extend(folder.filter(|name| !name.is_empty()).cloned());
    Ok(imported)
}
