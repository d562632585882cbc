//! Printed pages, drawn here as PDF and as SVG from one description: text in the standard fonts, boxes, QR codes.
//!
//! PDF text uses the fourteen standard fonts (ISO 32000-1 §9.6.2.2), which every reader has: nothing is embedded
//! or loaded.

use keyhaven_qr::write::{Modules, WriteError, modules};
use keyhaven_secret::{SecretBytes, SecretText};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use ts_rs::TS;

/// Left and right margin in points.
pub(crate) const MARGIN: f32 = 64.0;

/// A sheet of paper. Everything is placed so that it fits both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 210 × 297 mm (ISO 216).
    #[default]
    A4,
    /// 8.5 × 11 inches (ANSI/ASME Y14.1).
    Letter,
}

impl Paper {
    /// Width and height in points of 1/72 inch.
    pub(crate) fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.0, 842.0),
            Self::Letter => (612.0, 792.0),
        }
    }

    /// The same as SVG's width and height.
    fn svg_size(self) -> (&'static str, &'static str) {
        match self {
            Self::A4 => ("210mm", "297mm"),
            Self::Letter => ("8.5in", "11in"),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Font {
    Plain,
    Bold,
    Code,
}

pub(crate) enum Mark {
    /// Text with its baseline's left end, from the page's upper left corner.
    Text { x: f32, y: f32, size: f32, font: Font, text: SecretText },
    /// A filled rectangle: left, top, width, height and grey from 0 (black) to 1 (white).
    Box { x: f32, y: f32, width: f32, height: f32, grey: f32 },
}

/// One page.
#[derive(Default)]
pub(crate) struct Page(Vec<Mark>);

impl Page {
    /// Writes text with its baseline at `y`.
    pub fn write(&mut self, x: f32, y: f32, size: f32, font: Font, text: &str) {
        self.0.push(Mark::Text { x, y, size, font, text: SecretText::new(text.to_owned()) });
    }

    /// Draws a text as a QR code in a square.
    pub fn code(&mut self, text: &str, left: f32, top: f32, size: f32) -> Result<(), WriteError> {
        draw_code(&modules(text)?, left, top, size, &mut self.0);
        Ok(())
    }

    /// A thin grey line from margin to margin.
    pub fn rule(&mut self, y: f32) {
        self.0.push(Mark::Box { x: MARGIN, y, width: 467.0, height: 0.6, grey: 0.7 });
    }

    /// The page as an SVG document.
    pub fn svg(&self, paper: Paper) -> SecretText {
        let (width, height) = paper.size();
        let (wide, high) = paper.svg_size();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {width} {height}\">\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        for mark in &self.0 {
            // Writing to a String does not fail.
            let _ = match mark {
                Mark::Box { x, y, width, height, grey } => {
                    let level = (grey * 255.0) as u8;
                    writeln!(
                        svg,
                        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"rgb({level},{level},{level})\"/>"
                    )
                }
                Mark::Text { x, y, size, font, text } => {
                    let family = if *font == Font::Code {
                        "Courier New, monospace"
                    } else {
                        "Helvetica, Arial, sans-serif"
                    };
                    let weight = if *font == Font::Plain { "normal" } else { "bold" };
                    let text = text.expose_for_display().replace('&', "&amp;").replace('<', "&lt;");
                    writeln!(
                        svg,
                        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-family=\"{family}\" font-weight=\"{weight}\" \
                         xml:space=\"preserve\">{text}</text>"
                    )
                }
            };
        }
        svg.push_str("</svg>\n");
        SecretText::new(svg)
    }

    fn drawing(&self, fonts: &[(Font, Name<'_>, Name<'_>, Ref); 3], height: f32) -> Content {
        let page_height = height;
        let (mut drawing, mut whole) = (Content::new(), true);
        for mark in &self.0 {
            match mark {
                Mark::Box { x, y, width, height, grey } => {
                    drawing
                        .set_fill_gray(*grey)
                        .rect(*x, page_height - y - height, *width, *height)
                        .fill_nonzero();
                }
                Mark::Text { x, y, size, font, text } => {
                    let name = fonts
                        .iter()
                        .find(|(kind, ..)| kind == font)
                        .map_or(Name(b"F1"), |(_, name, ..)| *name);
                    let (latin, all) = win_ansi(text.expose_for_display());
                    whole &= all;
                    drawing
                        .set_fill_gray(0.0)
                        .begin_text()
                        .set_font(name, *size)
                        .next_line(*x, page_height - y);
                    drawing.show(Str(latin.expose())).end_text();
                }
            }
        }
        if !whole {
            let name = fonts.first().map_or(Name(b"F1"), |(_, name, ..)| *name);
            drawing.set_fill_gray(0.0).begin_text().set_font(name, 8.0).next_line(MARGIN, 20.0);
            drawing.show(Str(win_ansi(LEGEND).0.expose())).end_text();
        }
        drawing
    }
}

/// The pages as one PDF document.
pub(crate) fn pdf(pages: &[Page], paper: Paper) -> SecretBytes {
    let (width, height) = paper.size();
    let mut next = 1;
    let mut reference = || {
        next += 1;
        Ref::new(next - 1)
    };
    let (catalog, tree) = (reference(), reference());
    let fonts = [
        (Font::Plain, Name(b"F1"), Name(b"Helvetica"), reference()),
        (Font::Bold, Name(b"F2"), Name(b"Helvetica-Bold"), reference()),
        (Font::Code, Name(b"F3"), Name(b"Courier-Bold"), reference()),
    ];
    let leaves: Vec<(Ref, Ref, &Page)> = pages.iter().map(|page| (reference(), reference(), page)).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    let count = i32::try_from(leaves.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(leaves.iter().map(|(leaf, ..)| *leaf)).count(count);
    for (leaf, content, page) in &leaves {
        let mut leaf = pdf.page(*leaf);
        leaf.media_box(Rect::new(0.0, 0.0, width, height)).parent(tree).contents(*content);
        let mut resources = leaf.resources();
        let mut named = resources.fonts();
        for (_, name, _, reference) in &fonts {
            named.pair(*name, *reference);
        }
        named.finish();
        resources.finish();
        leaf.finish();
        pdf.stream(*content, &page.drawing(&fonts, height).finish());
    }
    for (_, _, base, reference) in &fonts {
        pdf.type1_font(*reference).base_font(*base).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    SecretBytes::new(pdf.finish())
}

/// The QR code as boxes, one for each run of dark modules in a row.
fn draw_code(code: &Modules, left: f32, top: f32, size: f32, marks: &mut Vec<Mark>) {
    let module = size / code.side() as f32;
    for y in 0..code.side() {
        let mut x = 0;
        while x < code.side() {
            let run = (x..code.side()).take_while(|x| code.dark(*x, y)).count();
            if run > 0 {
                let (x, y) = (left + x as f32 * module, top + y as f32 * module);
                marks.push(Mark::Box { x, y, width: run as f32 * module, height: module, grey: 0.0 });
            }
            x += run.max(1);
        }
    }
}

/// A long text in lines of at most `width` characters as the PDF shows them: all of it, and one line where it is empty.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut all, mut line, mut room) = (Vec::new(), String::new(), width);
    for character in text.chars() {
        let takes = printed(character).map_or_else(|| named(character).len(), |_| 1);
        if takes > room && !line.is_empty() {
            all.push(std::mem::take(&mut line));
            room = width;
        }
        line.push(character);
        room = room.saturating_sub(takes);
    }
    all.extend((!line.is_empty() || all.is_empty()).then_some(line));
    all
}

/// The end of a text that does not fit into so many lines, with "…" at the cut: of a path the end tells the most.
pub(crate) fn ending(text: &str, width: usize, lines: usize) -> Vec<String> {
    let whole = wrapped(text, width);
    if whole.len() <= lines {
        return whole;
    }
    let ends = text.char_indices().skip(1).map(|(at, _)| wrapped(&format!("…{}", &text[at..]), width));
    ends.into_iter().find(|end| end.len() <= lines).unwrap_or_default()
}

/// A text in lines of at most `width` characters, parted at blanks where a word fits a line.
pub(crate) fn in_words(text: &str, width: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let fits = |line: &String| wrapped(&format!("{line}{bare}"), width).len() == 1;
        let mut rest = word;
        if !all.last().is_some_and(fits) {
            all.extend(wrapped(bare, width));
            rest = &word[bare.len()..];
        }
        if let Some(line) = all.last_mut() {
            line.push_str(rest);
        }
    }
    if all.is_empty() { vec![String::new()] } else { all }
}

/// What [`named`] leaves on a page is explained on it.
const LEGEND: &str =
    "[U+...] is a character that the fonts of this page do not have, by its number in Unicode.";

/// The standard fonts' encoding of a character (ISO 32000-1 Annex D.2); `None` where they have none.
fn printed(character: char) -> Option<u8> {
    /// The places 0x80 to 0x9F; five of them are empty.
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match character {
        '\t' => Some(b' '),
        ' '..='~' | '\u{a0}'..='ÿ' => u8::try_from(u32::from(character)).ok(),
        '\0' => None,
        _ => (0x80..).zip(HIGH).find(|(_, high)| *high == character).map(|(code, _)| code),
    }
}

/// A character that the standard fonts do not have, by its number: whoever reads the page can type it.
fn named(character: char) -> String {
    format!("[U+{:04X}]", u32::from(character))
}

/// Text as the standard fonts show it, and whether all of it has a shape of its own there.
fn win_ansi(text: &str) -> (SecretBytes, bool) {
    let mut bytes = Vec::with_capacity(text.chars().count() * "[U+10FFFF]".len());
    let mut whole = true;
    for character in text.chars() {
        match printed(character) {
            Some(code) => bytes.push(code),
            None => {
                whole = false;
                bytes.extend_from_slice(named(character).as_bytes());
            }
        }
    }
    (SecretBytes::new(bytes), whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_printed_as_another() {
        for (text, bytes, whole) in [
            ("Zürich\t1", &b"Z\xfcrich 1"[..], true),
            ("5 € – “a”…", b"5 \x80 \x96 \x93a\x94\x85", true),
            ("Ключ?", b"[U+041A][U+043B][U+044E][U+0447]?", false),
            ("\u{81}\0🔑", b"[U+0081][U+0000][U+1F511]", false),
        ] {
            let (printed, is_whole) = win_ansi(text);
            assert_eq!((printed.expose(), is_whole), (bytes, whole), "{text}");
        }
    }

    #[test]
    fn a_page_says_what_stands_for_a_character_and_only_where_one_does() {
        let said = |text: &str| {
            let mut page = Page::default();
            page.write(MARGIN, 100.0, 9.0, Font::Code, text);
            let pdf = pdf(&[page], Paper::Letter);
            String::from_utf8_lossy(pdf.expose())
                .contains("is a character that the fonts of this page do not have")
        };
        assert!(said("Ключ") && !said("Schlüssel"));
    }

    #[test]
    fn lines_are_as_wide_as_they_are_printed_and_lose_nothing() {
        let text = "ab中cdeü€fghij";
        let lines = wrapped(text, 10);
        assert_eq!(lines.concat(), text);
        assert_eq!(lines, ["ab中", "cdeü€fghij"]);
        assert!(lines.iter().all(|line| win_ansi(line).0.expose().len() <= 10));
        assert_eq!(wrapped("", 10), [""]);
        for text in
            ["", "  ", "ab cd ef gh ij kl", "abcdefghijklmn op  q", "0123456789 0123456789 ", "ü中 中 €"]
        {
            let lines = in_words(text, 10);
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| win_ansi(line.trim_end()).0.expose().len() <= 10), "{lines:?}");
        }
        assert_eq!(in_words("ab cdefg hij", 10), ["ab cdefg ", "hij"], "no word is broken");
    }
}
