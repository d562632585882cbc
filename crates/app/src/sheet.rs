//! The emergency kit as one printable A4 page, drawn here as PDF and as SVG from the same description.
//!
//! PDF text uses the fourteen standard fonts (ISO 32000-1 §9.6.2.2), which every reader has: nothing is embedded
//! or loaded.

use keyhaven_qr::write::{Modules, WriteError, modules};
use keyhaven_secret::{SecretBytes, SecretText};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use std::fmt::Write as _;

/// A4 in points of 1/72 inch (ISO 216).
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 64.0;
const GROUPS_IN_LINE: usize = 4;

/// What stands on the page.
pub struct KitSheet<'a> {
    /// The recovery key's groups.
    pub groups: &'a [SecretText],
    /// The recovery key as one text, for the QR code.
    pub key: &'a SecretText,
    /// The vault that it opens.
    pub vault_id: &'a str,
    /// Where the vault file is on this computer.
    pub path: &'a str,
    /// The day, "2026-11-22".
    pub date: &'a str,
}

#[derive(Clone, Copy, PartialEq)]
enum Font {
    Plain,
    Bold,
    Code,
}

enum Mark {
    /// Text with its baseline's left end, from the page's upper left corner.
    Text { x: f32, y: f32, size: f32, font: Font, text: SecretText },
    /// A filled rectangle: left, top, width, height and grey from 0 (black) to 1 (white).
    Box { x: f32, y: f32, width: f32, height: f32, grey: f32 },
}

impl KitSheet<'_> {
    /// The page as an SVG document.
    ///
    /// # Errors
    /// The key does not fit a QR code; it always does.
    pub fn svg(&self) -> Result<SecretText, WriteError> {
        let (width, height) = PAGE;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 {width} {height}\">\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        for mark in self.marks()? {
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
                    let family = if font == Font::Code {
                        "Courier New, monospace"
                    } else {
                        "Helvetica, Arial, sans-serif"
                    };
                    let weight = if font == Font::Plain { "normal" } else { "bold" };
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
        Ok(SecretText::new(svg))
    }

    /// The page as a PDF document.
    ///
    /// # Errors
    /// The key does not fit a QR code; it always does.
    pub fn pdf(&self) -> Result<SecretBytes, WriteError> {
        let (catalog, pages, page, content) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
        let fonts = [
            (Font::Plain, Name(b"F1"), Name(b"Helvetica"), Ref::new(5)),
            (Font::Bold, Name(b"F2"), Name(b"Helvetica-Bold"), Ref::new(6)),
            (Font::Code, Name(b"F3"), Name(b"Courier-Bold"), Ref::new(7)),
        ];
        let mut drawing = Content::new();
        for mark in self.marks()? {
            match mark {
                Mark::Box { x, y, width, height, grey } => {
                    drawing.set_fill_gray(grey).rect(x, PAGE.1 - y - height, width, height).fill_nonzero();
                }
                Mark::Text { x, y, size, font, text } => {
                    let name = fonts
                        .iter()
                        .find(|(kind, ..)| *kind == font)
                        .map_or(Name(b"F1"), |(_, name, ..)| *name);
                    let latin = win_ansi(text.expose_for_display());
                    drawing.set_fill_gray(0.0).begin_text().set_font(name, size).next_line(x, PAGE.1 - y);
                    drawing.show(Str(latin.expose())).end_text();
                }
            }
        }
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut leaf = pdf.page(page);
        leaf.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(pages).contents(content);
        let mut resources = leaf.resources();
        let mut named = resources.fonts();
        for (_, name, _, reference) in &fonts {
            named.pair(*name, *reference);
        }
        named.finish();
        resources.finish();
        leaf.finish();
        for (_, _, base, reference) in &fonts {
            pdf.type1_font(*reference).base_font(*base).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.stream(content, &drawing.finish());
        Ok(SecretBytes::new(pdf.finish()))
    }

    fn marks(&self) -> Result<Vec<Mark>, WriteError> {
        let mut marks = Vec::new();
        let mut write = |x: f32, y: f32, size: f32, font: Font, text: &str| {
            marks.push(Mark::Text { x, y, size, font, text: SecretText::new(text.to_owned()) });
        };
        write(MARGIN, 92.0, 26.0, Font::Bold, "Keyhaven emergency kit");
        write(
            MARGIN,
            118.0,
            11.0,
            Font::Plain,
            "Whoever holds this page can open the vault. Keep it as you would keep a passport.",
        );
        write(MARGIN, 168.0, 11.0, Font::Bold, "Recovery key");
        for (line, groups) in self.groups.chunks(GROUPS_IN_LINE).enumerate() {
            let y = 200.0 + 34.0 * line as f32;
            for (column, group) in groups.iter().enumerate() {
                let x = MARGIN + 118.0 * column as f32;
                let number = format!("{}", line * GROUPS_IN_LINE + column + 1);
                write(x, y - 16.0, 7.0, Font::Plain, &number);
                write(x, y, 19.0, Font::Code, group.expose_for_display());
            }
        }
        let lines = self.groups.len().div_ceil(GROUPS_IN_LINE) as f32;
        let below = 200.0 + 34.0 * lines + 14.0;
        write(MARGIN + 190.0, below + 22.0, 11.0, Font::Bold, "Vault");
        write(MARGIN + 190.0, below + 40.0, 11.0, Font::Code, self.vault_id);
        write(MARGIN + 190.0, below + 66.0, 11.0, Font::Bold, "Where the vault file was");
        for (line, part) in wrapped(self.path, 44).iter().enumerate() {
            write(MARGIN + 190.0, below + 84.0 + 14.0 * line as f32, 9.0, Font::Code, part);
        }
        write(MARGIN + 190.0, below + 142.0, 11.0, Font::Bold, "Made on");
        write(MARGIN + 190.0, below + 160.0, 11.0, Font::Plain, self.date);
        write(MARGIN, below + 222.0, 11.0, Font::Bold, "When you need it");
        let steps = [
            "1.  Install Keyhaven on the computer in front of you.",
            "2.  Choose \"Restore a backup\" and take the newest copy of your vault file.",
            "3.  Choose \"Use the recovery key\" and type the groups above.",
            "4.  If someone else may have seen this page, make a new kit in the settings.",
            "5.  Sign in to one service at once, to be sure that its code is accepted.",
        ];
        for (line, step) in steps.iter().enumerate() {
            write(MARGIN, below + 244.0 + 19.0 * line as f32, 11.0, Font::Plain, step);
        }
        draw_code(&modules(self.key.expose_for_display())?, MARGIN, below, 164.0, &mut marks);
        Ok(marks)
    }
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

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(width).take(3).map(|part| part.iter().collect()).collect()
}

