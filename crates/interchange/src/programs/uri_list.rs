//! Lines of otpauth URIs, also Google Authenticator's exports among them, as most programs can write them.
//!
//! Ente's lines carry `codeDisplay`, JSON with pins, tags and notes (ente-io/ente, `mobile/apps/auth/lib/models`).

use super::Source;
use crate::entry::{from_uri, title};
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Problem, Reason, Request};
use keyhaven_otp::migration::{self, Collector};

pub(super) const LIST: Source = Source { format: Format::OtpauthList, detect, read };
pub(super) const GOOGLE: Source =
    Source { format: Format::GoogleMigration, detect: detect_google, read: read_google };

/// Most texts read at once.
pub const MAX_TEXTS: usize = crate::MAX_ENTRIES;

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
}

impl Lines {
    fn new(format: Format) -> Self {
        Self { import: Import::new(format), exports: Collector::new() }
    }

    fn add(&mut self, unit: &str, place: usize, line: &str) {
        let entry = || format!("{unit} {place}");
        if begins(line, SCHEMES[3]) {
            match migration::parse(line) {
                Ok(batch) => {
                    // A picture taken twice doubles nothing.
                    self.exports.add(batch);
                }
                Err(error) => {
                    self.import.problems.push(Problem { entry: entry(), reason: Reason::Migration(error) });
                }
            }
        } else if is_uri(line) {
            self.import.add(entry, from_uri(line).map(with_display));
        } else {
            self.import.problems.push(Problem { entry: entry(), reason: Reason::NotAUri });
        }
    }

    fn finish(mut self) -> Import {
        for progress in self.exports.progress() {
            if !progress.missing.is_empty() {
                let reason = Reason::MissingBatches { missing: progress.missing, size: progress.size };
                self.import.problems.push(Problem { entry: "Google Authenticator export".into(), reason });
            }
        }
        for entry in self.exports.into_entries() {
            match entry {
                Ok(parsed) => {
                    let oddities = parsed.oddities;
                    self.import.accounts.push(Imported { oddities, ..Imported::new(parsed.account) });
                }
                Err(rejected) => self.import.problems.push(Problem {
                    entry: title(&rejected.issuer, &rejected.name, rejected.place),
                    reason: Reason::MigrationEntry(rejected.reason),
                }),
            }
        }
        self.import
    }
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
