//! A recovery set on paper, to be kept where a computer cannot be lost with it.

use crate::App;
use crate::kit::day;
use crate::paper::{Font, MARGIN, Page, Paper, pdf, wrapped};
use crate::recovery::stored::Set;
use crate::recovery::view::SetRow;
use crate::recovery::{row, set_id};
use crate::view::Failure;
use keyhaven_secret::SecretBytes;

/// Codes of a column, and lines of a page.
const ROWS: usize = 22;
const TOP: f32 = 170.0;

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

fn pages(set: &Set, row: &SetRow, date: &str) -> Vec<Page> {
    // Long keys want a line of their own; short codes stand in two columns.
    let long = set.codes.iter().any(|code| code.text.chars().count() > 24);
    let columns = if long { 1 } else { 2 };
    let chunks: Vec<&[crate::recovery::stored::Code]> = set.codes.chunks(ROWS * columns).collect();
    let count = chunks.len().max(1);
    let mut pages: Vec<Page> = Vec::with_capacity(count);
    for (number, codes) in chunks.iter().enumerate() {
        let mut page = head(row, date, number + 1, count);
        for (at, code) in codes.iter().enumerate() {
            let (column, line) = (at / ROWS, at % ROWS);
            let (x, y) = (MARGIN + 240.0 * column as f32, TOP + 26.0 * line as f32);
            page.write(x, y, 12.0, Font::Plain, if code.used.is_some() { "[x]" } else { "[ ]" });
            for (part, text) in wrapped(&code.text, 56, 3).iter().enumerate() {
                let size = if long { 11.0 } else { 14.0 };
                page.write(x + 26.0, y + 13.0 * part as f32, size, Font::Code, text);
            }
        }
        pages.push(page);
    }
    let texts = set.documents.iter().filter_map(|document| document.text.as_ref());
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines())
        .chain(set.note.lines())
        .flat_map(|line| wrapped(line, 84, usize::MAX))
        .collect();
    for lines in lines.chunks(40) {
        let mut page = head(row, date, pages.len() + 1, 0);
        for (at, line) in lines.iter().enumerate() {
            page.write(MARGIN, TOP + 14.0 * at as f32, 9.0, Font::Code, line);
        }
        pages.push(page);
    }
    if pages.is_empty() {
        let mut page = head(row, date, 1, 1);
        page.write(MARGIN, TOP, 11.0, Font::Plain, "This set is a file; its content is in the vault alone.");
        pages.push(page);
    }
    pages
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
    sheet
}
