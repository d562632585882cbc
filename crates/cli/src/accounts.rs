//! `keyhaven list`, `show`, `add`, `edit`, `rm`, and `code` for a name: the accounts in the vault.

use crate::args::{AddArgs, CodeArgs, EditArgs, ListArgs, RmArgs, ShowArgs};
use crate::error::{Answer, Failure, tell};
use crate::unlock::{self, Typed};
use crate::{input, output, time};
use keyhaven_app::App;
use keyhaven_app::offer::{Input, LARGEST_FILE};
use keyhaven_app::view::{
    AccountChanges, AccountDetail, AccountRow, CodeView, Found, KindName, OfferProblem, Proof, Revealed,
    Standing,
};
use keyhaven_secret::{SecretBytes, SecretText};
use serde::Serialize;

/// `keyhaven code NAME --json`: as for a URI, and which account it is.
#[derive(Serialize)]
struct CodeValue<'a> {
    code: &'a str,
    previous: Option<&'a str>,
    next: Option<&'a str>,
    counter: Option<u64>,
    seconds_left: Option<u64>,
    valid_from: Option<u64>,
    valid_until: Option<u64>,
    time: u64,
    id: &'a str,
    kind: KindName,
    digits: u8,
    period: Option<u32>,
    issuer: &'a str,
    name: &'a str,
}

pub fn code(args: CodeArgs) -> Result<Answer, Failure> {
    if args.window > 0 {
        return Err(Failure::input("--window is for URIs; this names an account in the vault"));
    }
    let (mut app, computer) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.source, Match::Part)?;
    let (now, view, previous, counter);
    if row.kind == KindName::Hotp {
        if args.at.is_some() {
            return Err(Failure::input("--at has no meaning for a counter-based account"));
        }
        view = app.use_code(&row.id)?;
        now = app.now() / 1_000;
        previous = None;
        // The saved counter is that of the next code.
        counter = app.account(&row.id)?.counter.and_then(|next| next.checked_sub(1));
    } else {
        let live = |app: &App| Ok::<_, Failure>(app.codes(std::slice::from_ref(&row.id))?.codes.pop());
        computer.hold(args.at);
        now = app.now() / 1_000;
        computer.hold(Some(now));
        view = live(&app)?.ok_or_else(|| Failure::nothing("this account is gone"))?;
        let before = view.valid_from.and_then(|from| (from / 1_000).checked_sub(1));
        previous = match before {
            Some(before) => {
                computer.hold(Some(before));
                live(&app)?.map(|view| view.code)
            }
            None => None,
        };
        computer.hold(None);
        counter =
            view.valid_from.zip(row.period).map(|(from, period)| from / 1_000 / u64::from(period.max(1)));
    }
    let CodeView { code, next, valid_from, valid_until, problem, .. } = &view;
    if let Some(problem) = problem {
        return Err(Failure::input(problem));
    }
    let until = valid_until.map(|until| until / 1_000);
    if args.json {
        output::json(&CodeValue {
            code,
            previous: previous.as_deref(),
            next: next.as_deref(),
            counter,
            seconds_left: until.map(|until| until.saturating_sub(now)),
            valid_from: valid_from.map(|from| from / 1_000),
            valid_until: until,
            time: now,
            id: &row.id,
            kind: row.kind,
            digits: row.digits,
            period: row.period,
            issuer: &row.issuer,
            name: &row.name,
        })?;
    } else {
        output::line(code)?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct ListValue {
    accounts: Vec<AccountRow>,
}

pub fn list(args: ListArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let query = args.query.unwrap_or_default().to_lowercase();
    let mut accounts = app.accounts()?;
    accounts.retain(|row| {
        let mut texts = row.tags.iter().chain([&row.issuer, &row.name]);
        texts.any(|text| text.to_lowercase().contains(&query))
    });
    let some = !accounts.is_empty();
    if args.json {
        output::json(&ListValue { accounts })?;
    } else {
        let labels: Vec<_> =
            accounts.iter().map(|row| output::shown(&label(&row.issuer, &row.name))).collect();
        let rows: Vec<_> = labels.iter().map(String::as_str).zip(accounts.iter().map(described)).collect();
        output::table(&rows)?;
    }
    Ok(Answer::yes_if(some))
}

/// `totp, 6 digits, 30 s, #work`.
fn described(row: &AccountRow) -> String {
    let mut parts = vec![kind(row.kind).to_owned(), format!("{} digits", row.digits)];
    parts.extend(row.period.map(|period| format!("{period} s")));
    parts.extend(row.tags.iter().map(|tag| output::shown(&format!("#{tag}"))));
    parts.extend(row.pinned.then(|| "pinned".to_owned()));
    parts.join(", ")
}

fn kind(kind: KindName) -> &'static str {
    match kind {
        KindName::Totp => "totp",
        KindName::Hotp => "hotp",
        KindName::Steam => "steam",
        KindName::Motp => "motp",
        KindName::Yandex => "yandex",
    }
}

