//! A recovery set on paper, to be kept where a computer cannot be lost with it.

use crate::App;
use crate::kit::day;
use crate::paper::{Font, MARGIN, Page, Paper, in_words, pdf, wrapped};
use crate::recovery::stored::{Code, Set};
use crate::recovery::view::SetRow;
use crate::recovery::{row, set_id};
use crate::view::Failure;
use keyhaven_secret::SecretBytes;
use zeroize::Zeroizing;

/// Short codes of a column.
const ROWS: usize = 22;
const TOP: f32 = 170.0;
/// The lowest baseline.
const BOTTOM: f32 = 742.0;
/// Between the lines of one code, and between codes, in points.
const LINE: f32 = 13.0;
const ROW: f32 = 26.0;
/// Characters in a line of a long code, in a short code, and in a line of text.
const LONG: usize = 56;
const SHORT: usize = 24;
const TEXT: usize = 84;
/// Before what continues the line above it, so that nobody takes it for another code.
const CONTINUED: &str = "»";

impl App {
    /// A plain printed sheet of a set: its codes with boxes to tick, as PDF.
    ///
    /// # Errors
    /// Locked, the compartment is locked, or no such set.
    pub fn recovery_sheet(&self, id: &str, paper: Paper) -> Result<SecretBytes, Failure> {
        let session = self.session()?;
        let id = set_id(id)?;
        let (set, summary) = session.set(id)?;
        let pages = pages(&set, &row(session, id, &summary), &day(self.now()));
        Ok(pdf(&pages, paper))
    }
}

/// What stands at a place of a page.
struct Text {
    x: f32,
    y: f32,
    size: f32,
    font: Font,
    text: Zeroizing<String>,
}

/// A page below its head.
type Body = Vec<Text>;

fn text(x: f32, y: f32, size: f32, font: Font, text: impl Into<String>) -> Text {
    Text { x, y, size, font, text: Zeroizing::new(text.into()) }
}

fn pages(set: &Set, row: &SetRow, date: &str) -> Vec<Page> {
    // Long keys want lines of their own; short codes stand in two columns.
    let mut bodies = if set.codes.iter().any(|code| wrapped(&code.text, SHORT).len() > 1) {
        long(&set.codes)
    } else {
        short(&set.codes)
    };
    bodies.extend(texts(set));
    if bodies.is_empty() {
        let said = "This set is a file; its content is in the vault alone.";
        bodies.push(vec![text(MARGIN, TOP, 11.0, Font::Plain, said)]);
    }
    let count = bodies.len();
    let page = |(number, body): (usize, &Body)| {
        let mut page = head(row, date, number + 1, count);
        for Text { x, y, size, font, text } in body {
            page.write(*x, *y, *size, *font, text);
        }
        page
    };
    bodies.iter().enumerate().map(page).collect()
}

fn tick(code: &Code, x: f32, y: f32) -> Text {
    text(x, y, 12.0, Font::Plain, if code.used.is_some() { "[x]" } else { "[ ]" })
}

fn short(codes: &[Code]) -> Vec<Body> {
    let place = |(at, code): (usize, &Code)| {
        let (x, y) = (MARGIN + 240.0 * (at / ROWS) as f32, TOP + ROW * (at % ROWS) as f32);
        [tick(code, x, y), text(x + ROW, y, 14.0, Font::Code, code.text.as_str())]
    };
    codes.chunks(2 * ROWS).map(|codes| codes.iter().enumerate().flat_map(place).collect()).collect()
}

/// Codes one below the other, each as high as it is long; none is parted by a page's end but one longer than a page.
fn long(codes: &[Code]) -> Vec<Body> {
    let mut bodies: Vec<Body> = vec![Vec::new()];
    let mut y = TOP;
    for code in codes {
        let parts = in_words(&code.text, LONG);
        let height = LINE * (parts.len() - 1) as f32;
        if y > TOP && y + height > BOTTOM {
            bodies.push(Vec::new());
            y = TOP;
        }
        for (at, part) in parts.into_iter().enumerate() {
            if y > BOTTOM {
                bodies.push(Vec::new());
                y = TOP;
            }
            let Some(body) = bodies.last_mut() else { continue };
            body.push(match at {
                0 => tick(code, MARGIN, y),
                _ => text(MARGIN + 16.0, y, 9.0, Font::Plain, CONTINUED),
            });
            body.push(text(MARGIN + ROW, y, 11.0, Font::Code, part));
            y += LINE;
        }
        y += ROW - LINE;
    }
    bodies
}

/// The documents' texts and the note, with their blank lines: an OpenPGP block is none without its own (RFC 9580 §6.2).
fn texts(set: &Set) -> Vec<Body> {
    let texts = set.documents.iter().filter_map(|document| document.text.as_ref());
    let lines = texts.flat_map(|text| text.lines()).chain(set.note.lines());
    let parts: Vec<(bool, String)> = lines
        .flat_map(|line| in_words(line, TEXT).into_iter().enumerate().map(|(at, part)| (at > 0, part)))
        .collect();
    let place = |(at, (continued, part)): (usize, &(bool, String))| {
        let y = TOP + 14.0 * at as f32;
        let mark = continued.then(|| text(MARGIN - 10.0, y, 9.0, Font::Plain, CONTINUED));
        mark.into_iter().chain([text(MARGIN, y, 9.0, Font::Code, part.as_str())])
    };
    parts.chunks(40).map(|parts| parts.iter().enumerate().flat_map(place).collect()).collect()
}

