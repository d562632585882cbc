//! A file or a text that may become a recovery set: read, reviewed, corrected; kept here until the person decides.

use crate::failure::{fail, other};
use crate::host::Host;
use crate::recovery::mask::{masked, masked_within};
use crate::recovery::stored::{Code, Document, Set, Used};
use crate::recovery::view::*;
use crate::view::{Failure, FailureKind};
use keyhaven_recovery::{Aside, DocumentKind, Kind, Place, RecoverySet, SIZE_LIMIT};
use keyhaven_secret::{SecretBytes, SecretText};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Lines of an original that a review shows; the rest is counted.
const LINES_SHOWN: usize = 400;

/// What was handed over, and how it was understood.
pub struct Pending {
    pub(crate) id: u32,
    pub(crate) source: String,
    /// Where the file is, when it came from one.
    pub(crate) path: Option<PathBuf>,
    pub(crate) bytes: SecretBytes,
    read: Result<RecoverySet, String>,
    kind: SetKind,
    /// Pages, when it is a PDF that can be counted.
    pages: Option<u32>,
}

/// Reads what a person handed over, without holding the app.
pub struct DraftReader {
    host: Arc<dyn Host>,
    ids: std::ops::Range<u32>,
}

impl DraftReader {
    pub(crate) fn new(host: Arc<dyn Host>, ids: std::ops::Range<u32>) -> Self {
        Self { host, ids }
    }

    /// Reads a file. One that cannot be read is a draft that says why.
    pub fn file(&mut self, path: &Path) -> Pending {
        let source = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match self.host.files().read(path, SIZE_LIMIT as u64) {
            Ok(bytes) => self.bytes(source, SecretBytes::new(bytes)).from_path(path),
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                self.refused(source, keyhaven_recovery::ParseError::TooLarge.to_string())
            }
            Err(error) => self.refused(source, error.to_string()),
        }
    }

    /// Reads bytes, with the name of where they come from.
    pub fn bytes(&mut self, source: String, bytes: SecretBytes) -> Pending {
        let read = keyhaven_recovery::parse(bytes.expose(), Some(&source)).map_err(|error| error.to_string());
        let kind = read.as_ref().map_or(SetKind::Document, |set| set.kind.into());
        let pages = keyhaven_pdf::Document::open(bytes.expose()).ok().map(|pdf| number(pdf.pages()));
        Pending { id: self.next(), source, path: None, bytes, read, kind, pages }
    }

    /// Reads a text.
    pub fn text(&mut self, source: String, text: SecretText) -> Pending {
        self.bytes(source, SecretBytes::new(text.expose().as_bytes().to_vec()))
    }

    fn refused(&mut self, source: String, why: String) -> Pending {
        let bytes = SecretBytes::new(Vec::new());
        let (read, kind) = (Err(why), SetKind::Document);
        Pending { id: self.next(), source, path: None, bytes, read, kind, pages: None }
    }

    fn next(&mut self) -> u32 {
        self.ids.next().unwrap_or(u32::MAX)
    }
}

impl Pending {
    /// Says which file its bytes are, so that this may be binned or erased once they are kept.
    #[must_use]
    pub fn from_path(self, path: &Path) -> Self {
        Self { path: std::path::absolute(path).ok(), ..self }
    }

    /// Whether this is plainly a recovery file: codes, a key, a seed phrase or a private key were found in it.
    pub fn is_plain(&self) -> bool {
        self.read.as_ref().is_ok_and(|set| {
            let key_file = set.documents.iter().any(|document| {
                matches!(
                    document.kind,
                    DocumentKind::PrivateKey | DocumentKind::OpenPgpKey | DocumentKind::LuksHeader
                )
            });
            matches!(set.kind, Kind::Codes | Kind::Key | Kind::SeedPhrase) || key_file
        })
    }

    /// Why it cannot be kept.
    pub(crate) fn unusable(&self) -> Option<&str> {
        self.read.as_ref().err().map(String::as_str)
    }

    pub(crate) fn provider(&self) -> &str {
        self.read.as_ref().ok().and_then(|set| set.provider).unwrap_or_default()
    }

    /// The text in which an account's name may stand.
    pub(crate) fn text(&self) -> &str {
        self.read.as_ref().map_or("", |set| set.source.text.expose())
    }

    /// What the page sees of it: everything that may be a code masked.
    pub(crate) fn view(&self) -> Draft {
        let mut view = Draft {
            id: self.id,
            source: self.source.clone(),
            size: self.bytes.len() as u64,
            provider: self.provider().to_owned(),
            candidates: Vec::new(),
            kind: self.kind,
            codes: Vec::new(),
            lines: Vec::new(),
            more_lines: 0,
            documents: Vec::new(),
            problems: Vec::new(),
            unusable: self.unusable().map(str::to_owned),
            account: None,
            replaces: None,
            already: None,
            picture: picture(self.bytes.expose()).is_some(),
            pages: self.pages,
        };
        let Ok(set) = &self.read else { return view };
        view.candidates = set.candidates.iter().map(|name| (*name).to_owned()).collect();
        view.codes = set.codes.iter().enumerate().map(|(at, code)| self.code(set, at, code)).collect();
        let text = set.source.text.expose();
        let shown = set.source.lines.iter().take(LINES_SHOWN).enumerate();
        view.lines = shown
            .map(|(at, line)| {
                let (place, shown) = self.line(set, &text[line.range.clone()], &line.place);
                let codes = if let Place::Codes(codes) = &line.place { &codes[..] } else { &[] };
                DraftLine {
                    number: number(at + 1),
                    text: shown,
                    place,
                    codes: codes.iter().map(|code| number(*code)).collect(),
                }
            })
            .collect();
        view.more_lines = number(set.source.lines.len().saturating_sub(LINES_SHOWN));
        view.documents = documents(set);
        let problem = |problem: &keyhaven_recovery::Problem| DraftProblem {
            line: problem.line().map(number),
            text: problem.to_string(),
        };
        view.problems = set.problems.iter().map(problem).collect();
        view
    }

