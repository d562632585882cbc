//! Why a file gives no list of accounts.

use crate::Format;

/// Why a file could not be read as a whole. Never holds a secret, nor text of the file that could be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No known program writes such a file.
    #[error("the file is no export of a program that is known here")]
    NotRecognised,
    /// It begins like JSON and is not.
    #[error("the file begins like JSON and breaks off being it at line {line}, column {column}")]
    BrokenJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A picture, whose QR codes are to be read first.
    #[error("the file is a picture: its QR codes are to be read first")]
    Picture,
    /// The user named a format, and the file is of another.
    #[error("the file is not of the format {format}: {why}")]
    NotThisFormat {
        /// As named.
        format: Format,
        /// What is missing.
        why: &'static str,
    },
    /// The file is encrypted.
    #[error("this export of {format} is encrypted: its password is needed")]
    PasswordNeeded {
        /// Whose.
        format: Format,
    },
    /// The password does not open the file; formats without an integrity check cannot tell this from damage.
    #[error("the password is wrong for this export of {format}{}{}", if *.certain { "" } else { ", or the file is damaged" }, also(.format))]
    WrongPassword {
        /// Whose.
        format: Format,
        /// Whether the file tells a wrong password from damage: by a check value apart from the contents. Where one
        /// authentication code stands over everything, either makes it fail.
        certain: bool,
    },
    /// The file is damaged or cut off.
    #[error("this export of {format} is damaged at {place}: {what}")]
    Broken {
        /// Whose.
        format: Format,
        /// Where, in the format's own words.
        place: String,
        /// What is wrong there.
        what: &'static str,
    },
    /// The file is longer than any export.
    #[error("the file has {bytes} bytes; at most {} MiB are read", .most >> 20)]
    TooLong {
        /// Its length in bytes.
        bytes: u64,
        /// How many are read at most.
        most: u64,
    },
    /// The file asks for more work or memory than any program would.
    #[error("the file asks for {asked} {what}; at most {most} are accepted")]
    TooDemanding {
        /// What it asks for, with its unit.
        what: &'static str,
        /// How much.
        asked: u64,
        /// How much is accepted.
        most: u64,
    },
    /// Bitwarden's export that only the same account can open.
    #[error(
        "this Bitwarden export is account restricted: no password opens it. In Bitwarden choose Export vault, format \
         .json (Encrypted), export type Password protected, and import that file"
    )]
    AccountRestricted,
    /// A variant that cannot be read, with the way to another.
    #[error("this export of {format} cannot be read: {what}")]
    Unsupported {
        /// Whose.
        format: Format,
        /// What it is and what to do.
        what: &'static str,
    },
    /// The caller asked to stop.
    #[error("the import was stopped")]
    Cancelled,
}

/// What else than the password may be missing.
fn also(format: &Format) -> &'static str {
    match format {
        Format::KeePass => {
            "; a database that also asks for a key file or a hardware key is not read here: save a copy without"
        }
        _ => "",
    }
}

impl ImportError {
    pub(crate) fn broken(format: Format, place: impl Into<String>, what: &'static str) -> Self {
        Self::Broken { format, place: place.into(), what }
    }

    /// Whether no other reading of the same bytes should be tried.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::TooDemanding { .. }
                | Self::TooLong { .. }
                | Self::AccountRestricted
                | Self::WrongPassword { certain: true, .. }
        )
    }
}
