//! `keyhaven code`, `explain` and `verify`: one account, one moment.

use crate::args::{CodeArgs, ExplainArgs, Source, VerifyArgs};
use crate::error::{Answer, Failure};
use crate::{accounts, input, output, time, unlock};
use keyhaven_app::App;
use keyhaven_app::view::{AccountRow, KindName};
use keyhaven_otp::{Account, Code, Neighbour};
use serde::Serialize;

/// What `URI|NAME` means.
enum Target {
    /// What begins with a scheme, or standard input.
    Uri(Box<Account>),
    /// An account of the open vault.
    Kept(Box<App>, AccountRow),
}

impl Target {
    fn of(source: Source) -> Result<Self, Failure> {
        let Source { source, unlock, .. } = source;
        if source == "-" || source.is_empty() || input::is_uri(&source) {
            return Ok(Self::Uri(Box::new(input::account(source)?)));
        }
        let (mut app, _) = unlock::find()?;
        unlock::open(&mut app, &unlock)?;
        let row = accounts::resolve(&app, &source, accounts::Match::Part)?;
        Ok(Self::Kept(Box::new(app), row))
    }
}

/// `keyhaven code --json`. `previous` and `next` are null where there is no such counter, and for a counter-based
/// account of the vault: its next code is shown when it is used.
#[derive(Serialize)]
struct CodeValue<'a> {
    code: &'a str,
    previous: Option<&'a str>,
    next: Option<&'a str>,
    counter: u64,
    seconds_left: Option<u64>,
    valid_from: Option<u64>,
    valid_until: Option<u64>,
    time: u64,
    #[serde(flatten)]
    account: AccountValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<&'a [Neighbour]>,
}

