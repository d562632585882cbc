//! Random histories against a model of a few lines: whatever the order of sign-ins, replays, waiting, removing,
//! enrolling anew and making new recovery codes, each answer comes out as the model says. A failure shrinks to a story.

use crate::world::*;
use keyhaven_otp::Account;
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeId, Decision, Grant, Policy, Reason, policy::RecoveryKind,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What somebody does. Numbers pick among what there is, modulo how much there is.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Begin,
    /// Answers a challenge with the code of the app `enrolment`, of a time step so far from now.
    Code {
        challenge: usize,
        enrolment: usize,
        offset: i64,
    },
    /// Answers a challenge with a recovery code of any set there ever was.
    Recovery {
        challenge: usize,
        code: usize,
    },
    /// An administrator removes the app.
    Revoke,
    /// Enrols an app if there is none.
    Enrol,
    Regenerate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop_oneof![Just(1), Just(29), Just(30), Just(31), 0..200_u64].prop_map(Step::Wait),
        3 => Just(Step::Begin),
        8 => (0..4_usize, 0..2_usize, -3..=2_i64)
            .prop_map(|(challenge, enrolment, offset)| Step::Code { challenge, enrolment, offset }),
        3 => (0..4_usize, 0..12_usize).prop_map(|(challenge, code)| Step::Recovery { challenge, code }),
        1 => Just(Step::Revoke),
        2 => Just(Step::Enrol),
        1 => Just(Step::Regenerate),
    ]
}

/// What ought to be.
#[derive(Default)]
struct Model {
    /// Whether the app enrolled last is in use, and the last step it used up.
    active: bool,
    last_step: u64,
    /// The codes of the current set that were not used, and those that were.
    fresh: BTreeSet<String>,
    used: BTreeSet<String>,
}

