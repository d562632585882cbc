//! `keyhaven inspect`: what a URI or a picture is, and what is odd about it. Shows no secret.

use crate::args::InspectArgs;
use crate::error::{Answer, Failure, tell};
use crate::{input, output};
use keyhaven_otp::migration::{self, Batch, Collector, Progress, Rejected};
use keyhaven_otp::{Account, Kind, Oddity, Parsed, UriError, parse_uri};
use keyhaven_qr::{Limits, OnPage, PictureError};
use serde::Serialize;
use zeroize::Zeroizing;

type Corners = [[i32; 2]; 4];

/// `keyhaven inspect --json`.
#[derive(Serialize)]
struct Value<'a> {
    items: &'a [Item],
    /// Google Authenticator's exports that the items belong to, and what is missing of them.
    exports: Vec<ExportValue<'a>>,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Item {
    /// Where it was: `argument 1`, `line 2 of standard input`, `code 1 of ann.png`.
    place: String,
    /// What it is: `account URI`, `export`, `export entry`, `picture`, `text`, `file`.
    what: &'static str,
    /// Corners of the QR code it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    corners: Option<Corners>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchValue>,
    oddities: Vec<OddityValue>,
    error: Option<String>,
}

#[derive(Serialize)]
struct AccountValue {
    kind: &'static str,
    issuer: String,
    name: String,
    label_issuer: Option<String>,
    secret_bits: usize,
    algorithm: Option<&'static str>,
    digits: u8,
    period: Option<u32>,
    counter: Option<u64>,
    unknown_parameters: Vec<String>,
}

/// One QR code of a Google Authenticator export.
#[derive(Serialize)]
struct BatchValue {
    version: u64,
    /// From 1.
    number: u32,
    of: u32,
    export_id: i32,
    entries: usize,
}

#[derive(Serialize)]
struct ExportValue<'a> {
    id: i32,
    batches: u32,
    /// Numbers of the batches that are not here, from 1.
    missing: &'a [u32],
}

impl<'a> ExportValue<'a> {
    fn of(Progress { id, size, missing }: &'a Progress) -> Self {
        Self { id: *id, batches: *size, missing }
    }
}

#[derive(Serialize)]
struct OddityValue {
    text: String,
    clause: &'static str,
    /// Whether it may lead to wrong codes, a wrong name or a weak account.
    warning: bool,
}

pub fn run(args: InspectArgs) -> Result<Answer, Failure> {
    let mut found = Findings::default();
    for (number, source) in args.sources.into_iter().enumerate() {
        if source == "-" {
            found.lines("standard input", input::stdin_text()?.expose());
        } else if input::is_uri(&source) {
            found.text(format!("argument {}", number + 1), &source, None);
        } else {
            found.file(&source);
        }
    }
    let Findings { items, exports } = found;
    let exports = exports.progress();
    if args.json {
        output::json(&Value { items: &items, exports: exports.iter().map(ExportValue::of).collect() })?;
    } else {
        items.iter().try_for_each(print)?;
        exports.iter().try_for_each(print_export)?;
    }
    for item in &items {
        if let Some(error) = &item.error {
            tell(format_args!("{}: {error}", item.place));
        }
    }
    if items.iter().any(|item| item.error.is_some()) {
        return Err(Failure::Told);
    }
    Ok(Answer::yes_if(items.iter().any(|item| item.account.is_some())))
}

/// What was looked at so far.
#[derive(Default)]
struct Findings {
    items: Vec<Item>,
    exports: Collector,
}