#[derive(Serialize)]
struct ShowValue {
    #[serde(flatten)]
    detail: AccountDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Revealed>,
}

pub fn show(args: ShowArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Part)?;
    let detail = app.account(&row.id)?;
    let secret = if args.secret { Some(app.reveal(&row.id, proof(typed)?)?) } else { None };
    if args.json {
        output::json(&ShowValue { detail, secret })?;
    } else {
        print(&detail, secret)?;
    }
    Ok(Answer::Yes)
}

/// What opened the vault is proof too, unless that was the keyring, which asks nobody.
fn proof(typed: Option<Typed>) -> Result<Proof, Failure> {
    let typed = match typed {
        Some(typed) => typed,
        None => Typed::Passphrase(input::prompt("Passphrase, to show the secret: ")?.ok_or_else(|| {
            Failure::input("a secret is shown only for the passphrase or the recovery key")
                .advise("--password-stdin or --recovery-key-stdin reads it from standard input")
        })?),
    };
    Ok(match typed {
        Typed::Passphrase(text) => Proof { passphrase: Some(text.expose().to_owned()), recovery_key: None },
        Typed::RecoveryKey(text) => Proof { passphrase: None, recovery_key: Some(text.expose().to_owned()) },
    })
}

fn print(detail: &AccountDetail, secret: Option<Revealed>) -> Result<(), Failure> {
    let row = &detail.row;
    let mut rows = vec![("issuer", output::shown(&row.issuer)), ("name", output::shown(&row.name))];
    rows.push(("kind", kind(row.kind).to_owned()));
    rows.extend(detail.algorithm.map(|algorithm| ("algorithm", format!("{algorithm:?}"))));
    rows.push(("digits", row.digits.to_string()));
    rows.extend(row.period.map(|period| ("period", format!("{period} s"))));
    rows.extend(detail.counter.map(|counter| ("counter", counter.to_string())));
    if !row.tags.is_empty() {
        rows.push(("tags", output::shown(&row.tags.join(", "))));
    }
    for line in detail.note.lines() {
        rows.push(("note", output::shown(line)));
    }
    rows.extend(detail.label_issuer.as_ref().map(|issuer| ("issuer in label", output::shown(issuer))));
    if !detail.unknown_parameters.is_empty() {
        rows.push(("kept as it is", output::shown(&detail.unknown_parameters.join(", "))));
    }
    rows.push(("added", time::shown(row.added_at / 1_000)));
    for entry in &detail.history {
        rows.push(("changed", format!("{} {}", time::shown(entry.at / 1_000), output::shown(&entry.change))));
    }
    rows.push(("id", row.id.clone()));
    if let Some(Revealed { secret, uri, .. }) = secret {
        rows.push(("secret", secret));
        rows.push(("uri", uri));
    }
    output::table(&rows)
}

/// `keyhaven add --json`.
#[derive(Serialize)]
struct AddValue {
    /// Ids of the new accounts; none in a dry run.
    added: Vec<String>,
    found: Vec<Found>,
    problems: Vec<OfferProblem>,
}

