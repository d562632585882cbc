//! What a shell may show of recovery sets: names, counts, masked codes.
//!
//! A code's own text crosses only in [`RevealedSet`], [`RevealedDraft`] and [`RevealedPicture`], because a person asked
//! to see it, and on the way in in `draft_from_text`.

use keyhaven_secret::SecretBytes;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a set is as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// Single-use codes.
    Codes,
    /// One long recovery key.
    Key,
    /// A key file, a picture or another document.
    #[default]
    Document,
    /// Recovery questions and notes.
    Notes,
    /// The words of a seed phrase.
    SeedPhrase,
}

impl From<keyhaven_recovery::Kind> for SetKind {
    fn from(kind: keyhaven_recovery::Kind) -> Self {
        use keyhaven_recovery::Kind;
        match kind {
            Kind::Codes => Self::Codes,
            Kind::Key => Self::Key,
            Kind::Document => Self::Document,
            Kind::Notes => Self::Notes,
            Kind::SeedPhrase => Self::SeedPhrase,
        }
    }
}

/// The recovery room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RecoveryView {
    /// Whether the recovery compartment is open.
    pub open: bool,
    /// All sets: those in use first, by name; then those that were replaced.
    pub sets: Vec<SetRow>,
}

/// One set as a row of the list. Nothing secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SetRow {
    /// The set.
    pub id: String,
    /// Its name: the person's own, else the provider's, else the file's.
    pub name: String,
    /// Whose codes they are; empty where that is not known.
    pub provider: String,
    /// What it is.
    pub kind: SetKind,
    /// The linked account's id.
    pub account: Option<String>,
    /// The linked account in words: "GitHub · me@example.org".
    pub account_name: Option<String>,
    /// The file it came from, or "Clipboard".
    pub source: String,
    /// Bytes of the original.
    pub size: u64,
    /// Codes in all; 0 for documents and notes.
    pub total: u32,
    /// Codes that are not used yet.
    pub left: u32,
    /// How it stands.
    pub standing: SetStanding,
    /// Unix milliseconds.
    pub added_at: u64,
    /// When a code was last used, Unix milliseconds.
    pub used_at: Option<u64>,
    /// When the codes were last looked at, Unix milliseconds.
    pub seen_at: Option<u64>,
    /// When a newer set took its place, Unix milliseconds.
    pub superseded_at: Option<u64>,
    /// What became of the downloaded file.
    pub tidied: Option<TidiedView>,
    /// Whether the downloaded file can still be binned or erased from here.
    pub can_tidy: bool,
}

/// How a set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SetStanding {
    /// Nothing to do.
    Good,
    /// Three codes or fewer are left, or a fifth of them: make new ones soon.
    Low,
    /// No code is left.
    Empty,
    /// A newer set took its place.
    Superseded,
}

/// What became of a downloaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
pub struct TidiedView {
    /// What was done.
    pub way: TidyWay,
    /// When, Unix milliseconds.
    pub at: u64,
}

/// What to do with a downloaded file that is sealed in the vault now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TidyWay {
    /// Into the system's bin.
    Bin,
    /// Overwritten, then deleted.
    Erase,
}

/// One set in detail; its codes are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct SetDetail {
    /// The row of the list.
    pub row: SetRow,
    /// The codes in their order.
    pub codes: Vec<CodeRow>,
    /// Number of the code that is used next, from 0.
    pub next: Option<u32>,
    /// What is kept beside the codes.
    pub documents: Vec<DocumentRow>,
    /// Whether the person wrote a note.
    pub has_note: bool,
    /// Whether the original is a picture that can be shown.
    pub picture: bool,
    /// Pages of the original, when it is a PDF that could be counted.
    pub pages: Option<u32>,
}

/// One code, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CodeRow {
    /// Its form: "•••••-•••••".
    pub masked: String,
    /// Whether it is used.
    pub used: bool,
    /// When it was used, Unix milliseconds; none where its file called it used.
    pub used_at: Option<u64>,
    /// Where it was used, in the person's words.
    pub place: String,
}

/// Something that is kept beside the codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DocumentRow {
    /// What it is: "notes", "private_key", "picture" …
    pub kind: String,
    /// Lines of its text; 0 where it is the original file itself.
    pub lines: u32,
}

/// A set's texts, shown because the person asked. **Carries the codes**; a page gets them veiled.
pub struct RevealedSet {
    /// The codes in their order. **Secret.**
    pub codes: Vec<String>,
    /// Texts of the documents that have one, in their order. **Secret.**
    pub documents: Vec<String>,
    /// The person's note. **Secret.**
    pub note: String,
}

/// A picture or a PDF's page that is kept, shown because the person asked. **Secret.**
pub struct RevealedPicture {
    /// Whether nothing is missing in it: a part of a PDF's page may be of a format that is not drawn.
    pub whole: bool,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha (255) of each pixel, row by row. **Secret.**
    pub rgba: SecretBytes,
}

