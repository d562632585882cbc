//! What an import gives.

use crate::{Format, Reason};
use keyhaven_otp::{Account, Kind, Oddity};
use keyhaven_secret::{SecretBytes, SecretText};

/// Everything that was in a file: each entry is an account or a problem.
#[derive(Debug)]
pub struct Import {
    /// The program it is from.
    pub format: Format,
    /// The accounts, in the file's own order (or the order its program shows them in, where the file says).
    pub accounts: Vec<Imported>,
    /// The entries that give no account, and what else is to be told.
    pub problems: Vec<Problem>,
    /// Recovery codes that stood beside an account.
    pub recovery_codes: Vec<FoundCode>,
}

impl Import {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, accounts: Vec::new(), problems: Vec::new(), recovery_codes: Vec::new() }
    }

    /// Puts an entry where it belongs.
    pub(crate) fn add(&mut self, entry: impl FnOnce() -> String, read: Result<Imported, Reason>) {
        match read {
            Ok(imported) => self.accounts.push(imported),
            Err(reason) => self.problems.push(Problem { entry: entry(), reason }),
        }
    }
}

/// One account and what the other program kept beside it.
#[derive(Debug)]
pub struct Imported {
    /// The account.
    pub account: Account,
    /// The secret as the file spells it (without separators and padding, in upper case; for mOTP as it stands), where
    /// that is not what [`Account::secret_base32`] gives: base32 with left-over bits, mOTP.
    pub spelling: Option<SecretText>,
    /// A note. Secret, because people keep recovery codes there.
    pub note: Option<SecretText>,
    /// Names of the groups, folders, categories or tags it is in.
    pub tags: Vec<String>,
    /// The icon.
    pub icon: Option<Icon>,
    /// Whether it is pinned or a favourite.
    pub pinned: bool,
    /// Whether it lies in the other program's bin.
    pub trashed: bool,
    /// What is unusual about it.
    pub oddities: Vec<Oddity>,
}

impl Imported {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account,
            spelling: None,
            note: None,
            tags: Vec::new(),
            icon: None,
            pinned: false,
            trashed: false,
            oddities: Vec::new(),
        }
    }

    /// The secret for a person or script that asked for it: unpadded upper-case base32 as the file spells it; for mOTP
    /// the text as the file has it.
    pub fn secret_as_written(&self) -> SecretText {
        match &self.spelling {
            Some(text) => text.duplicate(),
            None => self.account.secret_base32(),
        }
    }

    /// The algorithm's name, `MD5` for mOTP.
    pub fn algorithm_name(&self) -> &'static str {
        self.account.kind.algorithm().map_or("MD5", |algorithm| algorithm.name())
    }

    /// The counter of the next code; `None` where codes go by time.
    pub fn counter(&self) -> Option<u64> {
        match self.account.kind {
            Kind::Hotp { counter, .. } => Some(counter),
            _ => None,
        }
    }

    pub(crate) fn set_note(&mut self, note: Option<&str>) {
        self.note =
            note.map(str::trim).filter(|note| !note.is_empty()).map(|note| SecretText::new(note.into()));
    }
}

/// An icon as the other program kept it.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Icon {
    /// The name of an icon in the other program's set.
    Named(String),
    /// A picture of the user's own: the file's bytes, of whatever kind. Not checked.
    Picture(Vec<u8>),
}

/// An entry that gives no account, or something else that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The entry in its own words: issuer and name, or its place.
    pub entry: String,
    /// Why.
    pub reason: Reason,
}

/// A recovery code that stood beside an account.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundCode {
    /// The account's issuer.
    pub issuer: String,
    /// The account's name.
    pub name: String,
    /// The code as it stands.
    pub code: SecretText,
}

/// Bytes that a format keeps as text in one of the RFC 4648 encodings.
pub(crate) fn decode_base64(text: &str) -> Option<SecretBytes> {
    let mut plain: Vec<u8> = Vec::with_capacity(text.len());
    plain.extend(text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'='));
    let plain = SecretBytes::new(plain);
    let url_safe = plain.expose().iter().any(|b| matches!(b, b'-' | b'_'));
    let encoding = if url_safe { data_encoding::BASE64URL_NOPAD } else { data_encoding::BASE64_NOPAD };
    encoding.decode(plain.expose()).ok().map(SecretBytes::new)
}
