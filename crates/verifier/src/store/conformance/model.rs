//! Random histories against a model of a few lines: whatever the order of sign-ins, replays, waiting, removing,
//! enrolling anew and making new recovery codes, each answer comes out as the model says. A failure shrinks to a story.

use super::{
    T0,
    races::{self, Shared},
    stories::{self, tell},
};
use crate::{
    Action, Actor, Answer, Begin, ChallengeId, Confirmation, Context, Decision, FactorId, Grant, Method,
    Policy, Store, Subject, policy::RecoveryKind,
};
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::SecretText;
use proptest::prelude::*;
use std::{collections::BTreeSet, future::Future};

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
    /// Every code there ever was.
    sheets: Vec<String>,
}

impl Model {
    fn replace<'a>(&mut self, codes: impl Iterator<Item = &'a SecretText>) {
        let codes: BTreeSet<String> = codes.map(|code| code.expose().to_owned()).collect();
        if !codes.is_empty() {
            self.sheets.extend(codes.iter().cloned());
            self.fresh = codes;
            self.used.clear();
        }
    }
}

/// Seconds a challenge can be answered.
const OPEN: u64 = 300;
/// Answers to one challenge that are compared.
const TRIES: u32 = 8;

struct Asked {
    id: ChallengeId,
    until: u64,
    answered: bool,
    /// Answers that were compared.
    tries: u32,
    /// Whether the challenge offers recovery codes.
    recovery: bool,
}

impl Asked {
    fn closed(&self, now: u64) -> Option<Expected> {
        match () {
            () if self.answered => Some(Expected::Rejected("answered")),
            () if self.until <= now => Some(Expected::Rejected("expired")),
            () => None,
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Expected {
    Accepted,
    Rejected(&'static str),
}

pub(super) fn seen(decision: &Decision) -> Expected {
    match decision {
        Decision::Accepted(_) => Expected::Accepted,
        Decision::Rejected(rejected) => Expected::Rejected(rejected.reason.name()),
    }
}

/// Budgets are out of the way, but for that of each challenge: they have cases of their own.
fn wide() -> Policy {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::Codes { count: 3 };
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_challenge = TRIES;
    policy.attempts.per_day = 100_000;
    policy.attempts.per_tenant_hour = u32::MAX;
    policy.challenge_ttl = OPEN as u32;
    policy
}

/// One user's story as it unfolds.
struct Story<'a, S> {
    verifier: &'a Shared<S>,
    who: Subject,
    now: u64,
    model: Model,
    apps: Vec<(FactorId, Account)>,
    open: Vec<Asked>,
}

impl<'a, S: Store> stories::Story<'a, S> for Story<'a, S> {
    type Step = Step;

    fn new(verifier: &'a Shared<S>, who: Subject) -> Self {
        Self { verifier, who, now: T0, model: Model::default(), apps: Vec::new(), open: Vec::new() }
    }

    async fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait(seconds) => self.now += seconds,
            Step::Begin => match self.begin(Action::Login).await {
                Begin::Challenge(question) => {
                    prop_assert!(self.model.active);
                    let recovery = question.methods.contains(&Method::Recovery);
                    prop_assert_eq!(recovery, !self.model.fresh.is_empty());
                    let until = self.now + OPEN;
                    self.open.push(Asked { id: question.id, until, answered: false, tries: 0, recovery });
                }
                other => prop_assert!(!self.model.active, "{:?}", other),
            },
            Step::Code { challenge, enrolment, offset } => self.code(challenge, enrolment, offset).await?,
            Step::Recovery { challenge, code } => self.recovery(challenge, code).await?,
            Step::Revoke => {
                let Some((factor, _)) = self.apps.last().filter(|_| self.model.active) else { return Ok(()) };
                let actor = Actor::administrator("root");
                let revoked =
                    self.verifier.revoke_factor(&actor, &self.who, factor, "story", self.now.into()).await;
                prop_assert!(revoked.is_ok(), "{:?}", revoked);
                self.model.active = false;
            }
            Step::Enrol => self.enrol().await?,
            Step::Regenerate => self.regenerate().await?,
        }
        Ok(())
    }
}

