//! What a person corrects in a set before it is kept. No line is ever lost by it: what is no code any more stands in
//! the notes.

use crate::model::{Aside, Code, Document, DocumentKind, Kind, Place, RecoverySet};
use keyhaven_secret::SecretText;
use zeroize::Zeroizing;

/// Why a set was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorrectError {
    /// There is no such code, line, or code to join it with.
    #[error("there is no code or line of that number")]
    NoSuchPlace,
    /// A cut at the beginning, at the end or beyond.
    #[error("a code cannot be cut there")]
    NoSuchCut,
    /// The line holds nothing that could be a code.
    #[error("there is nothing on that line")]
    EmptyLine,
}

impl RecoverySet {
    /// Joins code `index` (from 0) with the one that follows it: with what stands between them where both are on one
    /// line, else with a blank.
    ///
    /// # Errors
    /// [`CorrectError::NoSuchPlace`] when one of the two is not there.
    pub fn join_codes(&mut self, index: usize) -> Result<(), CorrectError> {
        let (Some(first), Some(second)) = (self.codes.get(index), self.codes.get(index + 1)) else {
            return Err(CorrectError::NoSuchPlace);
        };
        let between = self.between(first, second).unwrap_or_else(|| " ".to_owned());
        let mut text = Zeroizing::new(String::with_capacity(
            first.text.expose().len() + second.text.expose().len() + between.len(),
        ));
        for part in [first.text.expose(), &between, second.text.expose()] {
            text.push_str(part);
        }
        let used = first.used || second.used;
        let second = self.codes.remove(index + 1);
        let first = &mut self.codes[index];
        first.text = text.into();
        first.used = used;
        first.remark = first.remark.take().or(second.remark);
        self.renumber(|code| Some(if code > index { code - 1 } else { code }));
        Ok(())
    }

