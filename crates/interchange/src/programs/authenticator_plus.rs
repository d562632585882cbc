//! Authenticator Plus: otpauth lines (`Accounts.txt`) in an encrypted ZIP archive.
//!
//! Known from beemdevelopment/Aegis' `AuthenticatorPlusImporter`. Its SQLCipher databases are not read.

use super::{Source, uri_list, utf8};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request, archive};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::AuthenticatorPlus;

fn is_accounts(name: &str) -> bool {
    name.rsplit('/').next() == Some("Accounts.txt")
}

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.members().iter().any(|name| is_accounts(name)))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if sample.members().is_empty() {
        let what = "it is no ZIP archive; in Authenticator Plus export as text, protected by a password";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    let text = archive::read(sample.bytes, FORMAT, is_accounts, request.password)?
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it holds no Accounts.txt" })?;
    Ok(uri_list::read_lines(utf8(&text, FORMAT)?, FORMAT))
}
