//! The four steps in their order, and the set that comes out of them.

use crate::cells::{self, Row};
use crate::choose::{Verdict, choose};
use crate::decode::{Decoded, decode, not_drawn};
use crate::model::{
    Aside, Code, Document, DocumentKind, Format, Kind, Line, Place, Problem, RecoverySet, Source,
};
use crate::providers::Said;
use crate::{SIZE_LIMIT, blocks, keys, pattern, providers, seed, table};
use keyhaven_secret::SecretText;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use zeroize::Zeroizing;

/// More lines than this are no recovery file.
const LINE_LIMIT: usize = 20_000;
/// More codes than this are no recovery file (privacyIDEA's paper tokens have a hundred).
const CODE_LIMIT: usize = 2_000;
/// From this length on, in letters and digits, a single code is a recovery key.
const KEY_LENGTH: usize = 20;

/// Why a file is not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is not a single byte.
    #[error("the file is empty")]
    Empty,
    /// The file is larger than [`SIZE_LIMIT`].
    #[error("the file has more than {limit} bytes, too many for a recovery file", limit = SIZE_LIMIT)]
    TooLarge,
}

pattern! {
    QUESTION = r"(?im)^.{3,200}\?\s*$|^\W*(?:q|question|security question|frage)\s*\d*\s*[:.)]";
    USED_HEADING = r"(?i)^\W*(?:already[ -])?(?:used|redeemed|spent)(?:\s+\w+)?\s*(?:\(\d+\))?\W*$";
    UNUSED_HEADING = r"(?i)^\W*(?:unused|not(?: yet)? used|remaining|available|active|valid|new)(?:\s+\w+)?\s*(?:\(\d+\))?\W*$";
    NAMED_CODES = r"(?i)recover|backup|code|scratch|emergency|rescue|2fa|\bkey\b|-key";
}

/// Reads a file or a pasted text. `file_name` (without folders) helps to recognise the provider.
///
/// # Errors
/// [`ParseError::Empty`] and [`ParseError::TooLarge`]; whatever else the bytes are, there is a set: at worst one
/// document and a problem that says so.
pub fn parse(bytes: &[u8], file_name: Option<&str>) -> Result<RecoverySet, ParseError> {
    if bytes.is_empty() {
        return Err(ParseError::Empty);
    }
    if bytes.len() > SIZE_LIMIT {
        return Err(ParseError::TooLarge);
    }
    Ok(match decode(bytes) {
        Decoded::Text(format, text) => read(format, text, file_name),
        Decoded::Opaque(format, kind) => {
            let mut set = whole(format, kind, file_name);
            set.problems.extend(not_drawn(bytes).map(|format| Problem::NotDrawn { format }));
            set
        }
    })
}

/// A set of one document: the file itself.
fn whole(format: Format, kind: DocumentKind, file_name: Option<&str>) -> RecoverySet {
    let luks = kind == DocumentKind::LuksHeader;
    let named = providers::recognise(&Said { file_name, ..Said::default() }, &[]);
    RecoverySet {
        provider: if luks { Some("LUKS") } else { named.provider },
        candidates: named.candidates,
        kind: Kind::Document,
        codes: Vec::new(),
        documents: vec![Document { kind, text: None }],
        problems: if luks { Vec::new() } else { vec![Problem::NoText(format)] },
        source: Source { format, text: SecretText::new(String::new()), lines: Vec::new() },
    }
}

fn read(format: Format, text: Zeroizing<String>, file_name: Option<&str>) -> RecoverySet {
    let ranges = ranges(&text);
    if ranges.len() > LINE_LIMIT {
        return too_many(format, text, LINE_LIMIT);
    }
    let lines: Vec<&str> = ranges.iter().map(|range| &text[range.clone()]).collect();
    let mut reading = Reading::new(lines.len());
    reading.take_blocks(&lines);
    reading.take_phrases(&lines);
    reading.take_kit(&lines);
    reading.take_keys(&lines);
    reading.take_codes(&lines, file_name);
    if reading.codes.len() > CODE_LIMIT {
        return too_many(format, text, CODE_LIMIT);
    }
    let around = reading.keep_the_rest(&lines);
    reading.set(format, ranges, around, file_name, &text)
}

fn too_many(format: Format, text: Zeroizing<String>, limit: usize) -> RecoverySet {
    let mut set = whole(format, DocumentKind::Notes, None);
    set.kind = Kind::Notes;
    set.problems = vec![Problem::TooMany { limit }];
    set.source.lines = vec![Line { range: 0..text.len(), place: Place::Document(0, Aside::Prose) }];
    set.source.text = text.into();
    set
}

/// The lines of `text`, without their ends.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let line = |line: &str| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    };
    text.split('\n').map(line).collect()
}

