//! The verifier on top of a store, with many callers at once: exactly as many successes as there are things to use up,
//! a typed rejection for every other, and never an error.

use super::{RACERS, T0, race};
use crate::{
    Action, Actor, Answer, Begin, ChallengeError, ChallengeId, Confirmation, Context, Decision, Grant,
    HashCost, LocalKeys, ManageError, Method, PendingCode, Policy, Proof, Reason, Store, Subject, TicketKind,
    TicketRequest, Verifier, policy::RecoveryKind,
};
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use std::{future::Future, sync::Arc};

pub(super) type Shared<S> = Arc<Verifier<S, LocalKeys>>;

pub(super) fn who() -> Subject {
    Subject::new("acme", "ann").expect("a name")
}

pub(super) fn context(now: u64) -> Context {
    Context::with_password((T0 + now).into(), SecretText::new("session".to_owned()))
}

/// A policy whose budgets are out of the way of what is raced for.
pub(super) fn wide() -> Policy {
    let mut policy = Policy::default();
    policy.methods.insert(Method::Sms);
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_challenge = 20;
    policy.attempts.per_day = 100_000;
    policy
}

pub(super) async fn verifier<S: Store>(store: S, policy: &Policy) -> Shared<S> {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).expect("32 bytes"));
    let verifier =
        Verifier::new(store, keys).await.expect("the self-test passes").with_hash_cost(HashCost::LEAST);
    let operator = Actor::operator("support");
    verifier.put_policy(&operator, "acme", policy, 0, T0.into()).await.expect("a new tenant");
    Arc::new(verifier)
}

pub(super) async fn pending<S: Store>(verifier: &Shared<S>, grant: Grant) -> (PendingCode, Account) {
    let pending =
        verifier.enrol_totp(&who(), "Acme", "ann", grant, &context(0)).await.expect("it may be enrolled");
    let account = parse_uri(pending.uri.expose()).expect("a URI").account;
    (pending, account)
}

pub(super) fn code(account: &Account, now: u64) -> Answer {
    Answer::code(&account.code_at(T0 + now).expect("a code").text)
}

/// An enrolled user: the app's account and the recovery codes.
pub(super) async fn enrol<S: Store>(verifier: &Shared<S>) -> (Account, Vec<String>) {
    let (pending, account) = pending(verifier, Grant::First).await;
    let answer = code(&account, 0);
    let confirmed = verifier.confirm(&who(), &pending.challenge, answer, &context(0)).await;
    let Ok(Confirmation::Enrolled(enrolled)) = confirmed else { panic!("not enrolled: {confirmed:?}") };
    let codes = enrolled.recovery.map(|sheet| sheet.codes).unwrap_or_default();
    (account, codes.iter().map(|code| code.expose().to_owned()).collect())
}

pub(super) async fn ask<S: Store>(verifier: &Shared<S>, action: Action, now: u64) -> ChallengeId {
    match verifier.begin(&who(), action, &context(now)).await {
        Ok(Begin::Challenge(question)) => question.id,
        other => panic!("no question: {other:?}"),
    }
}

/// So many questions, asked together.
pub(super) async fn asks<S: Store>(verifier: &Shared<S>, count: usize, now: u64) -> Vec<ChallengeId> {
    race(verifier, count, |_, verifier| async move { ask(&verifier, Action::Login, now).await }).await
}

pub(super) async fn proof<S: Store>(
    verifier: &Shared<S>,
    action: Action,
    account: &Account,
    now: u64,
) -> Proof {
    let challenge = ask(verifier, action, now).await;
    match verifier.answer(&who(), &challenge, code(account, now), &context(now)).await {
        Ok(Decision::Accepted(accepted)) => accepted.proof,
        other => panic!("not accepted: {other:?}"),
    }
}

pub(super) fn accepted(decisions: &[Decision]) -> usize {
    decisions.iter().filter(|decision| decision.is_accepted()).count()
}

pub(super) fn reasons(decisions: &[Decision]) -> Vec<Reason> {
    let reason = |decision: &Decision| match decision {
        Decision::Accepted(_) => None,
        Decision::Rejected(rejected) => Some(rejected.reason),
    };
    decisions.iter().filter_map(reason).collect()
}

