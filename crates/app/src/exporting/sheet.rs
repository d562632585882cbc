//! The printable sheet: for each account a QR code, its names, its secret and how its codes are made.

use super::LONGEST_CODE;
use super::view::ExportTarget;
use crate::paper::{Font, MARGIN, Page, Paper, pdf as document};
use crate::stored::Stored;
use keyhaven_otp::Kind;
use keyhaven_qr::write::WriteError;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::RecordId;

/// Accounts on a page of the PDF.
const ON_PAGE: usize = 5;
/// Letters of a secret in a group, groups in a line, and lines that there is room for on the PDF's page.
const GROUP: usize = 4;
const IN_LINE: usize = 10;
const LINES: usize = 4;
/// Characters of a name for which there is room on the PDF's page.
const NAME: usize = 44;
/// The code's side, and the room for one account, in points.
const CODE: f32 = 108.0;
const ROOM: f32 = 122.0;
const TOP: f32 = 128.0;

const TITLE: &str = "Keyhaven accounts";
const CARE: &str = "Whoever holds this page can make every code on it. Keep it as you would keep a passport.";

/// Of each account by its place: what is lost, and whether that is all of it.
pub(super) fn losses(
    target: ExportTarget,
    accounts: &[(RecordId, &Stored)],
    found: &mut Vec<(usize, String, bool)>,
) {
    for (at, (_, stored)) in accounts.iter().enumerate() {
        let (account, meta) = (&stored.account, &stored.meta);
        if !fits(stored) {
            found.push((at, "it is too long for a QR code".into(), true));
            continue;
        }
        let pdf = target == ExportTarget::SheetPdf;
        let names = || account.issuer.chars().chain(account.name.chars());
        let long = account.issuer.chars().count() > NAME || account.name.chars().count() > NAME;
        for (lost, what) in [
            (!meta.note.is_empty(), "the note"),
            (!meta.tags.is_empty(), "the tags"),
            (meta.pinned, "that it stays on top"),
            (
                pdf && names().any(|c| u32::from(c) > 0xff),
                "letters that the PDF's fonts lack, printed as ? (its QR code has them)",
            ),
            (pdf && long, "the end of a long name in print (its QR code has it)"),
        ] {
            found.extend(lost.then(|| (at, what.to_owned(), false)));
        }
    }
}

/// Whether URI and secret fit. A code holds more than the lines, so a secret that fits those fits it too.
fn fits(stored: &Stored) -> bool {
    stored.account.to_uri().expose().len() <= LONGEST_CODE
        && stored.account.secret_base32().expose().len() <= GROUP * IN_LINE * LINES
}

fn fitting<'a>(accounts: &'a [(RecordId, &'a Stored)]) -> impl Iterator<Item = &'a Stored> {
    accounts.iter().map(|(_, stored)| *stored).filter(|stored| fits(stored))
}

/// `TOTP · SHA1 · 6 digits · 30 s`.
fn parameters(stored: &Stored) -> String {
    let kind = &stored.account.kind;
    let mut parts = vec![kind.name().to_uppercase()];
    parts.extend(kind.algorithm().map(|algorithm| algorithm.name().to_owned()));
    parts.push(format!("{} digits", kind.digits()));
    parts.extend(kind.period().map(|period| format!("{period} s")));
    if let Kind::Hotp { counter, .. } = kind {
        parts.push(format!("next counter {counter}"));
    }
    parts.join(" · ")
}

/// The secret in groups, line by line.
fn grouped(stored: &Stored) -> Vec<SecretText> {
    let secret = stored.account.secret_base32();
    let bytes = secret.expose_for_display().as_bytes();
    let line = |line: &[u8]| {
        let mut text = String::with_capacity(line.len() * 2);
        for (at, group) in line.chunks(GROUP).enumerate() {
            if at > 0 {
                text.push(' ');
            }
            text.extend(group.iter().map(|byte| char::from(*byte)));
        }
        SecretText::new(text)
    };
    bytes.chunks(GROUP * IN_LINE).map(line).collect()
}

pub(super) fn pdf(accounts: &[(RecordId, &Stored)], date: &str) -> Result<SecretBytes, WriteError> {
    let fitting: Vec<&Stored> = fitting(accounts).collect();
    let count = fitting.len().div_ceil(ON_PAGE);
    let mut pages = Vec::with_capacity(count);
    for (number, chunk) in fitting.chunks(ON_PAGE).enumerate() {
        let mut page = Page::default();
        page.write(MARGIN, 72.0, 18.0, Font::Bold, TITLE);
        page.write(
            MARGIN,
            92.0,
            10.0,
            Font::Plain,
            &format!("made on {date} · page {} of {count}", number + 1),
        );
        page.write(MARGIN, 108.0, 9.0, Font::Plain, CARE);
        for (row, stored) in chunk.iter().enumerate() {
            let top = TOP + ROOM * row as f32;
            let (account, left) = (&stored.account, MARGIN + CODE + 14.0);
            page.code(account.to_uri().expose_for_display(), MARGIN, top, CODE)?;
            let short = |text: &str| text.chars().take(NAME).collect::<String>();
            page.write(left, top + 20.0, 13.0, Font::Bold, &short(&account.issuer));
            page.write(left, top + 36.0, 10.0, Font::Plain, &short(&account.name));
            page.write(left, top + 50.0, 8.0, Font::Plain, &parameters(stored));
            for (line, text) in grouped(stored).iter().enumerate() {
                page.write(left, top + 66.0 + 12.0 * line as f32, 9.0, Font::Code, text.expose_for_display());
            }
        }
        pages.push(page);
    }
    Ok(document(&pages, Paper::A4))
}

pub(super) fn html(accounts: &[(RecordId, &Stored)], date: &str) -> Result<SecretBytes, WriteError> {
    let mut parts = vec![SecretText::new(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{TITLE}</title>\n<style>{STYLE}</style>\n\
         <h1>{TITLE}</h1>\n<p>made on {date}</p>\n<p>{CARE}</p>\n"
    ))];
    for stored in fitting(accounts) {
        let account = &stored.account;
        let code = keyhaven_qr::write::svg(account.to_uri().expose_for_display())?;
        let secret = grouped(stored);
        let secret: Vec<&str> = secret.iter().map(SecretText::expose_for_display).collect();
        let (issuer, name) = (escaped(&account.issuer), escaped(&account.name));
        parts.push(SecretText::new(format!(
            "<section>{code}<div><h2>{issuer}</h2><p>{name}</p><p class=\"how\">{}</p><code>{}</code></div></section>\n",
            parameters(stored),
            secret.join("<br>")
        )));
    }
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.expose().len()).sum());
    parts.iter().for_each(|part| bytes.extend_from_slice(part.expose().as_bytes()));
    Ok(SecretBytes::new(bytes))
}

const STYLE: &str = "body{font:14px/1.4 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#000;background:#fff}\
h1{font-size:22px;margin:0}h2{font-size:16px;margin:0}p{margin:.2rem 0}.how{font-size:12px}\
section{display:flex;gap:1.2rem;align-items:center;margin:1rem 0;break-inside:avoid}svg{width:42mm;height:42mm;flex:none}\
code{font:13px/1.5 monospace;overflow-wrap:anywhere}";

/// Text of other programs as HTML's text (HTML Living Standard §13.3).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
    out
}