impl Findings {
    /// A picture's codes or a text file's lines.
    fn file(&mut self, name: &str) {
        let limits = Limits::default();
        let bytes = match input::bytes(name, limits.bytes) {
            Ok(bytes) => bytes,
            Err(error) => return self.failed(name, "file", input::words(&error)),
        };
        if let Some(what) = input::not_points(&bytes) {
            return self.failed(name, "file", what);
        }
        match keyhaven_qr::read_file(&bytes, &limits) {
            Ok(read) => {
                for words in read.left_in_words() {
                    self.failed(name, "PDF", words);
                }
                if read.found.is_empty() && read.left.is_empty() {
                    let what = if read.pages.is_some() { "PDF" } else { "picture" };
                    self.failed(name, what, "no QR code found");
                }
                for (number, OnPage { page, code }) in read.found.iter().enumerate() {
                    let page = page.map(|page| format!(", page {page}")).unwrap_or_default();
                    let place = format!("code {} of {name}{page}", number + 1);
                    self.text(place, code.text.expose(), Some(code.corners));
                }
            }
            Err(PictureError::UnknownFormat) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.lines(name, text),
                Err(_) => self.failed(name, "file", "neither a picture that is read nor UTF-8 text"),
            },
            Err(error) => self.failed(name, "picture", error),
        }
    }

    /// Each line that is not empty.
    fn lines(&mut self, place: &str, all: &str) {
        let before = self.items.len();
        for (number, line) in all.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            self.text(format!("line {} of {place}", number + 1), line, None);
        }
        if self.items.len() == before {
            self.failed(place, "text", "there is no text");
        }
    }

    fn text(&mut self, place: String, text: &str, corners: Option<Corners>) {
        match parse_uri(text) {
            Ok(parsed) => {
                self.items.push(Item { corners, ..Item::of_account(place, "account URI", &parsed) })
            }
            Err(UriError::Migration) => match migration::parse(text) {
                Ok(batch) => self.batch(place, batch, corners),
                Err(error) => self.items.push(Item { corners, ..Item::failed(place, "export", error) }),
            },
            Err(error) => {
                let all = every_error(text, error);
                self.items.push(Item { corners, ..Item::failed(place, "text", all) });
            }
        }
    }

    fn batch(&mut self, place: String, batch: Batch, corners: Option<Corners>) {
        let mut entries = Vec::new();
        for (number, entry) in batch.entries.iter().enumerate() {
            let place = format!("entry {} of {place}", number + 1);
            entries.push(match entry {
                Ok(parsed) => Item::of_account(place, "export entry", parsed),
                Err(Rejected { issuer, name, reason, .. }) => {
                    let reason = format!("{}: {reason}", output::shown(&format!("{issuer}, {name}")));
                    Item::failed(place, "export entry", reason)
                }
            });
        }
        let value = BatchValue {
            version: batch.version,
            number: batch.index + 1,
            of: batch.size,
            export_id: batch.id,
            entries: entries.len(),
        };
        self.items.push(Item { corners, batch: Some(value), ..Item::new(place, "export") });
        self.items.append(&mut entries);
        self.exports.add(batch);
    }

    fn failed(&mut self, place: &str, what: &'static str, error: impl ToString) {
        self.items.push(Item::failed(place, what, error));
    }
}

/// Parameters of one URI whose trouble is told.
const ERRORS_TOLD: usize = 12;

/// Every parameter that cannot be read, not the first alone: each that was told is set right, and the rest read again.
fn every_error(text: &str, first: UriError) -> String {
    let mut told = vec![first.to_string()];
    let mut uri = Zeroizing::new(text.to_owned());
    let mut parameter = parameter_of(&first);
    while let Some(name) = parameter.filter(|_| told.len() < ERRORS_TOLD) {
        uri = set_right(&uri, name);
        let Err(error) = parse_uri(&uri) else { break };
        let what = error.to_string();
        if told.contains(&what) {
            break;
        }
        told.push(what);
        parameter = parameter_of(&error);
    }
    told.join("; ")
}

fn parameter_of(error: &UriError) -> Option<&'static str> {
    match error {
        UriError::Missing { parameter }
        | UriError::NotANumber { parameter, .. }
        | UriError::OutOfRange { parameter, .. }
        | UriError::Repeated { parameter } => Some(parameter),
        UriError::EmptySecret | UriError::Secret(_) => Some("secret"),
        UriError::Algorithm { .. } => Some("algorithm"),
        _ => None,
    }
}

