//! Lines of otpauth URIs, also Google Authenticator's exports among them, as most programs can write them.
//!
//! Ente's lines carry `codeDisplay`, JSON with pins, tags and notes (ente-io/ente, `mobile/apps/auth/lib/models`).

use super::Source;
use crate::entry::{from_uri, title};
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request};
use keyhaven_otp::Parsed;
use keyhaven_otp::migration::{self, Collector};

pub(super) const LIST: Source = Source { format: Format::OtpauthList, detect, read };
pub(super) const GOOGLE: Source =
    Source { format: Format::GoogleMigration, detect: detect_google, read: read_google };

/// Most texts read at once.
pub const MAX_TEXTS: usize = crate::MAX_ENTRIES;

/// Most parts of Google Authenticator's exports read at once: 20,000 accounts. Each may claim to be one of a thousand.
const MAX_PARTS: usize = 2_000;

const SCHEMES: [&str; 4] = ["otpauth://", "steam://", "motp://", "otpauth-migration://"];

/// Whether a line begins with `scheme`, in any case.
fn begins(line: &str, scheme: &str) -> bool {
    line.trim_start().get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

fn is_uri(line: &str) -> bool {
    SCHEMES.iter().any(|scheme| begins(line, scheme))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let Some(text) = sample.text() else { return Confidence::No };
    Confidence::likely_if(text.lines().any(|line| is_uri(line) && !begins(line, SCHEMES[3])))
}

fn detect_google(sample: &Sample<'_>) -> Confidence {
    let Some(text) = sample.text() else { return Confidence::No };
    let mut uris = text.lines().filter(|line| is_uri(line)).peekable();
    Confidence::sure_if(uris.peek().is_some() && uris.all(|line| begins(line, SCHEMES[3])))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    read_as(sample, Format::OtpauthList)
}

fn read_google(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    read_as(sample, Format::GoogleMigration)
}

fn read_as(sample: &Sample<'_>, format: Format) -> Result<Import, ImportError> {
    let text = sample.text().ok_or(ImportError::NotThisFormat { format, why: "it is no text" })?;
    let mut import = read_lines(text, format);
    // Ente's lines are told by what it alone writes.
    if format == Format::OtpauthList && text.contains("codeDisplay=") {
        import.format = Format::Ente;
    }
    Ok(import)
}

/// Reads texts that QR codes held: URIs and Google Authenticator's exports, in any order, one a text.
///
/// The format of the result is Google Authenticator's when every text is of its export.
pub fn read_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Import {
    let mut lines = Lines::new(Format::GoogleMigration);
    let mut all_google = true;
    for (place, text) in texts.into_iter().take(MAX_TEXTS).enumerate() {
        all_google &= begins(text, SCHEMES[3]);
        lines.add("text", place + 1, text);
    }
    let format = if all_google { Format::GoogleMigration } else { Format::OtpauthList };
    Import { format, ..lines.finish() }
}

/// Reads a list: one URI a line; empty lines and lines that begin with `#` say nothing.
pub(crate) fn read_lines(text: &str, format: Format) -> Import {
    let mut lines = Lines::new(format);
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            lines.add("line", place + 1, line);
        }
    }
    lines.finish()
}

/// A list being read. Parts of a Google Authenticator export are put together wherever they stand.
struct Lines {
    import: Import,
    exports: Collector,
    /// Parts of exports so far.
    parts: usize,
}

impl Lines {
    fn new(format: Format) -> Self {
        Self { import: Import::new(format), exports: Collector::new(), parts: 0 }
    }

    fn add(&mut self, unit: &str, place: usize, line: &str) {
        let entry = || match label_of(line) {
            Some(label) => format!("{unit} {place} ({label})"),
            None => format!("{unit} {place}"),
        };
        if begins(line, SCHEMES[3]) && self.parts >= MAX_PARTS {
            self.import
                .add(entry, Err(Reason::Shape { what: "more than 2,000 parts of exports are before it" }));
        } else if begins(line, SCHEMES[3]) {
            self.parts += 1;
            match migration::parse(line) {
                Ok(batch) => {
                    // A picture taken twice doubles nothing.
                    self.exports.add(batch);
                }
                Err(error) => self.import.add(entry, Err(Reason::Migration(error))),
            }
        } else if is_uri(line) {
            self.import.add(entry, from_uri(line).map(with_display));
        } else {
            self.import.add(entry, Err(Reason::NotAUri));
        }
    }

