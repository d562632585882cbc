//! `keyhaven inspect`: what a URI or a picture is, and what is odd about it. Shows no secret.

use crate::args::InspectArgs;
use crate::error::{Answer, Failure, tell};
use crate::{input, output};
use keyhaven_otp::{Account, Kind, Oddity, Parsed, parse_uri};
use keyhaven_qr::{Limits, PictureError};
use serde::Serialize;

/// `keyhaven inspect --json`.
#[derive(Serialize)]
struct Value<'a> {
    items: &'a [Item],
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Item {
    /// Where it was: `argument 1`, `line 2 of standard input`, `code 1 of ann.png`.
    place: String,
    /// What it is: `account URI`, `picture`, `text`.
    what: &'static str,
    /// Corners of the QR code it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    corners: Option<[[i32; 2]; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountValue>,
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

#[derive(Serialize)]
struct OddityValue {
    text: String,
    clause: &'static str,
    /// Whether it may lead to wrong codes, a wrong name or a weak account.
    warning: bool,
}

pub fn run(args: InspectArgs) -> Result<Answer, Failure> {
    let mut items = Vec::new();
    for (number, source) in args.sources.into_iter().enumerate() {
        if source == "-" {
            lines("standard input", input::stdin_text()?.expose(), &mut items);
        } else if input::is_uri(&source) {
            items.push(text(format!("argument {}", number + 1), &source, None));
        } else {
            file(&source, &mut items);
        }
    }
    if args.json {
        output::json(&Value { items: &items })?;
    } else {
        items.iter().try_for_each(print)?;
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

/// A picture's codes or a text file's lines.
fn file(name: &str, items: &mut Vec<Item>) {
    let limits = Limits::default();
    let bytes = match input::bytes(name, limits.bytes) {
        Ok(bytes) => bytes,
        Err(error) => return items.push(Item::failed(name, "file", input::words(&error))),
    };
    match keyhaven_qr::read(&bytes, &limits) {
        Ok(codes) if codes.is_empty() => items.push(Item::failed(name, "picture", "no QR code found")),
        Ok(codes) => {
            for (number, code) in codes.iter().enumerate() {
                let place = format!("code {} of {name}", number + 1);
                items.push(text(place, code.text.expose(), Some(code.corners)));
            }
        }
        Err(PictureError::UnknownFormat) => match std::str::from_utf8(&bytes) {
            Ok(text) => lines(name, text, items),
            Err(_) => items.push(Item::failed(name, "file", "neither a picture that is read nor UTF-8 text")),
        },
        Err(error) => items.push(Item::failed(name, "picture", error)),
    }
}

/// Each line that is not empty.
fn lines(place: &str, all: &str, items: &mut Vec<Item>) {
    let before = items.len();
    for (number, line) in all.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        items.push(text(format!("line {} of {place}", number + 1), line, None));
    }
    if items.len() == before {
        items.push(Item::failed(place, "text", "there is no text"));
    }
}

fn text(place: String, text: &str, corners: Option<[[i32; 2]; 4]>) -> Item {
    match parse_uri(text) {
        Ok(Parsed { account, oddities }) => Item {
            place,
            what: "account URI",
            corners,
            account: Some(AccountValue::of(&account)),
            oddities: oddities.iter().map(OddityValue::of).collect(),
            error: None,
        },
        Err(error) => Item { corners, ..Item::failed(place, "text", error) },
    }
}

impl Item {
    fn failed(place: impl Into<String>, what: &'static str, error: impl ToString) -> Self {
        Self {
            place: place.into(),
            what,
            corners: None,
            account: None,
            oddities: Vec::new(),
            error: Some(error.to_string()),
        }
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
