//! `keyhaven code`, `explain` and `verify`: one account, one moment.

use crate::args::{CodeArgs, ExplainArgs, VerifyArgs};
use crate::error::{Answer, Failure};
use crate::{accounts, input, output, time};
use keyhaven_otp::{Code, Neighbour};
use serde::Serialize;

/// `keyhaven code --json`. `previous` and `next` are null where there is no such counter.
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
    kind: &'static str,
    algorithm: Option<&'static str>,
    digits: u8,
    period: Option<u32>,
    issuer: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<&'a [Neighbour]>,
}

pub fn code(args: CodeArgs) -> Result<Answer, Failure> {
    if args.source != "-" && !args.source.is_empty() && !input::is_uri(&args.source) {
        return accounts::code(args);
    }
    let account = input::account(args.source)?;
    let now = time::given_or_now(args.at);
    // One step to either side even without a window, for `previous` and `next`.
    let around = account.codes_around(now, args.window.max(1)).map_err(Failure::input)?;
    let at = |offset: i64| around.iter().find(|n| n.offset == offset).map(|n| &n.code);
    let current = match at(0) {
        Some(code) => code,
        None => return Err(Failure::input("this account has no code at this moment")),
    };
    let window = (args.window > 0).then_some(around.as_slice());
    if args.json {
        output::json(&CodeValue {
            code: &current.text,
            previous: at(-1).map(|code| code.text.as_str()),
            next: at(1).map(|code| code.text.as_str()),
            counter: current.counter,
            seconds_left: seconds_left(current, now),
            valid_from: current.valid_from,
            valid_until: current.valid_until,
            time: now,
            kind: account.kind.name(),
            algorithm: account.kind.algorithm().map(|algorithm| algorithm.name()),
            digits: account.kind.digits(),
            period: account.kind.period(),
            issuer: &account.issuer,
            name: &account.name,
            window,
        })?;
    } else if let Some(window) = window {
        for neighbour in window {
            output::line(described(neighbour))?;
        }
    } else {
        output::line(&current.text)?;
    }
    Ok(Answer::Yes)
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
    let account = input::account(args.source.source)?;
    let now = time::given_or_now(args.source.at);
    let steps = keyhaven_otp::explain(&account, now).map_err(Failure::input)?;
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

/// `keyhaven verify --json`.
#[derive(Serialize)]
struct VerifyValue {
    r#match: bool,
    /// Null when the code is wrong.
    step_offset: Option<i64>,
}

pub fn verify(args: VerifyArgs) -> Result<Answer, Failure> {
    let account = input::account(args.source)?;
    let now = time::given_or_now(args.at);
    let step_offset = keyhaven_otp::verify(&account, &args.code, now, args.skew).map_err(Failure::input)?;
    if args.json {
        output::json(&VerifyValue { r#match: step_offset.is_some(), step_offset })?;
    } else {
        output::line(match step_offset {
            None => "wrong".to_owned(),
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
