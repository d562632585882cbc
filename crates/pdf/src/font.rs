//! A font's codes → characters and their widths (§9.5 to §9.10). No glyph is drawn.

use encoding_rs::WINDOWS_1252;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use std::collections::HashMap;

/// Entries of a ToUnicode table or of a list of widths at most: all codes of two bytes.
const ENTRIES: usize = 1 << 16;
/// The width of characters that a font says nothing about, in its size: those of Helvetica's digits.
const USUAL_WIDTH: f32 = 0.556;

pub(crate) struct Font {
    /// Two bytes for each character.
    wide: bool,
    characters: HashMap<u16, char>,
    widths: HashMap<u16, f32>,
    usual_width: f32,
}

impl Font {
    pub fn new(font: &Dict<'_>) -> Option<Self> {
        let is =
            |name: &str, key: &str| font.get::<Name<'_>>(key).is_some_and(|found| found.as_str() == name);
        let wide = is("Type0", "Subtype");
        let mut this =
            Self { wide, characters: HashMap::new(), widths: HashMap::new(), usual_width: USUAL_WIDTH };
        if wide {
            let descendant = font.get::<Array<'_>>("DescendantFonts")?.iter::<Dict<'_>>().next()?;
            this.usual_width =
                descendant.get::<Number>("DW").map_or(1.0, |width| width.as_f64() as f32 / 1000.0);
            if let Some(widths) = descendant.get::<Array<'_>>("W") {
                this.wide_widths(&widths);
            }
        } else {
            this.simple_encoding(font);
            let first = font.get::<Number>("FirstChar").map_or(0, |first| first.as_f64() as u16);
            // Type 3 fonts measure in a space of their own; their widths are not worth the matrix here.
            let widths = font.get::<Array<'_>>("Widths").filter(|_| !is("Type3", "Subtype"));
            for (at, width) in widths.iter().flat_map(|widths| widths.iter::<Number>()).take(256).enumerate()
            {
                this.widths.insert(first.saturating_add(at as u16), width.as_f64() as f32 / 1000.0);
            }
            let base = font.get::<Name<'_>>("BaseFont");
            if base.is_some_and(|name| name.as_str().contains("Courier")) {
                this.usual_width = 0.6;
            }
        }
        if let Some(table) = font.get::<Stream<'_>>("ToUnicode") {
            this.read_to_unicode(&table.decoded_data().ok()?);
        }
        Some(this)
    }

    /// The characters of a string, each with its width in the font's size and whether it is the one-byte code 32,
    /// to which word spacing applies. `None` for a code without a known character.
    pub fn characters<'s>(&'s self, bytes: &'s [u8]) -> impl Iterator<Item = (Option<char>, f32, bool)> + 's {
        bytes.chunks(if self.wide { 2 } else { 1 }).map(|code| {
            let value = code.iter().fold(0, |value: u16, byte| value << 8 | u16::from(*byte));
            let width = self.widths.get(&value).copied().unwrap_or(self.usual_width);
            (self.characters.get(&value).copied(), width, code == [b' '])
        })
    }

    /// Windows-1252 stands in for every simple encoding: they differ from it where codes have no characters.
    fn simple_encoding(&mut self, font: &Dict<'_>) {
        let bytes: Vec<u8> = (32..=255).collect();
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
        self.characters = (32..=255).zip(text.chars()).collect();
        let Some(encoding) = font.get::<Dict<'_>>("Encoding") else { return };
        let Some(differences) = encoding.get::<Array<'_>>("Differences") else { return };
        let mut code: u16 = 0;
        for object in differences.iter::<Object<'_>>().take(1024) {
            match object {
                Object::Number(number) => code = number.as_f64() as u16,
                Object::Name(name) => {
                    match named(name.as_str()) {
                        Some(c) => self.characters.insert(code, c),
                        None => self.characters.remove(&code),
                    };
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    /// `W` (§9.7.4.3): `first [width …]` or `first last width`.
    fn wide_widths(&mut self, widths: &Array<'_>) {
        let mut pending: Vec<u16> = Vec::new();
        for object in widths.iter::<Object<'_>>().take(ENTRIES) {
            match (object, pending.as_slice()) {
                (Object::Array(list), [first]) => {
                    for (at, width) in list.iter::<Number>().take(ENTRIES).enumerate() {
                        self.widths.insert(first.wrapping_add(at as u16), width.as_f64() as f32 / 1000.0);
                    }
                    pending.clear();
                }
                (Object::Number(width), &[first, last]) => {
                    for code in first..=last {
                        self.widths.insert(code, width.as_f64() as f32 / 1000.0);
                    }
                    pending.clear();
                }
                (Object::Number(code), _) => pending.push(code.as_f64() as u16),
                _ => pending.clear(),
            }
        }
    }

    /// A ToUnicode table (§9.10.3): `bfchar` pairs and `bfrange` triples of hexadecimal strings.
    fn read_to_unicode(&mut self, table: &[u8]) {
        let table = String::from_utf8_lossy(table);
        self.characters.clear();
        for section in table.split("beginbfchar").skip(1) {
            let section = section.split("endbfchar").next().unwrap_or("");
            let strings: Vec<&str> = hex_strings(section).collect();
            for pair in strings.chunks_exact(2).take(ENTRIES) {
                if let (Some(code), Some(c)) = (code(pair[0]), character(pair[1])) {
                    self.characters.insert(code, c);
                }
            }
        }
        for section in table.split("beginbfrange").skip(1) {
            let section = section.split("endbfrange").next().unwrap_or("");
            for line in section.lines().take(ENTRIES) {
                self.range(line);
            }
        }
    }

    fn range(&mut self, line: &str) {
        let mut strings = hex_strings(line);
        let (Some(first), Some(last)) = (strings.next().and_then(code), strings.next().and_then(code)) else {
            return;
        };
        if line.contains('[') {
            for (code, text) in (first..=last).zip(strings) {
                self.characters.extend(character(text).map(|c| (code, c)));
            }
        } else if let Some(start) = strings.next().and_then(character) {
            for code in first..=last {
                let c = char::from_u32(u32::from(start) + u32::from(code - first));
                self.characters.extend(c.map(|c| (code, c)));
            }
        }
    }
}

/// The contents of `<…>`.
fn hex_strings(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|rest| rest.split('>').next()).map(str::trim)
}

