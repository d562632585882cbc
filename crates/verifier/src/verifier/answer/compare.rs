//! Whether an answer is right. Nothing here counts, writes or reads a clock.

use super::Loaded;
use crate::{
    Answer, Failure, HashCost, Method, Reason, Tag, Timestamp,
    decide::{Found, Window, drift_learnt, find_hotp, find_totp},
    push_response,
    record::{Challenge, ChallengeKind, Factor, FactorState, Replaces, SentCode},
    recovery,
    store::Change,
    typed,
};
use keyhaven_otp::CodeError;
use keyhaven_secret::SecretText;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Steps to either side that are looked at to tell an operator how far a wrong code's clock is off.
const WIDE: Window = Window { back: 20, ahead: 20 };

/// An answer brought to one form, before it is charged for.
pub(super) struct Parsed<'a> {
    pub method: Method,
    text: Zeroizing<String>,
    response: Option<&'a SecretText>,
    denied: bool,
}

/// A right answer and what it uses up.
pub(super) struct Right {
    pub method: Method,
    /// The factor that answered; for a recovery code any active one.
    pub factor: Factor,
    /// The changes that claim it.
    pub claims: Vec<Change>,
    /// The tag of the code that was sent.
    pub code: Option<Tag>,
    /// The time step or counter.
    pub step: Option<u64>,
    pub offset: Option<i64>,
    /// The drift learnt, when it confirms.
    pub drift: i64,
    pub rule: &'static str,
}

pub(super) enum Compared {
    Right(Box<Right>),
    Wrong { reason: Reason, rule: &'static str, otherwise: Vec<String> },
}

fn wrong(reason: Reason, rule: &'static str) -> Compared {
    Compared::Wrong { reason, rule, otherwise: Vec::new() }
}

/// Brings an answer to one form, or says why it cannot be one. What fails here was not compared with anything.
pub(super) fn parse<'a>(
    loaded: &Loaded,
    challenge: &Challenge,
    answer: &'a Answer,
    now: Timestamp,
) -> Result<Parsed<'a>, (Reason, &'static str)> {
    let policy = &loaded.policy;
    let method = match answer {
        Answer::Code(_) => challenge.method,
        Answer::Recovery(_) => Method::Recovery,
        Answer::Push { .. } | Answer::Denied { .. } => Method::Push,
    };
    if !loaded.takes(challenge, method) {
        return Err((Reason::MethodNotAllowed, "methods"));
    }
    let sent = |rule: &'static str| match &challenge.code {
        _ if challenge.method != method => Err((Reason::NotSent, rule)),
        None => Err((Reason::NotSent, rule)),
        Some(code) if code.expires_at <= now => Err((Reason::Expired, rule)),
        Some(_) => Ok(()),
    };
    let parsed = |text, response, denied| Parsed { method, text, response, denied };
    let malformed = |rule| (Reason::Malformed, rule);
    match (answer, method) {
        (Answer::Code(text), Method::Totp | Method::Hotp) => {
            let factors: Vec<&Factor> = challenged(loaded, challenge, method).collect();
            if factors.is_empty() {
                return Err((Reason::FactorGone, "methods"));
            }
            // Each factor keeps the digits it was made with, whatever the policy says now.
            let digits =
                factors.iter().find_map(|factor| typed::digits(text.expose(), factor.digits)).ok_or_else(
                    || malformed(if method == Method::Hotp { "hotp.digits" } else { "totp.digits" }),
                )?;
            Ok(parsed(digits, None, false))
        }
        (Answer::Code(text), Method::Sms | Method::Email) => {
            let (digits, rule, until) = match method {
                Method::Sms => (policy.sms.digits, "sms.digits", "sms.ttl"),
                _ => (policy.email.digits, "email.digits", "email.ttl"),
            };
            sent(until)?;
            let digits = typed::digits(text.expose(), digits).ok_or_else(|| malformed(rule))?;
            Ok(parsed(digits, None, false))
        }
        (Answer::Recovery(text), _) => {
            let code = typed::recovery(text.expose()).filter(|code| recovery::parts(code).is_some());
            Ok(parsed(code.ok_or_else(|| malformed("recovery.kind"))?, None, false))
        }
        (Answer::Push { number, response }, _) => {
            sent("push.ttl")?;
            let digits =
                typed::digits(number.expose(), policy.push.digits).ok_or_else(|| malformed("push.digits"))?;
            Ok(parsed(digits, Some(response), false))
        }
        (Answer::Denied { response }, _) => {
            sent("push.ttl")?;
            Ok(parsed(Zeroizing::new(Answer::DENIED.to_owned()), Some(response), true))
        }
        // A typed code while the challenge goes by push or recovery.
        (Answer::Code(_), Method::Push | Method::Recovery) => Err((Reason::MethodNotAllowed, "methods")),
    }
}

