//! Bitwarden: the vault's JSON, one login an account; the first tag becomes the folder.

use super::{ExportError, Exported, field, json_bytes, titled, uuid};
use keyhaven_secret::{SecretBytes, SecretText};
use serde_json::json;

pub(super) fn plain(accounts: &[Exported<'_>]) -> Result<SecretBytes, ExportError> {
    let mut folders: Vec<(&str, String)> = Vec::new();
    let mut items = Vec::with_capacity(accounts.len());
    for exported in accounts {
        let folder = exported.tags.first();
        if let Some(tag) = folder
            && !folders.iter().any(|(name, _)| name == tag)
        {
            folders.push((tag, uuid()?));
        }
        let folder = folder.and_then(|tag| folders.iter().find(|(name, _)| name == tag)).map(|(_, id)| id);
        let (issuer, name) = titled(exported.account);
        items.push(json!({
            "id": uuid()?,
            "organizationId": null,
            "folderId": folder,
            "type": 1,
            "reprompt": 0,
            "name": issuer,
            "notes": exported.note.map(SecretText::expose),
            "favorite": exported.pinned,
            "login": {
                "uris": [],
                "username": name,
                "password": null,
                "totp": field(exported.account).expose(),
            },
            "collectionIds": null,
        }));
    }
    let folders: Vec<_> = folders.iter().map(|(name, id)| json!({ "id": id, "name": name })).collect();
    Ok(json_bytes(json!({ "encrypted": false, "folders": folders, "items": items })))
}