/// Changes to what is known of a set; what is `None` stays.
#[derive(Debug, Default, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SetChanges {
    /// New name; the empty text goes back to the provider's.
    #[serde(default)]
    pub name: Option<String>,
    /// The account's id; the empty text takes the link away.
    #[serde(default)]
    pub account: Option<String>,
    /// New note; only while the compartment is open. It comes veiled from a page, never among these. **Secret.**
    #[serde(skip)]
    pub note: Option<String>,
}

/// Answer to "copy next, mark used".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct UsedCode {
    /// The set as it stands now.
    pub detail: SetDetail,
    /// Number of the code that is in the clipboard, from 0.
    pub index: u32,
    /// Unix milliseconds at which the clipboard will be cleared.
    pub clears_at: u64,
}

/// A file or text as it was understood, before it is kept. Codes are masked, and so is every line that may hold one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Draft {
    /// Names it.
    pub id: u32,
    /// Name of the file, or "Clipboard".
    pub source: String,
    /// Bytes.
    pub size: u64,
    /// Whose it is, when the content says so.
    pub provider: String,
    /// Whose it could be.
    pub candidates: Vec<String>,
    /// What it is.
    pub kind: SetKind,
    /// The codes, masked.
    pub codes: Vec<DraftCode>,
    /// The lines of the original, as far as it has text; a long one is cut off.
    pub lines: Vec<DraftLine>,
    /// How many further lines there are.
    pub more_lines: u32,
    /// What is kept beside the codes.
    pub documents: Vec<DocumentRow>,
    /// What a person should look at, in words.
    pub problems: Vec<DraftProblem>,
    /// Why there is nothing to keep (an empty file, one too large, one that cannot be read).
    pub unusable: Option<String>,
    /// The account that it seems to belong to.
    pub account: Option<String>,
    /// The set in use that it may replace: same provider or same account.
    pub replaces: Option<String>,
    /// The set whose original is the same, byte for byte, in use or replaced. Told only while the recovery codes are open: what is sealed
    /// has no other mark by which a file could be known again.
    pub already: Option<String>,
    /// Whether it is a picture that can be shown.
    pub picture: bool,
    /// Its pages, when it is a PDF that could be counted.
    pub pages: Option<u32>,
}

/// A new file in the folder for downloads that looks like recovery codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DownloadOffer {
    /// Names it.
    pub id: u32,
    /// The file's name.
    pub name: String,
}

/// One code of a draft, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DraftCode {
    /// Its form.
    pub masked: String,
    /// Whether its file calls it used.
    pub used: bool,
    /// The line it stands on, counted from 1.
    pub line: Option<u32>,
    /// Where it can be cut in two: characters before the cut.
    pub cuts: Vec<u32>,
}

/// One line of a draft's original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DraftLine {
    /// Its number, counted from 1.
    pub number: u32,
    /// Its text; codes and what may be one are masked.
    pub text: String,
    /// Where it went.
    pub place: LinePlace,
    /// Numbers of the codes on it, from 0.
    pub codes: Vec<u32>,
}

/// Where a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LinePlace {
    /// Nothing stands on it.
    Blank,
    /// It holds codes.
    Code,
    /// It is kept as a note or within a document.
    Kept,
    /// It is kept, and looks as if it were more than a note.
    Unclear,
}

/// Something about a draft that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DraftProblem {
    /// The line it is about, counted from 1.
    pub line: Option<u32>,
    /// What it is, in words; never a code.
    pub text: String,
}

/// A correction of a draft. Numbers of codes count from 0, those of lines from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Correction {
    /// A code and the one after it are one code.
    Join {
        /// The first of the two.
        code: u32,
    },
    /// A code is two.
    Split {
        /// Which.
        code: u32,
        /// Characters before the cut.
        at: u32,
    },
    /// It is no code.
    Drop {
        /// Which.
        code: u32,
    },
    /// A line is a code.
    Take {
        /// Which.
        line: u32,
    },
    /// A code is used, or is not.
    Used {
        /// Which.
        code: u32,
        /// Whether it is.
        used: bool,
    },
    /// The whole is something else.
    Kind {
        /// What.
        kind: SetKind,
    },
}

/// A draft's texts, shown because the person asked. **Carries the codes**; a page gets them veiled.
pub struct RevealedDraft {
    /// The codes. **Secret.**
    pub codes: Vec<String>,
    /// The lines that [`Draft::lines`] shows, unmasked. **Secret.**
    pub lines: Vec<String>,
}

/// How a draft shall be kept.
#[derive(Debug, Default, Deserialize, TS)]
pub struct DraftChoices {
    /// The person's name for it; empty: the provider's.
    pub name: String,
    /// Whose it is.
    pub provider: String,
    /// The account it belongs to.
    pub account: Option<String>,
    /// The set whose place it takes.
    pub replaces: Option<String>,
}

/// A draft that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct KeptDraft {
    /// The new set.
    pub set: SetRow,
    /// The room as it stands now.
    pub view: RecoveryView,
}