struct Open {
    id: ChallengeId,
    until: u64,
    answered: bool,
    /// Whether the challenge offers recovery codes.
    recovery: bool,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Accepted,
    Rejected(&'static str),
}

fn seen(decision: &Decision) -> Expected {
    match decision {
        Decision::Accepted(_) => Expected::Accepted,
        Decision::Rejected(rejected) => Expected::Rejected(rejected.reason.name()),
    }
}

fn wide() -> Policy {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::Codes { count: 3 };
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_challenge = 20;
    policy.attempts.per_day = 100_000;
    policy.attempts.per_network_hour = 100_000;
    policy.challenge_ttl = 300;
    policy
}

async fn tell(story: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::with(wide()).await;
    let mut model = Model::default();
    let mut apps: Vec<(keyhaven_verifier::FactorId, Account)> = Vec::new();
    let mut sheets: Vec<String> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for step in story {
        match step {
            Step::Wait(seconds) => world.pass(seconds),
            Step::Begin => match world.begin(Action::Login).await {
                Begin::Challenge(question) => {
                    prop_assert!(model.active);
                    let recovery = question.methods.contains(&keyhaven_verifier::Method::Recovery);
                    prop_assert_eq!(recovery, !model.fresh.is_empty());
                    let until = world.now + 300;
                    open.push(Open { id: question.id, until, answered: false, recovery });
                }
                other => prop_assert!(!model.active, "{:?}", other),
            },
            Step::Code { challenge, enrolment, offset } => {
                let (Some(at), true) = (challenge.checked_rem(open.len()), enrolment < apps.len()) else {
                    continue;
                };
                // Counted from the youngest: zero is the app in use, if one is.
                let account = &apps[apps.len() - 1 - enrolment].1;
                let theirs = world.now.saturating_add_signed(offset * 30);
                let text = account.code_at(theirs).unwrap().text;
                // Once in half a million another step of the window has the same code: not what this is about.
                let current = &apps[apps.len() - 1].1;
                let near = current.codes_around(world.now, 3).unwrap();
                let twins = near.iter().filter(|code| code.code.text == text).count();
                if twins > usize::from(enrolment == 0) {
                    continue;
                }
                let asked = &mut open[at];
                let expected = if asked.answered {
                    Expected::Rejected("answered")
                } else if asked.until <= world.now {
                    Expected::Rejected("expired")
                } else if !model.active {
                    Expected::Rejected("factor_gone")
                } else if enrolment != 0 || !(-1..=0).contains(&offset) {
                    Expected::Rejected("wrong")
                } else if theirs / 30 <= model.last_step {
                    Expected::Rejected("used")
                } else {
                    Expected::Accepted
                };
                let decision = world.answer(&asked.id, Answer::code(&text)).await;
                prop_assert_eq!(seen(&decision), expected);
                if decision.is_accepted() {
                    asked.answered = true;
                    model.last_step = theirs / 30;
                }
            }
            Step::Recovery { challenge, code } => {
                let (Some(at), Some(code)) =
                    (challenge.checked_rem(open.len()), code.checked_rem(sheets.len()))
                else {
                    continue;
                };
                let (asked, code) = (&mut open[at], sheets[code].clone());
                let expected = if asked.answered {
                    Expected::Rejected("answered")
                } else if asked.until <= world.now {
                    Expected::Rejected("expired")
                } else if !asked.recovery {
                    Expected::Rejected("method_not_allowed")
                } else if model.used.contains(&code) {
                    Expected::Rejected("recovery_used")
                } else if !model.fresh.contains(&code) {
                    Expected::Rejected("wrong")
                } else if !model.active {
                    Expected::Rejected("factor_gone")
                } else {
                    Expected::Accepted
                };
                let decision = world.answer(&asked.id, Answer::recovery(&code)).await;
                prop_assert_eq!(seen(&decision), expected);
                if decision.is_accepted() {
                    asked.answered = true;
                    model.fresh.remove(&code);
                    model.used.insert(code);
                }
            }
            Step::Revoke => {
                let Some((factor, _)) = apps.last().filter(|_| model.active) else { continue };
                let _ = world
                    .verifier
                    .revoke_factor(&admin(), &ann(), factor, "story", world.at())
                    .await
                    .unwrap();
                model.active = false;
            }
            Step::Enrol => {
                if model.active {
                    let refused = world
                        .verifier
                        .enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context())
                        .await;
                    prop_assert!(refused.is_err());
                    continue;
                }
                let (enrolled, account) = world.enrol_totp().await;
                apps.push((enrolled.factor, account));
                model.active = true;
                model.last_step = world.now / 30;
                let fresh = enrolled.recovery.map(|sheet| sheet.codes).unwrap_or_default();
                prop_assert_eq!(fresh.is_empty(), !model.fresh.is_empty(), "a set comes when there is none");
                replace(&mut model, &mut sheets, fresh.iter().map(text));
            }
            Step::Regenerate => {
                let Some((_, account)) = apps.last().filter(|_| model.active) else { continue };
                // In a step of its own, so that the proof's code is fresh.
                let account = account.duplicate();
                let proof = world.prove(Action::RegenerateRecovery, &account).await;
                model.last_step = world.now / 30;
                let made = world.verifier.regenerate_recovery(&ann(), proof, &world.context()).await.unwrap();
                replace(&mut model, &mut sheets, made.0.codes.iter().map(text));
            }
        }
    }
    Ok(())
}

fn replace<'a>(model: &mut Model, sheets: &mut Vec<String>, codes: impl Iterator<Item = &'a str>) {
    let codes: BTreeSet<String> = codes.map(str::to_owned).collect();
    if !codes.is_empty() {
        sheets.extend(codes.iter().cloned());
        model.fresh = codes;
        model.used.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_comes_out_as_the_model_says(story in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(tell(story))?;
    }
}

#[test]
fn the_reasons_the_model_speaks_of_are_the_published_names() {
    let names = [Reason::Wrong, Reason::Expired, Reason::Answered, Reason::RecoveryUsed, Reason::FactorGone];
    assert_eq!(names.map(Reason::name), ["wrong", "expired", "answered", "recovery_used", "factor_gone"]);
}