/// The factors that can answer: the one to confirm, or the active ones of the method.
fn challenged<'a>(
    loaded: &'a Loaded,
    challenge: &'a Challenge,
    method: Method,
) -> impl Iterator<Item = &'a Factor> {
    let confirming = challenge.kind != ChallengeKind::Answer;
    loaded.state.factors.iter().filter(move |factor| {
        factor.method == method
            && if confirming {
                factor.state == FactorState::Pending && Some(&factor.id) == challenge.factor.as_ref()
            } else {
                factor.state == FactorState::Active
            }
    })
}

pub(super) fn compare(
    loaded: &Loaded,
    challenge: &Challenge,
    parsed: &Parsed<'_>,
    cost: HashCost,
    now: Timestamp,
) -> Result<Compared, Failure> {
    if challenge.kind != ChallengeKind::Answer
        && let Some(gone) = cannot_confirm(loaded, challenge)
    {
        return Ok(gone);
    }
    match parsed.method {
        Method::Totp | Method::Hotp => one_time_code(loaded, challenge, parsed, now),
        Method::Sms | Method::Email => Ok(sent_code(loaded, challenge, parsed)),
        Method::Push => push(loaded, challenge, parsed),
        Method::Recovery => recovery_code(loaded, parsed, cost),
    }
}

/// Why a pending factor can be confirmed no more, though its challenge is open (which it is as long as the factor waits).
fn cannot_confirm(loaded: &Loaded, challenge: &Challenge) -> Option<Compared> {
    let factor = loaded.challenged_factor(challenge).filter(|factor| factor.state == FactorState::Pending);
    let Some(factor) = factor else { return Some(wrong(Reason::FactorGone, "enrol.pending_ttl")) };
    if factor.first && loaded.is_enrolled() {
        // Begun by somebody who had not answered, when there was nothing to answer with; now there is.
        return Some(wrong(Reason::FactorGone, "a first factor is the only one"));
    }
    let stays = factor.replaces == Replaces::Nothing;
    let full = loaded.active(factor.method).count() >= loaded.max_active(factor.method) as usize;
    (stays && full).then(|| wrong(Reason::MethodNotAllowed, "totp.max_active"))
}

