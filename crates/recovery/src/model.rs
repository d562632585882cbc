//! What a recovery file is read into.

use keyhaven_secret::SecretText;
use std::fmt;
use std::ops::Range;

/// Everything that one file or pasted text held: codes, documents, what was odd, and where each line went.
///
/// Holds secrets in [`SecretText`] only, so that its `Debug` shows none.
#[derive(Debug)]
pub struct RecoverySet {
    /// Whose codes these are, when the content (or the file's name) says so.
    pub provider: Option<&'static str>,
    /// Providers that the shape alone allows, when it allows several: for a person to choose from.
    pub candidates: Vec<&'static str>,
    /// What the set is as a whole.
    pub kind: Kind,
    /// The codes in the order of the file, or one long key, or one seed phrase.
    pub codes: Vec<Code>,
    /// What is kept as it is: key files, pictures, and the text around the codes.
    pub documents: Vec<Document>,
    /// What a person should look at.
    pub problems: Vec<Problem>,
    /// The text that was read and the place of every line of it.
    pub source: Source,
}

/// What a set is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Single-use codes.
    Codes,
    /// One long recovery key.
    Key,
    /// A key file, a picture or another document that is kept as it is.
    Document,
    /// Recovery questions and notes: text without codes.
    Notes,
    /// The words of a seed phrase.
    SeedPhrase,
}

impl Kind {
    /// The kind's name in JSON and in the vault.
    pub fn name(self) -> &'static str {
        match self {
            Self::Codes => "codes",
            Self::Key => "key",
            Self::Document => "document",
            Self::Notes => "notes",
            Self::SeedPhrase => "seed_phrase",
        }
    }
}

/// One code, exactly as shown: with its case, its dashes and its blanks.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The code's text.
    pub text: SecretText,
    /// Whether the file marks it as used.
    pub used: bool,
    /// What stood beside it on its line ("laptop, May 2024"), without numbering and used marks.
    pub remark: Option<SecretText>,
}

/// Something that is kept whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its text, where it is a part of the file; `None` where it is the file itself, which the caller has.
    pub text: Option<SecretText>,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// The text around the codes, or a file without codes.
    Notes,
    /// An SSH, TLS or other private key in PEM armour (RFC 7468), or a PuTTY key file.
    PrivateKey,
    /// An OpenPGP private key block (RFC 9580 §6.2).
    OpenPgpKey,
    /// Any other armoured block: a certificate, a public key, an encrypted message.
    Armoured,
    /// A backup of a LUKS header.
    LuksHeader,
    /// A picture.
    Picture,
    /// A PDF from which no text could be had.
    Pdf,
    /// Any other bytes.
    Binary,
}

impl DocumentKind {
    /// The kind's name in JSON and in the vault.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notes => "notes",
            Self::PrivateKey => "private_key",
            Self::OpenPgpKey => "openpgp_private_key",
            Self::Armoured => "armoured",
            Self::LuksHeader => "luks_header",
            Self::Picture => "picture",
            Self::Pdf => "pdf",
            Self::Binary => "binary",
        }
    }
}

/// What the file was and where each of its lines went.
#[derive(Debug)]
pub struct Source {
    /// The file's format.
    pub format: Format,
    /// The text as it was read: one `\n` for every line end, invisible characters gone. Empty for what is no text.
    pub text: SecretText,
    /// The lines of `text`, in order, without gaps but for the line ends.
    pub lines: Vec<Line>,
}

/// The formats that are read, and those that are only kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text, Markdown, CSV: in UTF-8, UTF-16 or Windows-1252.
    Text,
    /// An HTML page.
    Html,
    /// Rich Text Format.
    Rtf,
    /// PDF.
    Pdf,
    /// A picture.
    Picture,
    /// Anything else.
    Binary,
}

impl Format {
    /// The format's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Rtf => "rtf",
            Self::Pdf => "pdf",
            Self::Picture => "picture",
            Self::Binary => "binary",
        }
    }
}

/// One line of [`Source::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its bytes in the text, without the line end.
    pub range: Range<usize>,
    /// Where it went.
    pub place: Place,
}

/// Where a line went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It holds neither letters nor digits: blank lines and rules.
    Blank,
    /// Its codes: indices into [`RecoverySet::codes`].
    Codes(Vec<usize>),
    /// It is kept in a document: an index into [`RecoverySet::documents`], and why it is no code.
    Document(usize, Aside),
}

/// Why a line is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aside {
    /// Words.
    Prose,
    /// A web or mail address.
    Address,
    /// A date or time.
    Date,
    /// A telephone number.
    Phone,
    /// An identifier that names a key, an account or a device.
    Identifier,
    /// The secret of an authenticator entry, or its otpauth URI.
    TotpSecret,
    /// A setting of the program that wrote the file.
    Setting,
    /// A number that only counts lines, a mark without a code.
    Numbering,
    /// A part of a key file or of another armoured block.
    Armour,
    /// It looks like a code but unlike the others; a [`Problem`] names it.
    Unclear,
}