    fn code(&self, set: &RecoverySet, at: usize, code: &keyhaven_recovery::Code) -> DraftCode {
        let line = set
            .source
            .lines
            .iter()
            .position(|line| matches!(&line.place, Place::Codes(codes) if codes.contains(&at)));
        DraftCode {
            masked: masked(code.text.expose()),
            used: code.used,
            line: line.map(|line| number(line + 1)),
            cuts: set.cuts(at).into_iter().map(number).collect(),
        }
    }

    /// A line as it may be shown. Answers to recovery questions are secrets too: of notes nothing is shown.
    fn line(&self, set: &RecoverySet, text: &str, place: &Place) -> (LinePlace, String) {
        match place {
            Place::Blank => (LinePlace::Blank, text.to_owned()),
            Place::Codes(codes) => {
                let codes = codes.iter().filter_map(|code| Some(set.codes.get(*code)?.text.expose()));
                (LinePlace::Code, masked_within(text, codes))
            }
            Place::Document(_, Aside::Unclear) => (LinePlace::Unclear, masked(text)),
            Place::Document(_, Aside::TotpSecret | Aside::Armour | Aside::Identifier) => {
                (LinePlace::Kept, masked(text))
            }
            Place::Document(..) if self.kind == SetKind::Notes || self.kind == SetKind::Document => {
                (LinePlace::Kept, masked(text))
            }
            // Perhaps a code that was not recognised.
            Place::Document(_, Aside::Prose) if text.chars().any(|c| c.is_ascii_digit()) => {
                (LinePlace::Kept, masked(text))
            }
            Place::Document(..) => (LinePlace::Kept, text.to_owned()),
        }
    }

    /// The texts behind the masks.
    pub(crate) fn reveal(&self) -> RevealedDraft {
        let Ok(set) = &self.read else { return RevealedDraft { codes: Vec::new(), lines: Vec::new() } };
        let text = set.source.text.expose_for_display();
        RevealedDraft {
            codes: set.codes.iter().map(|code| code.text.expose_for_display().to_owned()).collect(),
            lines: set
                .source
                .lines
                .iter()
                .take(LINES_SHOWN)
                .map(|line| text[line.range.clone()].to_owned())
                .collect(),
        }
    }

    /// Corrects how it was understood.
    pub(crate) fn correct(&mut self, correction: Correction) -> Result<(), Failure> {
        let Ok(set) = &mut self.read else {
            return Err(fail(FailureKind::BadInput, "this file was not read"));
        };
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let result = match correction {
            Correction::Join { code } => set.join_codes(place(code)),
            Correction::Split { code, at } => set.split_code(place(code), place(at)),
            Correction::Drop { code } => set.drop_code(place(code)),
            Correction::Take { line } => set.take_line(place(line.wrapping_sub(1))),
            Correction::Used { code, used } => {
                let code = set.codes.get_mut(place(code));
                code.map(|code| code.used = used).ok_or(keyhaven_recovery::CorrectError::NoSuchPlace)
            }
            Correction::Kind { kind } => {
                self.kind = kind;
                Ok(())
            }
        };
        result.map_err(|error| fail(FailureKind::BadInput, error))?;
        if let Correction::Take { .. } = correction
            && matches!(self.kind, SetKind::Notes | SetKind::Document)
        {
            self.kind = SetKind::Codes;
        }
        Ok(())
    }

    /// The set as it will be kept, its original under `file`.
    pub(crate) fn to_set(&self, provider: &str, file: String, now: u64) -> Result<Set, Failure> {
        let set = self.read.as_ref().map_err(other)?;
        let text = |text: &SecretText| Zeroizing::new(text.expose().to_owned());
        let code = |code: &keyhaven_recovery::Code| Code {
            text: text(&code.text),
            remark: code.remark.as_ref().map(text),
            used: code.used.then(Used::default),
        };
        let document = |document: &keyhaven_recovery::Document| Document {
            kind: document.kind.name().to_owned(),
            text: document.text.as_ref().map(text),
        };
        Ok(Set {
            provider: provider.to_owned(),
            kind: self.kind,
            source: self.source.clone(),
            added_at: now,
            codes: set.codes.iter().map(code).collect(),
            documents: set.documents.iter().map(document).collect(),
            file,
            pages: self.pages,
            ..Set::default()
        })
    }
}

fn documents(set: &RecoverySet) -> Vec<DocumentRow> {
    let row = |document: &keyhaven_recovery::Document| DocumentRow {
        kind: document.kind.name().to_owned(),
        lines: document.text.as_ref().map_or(0, |text| number(text.expose().lines().count())),
    };
    set.documents.iter().map(row).collect()
}

pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The media type of a picture that every web view shows, by its first bytes.
pub(crate) fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        // A bitmap's header has four zeros before the place of its pixels; a text that begins with BM has none.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("image/bmp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