fn one_time_code(
    loaded: &Loaded,
    challenge: &Challenge,
    parsed: &Parsed<'_>,
    now: Timestamp,
) -> Result<Compared, Failure> {
    let policy = &loaded.policy;
    let confirming = challenge.kind != ChallengeKind::Answer;
    let strict = Window { back: policy.totp.look_back, ahead: policy.totp.look_ahead };
    let window = match confirming {
        true => Window { back: policy.totp.enrol_skew, ahead: policy.totp.enrol_skew },
        false => strict,
    };
    let sealed = |_: CodeError| Failure::Sealed { what: "one-time code parameters" };
    let rule = if parsed.method == Method::Totp { "totp.look_back" } else { "hotp.look_ahead" };
    let mut used: Option<u64> = None;
    let mut right: Option<Right> = None;
    let mut otherwise = Vec::new();
    // Every factor is looked at, whichever matched: time tells nothing.
    for factor in challenged(loaded, challenge, parsed.method) {
        let account = loaded.account(factor)?;
        let found = match parsed.method {
            Method::Hotp => find_hotp(&account, &parsed.text, policy.hotp.look_ahead, factor.last_step),
            _ => find_totp(&account, &parsed.text, now, factor.drift, window, factor.last_step),
        }
        .map_err(sealed)?;
        match found {
            Found::Fresh { step, offset } => {
                let claim =
                    Change::ClaimStep { factor: factor.id.clone(), generation: factor.generation, step };
                right
                    .get_or_insert_with(|| Right {
                        method: parsed.method,
                        factor: factor.clone(),
                        claims: Vec::new(),
                        code: None,
                        step: Some(step),
                        offset: Some(offset),
                        drift: if parsed.method == Method::Totp { drift_learnt(offset, strict) } else { 0 },
                        rule,
                    })
                    .claims
                    // Should two apps ever show the same code, it is used up for both.
                    .push(claim);
            }
            Found::Used { step } => used = used.max(Some(next_moment(factor, step, now))),
            Found::Nothing if parsed.method == Method::Totp => {
                let far = find_totp(&account, &parsed.text, now, factor.drift, WIDE, None).map_err(sealed)?;
                if let Found::Fresh { offset, .. } = far {
                    otherwise.push(format!(
                        "the code is that of time step {offset:+} of factor {}: its clock or this one is off; a \
                         window that reaches it would have accepted it",
                        factor.id
                    ));
                }
            }
            Found::Nothing => {}
        }
    }
    Ok(match (right, used) {
        (Some(right), _) => Compared::Right(Box::new(right)),
        (None, Some(retry_at)) => Compared::Wrong {
            reason: Reason::Used { retry_at: retry_at.into() },
            rule: "single use (RFC 6238 §5.2)",
            otherwise: vec!["the code of a later time step, or counter, than any accepted before".to_owned()],
        },
        (None, None) => Compared::Wrong { reason: Reason::Wrong, rule, otherwise },
    })
}

/// When the code after the one that was used begins to count, in Unix seconds.
fn next_moment(factor: &Factor, step: u64, now: Timestamp) -> u64 {
    match factor.method {
        Method::Totp => {
            let period = u64::from(factor.period.max(1));
            let last = factor.last_step.unwrap_or(step).max(step);
            let theirs = last.saturating_add(1).saturating_mul(period);
            theirs
                .saturating_add_signed(factor.drift.saturating_mul(-(period as i64)))
                .max(now.unix_seconds())
        }
        _ => now.unix_seconds(),
    }
}

fn sent_code(loaded: &Loaded, challenge: &Challenge, parsed: &Parsed<'_>) -> Compared {
    let rule = if parsed.method == Method::Sms { "sms.ttl" } else { "email.ttl" };
    let is = |sent: &&SentCode| loaded.is_code(&sent.tag, &challenge.id, &parsed.text);
    let Some(sent) = challenge.code.as_ref().filter(is) else {
        return Compared::Wrong {
            reason: Reason::Wrong,
            rule,
            otherwise: vec![format!(
                "the code of the last of {} messages; earlier ones are dead",
                challenge.sends
            )],
        };
    };
    let Some(factor) = challenged(loaded, challenge, parsed.method)
        .find(|factor| Some(&factor.id) == challenge.factor.as_ref())
    else {
        return wrong(Reason::FactorGone, rule);
    };
    Compared::Right(Box::new(sent_right(parsed.method, factor, sent.tag.clone(), rule)))
}

fn sent_right(method: Method, factor: &Factor, code: Tag, rule: &'static str) -> Right {
    Right {
        method,
        factor: factor.clone(),
        claims: vec![Change::Touch { factor: factor.id.clone() }],
        code: Some(code),
        step: None,
        offset: None,
        drift: 0,
        rule,
    }
}

fn push(loaded: &Loaded, challenge: &Challenge, parsed: &Parsed<'_>) -> Result<Compared, Failure> {
    let rule = "push.digits";
    let factor = challenged(loaded, challenge, Method::Push)
        .find(|factor| Some(&factor.id) == challenge.factor.as_ref());
    let (Some(factor), Some(sent)) = (factor, challenge.code.as_ref()) else {
        return Ok(wrong(Reason::FactorGone, rule));
    };
    let key = loaded.open_push_key(factor)?;
    let expected = push_response(&key, challenge.id.as_str(), &parsed.text);
    let said = parsed.response.map(SecretText::expose).unwrap_or_default();
    let signed = bool::from(expected.expose().as_bytes().ct_eq(said.as_bytes()));
    if !signed {
        return Ok(wrong(Reason::Wrong, "push response under the device's key"));
    }
    if parsed.denied {
        return Ok(wrong(Reason::Denied, "the user's word"));
    }
    if !loaded.is_code(&sent.tag, &challenge.id, &parsed.text) {
        return Ok(Compared::Wrong {
            reason: Reason::Wrong,
            rule,
            otherwise: vec!["the number shown on this sign-in's own page".to_owned()],
        });
    }
    Ok(Compared::Right(Box::new(sent_right(Method::Push, factor, sent.tag.clone(), rule))))
}