fn code(hex: &str) -> Option<u16> {
    u16::from_str_radix(hex, 16).ok()
}

/// The first character of a UTF-16 string; ligatures give only their first letter, which codes do not have.
fn character(hex: &str) -> Option<char> {
    let units = hex
        .as_bytes()
        .chunks(4)
        .map_while(|four| u16::from_str_radix(std::str::from_utf8(four).ok()?, 16).ok());
    char::decode_utf16(units).next()?.ok()
}

/// Glyph names (Adobe Glyph List): letters name themselves, digits and signs have words.
#[rustfmt::skip] // a table
const NAMES: &[(&str, char)] = &[
    ("space", ' '), ("zero", '0'), ("one", '1'), ("two", '2'), ("three", '3'), ("four", '4'), ("five", '5'), ("six", '6'),
    ("seven", '7'), ("eight", '8'), ("nine", '9'), ("hyphen", '-'), ("minus", '-'), ("endash", '–'), ("emdash", '—'),
    ("period", '.'), ("comma", ','), ("colon", ':'), ("semicolon", ';'), ("slash", '/'), ("at", '@'), ("underscore", '_'),
    ("parenleft", '('), ("parenright", ')'), ("bullet", '•'), ("numbersign", '#'), ("plus", '+'), ("equal", '='),
    ("asterisk", '*'), ("question", '?'), ("exclam", '!'), ("quotesingle", '\''), ("quotedbl", '"'), ("quoteright", '’'),
    ("bracketleft", '['), ("bracketright", ']'), ("checkmark", '✓'),
];

fn named(name: &str) -> Option<char> {
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(letter);
    }
    if let Some(hex) = name.strip_prefix("uni").filter(|hex| hex.len() == 4) {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}