fn head(row: &SetRow, date: &str, page: usize, of: usize) -> Page {
    let mut sheet = Page::default();
    sheet.write(MARGIN, 88.0, 22.0, Font::Bold, &row.name);
    let account = row.account_name.as_deref().unwrap_or_default();
    sheet.write(MARGIN, 108.0, 11.0, Font::Plain, account);
    let place = if of > 1 { format!(", page {page} of {of}") } else { String::new() };
    sheet.write(
        MARGIN,
        126.0,
        9.0,
        Font::Plain,
        &format!("Printed from Keyhaven on {date}{place}. Keep it as you would keep a passport."),
    );
    sheet.rule(138.0);
    if let Some(at) = row.superseded_at {
        let said = format!("Replaced on {}: these codes are void.", day(at));
        sheet.write(MARGIN, 154.0, 11.0, Font::Bold, &said);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::stored::{Document, Summary};
    use crate::recovery::view::{SetKind, SetStanding};

    fn set_of(codes: &[&str], document: &str) -> Set {
        let code = |code: &&str| Code { text: Zeroizing::new((*code).into()), ..Code::default() };
        let document = Document { text: Some(Zeroizing::new(document.into())), ..Document::default() };
        let documents = if document.text.as_ref().is_some_and(|text| text.is_empty()) {
            Vec::new()
        } else {
            vec![document]
        };
        Set { codes: codes.iter().map(code).collect(), documents, ..Set::default() }
    }

    fn row(superseded_at: Option<u64>) -> SetRow {
        let Summary { provider, source, size, total, .. } = Summary::default();
        SetRow {
            id: String::new(),
            name: "Bank".into(),
            provider,
            kind: SetKind::Codes,
            account: None,
            account_name: None,
            source,
            size,
            total,
            left: 0,
            standing: SetStanding::Good,
            added_at: 0,
            used_at: None,
            seen_at: None,
            superseded_at,
            tidied: None,
            can_tidy: false,
        }
    }

    /// Where what is set in the font of codes stands, and what it is, page by page.
    fn printed(set: &Set) -> Vec<Vec<(f32, f32, String)>> {
        let line = |line: &str| {
            let place: Vec<&str> = line.split('"').collect();
            let (x, y) = (place[1].parse().unwrap(), place[3].parse().unwrap());
            (x, y, line.split(['>', '<']).nth(2).unwrap().to_owned())
        };
        let page = |page: &Page| {
            let svg = page.svg(Paper::Letter);
            svg.expose().lines().filter(|text| text.contains("Courier")).map(line).collect()
        };
        pages(set, &row(None), "2026-11-22").iter().map(page).collect()
    }

    fn assert_nothing_overprints(set: &Set) {
        for page in printed(set) {
            let ys: Vec<f32> = page.iter().map(|(_, y, _)| *y).collect();
            assert!(ys.windows(2).all(|two| two[1] - two[0] >= 12.0), "{ys:?}");
            assert!(ys.iter().all(|y| (TOP..=BOTTOM).contains(y)), "{ys:?}");
        }
    }

    #[test]
    fn long_codes_are_printed_whole_and_none_over_another() {
        // The longest words of BIP39 have eight letters.
        let phrase = vec!["umbrella"; 24].join(" ");
        let keys: Vec<String> = (0..9).map(|n| format!("{n}aB3").repeat(40)).collect();
        let huge = "x7Y".repeat(1_500);
        let mut codes: Vec<&str> = vec![&phrase];
        codes.extend(keys.iter().map(String::as_str));
        codes.push(&huge);
        let set = set_of(&codes, "");
        let all: String = printed(&set).concat().into_iter().map(|(_, _, text)| text).collect();
        assert_eq!(all, codes.concat());
        assert_nothing_overprints(&set);
        let words = printed(&set_of(&[&phrase], ""));
        assert!(words[0].iter().all(|(_, _, line)| line.split_whitespace().all(|word| word == "umbrella")));
    }

    #[test]
    fn only_what_continues_a_code_is_marked_so() {
        let (short, long) = ("k".repeat(30), "m".repeat(160));
        let pages = pages(&set_of(&[&short, &long, &short], ""), &row(None), "2026-11-22");
        let svg = pages[0].svg(Paper::A4);
        assert_eq!((svg.expose().matches(CONTINUED).count(), svg.expose().matches("[ ]").count()), (2, 3));
    }

    #[test]
    fn texts_keep_their_blank_lines() {
        let block = format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----\n\nEnd",
            vec!["lFgEZ".repeat(12); 60].join("\n")
        );
        let set = set_of(&[], &block);
        let lines: Vec<String> = printed(&set).concat().into_iter().map(|(_, _, text)| text).collect();
        assert_eq!(lines.join("\n"), block);
        assert_nothing_overprints(&set);
    }

    #[test]
    fn a_replaced_set_is_called_void_on_every_page() {
        let codes: Vec<String> = (0..50).map(|n| format!("{n:05}-abcde")).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let said = |at: Option<u64>| {
            let pages = pages(&set_of(&codes, ""), &row(at), "2026-11-22");
            let void = |page: &&Page| {
                page.svg(Paper::A4).expose().contains("Replaced on 2026-11-20: these codes are void")
            };
            (pages.len(), pages.iter().filter(void).count())
        };
        assert_eq!((said(Some(1_795_132_800_000)), said(None)), ((2, 2), (2, 0)));
    }
}
