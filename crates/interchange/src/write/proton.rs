//! Proton Authenticator: protonpass/proton-pass-common, `proton-authenticator/src/entry/exporter.rs`.

use super::{ExportError, Exported, field, json_bytes, uuid};
use keyhaven_otp::Kind;
use keyhaven_secret::{SecretBytes, SecretText};
use serde_json::json;

pub(super) fn plain(accounts: &[Exported<'_>]) -> Result<SecretBytes, ExportError> {
    let mut entries = Vec::with_capacity(accounts.len());
    for exported in accounts {
        let account = exported.account;
        let steam = matches!(account.kind, Kind::Steam);
        // A Steam entry has nothing but this name.
        let name = match (steam, account.name.trim()) {
            (true, "") => account.issuer.trim(),
            (_, name) => name,
        };
        entries.push(json!({
            "id": uuid()?,
            "content": {
                "uri": field(account).expose(),
                "entry_type": if steam { "Steam" } else { "Totp" },
                "name": name,
            },
            "note": exported.note.map(SecretText::expose),
        }));
    }
    Ok(json_bytes(json!({ "version": 1, "entries": entries })))
}
