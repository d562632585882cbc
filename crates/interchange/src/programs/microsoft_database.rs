//! Microsoft Authenticator's own database (`PhoneFactor`), from a phone.

use super::Source;
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, sqlite};
use keyhaven_secret::SecretText;
use rusqlite::Row;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::MicrosoftDatabase;

const NEEDED: [&str; 4] = ["name", "username", "oath_secret_key", "account_type"];
const COLUMNS: [&str; 5] =
    ["name", "username", "oath_secret_key", "account_type", "encrypted_oath_secret_key"];

fn table<'s>(sample: &'s Sample<'_>) -> Option<&'s sqlite::Table> {
    sample.tables().iter().find(|table| table.name == "accounts" && table.has(&NEEDED))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(table(sample).is_some())
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let table = table(sample)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no table of accounts" })?;
    let mut import = Import::new(FORMAT);
    sqlite::rows(sample.bytes, FORMAT, table, &COLUMNS, |place, row| {
        let (issuer, name) = (sqlite::text(row, "name"), sqlite::text(row, "username"));
        import.add(|| title(&issuer, &name, place), read_row(row, &issuer, &name));
    })?;
    Ok(import)
}

fn read_row(row: &Row<'_>, issuer: &str, name: &str) -> Result<Imported, Reason> {
    let secret = SecretText::new(sqlite::text(row, "oath_secret_key"));
    if secret.expose().trim().is_empty() && !sqlite::text(row, "encrypted_oath_secret_key").is_empty() {
        return Err(Reason::Sealed);
    }
    match sqlite::number(row, "account_type") {
        Some(0) => Draft::totp(issuer, name, Secret::Base32(secret.expose())).finish(),
        // A personal Microsoft account: eight digits, and base64 instead of base32.
        Some(1) if secret.expose().trim().is_empty() => Err(Reason::Push),
        Some(1) => {
            let bytes = decode_base64(secret.expose()).ok_or(Reason::Encoding { encoding: "base64" })?;
            Draft { digits: Some(8), ..Draft::totp(issuer, name, Secret::Bytes(bytes)) }.finish()
        }
        Some(2) => Err(Reason::Push),
        Some(other) => Err(Reason::Kind { word: format!("account type {other}") }),
        None => Err(Reason::Shape { what: "it has no account type" }),
    }
}
