//! A file looked at once: what every format's detection asks about it.

use crate::json::{Document, JsonError};
use crate::{ImportError, archive, sqlite};
use std::cell::OnceCell;
use zeroize::Zeroizing;

/// How certain a format is that the bytes are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    No,
    /// Nothing speaks against it.
    Possible,
    /// It has the shape, and another format may share it.
    Likely,
    Sure,
}

impl Confidence {
    pub fn sure_if(condition: bool) -> Self {
        if condition { Self::Sure } else { Self::No }
    }

    pub fn likely_if(condition: bool) -> Self {
        if condition { Self::Likely } else { Self::No }
    }
}

pub(crate) struct Sample<'a> {
    pub bytes: &'a [u8],
    /// The file name's ending in lower case, without the dot.
    pub ending: String,
    text: Option<Text<'a>>,
    json: Option<Result<Document, JsonError>>,
    members: OnceCell<Vec<String>>,
    tables: OnceCell<Vec<sqlite::Table>>,
}

enum Text<'a> {
    AsIs(&'a str),
    Decoded(Zeroizing<String>),
}

impl<'a> Sample<'a> {
    pub fn new(bytes: &'a [u8], file_name: Option<&str>) -> Self {
        let text = decode_text(bytes);
        let mut sample = Self {
            bytes,
            ending: file_name
                .and_then(|name| name.rsplit_once('.'))
                .map(|(_, ending)| ending.to_ascii_lowercase())
                .unwrap_or_default(),
            text,
            json: None,
            members: OnceCell::new(),
            tables: OnceCell::new(),
        };
        if let Some(text) = sample.text()
            && text.trim_start().starts_with(['{', '['])
        {
            sample.json = Some(Document::parse(text));
        }
        sample
    }

    /// The text, without a byte order mark; `None` when the bytes are none.
    pub fn text(&self) -> Option<&str> {
        match self.text.as_ref()? {
            Text::AsIs(text) => Some(text),
            Text::Decoded(text) => Some(text),
        }
    }

    /// The JSON document that the text is.
    pub fn json(&self) -> Option<&Document> {
        self.json.as_ref()?.as_ref().ok()
    }

    /// The names in a ZIP archive; none when it is no archive.
    pub fn members(&self) -> &[String] {
        self.members.get_or_init(|| match self.bytes {
            [b'P', b'K', 3, 4, ..] => archive::names(self.bytes),
            _ => Vec::new(),
        })
    }

    /// The tables of a SQLite database; none when it is no database.
    pub fn tables(&self) -> &[sqlite::Table] {
        self.tables.get_or_init(|| match self.bytes.starts_with(sqlite::MAGIC) {
            true => sqlite::tables(self.bytes),
            false => Vec::new(),
        })
    }

    /// Android's shared preferences in XML.
    pub fn is_preferences(&self) -> bool {
        self.text().is_some_and(|text| {
            let head = text.trim_start();
            (head.starts_with("<?xml") || head.starts_with("<map")) && text.contains("<map")
        })
    }

    pub fn is_picture(&self) -> bool {
        let b = self.bytes;
        b.starts_with(b"\x89PNG")
            || b.starts_with(b"\xff\xd8\xff")
            || b.starts_with(b"GIF8")
            || b.starts_with(b"BM") && self.text.is_none()
            || b.starts_with(b"RIFF") && b.get(8..12) == Some(b"WEBP")
    }

    /// Pictures, and gzip and PDF files: never an export.
    pub fn is_foreign(&self) -> bool {
        self.is_picture() || self.bytes.starts_with(b"\x1f\x8b") || self.bytes.starts_with(b"%PDF-")
    }

    /// Files that begin with a mark of their own: none of the formats that have no mark.
    pub fn has_mark(&self) -> bool {
        const MARKS: [&[u8]; 9] = [
            b"PK\x03\x04",
            b"PK\x05\x06",
            sqlite::MAGIC,
            b"\x03\xd9\xa2\x9a",
            b"\xac\xed\x00\x05",
            b"AUTHENTICATORPRO",
            b"AuthenticatorPro",
            b"OTPClient",
            b"bplist00",
        ];
        MARKS.iter().any(|mark| self.bytes.starts_with(mark))
    }

    /// What to say about bytes that no format takes.
    pub fn unrecognised(&self) -> ImportError {
        match &self.json {
            Some(Err(JsonError::Syntax(line, column))) => {
                ImportError::BrokenJson { line: *line, column: *column }
            }
            Some(Err(error)) => error.too_demanding().unwrap_or(ImportError::NotRecognised),
            _ if self.is_picture() => ImportError::Picture,
            _ => ImportError::NotRecognised,
        }
    }
}

fn decode_text(bytes: &[u8]) -> Option<Text<'_>> {
    let utf16 = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let mut text = String::with_capacity(rest.len() * 3 / 2);
        let units = rest.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        for character in char::decode_utf16(units) {
            text.push(character.ok()?);
        }
        Some(Text::Decoded(Zeroizing::new(text)))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            let text = std::str::from_utf8(rest).ok()?;
            (!text.contains('\0')).then_some(Text::AsIs(text))
        }
    }
}