/// One code shown in as many sign-ins as there are racers: one gets in.
pub async fn one_code_in_many_challenges<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let mut policy = wide();
        policy.attempts.consecutive = 100;
        let verifier = verifier(open().await, &policy).await;
        let (account, _) = enrol(&verifier).await;
        let challenges = asks(&verifier, racers, 30).await;
        let decisions = race(&verifier, racers, |racer, verifier| {
            let (challenge, answer) = (challenges[racer].clone(), code(&account, 30));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        assert_eq!(accepted(&decisions), 1, "{racers} racers");
        let reasons = reasons(&decisions);
        assert_eq!(reasons.len(), racers - 1);
        // More than a hundred wrong answers in a row are refused before they are compared; that is a typed no, too.
        assert!(
            reasons.iter().all(|reason| matches!(reason, Reason::Used { .. } | Reason::Locked { .. })),
            "{reasons:?}"
        );
    }
}

/// One code sent so often to one challenge: one answer counts.
pub async fn one_code_in_one_challenge<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (account, _) = enrol(&verifier).await;
        let challenge = ask(&verifier, Action::Login, 30).await;
        let decisions = race(&verifier, racers, |_, verifier| {
            let (challenge, answer) = (challenge.clone(), code(&account, 30));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        assert_eq!(accepted(&decisions), 1, "{racers} racers: {:?}", reasons(&decisions));
        let typed = |reason: &Reason| {
            matches!(reason, Reason::Answered | Reason::Used { .. } | Reason::Locked { .. })
        };
        assert!(reasons(&decisions).iter().all(typed), "{:?}", reasons(&decisions));
    }
}

/// One recovery code in many sign-ins.
pub async fn one_recovery_code<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (_, codes) = enrol(&verifier).await;
        let challenges = asks(&verifier, racers, 30).await;
        let decisions = race(&verifier, racers, |racer, verifier| {
            let (challenge, answer) = (challenges[racer].clone(), Answer::recovery(&codes[0]));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        assert_eq!(accepted(&decisions), 1, "{racers} racers: {:?}", reasons(&decisions));
    }
}

/// Six codes, each shown by a sixth of all racers: six get in.
pub async fn each_of_six_recovery_codes<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.recovery.kind = RecoveryKind::Codes { count: 6 };
    for racers in [12, 126, 996] {
        let verifier = verifier(open().await, &policy).await;
        let (_, codes) = enrol(&verifier).await;
        let challenges = asks(&verifier, racers, 30).await;
        let decisions = race(&verifier, racers, |racer, verifier| {
            let (challenge, answer) = (challenges[racer].clone(), Answer::recovery(&codes[racer % 6]));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        assert_eq!(accepted(&decisions), 6, "{racers} racers: {:?}", reasons(&decisions));
        let typed = |reason: &Reason| matches!(reason, Reason::RecoveryUsed | Reason::Locked { .. });
        assert!(reasons(&decisions).iter().all(typed), "{racers} racers: {:?}", reasons(&decisions));
    }
}

/// One proof redeemed by many.
pub async fn one_proof<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (account, _) = enrol(&verifier).await;
        let proof = proof(&verifier, Action::ChangeEmail, &account, 30).await;
        let outcomes = race(&verifier, racers, |_, verifier| {
            let copy = Proof::from_text(SecretText::new(proof.expose().to_owned()));
            async move { verifier.redeem(&who(), &Action::ChangeEmail, copy, &context(31)).await }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let lost = outcomes.iter().filter(|outcome| **outcome == Err(ManageError::ProofInvalid)).count();
        assert_eq!(lost, racers - 1);
    }
}

/// One confirmation sent many times: one factor, one set of recovery codes shown.
pub async fn one_confirmation<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (pending, account) = pending(&verifier, Grant::First).await;
        let outcomes = race(&verifier, racers, |_, verifier| {
            let (challenge, answer) = (pending.challenge.clone(), code(&account, 0));
            async move { verifier.confirm(&who(), &challenge, answer, &context(0)).await.expect("a decision") }
        })
        .await;
        let enrolled = outcomes.iter().filter(|outcome| matches!(outcome, Confirmation::Enrolled(_))).count();
        assert_eq!(enrolled, 1, "{racers} racers");
        assert_eq!(verifier.factors(&who()).await.expect("factors").len(), 1);
    }
}

