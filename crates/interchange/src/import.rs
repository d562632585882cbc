//! What an import gives.

use crate::entry::title;
use crate::{Format, MAX_ENTRIES, MAX_FILE, Reason};
use keyhaven_otp::{Account, Kind, MAX_URI_LENGTH, Oddity, parse_uri};
use keyhaven_secret::{SecretBytes, SecretText};

/// Most bytes of notes, tags and icons kept from one file.
const MAX_KEPT: usize = 4 * MAX_FILE;

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
    /// Bytes of notes, tags and icons kept so far.
    pub(crate) kept: usize,
    /// Entries counted beyond [`MAX_ENTRIES`], which are not kept: the file is refused.
    pub(crate) beyond: usize,
}

impl Import {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            accounts: Vec::new(),
            problems: Vec::new(),
            recovery_codes: Vec::new(),
            kept: 0,
            beyond: 0,
        }
    }

    /// Puts an entry where it belongs. An account that could not be kept as it is is a problem.
    pub(crate) fn add(&mut self, entry: impl FnOnce() -> String, read: Result<Imported, Reason>) {
        if self.entries() >= MAX_ENTRIES {
            // Counted and not kept: a file of nothing but entries would take many times its own size.
            self.beyond += 1;
            return;
        }
        match read.and_then(|imported| self.fitting(imported)) {
            Ok(imported) => self.accounts.push(imported),
            Err(reason) => self.problems.push(Problem { entry: entry(), reason }),
        }
    }

    /// Puts what another part of the same file holds behind.
    pub(crate) fn append(&mut self, part: Self) {
        self.beyond += part.beyond;
        for imported in part.accounts {
            let entry = title(&imported.account.issuer, &imported.account.name, self.entries() + 1);
            self.add(|| entry, Ok(imported));
        }
        for Problem { entry, reason } in part.problems {
            self.add(|| entry, Err(reason));
        }
        self.recovery_codes.extend(part.recovery_codes);
    }

    /// Accounts and problems, counting those that were not kept.
    pub(crate) fn entries(&self) -> usize {
        self.accounts.len() + self.problems.len() + self.beyond
    }

    fn fitting(&mut self, imported: Imported) -> Result<Imported, Reason> {
        // A vault keeps the URI and reads it back: what does not come back from it would be lost there.
        let uri = imported.account.to_uri();
        if uri.expose().len() > MAX_URI_LENGTH {
            return Err(Reason::Shape { what: "its names and parameters are longer than can be kept" });
        }
        if !parse_uri(uri.expose()).is_ok_and(|read| read.account == imported.account) {
            return Err(Reason::Shape { what: "its secret, PIN or names cannot be kept as they stand" });
        }
        // One group or icon of the file may be named by every entry.
        self.kept = self.kept.saturating_add(imported.size());
        if self.kept > MAX_KEPT {
            return Err(Reason::Shape {
                what: "the notes, groups and icons up to it fill more than 256 MiB",
            });
        }
        Ok(imported)
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

    /// Bytes of what is kept beside the account.
    fn size(&self) -> usize {
        let icon = match &self.icon {
            Some(Icon::Named(name)) => name.len(),
            Some(Icon::Picture(bytes)) => bytes.len(),
            None => 0,
        };
        let note = self.note.as_ref().map_or(0, |note| note.expose().len());
        note + icon + self.tags.iter().map(String::len).sum::<usize>()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_a_problem_and_what_is_too_much_is_counted() {
        let account = || {
            let mut imported =
                Imported::new(Account::new("Example", "me", SecretBytes::new(vec![7; 20]), Kind::totp()));
            imported.set_note(Some("four"));
            imported
        };
        let mut import = Import { kept: MAX_KEPT - 5, ..Import::new(Format::Aegis) };
        import.add(|| "first".into(), Ok(account()));
        import.add(|| "second".into(), Ok(account()));
        assert_eq!((import.accounts.len(), import.problems.len()), (1, 1));
        assert_eq!(import.problems[0].entry, "second");

        let mut import = Import { beyond: MAX_ENTRIES, ..Import::new(Format::Aegis) };
        import.add(|| "one more".into(), Ok(account()));
        assert_eq!((import.accounts.len(), import.entries()), (0, MAX_ENTRIES + 1));
    }
}