/// The standard fonts' encoding (ISO 32000-1 Annex D.2), which for what stands here is Latin-1; others become "?".
fn win_ansi(text: &str) -> SecretBytes {
    SecretBytes::new(
        text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_secret::SecretText;

    fn sheet<T>(check: impl FnOnce(&KitSheet) -> T) -> T {
        let groups: Vec<SecretText> = (0..8).map(|n| SecretText::new(format!("GRP{n}"))).collect();
        let key = SecretText::new("GRP0-GRP1-GRP2-GRP3-GRP4-GRP5-GRP6-GRP7".into());
        check(&KitSheet {
            groups: &groups,
            key: &key,
            vault_id: "1f2e-3d4c",
            path: "/home/ana & co/<vault>/vault.keyhaven",
            date: "2026-11-22",
        })
    }

    #[test]
    fn both_formats_hold_every_group_and_the_vault() {
        sheet(|sheet| {
            let svg = sheet.svg().unwrap();
            let pdf = sheet.pdf().unwrap();
            let pdf = String::from_utf8_lossy(pdf.expose());
            for text in ["GRP0", "GRP7", "1f2e-3d4c", "2026-11-22"] {
                assert!(svg.expose().contains(text), "{text} is not in the SVG");
                assert!(pdf.contains(text), "{text} is not in the PDF");
            }
        });
    }

    #[test]
    fn a_path_with_markup_stays_text() {
        sheet(|sheet| {
            let svg = sheet.svg().unwrap();
            assert!(svg.expose().contains("ana &amp; co/&lt;vault>"));
            assert!(!svg.expose().contains("<vault>"));
        });
    }
}