/// What a person should look at. Never holds a code; lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// No code, key or phrase was found; the text is kept.
    NothingFound,
    /// There is no text to be had from this file; it is kept as it is.
    NoText(Format),
    /// It is a picture of a format that is kept and not drawn here.
    NotDrawn {
        /// The format's name.
        format: &'static str,
    },
    /// The line looks like a code but unlike the others, and is not counted as one.
    UnclearLine {
        /// Its number.
        line: usize,
    },
    /// The line holds the secret of an authenticator entry rather than a recovery code.
    TotpSecret {
        /// Its number.
        line: usize,
    },
    /// This single code could as well be the secret of an authenticator entry.
    PerhapsTotpSecret {
        /// Its number.
        line: usize,
    },
    /// This single number could as well be a one-time code of the moment.
    PerhapsOneTimeCode {
        /// Its number.
        line: usize,
    },
    /// Codes of several shapes: perhaps two sets in one file.
    SeveralShapes {
        /// How many shapes.
        shapes: usize,
    },
    /// The same code stands here as on an earlier line, and is counted once.
    Duplicate {
        /// Its number.
        line: usize,
        /// The number of the line that had it first.
        first: usize,
    },
    /// The file shows this code as used without showing the code itself.
    UsedCodeHidden {
        /// Its number.
        line: usize,
    },
    /// A group of a BitLocker recovery password cannot be right: not divisible by 11 or too large.
    BitLockerGroup {
        /// The line's number.
        line: usize,
        /// The group, counted from 1.
        group: usize,
    },
    /// The checksum of an age key does not fit: it is mistyped or cut off.
    AgeChecksum {
        /// The line's number.
        line: usize,
    },
    /// A word of a seed phrase is not in BIP39's English list.
    SeedWord {
        /// The word, counted from 1.
        word: usize,
    },
    /// The checksum of a seed phrase does not fit: a word is wrong or out of order.
    SeedChecksum,
    /// An armoured block begins here and does not end.
    BlockWithoutEnd {
        /// The line's number.
        line: usize,
    },
    /// This is the emergency kit of a Keyhaven vault: its key opens that vault, and kept within it, it would be locked in
    /// with what it opens.
    OwnKit,
    /// More lines or codes than a recovery file has; the file is kept as a document.
    TooMany {
        /// How many are read at most.
        limit: usize,
    },
}

impl Problem {
    /// The problem's name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NothingFound => "nothing_found",
            Self::NoText(_) => "no_text",
            Self::NotDrawn { .. } => "not_drawn",
            Self::UnclearLine { .. } => "unclear_line",
            Self::TotpSecret { .. } => "totp_secret",
            Self::PerhapsTotpSecret { .. } => "perhaps_totp_secret",
            Self::PerhapsOneTimeCode { .. } => "perhaps_one_time_code",
            Self::SeveralShapes { .. } => "several_shapes",
            Self::Duplicate { .. } => "duplicate",
            Self::UsedCodeHidden { .. } => "used_code_hidden",
            Self::BitLockerGroup { .. } => "bitlocker_group",
            Self::AgeChecksum { .. } => "age_checksum",
            Self::SeedWord { .. } => "seed_word",
            Self::SeedChecksum => "seed_checksum",
            Self::BlockWithoutEnd { .. } => "block_without_end",
            Self::OwnKit => "own_kit",
            Self::TooMany { .. } => "too_many",
        }
    }

    /// The line it is about, counted from 1, where it is about one.
    pub fn line(&self) -> Option<usize> {
        match *self {
            Self::UnclearLine { line }
            | Self::TotpSecret { line }
            | Self::PerhapsTotpSecret { line }
            | Self::PerhapsOneTimeCode { line }
            | Self::Duplicate { line, .. }
            | Self::UsedCodeHidden { line }
            | Self::BitLockerGroup { line, .. }
            | Self::AgeChecksum { line }
            | Self::BlockWithoutEnd { line } => Some(line),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingFound => f.write_str("no recovery code, key or phrase was found; its text counts as notes"),
            Self::NoText(format) => {
                write!(f, "no text can be had from this file ({}); it counts as a document", format.name())
            }
            Self::NotDrawn { format } => write!(
                f,
                "pictures in {format} are kept as they are and not shown here; saved as PNG or JPEG this one can be looked at too"
            ),
            Self::OwnKit => f.write_str(
                "this is the emergency kit of a Keyhaven vault: kept in that vault alone it helps nobody, keep the paper",
            ),
            Self::UnclearLine { line } => {
                write!(f, "line {line} looks like a code but unlike the others; it is not counted as one")
            }
            Self::TotpSecret { line } => {
                write!(f, "line {line} is the secret of an authenticator entry, not a recovery code")
            }
            Self::PerhapsTotpSecret { line } => {
                write!(f, "line {line} may be a recovery code or the secret of an authenticator entry")
            }
            Self::PerhapsOneTimeCode { line } => {
                write!(f, "line {line} may be a recovery code or a one-time code that has passed")
            }
            Self::SeveralShapes { shapes } => {
                write!(f, "the codes have {shapes} different shapes: perhaps several sets in one file")
            }
            Self::Duplicate { line, first } => {
                write!(f, "line {line} repeats the code of line {first}; it is counted once")
            }
            Self::UsedCodeHidden { line } => {
                write!(f, "line {line} stands for a used code that is not shown")
            }
            Self::BitLockerGroup { line, group } => write!(
                f,
                "line {line}, group {group}: no BitLocker recovery password has such a group \
                 (each is 11 times a number below 65536)"
            ),
            Self::AgeChecksum { line } => {
                write!(f, "line {line}: the checksum of this age key does not fit; it is mistyped or cut off")
            }
            Self::SeedWord { word } => write!(f, "word {word} is not in BIP39's English word list"),
            Self::SeedChecksum => {
                f.write_str("the seed phrase's checksum does not fit: a word is wrong or out of order")
            }
            Self::BlockWithoutEnd { line } => write!(f, "the block that begins on line {line} has no end"),
            Self::TooMany { limit } => {
                write!(
                    f,
                    "more than {limit} lines or codes: this is no recovery file; it counts as a document"
                )
            }
        }
    }
}
