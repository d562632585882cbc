//! Bytes → text, whatever the format and the encoding.

use crate::model::{DocumentKind, Format};
use crate::{html, rtf};
use encoding_rs::WINDOWS_1252;
use zeroize::Zeroizing;

/// What the bytes are.
pub(crate) enum Decoded {
    /// Text, normalised.
    Text(Format, Zeroizing<String>),
    /// No text can be had.
    Opaque(Format, DocumentKind),
}

/// First bytes of what is kept as it is.
const MAGIC: &[(&[u8], Format, DocumentKind)] = &[
    (b"\x89PNG\r\n\x1a\n", Format::Picture, DocumentKind::Picture),
    (b"\xff\xd8\xff", Format::Picture, DocumentKind::Picture),
    (b"GIF87a", Format::Picture, DocumentKind::Picture),
    (b"GIF89a", Format::Picture, DocumentKind::Picture),
    // LUKS on-disk format 1 §2.1 and LUKS2 §2.1: the primary and the secondary header.
    (b"LUKS\xba\xbe", Format::Binary, DocumentKind::LuksHeader),
    (b"SKUL\xba\xbe", Format::Binary, DocumentKind::LuksHeader),
];

pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    for (magic, format, kind) in MAGIC {
        if bytes.starts_with(magic) {
            return Decoded::Opaque(*format, *kind);
        }
    }
    if not_drawn(bytes).is_some() {
        return Decoded::Opaque(Format::Picture, DocumentKind::Picture);
    }
    let two_part = |first: &[u8], second: &[u8]| bytes.starts_with(first) && bytes.get(8..12) == Some(second);
    let bitmap = bytes.starts_with(b"BM") && bytes.get(6..10) == Some(&[0; 4]);
    if two_part(b"RIFF", b"WEBP") || bitmap {
        return Decoded::Opaque(Format::Picture, DocumentKind::Picture);
    }
    if keyhaven_pdf::is_pdf(bytes) {
        return match keyhaven_pdf::Document::open(bytes).map(|pdf| pdf.text()) {
            Ok(text) if has_letters(&text) => Decoded::Text(Format::Pdf, normalise(&text)),
            _ => Decoded::Opaque(Format::Pdf, DocumentKind::Pdf),
        };
    }
    if bytes.starts_with(b"{\\rtf") {
        return Decoded::Text(Format::Rtf, normalise(&rtf::text(bytes)));
    }
    let Some(text) = characters(bytes) else {
        return Decoded::Opaque(Format::Binary, DocumentKind::Binary);
    };
    if html::is_html(&text) {
        return Decoded::Text(Format::Html, normalise(&html::text(&text)));
    }
    Decoded::Text(Format::Text, normalise(&text))
}

/// The name of a picture's format that is kept and not drawn here: phones' photographs above all.
pub(crate) fn not_drawn(bytes: &[u8]) -> Option<&'static str> {
    // ISO/IEC 23008-12 §10.2: a "ftyp" box first, whose brand names the format.
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12)? {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Some("HEIC"),
            b"avif" | b"avis" => Some("AVIF"),
            _ => None,
        };
    }
    let is_tiff = bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*");
    is_tiff.then_some("TIFF")
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Text in UTF-8, UTF-16 (by its byte order mark, or by the zeros of its Latin letters) or Windows-1252;
/// `None` for what is no text.
fn characters(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest),
        _ => match zeros(bytes) {
            (0, 0) => utf_8(bytes),
            (even, odd) if odd > 2 * even && odd * 5 > bytes.len() => utf_16(bytes, u16::from_le_bytes),
            (even, odd) if even > 2 * odd && even * 5 > bytes.len() => utf_16(bytes, u16::from_be_bytes),
            _ => return None,
        },
    };
    // A line in a hundred may hold an escape sequence of a terminal; a program or a database has them everywhere.
    let controls =
        text.chars().filter(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b'));
    (controls.count() * 100 <= text.len()).then_some(text)
}

fn utf_8(bytes: &[u8]) -> Zeroizing<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Zeroizing::new(text.to_owned()),
        Err(_) => Zeroizing::new(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<String> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    // With room for every character from the start, no half-filled buffer is left behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text
}