fn recovery_code(loaded: &Loaded, parsed: &Parsed<'_>, cost: HashCost) -> Result<Compared, Failure> {
    let (selector, verifier) = recovery::parts(&parsed.text).unwrap_or_default();
    let stored = loaded.state.recovery.iter().find(|code| code.selector == selector);
    let same = recovery::matches(&loaded.keys, cost, stored.map(|code| &code.hash), verifier)?;
    let Some(code) = stored.filter(|_| same) else { return Ok(wrong(Reason::Wrong, "recovery.kind")) };
    if code.used_at.is_some() {
        return Ok(Compared::Wrong {
            reason: Reason::RecoveryUsed,
            rule: "single use (ASVS 6.5.1)",
            otherwise: vec!["another code of the set".to_owned()],
        });
    }
    let Some(factor) = loaded.state.factors.iter().find(|factor| factor.state == FactorState::Active) else {
        return Ok(wrong(Reason::FactorGone, "recovery.kind"));
    };
    Ok(Compared::Right(Box::new(Right {
        claims: vec![Change::UseRecovery { code: code.id.clone(), generation: code.generation }],
        code: None,
        ..sent_right(Method::Recovery, factor, Tag::from_text(String::new()), "recovery.usable_for")
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, ChallengeId, FactorId, Policy, Subject, Tag, keys::TenantKeys, store::Snapshot};

    fn factor(loaded: &Loaded) -> Factor {
        let mut factor = Factor {
            id: FactorId::random().unwrap(),
            method: Method::Totp,
            generation: 1,
            label: String::new(),
            algorithm: Some(crate::record::StoredAlgorithm::Sha1),
            digits: 6,
            period: 30,
            sealed: Vec::new(),
            address: None,
            hint: String::new(),
            replaces: Replaces::Nothing,
            first: false,
            ticket: None,
            created_at: 0.into(),
            pending_until: 0.into(),
            state: FactorState::Active,
            last_step: None,
            drift: 0,
            last_used: None,
        };
        loaded.seal_factor(&mut factor, b"12345678901234567890").unwrap();
        factor
    }

    /// Once in a million two apps show the same code: here they have the same secret.
    #[test]
    fn a_code_that_two_apps_show_is_used_up_for_both() {
        let mut loaded = Loaded {
            who: Subject::new("acme", "ann").unwrap(),
            policy: Policy::default(),
            revision: 1,
            keys: TenantKeys::first().unwrap().1.into(),
            state: Snapshot::default(),
        };
        loaded.state.factors = vec![factor(&loaded), factor(&loaded)];
        let challenge = Challenge {
            id: ChallengeId::random().unwrap(),
            kind: ChallengeKind::Answer,
            action: Action::Login,
            session: Tag::from_text(String::new()),
            methods: vec![Method::Totp],
            opened_at: 0.into(),
            expires_at: 300.into(),
            method: Method::Totp,
            factor: None,
            sends: 0,
            sent_at: None,
            code: None,
            cancelled: false,
            expired: false,
            answered: None,
        };
        // RFC 6238 appendix B, the six last digits.
        let answer = Answer::code("287082");
        let parsed = parse(&loaded, &challenge, &answer, 59.into()).ok().unwrap();
        let compared = compare(&loaded, &challenge, &parsed, HashCost::LEAST, 59.into()).unwrap();
        let Compared::Right(right) = compared else { panic!("not right") };
        let claimed: Vec<_> = right
            .claims
            .iter()
            .filter_map(|claim| match claim {
                Change::ClaimStep { factor, step: 1, .. } => Some(factor),
                _ => None,
            })
            .collect();
        let both: Vec<_> = loaded.state.factors.iter().map(|factor| &factor.id).collect();
        assert_eq!(claimed, both);
    }
}