    /// Cuts code `index` (from 0) in two after `at` characters; blanks and one dash at the cut belong to neither half.
    ///
    /// # Errors
    /// [`CorrectError::NoSuchPlace`], or [`CorrectError::NoSuchCut`] when a half would be empty.
    pub fn split_code(&mut self, index: usize, at: usize) -> Result<(), CorrectError> {
        let code = self.codes.get(index).ok_or(CorrectError::NoSuchPlace)?;
        let text = code.text.expose();
        let cut = text.char_indices().nth(at).map_or(text.len(), |(place, _)| place);
        let (left, right) = text.split_at(cut);
        let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '–');
        let (left, right) = (left.trim_end_matches(parts), right.trim_start_matches(parts));
        if left.is_empty() || right.is_empty() {
            return Err(CorrectError::NoSuchCut);
        }
        let half = |text: &str| SecretText::new(text.to_owned());
        let (left, right, used) = (half(left), half(right), code.used);
        self.codes[index].text = left;
        self.codes.insert(index + 1, Code { text: right, used, remark: None });
        self.renumber(|code| Some(if code > index { code + 1 } else { code }));
        let (left, right) = (self.codes[index].text.expose(), self.codes[index + 1].text.expose());
        let text = self.source.text.expose();
        for line in &mut self.source.lines {
            let Place::Codes(codes) = &mut line.place else { continue };
            let Some(place) = codes.iter().position(|code| *code == index) else { continue };
            // A code that was joined from two lines goes back to them; one on a single line leaves both halves there.
            let shown = &text[line.range.clone()];
            match (shown.contains(left), shown.contains(right)) {
                (true, false) => {}
                (false, true) => codes[place] = index + 1,
                _ => codes.insert(place + 1, index + 1),
            }
        }
        // A half that was cut through the seam of two lines, or that stands in each of them, is found on none or on
        // the wrong ones: both halves then stand on every line the code came from.
        let stands = |code: usize| {
            self.source
                .lines
                .iter()
                .any(|line| matches!(&line.place, Place::Codes(codes) if codes.contains(&code)))
        };
        if !stands(index) || !stands(index + 1) {
            for line in &mut self.source.lines {
                let Place::Codes(codes) = &mut line.place else { continue };
                let Some(place) = codes.iter().position(|code| *code == index || *code == index + 1) else {
                    continue;
                };
                codes.splice(place..=place, [index, index + 1]);
            }
        }
        Ok(())
    }

    /// Where code `index` can be cut: character counts, at its blanks and dashes, else in its middle.
    pub fn cuts(&self, index: usize) -> Vec<usize> {
        let Some(code) = self.codes.get(index) else { return Vec::new() };
        let text = code.text.expose();
        let between = |(_, c): &(usize, char)| c.is_whitespace() || matches!(c, '-' | '–');
        let cuts: Vec<usize> = text.chars().enumerate().filter(between).map(|(at, _)| at).collect();
        let length = text.chars().count();
        if cuts.is_empty() && length > 1 { vec![length / 2] } else { cuts }
    }

    /// Makes code `index` (from 0) a note: it is no code.
    ///
    /// # Errors
    /// [`CorrectError::NoSuchPlace`].
    pub fn drop_code(&mut self, index: usize) -> Result<(), CorrectError> {
        if index >= self.codes.len() {
            return Err(CorrectError::NoSuchPlace);
        }
        let code = self.codes.remove(index);
        let notes = self.add_note(code.text.expose());
        self.renumber(|code| match code.cmp(&index) {
            std::cmp::Ordering::Less => Some(code),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(code - 1),
        });
        let text = Zeroizing::new(self.source.text.expose().to_owned());
        for at in 0..self.source.lines.len() {
            if matches!(&self.source.lines[at].place, Place::Codes(codes) if codes.is_empty()) {
                // The whole line, with what stood beside the code.
                self.add_note(&text[self.source.lines[at].range.clone()]);
                self.source.lines[at].place = Place::Document(notes, Aside::Unclear);
            }
        }
        Ok(())
    }

    /// Makes line `line` (from 0), which was taken for something else, one code.
    ///
    /// # Errors
    /// [`CorrectError::NoSuchPlace`] when there is no such line or it holds codes already,
    /// [`CorrectError::EmptyLine`] when nothing stands on it.
    pub fn take_line(&mut self, line: usize) -> Result<(), CorrectError> {
        let place = self.source.lines.get(line).ok_or(CorrectError::NoSuchPlace)?;
        if matches!(place.place, Place::Codes(_)) {
            return Err(CorrectError::NoSuchPlace);
        }
        let text = self.source.text.expose()[place.range.clone()].trim();
        if text.is_empty() {
            return Err(CorrectError::EmptyLine);
        }
        let text = SecretText::new(text.to_owned());
        // In the order of the file: behind the codes of the lines before it.
        let before = self.source.lines[..line].iter().filter_map(|line| match &line.place {
            Place::Codes(codes) => codes.iter().max().copied(),
            _ => None,
        });
        let index = before.max().map_or(0, |last| last + 1);
        self.codes.insert(index, Code { text, used: false, remark: None });
        self.renumber(|code| Some(if code >= index { code + 1 } else { code }));
        self.source.lines[line].place = Place::Codes(vec![index]);
        if matches!(self.kind, Kind::Notes | Kind::Document) {
            self.kind = Kind::Codes;
        }
        Ok(())
    }

    /// What stands between two codes that follow each other on one line.
    fn between(&self, first: &Code, second: &Code) -> Option<String> {
        let text = self.source.text.expose();
        self.source.lines.iter().find_map(|line| {
            let line = &text[line.range.clone()];
            let from = line.find(first.text.expose())? + first.text.expose().len();
            let to = from + line[from..].find(second.text.expose())?;
            // A word between them is no part of a code.
            let between = &line[from..to];
            (!between.chars().any(char::is_alphanumeric)).then(|| between.to_owned())
        })
    }

    /// Adds a line to the notes, the last document of its kind, and answers which document that is.
    fn add_note(&mut self, line: &str) -> usize {
        let notes = self
            .documents
            .iter()
            .rposition(|document| document.kind == DocumentKind::Notes && document.text.is_some());
        let index = notes.unwrap_or_else(|| {
            let text = Some(SecretText::new(String::new()));
            self.documents.push(Document { kind: DocumentKind::Notes, text });
            self.documents.len() - 1
        });
        let text = self.documents[index].text.as_ref().map_or("", SecretText::expose);
        if !text.lines().any(|known| known.trim() == line.trim()) {
            let mut longer = Zeroizing::new(String::with_capacity(text.len() + line.len() + 1));
            for part in [text, if text.is_empty() { "" } else { "\n" }, line.trim()] {
                longer.push_str(part);
            }
            self.documents[index].text = Some(longer.into());
        }
        index
    }

    fn renumber(&mut self, number: impl Fn(usize) -> Option<usize>) {
        for line in &mut self.source.lines {
            if let Place::Codes(codes) = &mut line.place {
                *codes = codes.iter().filter_map(|code| number(*code)).collect();
                codes.dedup();
            }
        }
    }
}