    fn finish(mut self) -> Import {
        for progress in self.exports.progress() {
            if !progress.missing.is_empty() {
                let reason = Reason::MissingBatches { missing: progress.missing, size: progress.size };
                self.import.add(|| "Google Authenticator export".into(), Err(reason));
            }
        }
        for (place, entry) in self.exports.into_entries().into_iter().enumerate() {
            match entry {
                Ok(Parsed { account, oddities }) => {
                    let entry = title(&account.issuer, &account.name, place + 1);
                    self.import.add(|| entry, Ok(Imported { oddities, ..Imported::new(account) }));
                }
                Err(rejected) => self.import.add(
                    || title(&rejected.issuer, &rejected.name, rejected.place),
                    Err(Reason::MigrationEntry(rejected.reason)),
                ),
            }
        }
        self.import
    }
}

/// The label of a URI that cannot be read, for a person to know it by. `steam://` has a secret in its place.
fn label_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let path = rest.split('?').next()?;
    let label = match scheme.to_ascii_lowercase().as_str() {
        "otpauth" => path.split_once('/')?.1,
        "motp" => path,
        _ => return None,
    };
    let mut bytes = Vec::with_capacity(label.len());
    let mut rest = label.as_bytes();
    while let [first, others @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, others @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low)).map(|(high, low)| ((high << 4 | low) as u8, others)) // below 256
            }
            _ => None,
        };
        let (byte, others) = escaped.unwrap_or((*first, others));
        bytes.push(byte);
        rest = others;
    }
    let label: String =
        String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).take(100).collect();
    // A question mark that is missing or encoded makes the secret a part of the label.
    let end = label.to_ascii_lowercase().find("secret=").unwrap_or(label.len());
    let label = label[..end].trim_end_matches(['?', '&']);
    Some(label.trim().to_owned()).filter(|label| !label.is_empty())
}

/// What Ente says about an account beside its parameters.
fn with_display(mut imported: Imported) -> Imported {
    let unknown = &mut imported.account.unknown;
    let Some(place) = unknown.iter().position(|(name, _)| name == "codeDisplay") else { return imported };
    let Ok(display) = Document::parse(&unknown[place].1) else { return imported };
    unknown.remove(place);
    imported.pinned = display.is_true("pinned");
    imported.trashed = display.is_true("trashed");
    imported.set_note(display.text("note"));
    imported.tags = display.list("tags").iter().filter_map(|tag| tag.as_str()).map(str::to_owned).collect();
    imported.icon =
        display.text("iconID").filter(|icon| !icon.is_empty()).map(|icon| Icon::Named(icon.into()));
    imported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_is_known_by_its_label() {
        assert_eq!(label_of("otpauth://totp/A%20B:me@x?secret=1").as_deref(), Some("A B:me@x"));
        assert_eq!(label_of("otpauth://totp/%C3%A4%zz%?secret=1").as_deref(), Some("ä%zz%"));
        assert_eq!(label_of("otpauth://totp/?secret=1"), None);
        assert_eq!(label_of("steam://SECRET1"), None);
        for glued in
            ["otpauth://totp/me&Secret=JBSW", "otpauth://totp/me%3Fsecret%3DJBSW", "motp://me?&secret=JBSW"]
        {
            assert_eq!(label_of(glued).as_deref(), Some("me"), "{glued}");
        }
        let import = read_lines("otpauth://totp/Bank:me?secret=1", Format::OtpauthList);
        assert_eq!(import.problems[0].entry, "line 1 (Bank:me)");
    }

    #[test]
    fn parts_of_an_export_are_put_together_and_missing_ones_told() {
        let account = |name: &str| {
            let secret = keyhaven_secret::SecretBytes::new(b"12345678901234567890".to_vec());
            keyhaven_otp::Account::new("Example", name, secret, keyhaven_otp::Kind::totp())
        };
        let accounts: Vec<_> = (0..25).map(|place| account(&format!("me{place}"))).collect();
        let written = migration::write(&accounts, 10);
        let texts: Vec<_> = written.uris.iter().map(|uri| uri.expose()).collect();
        assert_eq!(texts.len(), 3);
        let all = read_texts([texts[2], texts[0], texts[0], texts[1]]);
        let names: Vec<_> = all.accounts.iter().map(|imported| imported.account.name.clone()).collect();
        assert_eq!(names, (0..25).map(|place| format!("me{place}")).collect::<Vec<_>>());
        assert_eq!((all.format, all.problems.len()), (Format::GoogleMigration, 0));
        let some = read_texts([texts[2], texts[0]]);
        assert_eq!(some.accounts.len(), 15);
        assert_eq!(some.problems[0].reason, Reason::MissingBatches { missing: vec![2], size: 3 });
    }
}
