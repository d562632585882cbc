//! One module for each program, and the table of them.

mod aegis;
mod andotp;
mod authenticator_extension;
mod authenticator_plus;
mod authme;
mod authy;
mod battle_net;
mod bitwarden;
mod cotp;
mod duo;
mod ente;
mod freeotp;
mod freeotp2;
mod google_database;
mod keepass;
mod lastpass;
mod microsoft_database;
mod onepassword;
mod otp_auth_ios;
mod otpclient;
mod proton;
mod proton_pass;
mod raivo;
mod steam;
mod stratum;
mod totp_authenticator;
mod twofas;
mod twofauth;
pub(crate) mod uri_list;
mod winauth;

pub use uri_list::read_texts;

use crate::json::JsonError;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request};

/// A program whose exports can be read.
pub(crate) struct Source {
    pub format: Format,
    /// How sure this program's format is of the bytes. Called for every file, so it looks at the head and keys only.
    detect: fn(&Sample<'_>) -> Confidence,
    read: fn(&Sample<'_>, &Request<'_>) -> Result<Import, ImportError>,
}

impl Source {
    /// Whether nothing speaks for this format.
    pub fn is_foreign(&self, sample: &Sample<'_>) -> bool {
        (self.detect)(sample) == Confidence::No
    }

    pub fn read(&self, sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
        let import = (self.read)(sample, request)?;
        let entries = import.entries();
        if entries > crate::MAX_ENTRIES {
            let (asked, most) = (entries as u64, crate::MAX_ENTRIES as u64);
            return Err(ImportError::TooDemanding { what: "entries", asked, most });
        }
        Ok(import)
    }
}

/// In the order of preference among equally confident ones.
const SOURCES: &[Source] = &[
    uri_list::LIST,
    uri_list::GOOGLE,
    aegis::SOURCE,
    twofas::SOURCE,
    ente::SOURCE,
    bitwarden::JSON,
    bitwarden::CSV,
    proton::SOURCE,
    proton_pass::SOURCE,
    google_database::SOURCE,
    microsoft_database::SOURCE,
    stratum::SOURCE,
    stratum::HTML,
    andotp::SOURCE,
    freeotp::XML,
    freeotp::PLUS,
    freeotp2::SOURCE,
    lastpass::SOURCE,
    raivo::SOURCE,
    authy::SOURCE,
    duo::SOURCE,
    steam::SOURCE,
    battle_net::SOURCE,
    totp_authenticator::SOURCE,
    keepass::KDBX,
    keepass::CSV,
    onepassword::SOURCE,
    otp_auth_ios::SOURCE,
    authenticator_plus::SOURCE,
    winauth::SOURCE,
    twofauth::SOURCE,
    cotp::SOURCE,
    authme::SOURCE,
    authenticator_extension::SOURCE,
    otpclient::SOURCE,
];

/// The source of a format.
pub(crate) fn source(format: Format) -> &'static Source {
    // A test holds that every format has its source; the list of URIs stands in for one that had none.
    SOURCES.iter().find(|source| source.format == format).unwrap_or(&SOURCES[0])
}

/// Who may have written the file, the surest first.
pub(crate) fn recognise(sample: &Sample<'_>) -> Vec<&'static Source> {
    // Formats without a mark would take any bytes for their own.
    if sample.is_foreign() {
        return Vec::new();
    }
    let mut found: Vec<_> = SOURCES
        .iter()
        .map(|source| ((source.detect)(sample), source))
        .filter(|(confidence, _)| *confidence > Confidence::No)
        .collect();
    found.sort_by_key(|(confidence, _)| std::cmp::Reverse(*confidence));
    found.into_iter().map(|(_, source)| source).collect()
}

/// The document, or why there is none, for a format that is JSON.
fn json<'s>(sample: &'s Sample<'_>, format: Format) -> Result<&'s crate::json::Document, ImportError> {
    match (sample.json(), sample.unrecognised()) {
        (Some(document), _) => Ok(document),
        (None, error @ (ImportError::BrokenJson { .. } | ImportError::TooDemanding { .. })) => Err(error),
        _ => Err(ImportError::NotThisFormat { format, why: "it is no JSON" }),
    }
}

/// The password, or the error that asks for it.
fn password<'r>(
    request: &Request<'r>,
    format: Format,
) -> Result<&'r keyhaven_secret::SecretText, ImportError> {
    request.password.ok_or(ImportError::PasswordNeeded { format })
}

/// Opened text that has to be UTF-8.
fn utf8(bytes: &keyhaven_secret::SecretBytes, format: Format) -> Result<&str, ImportError> {
    std::str::from_utf8(bytes.expose())
        .map_err(|_| ImportError::broken(format, "the decrypted text", "it is no UTF-8"))
}

/// Opened text that has to be JSON.
fn opened_json(
    bytes: &keyhaven_secret::SecretBytes,
    format: Format,
) -> Result<crate::json::Document, ImportError> {
    crate::json::Document::parse(utf8(bytes, format)?).map_err(|error| match error {
        JsonError::Syntax(line, column) => {
            let place = format!("line {line}, column {column} of the decrypted text");
            ImportError::broken(format, place, "it is no JSON")
        }
        JsonError::TooMany(_) => error.too_demanding().unwrap_or(ImportError::NotRecognised),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_one_source() {
        for format in Format::ALL {
            assert_eq!(SOURCES.iter().filter(|source| source.format == *format).count(), 1, "{format}");
            assert_eq!(Format::from_id(format.id()), Some(*format));
        }
    }
}