/// The URI with something in that parameter that can be read.
fn set_right(uri: &str, name: &str) -> Zeroizing<String> {
    let (start, query) = uri.split_once('?').unwrap_or((uri, ""));
    let others = query.split('&').filter(|part| {
        let own = part.split_once('=').map_or(*part, |(name, _)| name);
        !own.eq_ignore_ascii_case(name) && !part.is_empty()
    });
    let good = match name {
        "secret" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "algorithm" => "SHA1",
        "period" => "30",
        "digits" => "6",
        "pin" => "0000",
        _ => "0",
    };
    let mut text = Zeroizing::new(String::with_capacity(uri.len() + name.len() + good.len() + 2));
    text.push_str(start);
    text.push('?');
    for part in others {
        text.push_str(part);
        text.push('&');
    }
    text.push_str(name);
    text.push('=');
    text.push_str(good);
    text
}

impl Item {
    fn new(place: impl Into<String>, what: &'static str) -> Self {
        Self {
            place: place.into(),
            what,
            corners: None,
            account: None,
            batch: None,
            oddities: Vec::new(),
            error: None,
        }
    }

    fn of_account(place: String, what: &'static str, Parsed { account, oddities }: &Parsed) -> Self {
        let oddities = oddities.iter().map(OddityValue::of).collect();
        Self { account: Some(AccountValue::of(account)), oddities, ..Self::new(place, what) }
    }

    fn failed(place: impl Into<String>, what: &'static str, error: impl ToString) -> Self {
        Self { error: Some(error.to_string()), ..Self::new(place, what) }
    }
}

impl AccountValue {
    fn of(account: &Account) -> Self {
        let kind = &account.kind;
        Self {
            kind: kind.name(),
            issuer: account.issuer.clone(),
            name: account.name.clone(),
            label_issuer: account.label_issuer.clone(),
            secret_bits: account.secret.len() * 8,
            algorithm: kind.algorithm().map(|algorithm| algorithm.name()),
            digits: kind.digits(),
            period: kind.period(),
            counter: if let Kind::Hotp { counter, .. } = kind { Some(*counter) } else { None },
            unknown_parameters: account.unknown.iter().map(|(name, _)| name.clone()).collect(),
        }
    }
}

impl OddityValue {
    fn of(oddity: &Oddity) -> Self {
        Self { text: oddity.to_string(), clause: oddity.clause(), warning: oddity.is_warning() }
    }
}

fn print(item: &Item) -> Result<(), Failure> {
    if let Some(BatchValue { version, number, of, export_id, entries }) = item.batch {
        return output::line(format_args!(
            "{}: Google Authenticator export {export_id}, batch {number} of {of}, {entries} entries, version {version}",
            item.place
        ));
    }
    let Some(account) = &item.account else { return Ok(()) };
    output::line(format_args!("{}: {}", item.place, item.what))?;
    let mut rows = vec![("  kind", account.kind.to_owned())];
    rows.push(("  issuer", output::shown(&account.issuer)));
    rows.push(("  name", output::shown(&account.name)));
    rows.extend(account.label_issuer.as_ref().map(|issuer| ("  issuer in label", output::shown(issuer))));
    rows.push(("  secret", format!("{} bits", account.secret_bits)));
    rows.extend(account.algorithm.map(|algorithm| ("  algorithm", algorithm.to_owned())));
    rows.push(("  digits", account.digits.to_string()));
    rows.extend(account.period.map(|period| ("  period", format!("{period} s"))));
    rows.extend(account.counter.map(|counter| ("  counter", counter.to_string())));
    if !account.unknown_parameters.is_empty() {
        rows.push(("  kept as it is", output::shown(&account.unknown_parameters.join(", "))));
    }
    output::table(&rows)?;
    for oddity in &item.oddities {
        let mark = if oddity.warning { "warning" } else { "note" };
        output::line(format_args!("  {mark}: {} ({})", output::shown(&oddity.text), oddity.clause))?;
    }
    if item.oddities.is_empty() {
        output::line("  nothing odd")?;
    }
    Ok(())
}

fn print_export(progress: &Progress) -> Result<(), Failure> {
    output::line(format_args!("export {}: {progress}", progress.id))
}
