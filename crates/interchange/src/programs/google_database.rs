//! Google Authenticator's own database, from a phone. Algorithm, digits and period are not in it.

use super::Source;
use crate::entry::{Draft, Secret, title};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Reason, Request, sqlite};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::GoogleDatabase;

const COLUMNS: [&str; 6] = ["email", "issuer", "secret", "counter", "type", "isencrypted"];

fn table<'s>(sample: &'s Sample<'_>) -> Option<&'s sqlite::Table> {
    let needed = ["email", "secret", "counter", "type"];
    sample.tables().iter().find(|table| table.name == "accounts" && table.has(&needed))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(table(sample).is_some())
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let table = table(sample)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no table of accounts" })?;
    let mut import = Import::new(FORMAT);
    sqlite::rows(sample.bytes, FORMAT, table, &COLUMNS, |place, row| {
        let (issuer, email) = (sqlite::text(row, "issuer"), sqlite::text(row, "email"));
        let (issuer, name) = split(&issuer, &email);
        let secret = keyhaven_secret::SecretText::new(sqlite::text(row, "secret"));
        let kind = sqlite::number(row, "type").unwrap_or(0);
        let sealed = sqlite::number(row, "isencrypted").is_some_and(|flag| flag != 0);
        let read = match kind {
            _ if sealed => Err(Reason::Sealed),
            0 | 1 => Draft {
                kind: if kind == 0 { "totp" } else { "hotp" },
                counter: sqlite::number(row, "counter"),
                ..Draft::totp(&issuer, &name, Secret::Base32(secret.expose()))
            }
            .finish(),
            other => Err(Reason::Kind { word: other.to_string() }),
        };
        import.add(|| title(&issuer, &name, place), read);
    })?;
    Ok(import)
}

/// Issuer and name out of `Issuer:Name`, where the prefix is the issuer or there is none.
fn split(issuer: &str, email: &str) -> (String, String) {
    match email.split_once(':') {
        Some((prefix, name)) if issuer.is_empty() || prefix.trim() == issuer.trim() => {
            (prefix.trim().to_owned(), name.trim().to_owned())
        }
        _ => (issuer.trim().to_owned(), email.trim().to_owned()),
    }
}