impl<S: Store> Story<'_, S> {
    fn context(&self) -> Context {
        Context::with_password(self.now.into(), SecretText::new("session".to_owned()))
    }

    async fn begin(&self, action: Action) -> Begin {
        self.verifier.begin(&self.who, action, &self.context()).await.expect("the store answers")
    }

    async fn answer(&self, challenge: &ChallengeId, answer: Answer) -> Decision {
        self.verifier.answer(&self.who, challenge, answer, &self.context()).await.expect("the store answers")
    }

    /// Answers what can be compared, and looks at what ought to come of it, or at the end of the challenge's tries;
    /// whether it was accepted.
    async fn compared(
        &mut self,
        at: usize,
        answer: Answer,
        expected: Expected,
    ) -> Result<bool, TestCaseError> {
        let none_left = self.open[at].tries == TRIES;
        self.open[at].tries += u32::from(!none_left);
        self.told(at, answer, if none_left { Expected::Rejected("locked") } else { expected }).await
    }

    /// Answers, and compares with what ought to come of it; whether it was accepted.
    async fn told(&mut self, at: usize, answer: Answer, expected: Expected) -> Result<bool, TestCaseError> {
        let decision = self.answer(&self.open[at].id, answer).await;
        prop_assert_eq!(seen(&decision), expected);
        self.open[at].answered |= decision.is_accepted();
        Ok(decision.is_accepted())
    }

    async fn code(&mut self, challenge: usize, enrolment: usize, offset: i64) -> Result<(), TestCaseError> {
        let (Some(at), true) = (challenge.checked_rem(self.open.len()), enrolment < self.apps.len()) else {
            return Ok(());
        };
        // Counted from the youngest: zero is the app in use, if one is.
        let account = &self.apps[self.apps.len() - 1 - enrolment].1;
        let theirs = self.now.saturating_add_signed(offset * 30);
        let text = account.code_at(theirs).expect("a code").text;
        // Once in half a million another step of the window has the same code: not what this is about.
        let current = &self.apps[self.apps.len() - 1].1;
        let near = current.codes_around(self.now, 3).expect("codes");
        let twins = near.iter().filter(|code| code.code.text == text).count();
        if twins > usize::from(enrolment == 0) {
            return Ok(());
        }
        let answer = Answer::code(&text);
        let expected = match self.open[at].closed(self.now) {
            Some(closed) => return self.told(at, answer, closed).await.map(drop),
            // Without an app there is nothing to compare with.
            None if !self.model.active => {
                return self.told(at, answer, Expected::Rejected("factor_gone")).await.map(drop);
            }
            None if enrolment != 0 || !(-1..=0).contains(&offset) => Expected::Rejected("wrong"),
            None if theirs / 30 <= self.model.last_step => Expected::Rejected("used"),
            None => Expected::Accepted,
        };
        if self.compared(at, answer, expected).await? {
            self.model.last_step = theirs / 30;
        }
        Ok(())
    }

    async fn recovery(&mut self, challenge: usize, code: usize) -> Result<(), TestCaseError> {
        let (Some(at), Some(code)) =
            (challenge.checked_rem(self.open.len()), code.checked_rem(self.model.sheets.len()))
        else {
            return Ok(());
        };
        let (asked, code) = (&self.open[at], self.model.sheets[code].clone());
        let answer = Answer::recovery(&code);
        let expected = match asked.closed(self.now) {
            Some(closed) => return self.told(at, answer, closed).await.map(drop),
            None if !asked.recovery => {
                return self.told(at, answer, Expected::Rejected("method_not_allowed")).await.map(drop);
            }
            None if self.model.used.contains(&code) => Expected::Rejected("recovery_used"),
            None if !self.model.fresh.contains(&code) => Expected::Rejected("wrong"),
            None if !self.model.active => Expected::Rejected("factor_gone"),
            None => Expected::Accepted,
        };
        if self.compared(at, answer, expected).await? {
            self.model.fresh.remove(&code);
            self.model.used.insert(code);
        }
        Ok(())
    }

    async fn enrol(&mut self) -> Result<(), TestCaseError> {
        let context = self.context();
        let pending = self.verifier.enrol_totp(&self.who, "Acme", "ann", Grant::First, &context).await;
        if self.model.active {
            prop_assert!(pending.is_err());
            return Ok(());
        }
        let pending = pending.expect("it may be enrolled");
        let account = parse_uri(pending.uri.expose()).expect("a URI").account;
        let answer = Answer::code(&account.code_at(self.now).expect("a code").text);
        let confirmed = self.verifier.confirm(&self.who, &pending.challenge, answer, &context).await;
        let Ok(Confirmation::Enrolled(enrolled)) = confirmed else {
            return Err(TestCaseError::fail(format!("not enrolled: {confirmed:?}")));
        };
        self.apps.push((enrolled.factor, account));
        self.model.active = true;
        self.model.last_step = self.now / 30;
        let fresh = enrolled.recovery.map(|sheet| sheet.codes).unwrap_or_default();
        prop_assert_eq!(fresh.is_empty(), !self.model.fresh.is_empty(), "a set comes when there is none");
        self.model.replace(fresh.iter());
        Ok(())
    }

    async fn regenerate(&mut self) -> Result<(), TestCaseError> {
        let Some((_, account)) = self.apps.last().filter(|_| self.model.active) else { return Ok(()) };
        // In a step of its own, so that the proof's code is fresh.
        self.now += 30;
        let answer = Answer::code(&account.code_at(self.now).expect("a code").text);
        let Begin::Challenge(question) = self.begin(Action::RegenerateRecovery).await else {
            return Err(TestCaseError::fail("not asked"));
        };
        let Decision::Accepted(accepted) = self.answer(&question.id, answer).await else {
            return Err(TestCaseError::fail("a fresh code was rejected"));
        };
        self.model.last_step = self.now / 30;
        let made = self.verifier.regenerate_recovery(&self.who, accepted.proof, &self.context()).await;
        let (sheet, _) = made.map_err(|error| TestCaseError::fail(error.to_string()))?;
        self.model.replace(sheet.codes.iter());
        Ok(())
    }
}

/// Random histories of codes of apps and recovery codes. See `tell` for how many; it runs on a runtime with several threads
/// only.
pub async fn code_histories<S: Store, F: Future<Output = S>>(open: impl Fn() -> F, times: u32, by: u32) {
    let verifier = races::verifier(open().await, &wide()).await;
    tell::<S, Story<'_, S>>(&verifier, step(), times, by);
}

/// As many histories as a store on a disk has time for.
pub async fn code_histories_come_out_as_the_model_says<S: Store, F: Future<Output = S>>(
    open: impl Fn() -> F,
) {
    code_histories(open, 1, 4).await;
}