pub fn add(args: AddArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let mut inputs = Vec::new();
    for (number, source) in args.sources.into_iter().enumerate() {
        inputs.push(if source == "-" {
            ("standard input".to_owned(), Input::Text(input::stdin_text()?))
        } else if input::is_uri(&source) {
            (format!("argument {}", number + 1), Input::Text(SecretText::new(source)))
        } else {
            let input = match input::bytes(&source, LARGEST_FILE as usize) {
                Ok(mut bytes) => Input::Bytes(SecretBytes::new(std::mem::take(&mut *bytes))),
                Err(error) => Input::Unreadable(input::words(&error)),
            };
            (source, input)
        });
    }
    let pending = app.begin_offer()?.inputs(inputs);
    let offer = app.keep_offer(pending)?;
    let new = |found: &&Found| found.standing != Standing::AlreadyThere;
    let indices: Vec<u32> = offer.found.iter().filter(new).map(|found| found.index).collect();
    let added =
        if args.dry_run || indices.is_empty() { Vec::new() } else { app.accept_offer(offer.id, &indices)? };
    for problem in &offer.problems {
        tell(format_args!("{}: {}", problem.source, problem.reason));
    }
    let (any, all) = (!offer.found.is_empty(), offer.problems.is_empty());
    if args.json {
        output::json(&AddValue { added, found: offer.found, problems: offer.problems })?;
    } else {
        for found in &offer.found {
            let done = match (found.standing, args.dry_run) {
                (Standing::AlreadyThere, _) => "already there",
                (Standing::New, false) => "added",
                (Standing::New, true) => "would be added",
                (Standing::SameNameOtherSecret, false) => "added beside one of that name with another secret",
                (Standing::SameNameOtherSecret, true) => {
                    "would be added beside one of that name with another secret"
                }
            };
            output::line(format_args!("{}: {done}", output::shown(&label(&found.issuer, &found.name))))?;
            for note in &found.notes {
                output::line(format_args!("  {}", output::shown(note)))?;
            }
        }
    }
    if all { Ok(Answer::yes_if(any)) } else { Err(Failure::Told) }
}

pub fn edit(args: EditArgs) -> Result<Answer, Failure> {
    let changes = AccountChanges {
        issuer: args.issuer,
        name: args.new_name,
        note: args.note,
        tags: args.tags.map(|tags| tags.split(',').map(str::to_owned).collect()),
        pinned: args.pin,
        icon: None,
    };
    if changes == AccountChanges::default() {
        return Err(Failure::input("there is nothing to change")
            .advise("--issuer, --name, --note, --tags and --pin say what"));
    }
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Part)?;
    let detail = app.edit_account(&row.id, changes)?;
    if args.json {
        output::json(&detail)?
    } else {
        print(&detail, None)?
    }
    Ok(Answer::Yes)
}

pub fn rm(args: RmArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Whole)?;
    app.delete_account(&row.id)?;
    output::line(format_args!("{}: deleted", output::shown(&label(&row.issuer, &row.name))))?;
    Ok(Answer::Yes)
}

/// How much of an account's name has to be given.
#[derive(Clone, Copy, PartialEq)]
enum Match {
    Part,
    Whole,
}

/// The one account that `wanted` names: by id, else by whole names, else (if that is enough) by a part of them.
fn resolve(app: &App, wanted: &str, how: Match) -> Result<AccountRow, Failure> {
    let mut rows = app.accounts()?;
    if let Some(place) = rows.iter().position(|row| row.id == wanted) {
        return Ok(rows.swap_remove(place));
    }
    let lower = wanted.to_lowercase();
    let names = |row: &AccountRow| [label(&row.issuer, &row.name), row.issuer.clone(), row.name.clone()];
    let whole = |row: &&AccountRow| names(row).iter().any(|name| name.to_lowercase() == lower);
    let part = |row: &&AccountRow| names(row).iter().any(|name| name.to_lowercase().contains(&lower));
    let mut fitting: Vec<AccountRow> = rows.iter().filter(whole).cloned().collect();
    if fitting.is_empty() && how == Match::Part && !lower.is_empty() {
        fitting = rows.iter().filter(part).cloned().collect();
    }
    match fitting.len() {
        0 => Err(Failure::nothing(format_args!("there is no account {wanted:?} in the vault"))),
        1 => Ok(fitting.swap_remove(0)),
        count => {
            let labels: Vec<_> = fitting
                .iter()
                .take(5)
                .map(|row| format!("{} ({})", output::shown(&label(&row.issuer, &row.name)), row.id))
                .collect();
            Err(Failure::input(format_args!("{count} accounts fit {wanted:?}")).advise(labels.join("\n  ")))
        }
    }
}

/// `Issuer:name`, or the one of them that there is.
fn label(issuer: &str, name: &str) -> String {
    match (issuer, name) {
        ("", name) => name.to_owned(),
        (issuer, "") => issuer.to_owned(),
        (issuer, name) => format!("{issuer}:{name}"),
    }
}