/// What has been read so far. Lines are counted from 0.
struct Reading {
    places: Vec<Option<Place>>,
    codes: Vec<Code>,
    documents: Vec<Document>,
    problems: Vec<Problem>,
    /// The provider that a key's own form names.
    known: Option<&'static str>,
    /// How many of the codes are seed phrases; they are the first.
    phrases: usize,
}

impl Reading {
    fn new(lines: usize) -> Self {
        Self {
            places: vec![None; lines],
            codes: Vec::new(),
            documents: Vec::new(),
            problems: Vec::new(),
            known: None,
            phrases: 0,
        }
    }

    fn take_blocks(&mut self, lines: &[&str]) {
        for block in blocks::find(lines) {
            let index = self.documents.len();
            let text = lines[block.lines.clone()].join("\n");
            self.documents.push(Document { kind: block.kind, text: Some(SecretText::new(text)) });
            self.places[block.lines].fill(Some(Place::Document(index, Aside::Armour)));
            self.problems.extend(block.problem);
            self.known = self.known.or(block.provider);
        }
    }

    fn take_phrases(&mut self, lines: &[&str]) {
        let taken: Vec<bool> = self.places.iter().map(Option::is_some).collect();
        for phrase in seed::find(lines, &taken) {
            for line in phrase.lines {
                self.places[line] = Some(Place::Codes(vec![self.codes.len()]));
            }
            self.codes.push(Code { text: phrase.text, used: false, remark: None });
            self.problems.extend(phrase.problems);
            self.phrases += 1;
        }
    }

    /// The groups of Keyhaven's own emergency kit are one key; the vault's number beside it is none.
    fn take_kit(&mut self, lines: &[&str]) {
        let Some((text, at)) = keys::own_kit(lines) else { return };
        for line in at {
            self.refer(line, self.codes.len());
        }
        self.codes.push(Code { text, used: false, remark: None });
        self.known = Some("Keyhaven");
        self.problems.push(Problem::OwnKit);
        for (place, line) in self.places.iter_mut().zip(lines).filter(|(place, _)| place.is_none()) {
            let blank = !line.chars().any(char::is_alphanumeric);
            *place = Some(if blank { Place::Blank } else { Place::Document(usize::MAX, Aside::Prose) });
        }
    }

    fn take_keys(&mut self, lines: &[&str]) {
        for (at, line) in lines.iter().enumerate() {
            if self.places[at].is_some() {
                continue;
            }
            if let Some(key) = keys::find(line, at + 1) {
                self.known = self.known.or(Some(key.provider));
                self.problems.extend(key.problems);
                let code = Code { text: SecretText::new(key.text.to_owned()), used: false, remark: None };
                self.push(at, code);
            }
        }
    }

    /// Compares all lines that are left and takes the codes among them.
    fn take_codes(&mut self, lines: &[&str], file_name: Option<&str>) {
        let repeated = cells::repeated(lines);
        let free = |(line, place): (_, &Option<Place>)| match place {
            None => cells::row(line, &repeated),
            Some(_) => Row::default(),
        };
        let mut rows: Vec<Row<'_>> = lines.iter().copied().zip(&self.places).map(free).collect();
        let headings = table::apply(lines, &mut rows);
        for at in 1..rows.len() {
            if let (Some(used), Some(find)) = (rows[at].says_used, rows[at - 1].finds.last_mut()) {
                find.used = Some(used);
            }
        }
        let hint = file_name.is_some_and(|name| NAMED_CODES.is_match(name));
        let settled = !self.codes.is_empty() || !self.documents.is_empty();
        let choice = choose(lines, &mut rows, settled, hint);
        self.problems.extend(choice.problems);

        // "Used:" on a line of its own says about those below it.
        let mut section = None;
        let mut seen: HashMap<Plain, (usize, usize)> = HashMap::new();
        for (at, (row, verdicts)) in rows.iter().zip(&choice.verdicts).enumerate() {
            if self.places[at].is_some() {
                continue;
            }
            if row.is_blank() {
                self.places[at] = Some(Place::Blank);
                continue;
            }
            let mut aside = row.aside.unwrap_or(Aside::Prose);
            for (find, verdict) in row.finds.iter().zip(verdicts) {
                if let Verdict::Not(why) = verdict {
                    aside = *why;
                    continue;
                }
                for code in &find.codes {
                    let used = find.used.or(section).unwrap_or(false);
                    if let Some((index, first)) = seen.get(&Plain::of(code.text)) {
                        self.problems.push(Problem::Duplicate { line: at + 1, first: first + 1 });
                        self.codes[*index].used |= used;
                        self.refer(at, *index);
                        continue;
                    }
                    seen.insert(Plain::of(code.text), (self.codes.len(), at));
                    let remark = find.remark.or(find.label.filter(|label| says_more(label)));
                    let remark = remark.map(|text| SecretText::new(text.to_owned()));
                    self.push(at, Code { text: SecretText::new(code.text.to_owned()), used, remark });
                }
            }
            if self.places[at].is_none() {
                if USED_HEADING.is_match(lines[at]) && !headings[at] {
                    section = Some(true);
                } else if UNUSED_HEADING.is_match(lines[at]) && !headings[at] {
                    section = Some(false);
                }
                self.places[at] = Some(Place::Document(usize::MAX, aside));
            }
        }
    }