/// So many wrong answers at once: five are compared, the rest are told to wait.
pub async fn wrong_answers_are_compared_within_the_budget<S: Store, F: Future<Output = S>>(
    open: impl Fn() -> F,
) {
    for racers in RACERS {
        let verifier = verifier(open().await, &Policy::default()).await;
        let (account, _) = enrol(&verifier).await;
        let near = account.codes_around(T0 + 30, 5).expect("codes");
        let wrong = (0..100).map(|number| format!("{number:06}"));
        let wrong = wrong.into_iter().find(|text| near.iter().all(|code| code.code.text != *text));
        let wrong = wrong.expect("a hundred codes are more than eleven");
        let challenges = asks(&verifier, racers, 30).await;
        let decisions = race(&verifier, racers, |racer, verifier| {
            let (challenge, answer) = (challenges[racer].clone(), Answer::code(&wrong));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        let reasons = reasons(&decisions);
        let compared = reasons.iter().filter(|reason| **reason == Reason::Wrong).count();
        assert_eq!(compared, racers.min(5), "{racers} racers");
        let refused = reasons.iter().filter(|reason| matches!(reason, Reason::Locked { .. })).count();
        assert_eq!(refused, racers - racers.min(5));
    }
}

/// So many messages asked for at once: as many go out as the day has.
pub async fn messages_are_sent_within_the_budget<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.methods = [Method::Sms].into();
    policy.sms.login_sends_per_day = 20;
    policy.sends.cooldown = 0;
    for racers in RACERS {
        let verifier = verifier(open().await, &policy).await;
        let pending = verifier.enrol_phone(&who(), "+442079460958", Grant::First, &context(0)).await;
        let pending = pending.expect("a number");
        let code = pending.sent.delivery.code.as_ref().expect("a code").expose().to_owned();
        let confirmed = verifier.confirm(&who(), &pending.challenge, Answer::code(&code), &context(0)).await;
        assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))));
        // Several for each sign-in, and for several sign-ins.
        let challenges = asks(&verifier, racers.min(12), 30).await;
        let outcomes = race(&verifier, racers, |racer, verifier| {
            let challenge = challenges[racer % challenges.len()].clone();
            async move { verifier.send(&who(), &challenge, &context(30)).await.map(|_| ()) }
        })
        .await;
        let most = racers.min(20);
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), most, "{racers} racers");
        let refused =
            outcomes.iter().filter(|outcome| matches!(outcome, Err(ChallengeError::Locked { .. }))).count();
        assert_eq!(refused, racers - most, "{outcomes:?}");
    }
}

/// A factor is removed while its code is answered with: whichever was first, nothing is accepted after.
pub async fn revoking_against_answering<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    for round in 0..12_u64 {
        let now = round * 300;
        let (pending, account) = {
            let request = TicketRequest {
                kind: TicketKind::AdminRecovery,
                reason: "round".to_owned(),
                invite_email: None,
            };
            let admin = Actor::administrator("root");
            let issued =
                verifier.issue_ticket(&admin, &who(), &request, &context(now)).await.expect("a ticket");
            let pending = verifier
                .enrol_totp(&who(), "Acme", "ann", Grant::Ticket(issued.token), &context(now))
                .await
                .expect("it may be enrolled");
            let account = parse_uri(pending.uri.expose()).expect("a URI").account;
            (pending, account)
        };
        let confirmed = verifier
            .confirm(&who(), &pending.challenge, code(&account, now), &context(now))
            .await
            .expect("a decision");
        assert!(matches!(confirmed, Confirmation::Enrolled(_)), "{confirmed:?}");
        let challenge = ask(&verifier, Action::Login, now + 30).await;
        let outcomes = race(&verifier, 2, |racer, verifier| {
            let (challenge, factor) = (challenge.clone(), pending.factor.clone());
            let answer = code(&account, now + 30);
            async move {
                let context = context(now + 30);
                if racer == 0 {
                    let decision = verifier.answer(&who(), &challenge, answer, &context).await;
                    decision.expect("a decision").is_accepted()
                } else {
                    let admin = Actor::administrator("root");
                    let revoked = verifier.revoke_factor(&admin, &who(), &factor, "race", context.now).await;
                    revoked.map(|_| true).expect("it was there to be removed")
                }
            }
        })
        .await;
        assert!(outcomes[1]);
        let after = verifier.begin(&who(), Action::Login, &context(now + 60)).await.expect("a ruling");
        assert!(matches!(after, Begin::NotRequired { .. }), "no factor is left: {after:?}");
        let again = verifier.answer(&who(), &challenge, code(&account, now + 60), &context(now + 60)).await;
        assert!(!again.expect("a decision").is_accepted());
    }
}