/// Which account a code is of; `id` only of one in the vault.
#[derive(Serialize)]
struct AccountValue {
    kind: &'static str,
    algorithm: Option<&'static str>,
    digits: u8,
    period: Option<u32>,
    issuer: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl AccountValue {
    fn of(account: &Account) -> Self {
        Self {
            kind: account.kind.name(),
            algorithm: account.kind.algorithm().map(|algorithm| algorithm.name()),
            digits: account.kind.digits(),
            period: account.kind.period(),
            issuer: account.issuer.clone(),
            name: account.name.clone(),
            id: None,
        }
    }

    fn kept(app: &App, row: AccountRow) -> Result<Self, Failure> {
        Ok(Self {
            kind: accounts::kind(row.kind),
            algorithm: app.account(&row.id)?.algorithm.map(accounts::algorithm),
            digits: row.digits,
            period: row.period,
            issuer: row.issuer,
            name: row.name,
            id: Some(row.id),
        })
    }
}

pub fn code(args: CodeArgs) -> Result<Answer, Failure> {
    let CodeArgs { source, window, json } = args;
    let at = source.at;
    let now = time::given_or_now(at);
    // One step to either side even without a window, for `previous` and `next`.
    let steps = window.max(1);
    let mut moved_on = false;
    let (around, account) = match Target::of(source)? {
        Target::Uri(account) => {
            (account.codes_around(now, steps).map_err(Failure::input)?, AccountValue::of(&account))
        }
        Target::Kept(mut app, row) if row.kind == KindName::Hotp => {
            if at.is_some() {
                return Err(Failure::input("--at has no meaning for a counter-based account"));
            }
            if window > 0 {
                return Err(Failure::input(
                    "--window would show codes of this account before their counter moved on",
                ));
            }
            output::reaches_somebody("the code")?;
            moved_on = true;
            (vec![next_of_counter(&mut app, &row)?], AccountValue::kept(&app, row)?)
        }
        Target::Kept(app, row) => (app.codes_around(&row.id, now, steps)?, AccountValue::kept(&app, row)?),
    };
    let at = |offset: i64| around.iter().find(|n| n.offset == offset).map(|n| &n.code);
    let current = match at(0) {
        Some(code) => code,
        None => return Err(Failure::input("this account has no code at this moment")),
    };
    let window = (window > 0).then_some(around.as_slice());
    let shown = if json {
        output::json(&CodeValue {
            code: &current.text,
            previous: at(-1).map(|code| code.text.as_str()),
            next: at(1).map(|code| code.text.as_str()),
            counter: current.counter,
            seconds_left: seconds_left(current, now),
            valid_from: current.valid_from,
            valid_until: current.valid_until,
            time: now,
            account,
            window,
        })
    } else if let Some(window) = window {
        window.iter().map(described).try_for_each(output::line)
    } else {
        output::line(&current.text)
    };
    shown.map_err(|failure| match moved_on {
        true => failure.lost("its counter moved on all the same: asking again gives the code after it"),
        false => failure,
    })?;
    Ok(Answer::Yes)
}

/// The next code of a counter-based account of the vault; the counter that follows it is saved by then.
fn next_of_counter(app: &mut App, row: &AccountRow) -> Result<Neighbour, Failure> {
    let view = app.use_code(&row.id)?;
    // The saved counter is that of the code after this one.
    let counter = app.account(&row.id)?.counter.and_then(|next| next.checked_sub(1)).unwrap_or_default();
    let code = Code { text: view.code, counter, valid_from: None, valid_until: None };
    Ok(Neighbour { offset: 0, code })
}

fn seconds_left(code: &Code, now: u64) -> Option<u64> {
    code.valid_until.map(|until| until.saturating_sub(now))
}

/// A line such as `+1  081804  counter 37037037, from 2005-03-18T01:58:30Z`.
fn described(Neighbour { offset, code }: &Neighbour) -> String {
    let from = code.valid_from.map(|from| format!(", from {}", time::shown(from))).unwrap_or_default();
    format!("{offset:>+5}  {}  counter {}{from}", code.text, code.counter)
}

pub fn explain(args: ExplainArgs) -> Result<Answer, Failure> {
    let now = time::given_or_now(args.source.at);
    let steps = match Target::of(args.source)? {
        Target::Uri(account) => keyhaven_otp::explain(&account, now).map_err(Failure::input)?,
        Target::Kept(app, row) => app.explain_code(&row.id, now)?,
    };
    if args.json {
        output::json(&steps)?;
        return Ok(Answer::Yes);
    }
    let mut rows = vec![("kind", steps.kind.to_owned()), ("method", steps.method)];
    if let Some(period) = steps.period {
        rows.push(("time", format!("{now} ({})", time::shown(now))));
        rows.push(("period", format!("{period} s")));
    }
    rows.push(("counter", steps.counter.to_string()));
    rows.push(("message", steps.message));
    rows.push((steps.function, steps.hmac));
    rows.extend(steps.offset.map(|offset| ("offset", offset.to_string())));
    rows.extend(steps.selected.map(|selected| ("selected", selected)));
    rows.extend(steps.truncated.map(|truncated| ("truncated", truncated.to_string())));
    rows.extend(steps.modulus.map(|modulus| ("modulus", modulus.to_string())));
    rows.push(("code", steps.code));
    if let (Some(from), Some(until), Some(left)) = (steps.valid_from, steps.valid_until, steps.seconds_left) {
        rows.push(("valid", format!("{} to {}, {left} s left", time::shown(from), time::shown(until))));
    }
    for (number, neighbour) in steps.neighbours.iter().enumerate() {
        rows.push((if number == 0 { "neighbours" } else { "" }, described(neighbour)));
    }
    output::table(&rows)?;
    Ok(Answer::Yes)
}

/// A wrong code; one that could be no code of the account at all is a slip of the hand, and told as such.
fn wrong(code: &str, digits: u8) -> String {
    let length = code.chars().filter(|c| !c.is_whitespace()).count();
    if length == usize::from(digits) {
        "wrong".to_owned()
    } else {
        format!("wrong: this account's codes have {digits} characters, this one has {length}")
    }
}

/// `keyhaven verify --json`.
#[derive(Serialize)]
struct VerifyValue {
    r#match: bool,
    /// Null when the code is wrong.
    step_offset: Option<i64>,
}

pub fn verify(args: VerifyArgs) -> Result<Answer, Failure> {
    let now = time::given_or_now(args.source.at);
    let (step_offset, digits) = match Target::of(args.source)? {
        Target::Uri(account) => {
            let offset =
                keyhaven_otp::verify(&account, &args.code, now, args.skew).map_err(Failure::input)?;
            (offset, account.kind.digits())
        }
        Target::Kept(app, row) => (app.verify_code(&row.id, &args.code, now, args.skew)?, row.digits),
    };
    if args.json {
        output::json(&VerifyValue { r#match: step_offset.is_some(), step_offset })?;
    } else {
        output::line(match step_offset {
            None => wrong(&args.code, digits),
            Some(0) => "right".to_owned(),
            Some(offset) => {
                let steps = if offset.abs() == 1 { "step" } else { "steps" };
                let side = if offset < 0 { "before" } else { "after" };
                format!("right, {} {steps} {side} the current code", offset.abs())
            }
        })?;
    }
    Ok(Answer::yes_if(step_offset.is_some()))
}