    fn push(&mut self, line: usize, code: Code) {
        self.refer(line, self.codes.len());
        self.codes.push(code);
    }

    fn refer(&mut self, line: usize, code: usize) {
        match &mut self.places[line] {
            Some(Place::Codes(codes)) if codes.contains(&code) => {}
            Some(Place::Codes(codes)) => codes.push(code),
            place => *place = Some(Place::Codes(vec![code])),
        }
    }

    /// Keeps the lines without codes in a document of their own, the last one, and answers with its text.
    fn keep_the_rest(&mut self, lines: &[&str]) -> Zeroizing<String> {
        let index = self.documents.len();
        let mut around = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
        for (place, line) in self.places.iter_mut().zip(lines) {
            if let Some(Place::Document(document @ usize::MAX, _)) = place {
                *document = index;
                around.push_str(line.trim_end());
                around.push('\n');
            }
        }
        if !around.is_empty() {
            let text = SecretText::new(around.trim_end().to_owned());
            self.documents.push(Document { kind: DocumentKind::Notes, text: Some(text) });
        }
        around
    }

    /// The lines with codes, without these: labels and remarks. Of a phrase over several lines nothing is left: "apple"
    /// and "matrix" are words of BIP39.
    fn beside(&self, ranges: &[Range<usize>], text: &str) -> Zeroizing<String> {
        let mut beside = Zeroizing::new(String::with_capacity(text.len()));
        for (place, range) in self.places.iter().zip(ranges) {
            let Some(Place::Codes(codes)) = place else { continue };
            let mut rest = &text[range.clone()];
            for (at, code) in codes.iter().filter_map(|at| Some((*at, self.codes.get(*at)?))) {
                match rest.split_once(code.text.expose()) {
                    Some((before, after)) => {
                        beside.push_str(before);
                        beside.push(' ');
                        rest = after;
                    }
                    None if at < self.phrases => rest = "",
                    None => {}
                }
            }
            beside.push_str(rest);
            beside.push('\n');
        }
        beside
    }

    fn set(
        mut self,
        format: Format,
        ranges: Vec<Range<usize>>,
        around: Zeroizing<String>,
        file_name: Option<&str>,
        text: &str,
    ) -> RecoverySet {
        let texts: Vec<&str> = self.codes.iter().map(|code| code.text.expose()).collect();
        let beside = self.beside(&ranges, text);
        let said = Said { around: &around, beside: &beside, file_name };
        let mut who = providers::recognise(&said, &texts);
        if let Some(known) = self.known {
            who.provider = Some(known);
            who.candidates.clear();
        } else if self.phrases > 0 && who.provider.is_none() {
            who.provider = Some("BIP39");
            who.candidates.clear();
        }
        let lengths = || texts.iter().map(|code| code.chars().filter(|c| c.is_ascii_alphanumeric()).count());
        let armoured = self.documents.iter().any(|document| document.kind != DocumentKind::Notes);
        let kind = match texts.len() {
            _ if self.phrases > 0 => Kind::SeedPhrase,
            0 if armoured => Kind::Document,
            0 => Kind::Notes,
            _ if self.known.is_some() => Kind::Key,
            1 | 2 if who.kind == Some(Kind::Key) || lengths().all(|length| length >= KEY_LENGTH) => Kind::Key,
            _ => Kind::Codes,
        };
        if kind == Kind::Notes && !QUESTION.is_match(text) {
            self.problems.insert(0, Problem::NothingFound);
        }
        self.problems.sort_by_key(Problem::line);
        let lines = ranges.into_iter().zip(self.places);
        RecoverySet {
            provider: who.provider,
            candidates: who.candidates,
            kind,
            codes: self.codes,
            documents: self.documents,
            problems: self.problems,
            source: Source {
                format,
                text: SecretText::new(text.to_owned()),
                lines: lines
                    .map(|(range, place)| Line { range, place: place.unwrap_or(Place::Blank) })
                    .collect(),
            },
        }
    }
}

/// A code without what parts its groups; its case counts (Nextcloud's and Laravel's do).
#[derive(PartialEq, Eq)]
struct Plain(Zeroizing<String>);

impl Plain {
    fn of(code: &str) -> Self {
        let mut plain = Zeroizing::new(String::with_capacity(code.len()));
        plain.extend(code.chars().filter(|c| !matches!(c, ' ' | '-' | '–')));
        Self(plain)
    }
}

impl Hash for Plain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

/// Whether a label says more than "recovery code 3".
fn says_more(label: &str) -> bool {
    crate::labels::label(label) != crate::labels::Label::Code
}
