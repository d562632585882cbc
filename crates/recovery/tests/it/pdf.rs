//! PDFs as programs print them: written here, object by object.

use crate::support::{assert_no_line_lost, codes, problems};
use keyhaven_recovery::{DocumentKind, Format, Kind, parse};

/// A file of these objects, with the table of their places.
fn file(objects: &[String]) -> Vec<u8> {
    let mut text = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let table = text.len();
    text += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        text += &format!("{place:010} 00000 n \n");
    }
    text += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    text.into_bytes()
}

fn page(font: &str, content: &str, more: &[String]) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        stream(content),
        font.to_owned(),
    ];
    objects.extend_from_slice(more);
    file(&objects)
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

const HELVETICA: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

#[test]
fn lines_columns_and_kerning() {
    let content = "BT /F1 12 Tf 14 TL 72 770 Td (Example Forge backup codes) Tj T* T* \
        (1.) Tj 30 0 Td (k7m2q-x4v9t) Tj 200 0 Td (p3w8z-h6n1c) Tj -200 -14 Td [(b5r2d) 20 (-j9s) -15 (4g)] TJ 200 0 Td (f8y3l-t1k6m) Tj ET \
        q 1 0 0 -1 0 842 cm BT /F1 10 Tf 1 0 0 -1 72 742 Tm (Printed on 2025-03-04) Tj ET Q";
    let set = parse(&page(HELVETICA, content, &[]), None).unwrap();
    assert_eq!(set.source.format, Format::Pdf);
    assert_eq!(codes(&set), ["k7m2q-x4v9t", "p3w8z-h6n1c", "b5r2d-j9s4g", "f8y3l-t1k6m"]);
    let notes = set.documents[0].text.as_ref().unwrap().expose();
    assert_eq!(notes, "Example Forge backup codes\nPrinted on 2025-03-04");
    assert_no_line_lost(&set);
}

#[test]
fn fonts_of_two_bytes_with_their_table() {
    let table = "beginbfrange\n<0001> <000a> <0030>\n<0010> <0029> <0061>\nendbfrange\n1 beginbfchar\n<0030> <002d>\nendbfchar";
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>";
    let descendant =
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW 500 /W [1 [500 500] 16 41 500] >>";
    let hex = |text: &str| -> String {
        let code = |c: char| match c {
            '-' => 0x30,
            '0'..='9' => 1 + u32::from(c) - 0x30,
            _ => 0x10 + u32::from(c) - 0x61,
        };
        text.chars().map(|c| format!("{:04x}", code(c))).collect()
    };
    let lines = ["k7m2q-x4v9t", "p3w8z-h6n1c", "b5r2d-j9s4g"];
    let shown: String = lines
        .iter()
        .enumerate()
        .map(|(at, text)| format!("1 0 0 1 72 {} Tm <{}> Tj ", 700 - at * 16, hex(text)))
        .collect();
    let bytes = page(font, &format!("BT /F1 12 Tf {shown}ET"), &[descendant.to_owned(), stream(table)]);
    assert_eq!(codes(&parse(&bytes, None).unwrap()), lines);
}

#[test]
fn pages_without_text_are_kept_as_they_are() {
    let bytes = page(HELVETICA, "0 0 10 10 re f", &[]);
    let set = parse(&bytes, Some("scan.pdf")).unwrap();
    assert_eq!(
        (set.kind, set.documents[0].kind, problems(&set)),
        (Kind::Document, DocumentKind::Pdf, vec!["no_text".to_owned()])
    );
}

#[test]
fn broken_files_are_read() {
    let good = page(HELVETICA, "BT /F1 12 Tf 72 770 Td (k7m2q-x4v9t) Tj ET", &[]);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for _ in 0..1500 {
        let mut bytes = good.clone();
        for _ in 0..=below(5) {
            let at = 8 + below(bytes.len() - 8);
            match below(4) {
                0 => bytes[at] = below(256) as u8,
                1 => bytes.truncate(at.max(64)),
                2 => drop(bytes.drain(at..(at + below(12)).min(bytes.len()))),
                _ => {
                    let from = below(good.len() - 20);
                    bytes.splice(at..at, good[from..from + below(20)].iter().copied());
                }
            }
            if bytes.len() < 65 {
                break;
            }
        }
        assert_no_line_lost(&parse(&bytes, None).unwrap());
    }
}