/// How many zero bytes stand at even and at odd places.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    bytes.chunks(2).fold((0, 0), |(even, odd), pair| {
        (even + usize::from(pair[0] == 0), odd + usize::from(pair.get(1) == Some(&0)))
    })
}

/// One `\n` for every line end, plain blanks and hyphens, nothing invisible, and characters struck out by a
/// combining overlay written the way Markdown does: `~~struck~~`.
fn normalise(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() + text.len() / 2));
    let mut chars = text.chars().peekable();
    let mut struck = false;
    while let Some(c) = chars.next() {
        let c = match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                '\n'
            }
            '\n' | '\x0b' | '\x0c' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => '\t',
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
            // Hyphens that stand for "-" in print; dashes (–, —) stay what they are.
            '\u{2010}' | '\u{2011}' | '\u{2212}' => '-',
            // Soft hyphens, joiners, direction marks and byte order marks show nothing.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' => {
                continue;
            }
            '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => continue,
            '\x1b' => {
                skip_escape(&mut chars);
                continue;
            }
            c if is_overlay(c) => continue,
            c if c.is_control() => ' ',
            c => c,
        };
        let overlaid = chars.peek().is_some_and(|c| is_overlay(*c));
        if overlaid != struck && (overlaid || c != ' ') {
            out.push_str("~~");
            struck = overlaid;
        }
        out.push(c);
    }
    if struck {
        out.push_str("~~");
    }
    out
}

fn is_overlay(c: char) -> bool {
    matches!(c, '\u{335}'..='\u{338}')
}

/// Passes over a terminal's control sequence (ECMA-48 §5.4): `[`, parameters, a final byte.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if chars.next_if_eq(&'[').is_some() {
        while chars.next_if(|c| matches!(c, '\x20'..='\x3f')).is_some() {}
        chars.next_if(|c| matches!(c, '\x40'..='\x7e'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        match decode(bytes) {
            Decoded::Text(_, text) => text.to_string(),
            Decoded::Opaque(format, _) => panic!("no text but {format:?}"),
        }
    }

    fn utf_16_bytes(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_line_end_is_one() {
        assert_eq!(read(b"a\r\nb\rc\nd\x0ce\xe2\x80\xa8f"), "a\nb\nc\nd\ne\nf");
    }

    #[test]
    fn byte_order_marks_and_their_absence() {
        let text = "Schl\u{fc}ssel: k1";
        assert_eq!(read(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), text);
        assert_eq!(read(&[b"\xff\xfe", &*utf_16_bytes(text, u16::to_le_bytes)].concat()), text);
        assert_eq!(read(&[b"\xfe\xff", &*utf_16_bytes(text, u16::to_be_bytes)].concat()), text);
        assert_eq!(read(&utf_16_bytes(text, u16::to_le_bytes)), text);
        assert_eq!(read(&utf_16_bytes(text, u16::to_be_bytes)), text);
        assert_eq!(read(b"Schl\xfcssel: k1"), text);
    }

    #[test]
    fn invisible_characters_go_and_overlays_become_strikes() {
        assert_eq!(read("a\u{200b}b\u{a0}c\u{2011}d".as_bytes()), "ab c-d");
        assert_eq!(read("1\u{336}2\u{336} 34".as_bytes()), "~~12 ~~34");
        assert_eq!(read("x 9\u{336}".as_bytes()), "x ~~9~~");
        assert_eq!(read(b"\x1b[1mab\x1b[0m"), "ab");
    }

    #[test]
    fn pictures_headers_and_programs_are_no_text() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], DocumentKind::Picture),
            (b"RIFF\x10\0\0\0WEBPVP8 ", DocumentKind::Picture),
            (b"LUKS\xba\xbe\0\x01aes", DocumentKind::LuksHeader),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0", DocumentKind::Binary),
            (b"%PDF-1.4 and nothing else", DocumentKind::Pdf),
        ] {
            match decode(bytes) {
                Decoded::Opaque(_, found) => assert_eq!(found, kind),
                Decoded::Text(..) => panic!("text in {bytes:?}"),
            }
        }
    }
}