/// New recovery codes are made while an old one is used: it is used, or it is dead; the new ones all stand.
pub async fn regenerating_against_recovering<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    let (account, mut codes) = enrol(&verifier).await;
    for round in 1..9_u64 {
        let now = round * 60;
        let proof = proof(&verifier, Action::RegenerateRecovery, &account, now).await;
        let challenge = ask(&verifier, Action::Login, now).await;
        let proof = Arc::new(std::sync::Mutex::new(Some(proof)));
        let outcomes = race(&verifier, 2, |racer, verifier| {
            let (challenge, answer) = (challenge.clone(), Answer::recovery(&codes[0]));
            let proof = proof.clone();
            async move {
                if racer == 0 {
                    let decision = verifier.answer(&who(), &challenge, answer, &context(now)).await;
                    assert!(decision.is_ok());
                    return Vec::new();
                }
                let proof = proof.lock().expect("no racer panics").take().expect("one racer takes it");
                let made =
                    verifier.regenerate_recovery(&who(), proof, &context(now)).await.expect("new codes");
                made.0.codes.iter().map(|code| code.expose().to_owned()).collect::<Vec<_>>()
            }
        })
        .await;
        let fresh = outcomes[1].clone();
        let report = verifier.report("acme", "", 1).await.expect("a report");
        assert_eq!(report[0].recovery_left, Some(10), "no use of an old code takes one of the new");
        let challenge = ask(&verifier, Action::Login, now).await;
        let old = verifier.answer(&who(), &challenge, Answer::recovery(&codes[1]), &context(now)).await;
        assert!(!old.expect("a decision").is_accepted());
        codes = fresh;
    }
}

/// More devices confirmed at once than a user may have: exactly as many as may be.
pub async fn enrolling_up_to_the_limit<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.totp.max_active = 3;
    let verifier = verifier(open().await, &policy).await;
    let (account, _) = enrol(&verifier).await;
    let mut devices = Vec::new();
    for step in 1..=8 {
        let proof = proof(&verifier, Action::Enrol, &account, 30 * step).await;
        devices.push(pending(&verifier, Grant::Proof(proof)).await);
    }
    let outcomes = confirm_all(&verifier, devices, 300).await;
    // Confirmations that kept losing to others are told that they did, with nothing enrolled.
    let enrolled = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Confirmation::Enrolled(_)))).count();
    assert_eq!(verifier.factors(&who()).await.expect("factors").len(), 1 + enrolled, "{outcomes:?}");
    assert!((1..=2).contains(&enrolled), "{outcomes:?}");
}

/// Confirms all at once, each with its own code.
async fn confirm_all<S: Store>(
    verifier: &Shared<S>,
    devices: Vec<(PendingCode, Account)>,
    now: u64,
) -> Vec<Result<Confirmation, crate::Failure>> {
    let devices = Arc::new(devices);
    race(verifier, devices.len(), |racer, verifier| {
        let devices = devices.clone();
        async move {
            let (pending, account) = &devices[racer];
            verifier.confirm(&who(), &pending.challenge, code(account, now), &context(now)).await
        }
    })
    .await
}

/// Many administrators save at once: one is heard, the others are told that somebody was first.
pub async fn policies_against_each_other<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &Policy::default()).await;
    for (racers, expected) in RACERS.into_iter().zip(1..) {
        let outcomes = race(&verifier, racers, |_, verifier| async move {
            let admin = Actor::administrator("root");
            verifier.put_policy(&admin, "acme", &Policy::default(), expected, T0.into()).await
        })
        .await;
        let saved = outcomes.iter().filter(|outcome| **outcome == Ok(expected + 1)).count();
        assert_eq!(saved, 1, "{racers} racers: {outcomes:?}");
        let moved = crate::AdminError::PolicyMoved { expected, found: expected + 1 };
        let late = outcomes.iter().filter(|outcome| **outcome == Err(moved.clone())).count();
        assert_eq!(late, racers - 1, "{racers} racers: {outcomes:?}");
    }
}
