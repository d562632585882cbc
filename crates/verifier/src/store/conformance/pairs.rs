//! Two things that happen at once and may not both hold, and one thing that comes again later (verifier specification
//! §5.2).

use super::{
    RACERS, T0, race,
    races::{accepted, ask, asks, code, context, enrol, proof, reasons, verifier, who, wide},
};
use crate::{
    Action, Actor, Answer, BudgetKey, Confirmation, Context, Decision, Grant, Method, Policy, Reason, Store,
    TicketKind, TicketRequest, store::Query,
};
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::SecretText;
use std::future::Future;

/// The code that confirmed does not sign in, an older code of the window is dead once a later one was used (A-B-A), and
/// one from a clock that is ahead comes once, too.
pub async fn codes_do_not_come_back<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    let (account, _) = enrol(&verifier).await;
    // When it is typed, of which moment the code is, and what becomes of it.
    let story = [
        (0, 0, false),
        (30, 30, true),
        (60, 60, true),
        (61, 30, false),
        (62, 60, false),
        (90, 90, true),
        (149, 120, true),
        (150, 90, false),
        (179, 150, true),
        (180, 150, false),
        (180, 120, false),
    ];
    for (now, of, good) in story {
        let challenge = ask(&verifier, Action::Login, now).await;
        let decision = verifier.answer(&who(), &challenge, code(&account, of), &context(now)).await;
        let decision = decision.expect("a decision");
        assert_eq!(decision.is_accepted(), good, "at {now} the code of {of}: {decision:?}");
    }
    // From a clock that is ahead, where the policy looks ahead.
    let mut policy = wide();
    policy.totp.look_ahead = 1;
    let verifier = self::verifier(open().await, &policy).await;
    let (account, _) = enrol(&verifier).await;
    let story = [
        (30, 60, true),
        (31, 60, false),
        (31, 30, false),
        (60, 60, false),
        (61, 90, true),
        (90, 90, false),
        (91, 150, false),
    ];
    for (now, of, good) in story {
        let challenge = ask(&verifier, Action::Login, now).await;
        let decision = verifier.answer(&who(), &challenge, code(&account, of), &context(now)).await;
        let decision = decision.expect("a decision");
        assert_eq!(decision.is_accepted(), good, "at {now} the code of {of}, ahead: {decision:?}");
    }
}

/// Nodes whose clocks are a minute apart, each shown the codes that its own clock asks for: no step is accepted twice,
/// nor one behind an accepted one.
pub async fn clocks_that_disagree<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    let (account, _) = enrol(&verifier).await;
    let mut last = 0;
    for round in 1..8_u64 {
        let clocks = [round * 60 + 60, round * 60 + 120, round * 60 + 180];
        let mut challenges = Vec::new();
        for racer in 0..12 {
            challenges.push(ask(&verifier, Action::Login, clocks[racer % 3]).await);
        }
        let decisions = race(&verifier, 12, |racer, verifier| {
            let (challenge, now) = (challenges[racer].clone(), clocks[racer % 3]);
            let answer = code(&account, now);
            async move {
                let decision = verifier.answer(&who(), &challenge, answer, &context(now)).await;
                decision.expect("a decision").is_accepted().then_some((T0 + now) / 30)
            }
        })
        .await;
        let mut steps: Vec<u64> = decisions.into_iter().flatten().collect();
        let found = steps.len();
        steps.sort_unstable();
        steps.dedup();
        assert_eq!(steps.len(), found, "round {round}: a step was accepted twice");
        assert!(steps.iter().all(|step| *step > last), "round {round}: {steps:?} after {last}");
        let newest = (T0 + clocks[2]) / 30;
        // The clock that is ahead of all others is never behind what was used.
        assert!(steps.contains(&newest), "round {round}: {steps:?}");
        last = newest;
    }
}

/// A clock that jumps back by a minute gives no budget back.
pub async fn a_clock_set_back_gives_no_guess_back<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &Policy::default()).await;
    let (account, _) = enrol(&verifier).await;
    let wrong = wrong(&account, 120);
    let mut compared = 0;
    for now in [120, 60, 180, 0, 121, 61, 120, 59] {
        // Where every way is locked there is no challenge to answer; this one was opened before.
        let challenge = match verifier.begin(&who(), Action::Login, &context(now)).await {
            Ok(crate::Begin::Challenge(question)) => question.id,
            Ok(crate::Begin::Locked { .. }) => continue,
            other => panic!("{other:?}"),
        };
        let decision = verifier.answer(&who(), &challenge, Answer::code(&wrong), &context(now)).await;
        compared += u32::from(reasons(&[decision.expect("a decision")]) == [Reason::Wrong]);
    }
    assert_eq!(compared, 5);
}

/// A code that is none of the user's, whatever of these clocks looks.
fn wrong(account: &Account, now: u64) -> String {
    let near = account.codes_around(T0 + now, 40).expect("codes");
    (0..1_000)
        .map(|number| format!("{number:06}"))
        .find(|text| near.iter().all(|code| code.code.text != *text))
        .expect("a thousand codes are more than 81")
}

/// Another device takes a lost one's place while a code of the lost one is answered with.
pub async fn enrolling_anew_against_answering<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    let (mut account, _) = enrol(&verifier).await;
    for round in 1..9_u64 {
        let now = round * 300;
        let request =
            TicketRequest { kind: TicketKind::AdminRecovery, reason: "lost".to_owned(), invite_email: None };
        let admin = Actor::administrator("root");
        let issued = verifier.issue_ticket(&admin, &who(), &request, &context(now)).await.expect("a ticket");
        let grant = Grant::Ticket(issued.token);
        let pending =
            verifier.enrol_totp(&who(), "Acme", "ann", grant, &context(now)).await.expect("granted");
        let next = parse_uri(pending.uri.expose()).expect("a URI").account;
        let challenge = ask(&verifier, Action::Login, now).await;
        let outcomes = race(&verifier, 2, |racer, verifier| {
            let (challenge, old) = (challenge.clone(), code(&account, now));
            let (confirming, new) = (pending.challenge.clone(), code(&next, now));
            async move {
                if racer == 0 {
                    let decision = verifier.answer(&who(), &challenge, old, &context(now)).await;
                    return decision.expect("a decision").is_accepted();
                }
                let confirmed = verifier.confirm(&who(), &confirming, new, &context(now)).await;
                matches!(confirmed.expect("a decision"), Confirmation::Enrolled(_))
            }
        })
        .await;
        assert!(outcomes[1], "round {round}: the ticket was good");
        let challenge = ask(&verifier, Action::Login, now + 60).await;
        let late = verifier.answer(&who(), &challenge, code(&account, now + 60), &context(now + 60)).await;
        assert!(!late.expect("a decision").is_accepted(), "round {round}: the lost device is out");
        account = next;
    }
}

/// Two devices, each shown to remove the other at once: one stays, for the last one ends by disabling.
pub async fn removing_each_other<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.totp.max_active = 2;
    let verifier = verifier(open().await, &policy).await;
    let (mut account, _) = enrol(&verifier).await;
    for round in 0..6_u64 {
        let now = 300 + round * 300;
        let by_first = proof(&verifier, Action::Enrol, &account, now).await;
        let grant = Grant::Proof(by_first);
        let pending =
            verifier.enrol_totp(&who(), "Acme", "ann", grant, &context(now)).await.expect("there is room");
        let next = parse_uri(pending.uri.expose()).expect("a URI").account;
        let confirmed = verifier.confirm(&who(), &pending.challenge, code(&next, now), &context(now)).await;
        assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))), "{confirmed:?}");
        let factors = verifier.factors(&who()).await.expect("factors");
        let first = proof(&verifier, Action::DisableMfa, &account, now + 30).await;
        let second = proof(&verifier, Action::DisableMfa, &next, now + 30).await;
        let proofs = std::sync::Arc::new([first, second]);
        let outcomes = race(&verifier, 2, |racer, verifier| {
            let factor = factors[1 - racer].0.clone();
            let copy = crate::Proof::from_text(SecretText::new(proofs[racer].expose().to_owned()));
            async move { verifier.remove_factor(&who(), &factor, copy, &context(now + 31)).await.is_ok() }
        })
        .await;
        let left = verifier.factors(&who()).await.expect("factors");
        assert_eq!(
            (outcomes.iter().filter(|removed| **removed).count(), left.len()),
            (1, 1),
            "round {round}"
        );
        if outcomes[1] {
            account = next;
        }
    }
}

async fn day<S: Store>(store: &S) -> u64 {
    let key = BudgetKey::Day { user: who().user().to_owned(), trusted: false };
    let query = Query {
        tenant: who().tenant().to_owned(),
        user: who().user().to_owned(),
        budgets: vec![key],
        ..Query::default()
    };
    store.load(query).await.expect("the store answers").budgets[0].used
}

/// One right answer among wrong ones: success gives its own charge back and ends the row, and not one guess of the day.
pub async fn success_against_parallel_failures<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (account, _) = enrol(&verifier).await;
        let wrong = wrong(&account, 30);
        let challenges = asks(&verifier, racers, 30).await;
        let decisions = race(&verifier, racers, |racer, verifier| {
            let answer = if racer == 0 { code(&account, 30) } else { Answer::code(&wrong) };
            let challenge = challenges[racer].clone();
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        let compared = reasons(&decisions).iter().filter(|reason| **reason == Reason::Wrong).count();
        assert_eq!(day(verifier.store()).await, compared as u64, "{racers} racers");
        let refused =
            reasons(&decisions).iter().filter(|reason| matches!(reason, Reason::Locked { .. })).count();
        assert_eq!(accepted(&decisions) + compared + refused, racers);
        assert!(accepted(&decisions) == 1 || matches!(decisions[0], Decision::Rejected(_)));
    }
}

/// The row of wrong answers locks the method while a right answer is on its way: it was charged before the lock and
/// counts, or it was not and is not even compared.
pub async fn locking_against_an_answer_in_flight<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for _ in 0..6 {
        let verifier = verifier(open().await, &Policy::default()).await;
        let (account, _) = enrol(&verifier).await;
        let wrong = wrong(&account, 30);
        let challenges = asks(&verifier, 24, 30).await;
        let decisions = race(&verifier, 24, |racer, verifier| {
            let answer = if racer == 12 { code(&account, 30) } else { Answer::code(&wrong) };
            let challenge = challenges[racer].clone();
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        let compared = reasons(&decisions).iter().filter(|reason| **reason == Reason::Wrong).count();
        match &decisions[12] {
            // Success ends the row: at most five before it and five after it, less what was on its way.
            Decision::Accepted(_) => assert!((4..=10).contains(&compared), "{compared} were compared"),
            Decision::Rejected(rejected) => {
                assert!(matches!(rejected.reason, Reason::Locked { .. }), "{rejected:?}");
                assert_eq!(compared, 5);
            }
        }
    }
}

/// A reply that was lost, asked for by many at once under the same name: one decision, one use, one proof.
pub async fn one_named_request_many_times<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (account, _) = enrol(&verifier).await;
        let challenge = ask(&verifier, Action::ChangeEmail, 30).await;
        let named = |now| Context { request: Some("request 1".to_owned()), ..context(now) };
        let first =
            verifier.answer(&who(), &challenge, code(&account, 30), &named(30)).await.expect("a decision");
        assert!(first.is_accepted());
        let decisions = race(&verifier, racers, |_, verifier| {
            let (challenge, answer, context) = (challenge.clone(), code(&account, 30), named(35));
            async move { verifier.answer(&who(), &challenge, answer, &context).await.expect("a decision") }
        })
        .await;
        assert_eq!(accepted(&decisions), racers);
        assert!(decisions.iter().all(|decision| decision.id() == first.id()), "the same decision");
        let proofs: Vec<String> = decisions
            .into_iter()
            .filter_map(|decision| match decision {
                Decision::Accepted(accepted) => Some(accepted.proof.expose().to_owned()),
                Decision::Rejected(_) => None,
            })
            .collect();
        let redeemed = race(&verifier, racers, |racer, verifier| {
            let proof = crate::Proof::from_text(SecretText::new(proofs[racer].clone()));
            async move { verifier.redeem(&who(), &Action::ChangeEmail, proof, &context(36)).await.is_ok() }
        })
        .await;
        let times = redeemed.into_iter().filter(|redeemed| *redeemed).count();
        assert_eq!(times, 1, "however often it was handed out");
        let other = ask(&verifier, Action::Login, 36).await;
        let again =
            verifier.answer(&who(), &other, code(&account, 30), &context(36)).await.expect("a decision");
        assert!(matches!(reasons(&[again]).as_slice(), [Reason::Used { .. }]));
    }
}

/// A user may be called anything, and so may a tenant: no two names meet, in no store.
pub async fn names_of_any_characters<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let names = ["a", "A", "a ", "ä", "a\u{308}", "\0", "a\0", "'; --", "a|b", "\u{1f511}", "\u{7f}"];
    let limit = crate::Limit::per_window(9, 60);
    for (place, name) in names.iter().enumerate() {
        let key = BudgetKey::Attempts { user: (*name).to_owned(), method: Method::Totp, trusted: false };
        for _ in 0..=place {
            let charges = vec![crate::store::Charge { key: key.clone(), limit }];
            let charged = store.charge("t", charges, super::at(0)).await;
            assert!(charged.is_ok(), "{name:?}: {charged:?}");
        }
        let put = crate::store::Change::PutSubject {
            expected: None,
            subject: crate::record::SubjectRecord {
                created_at: super::at(place as u64),
                ..Default::default()
            },
        };
        assert_eq!(super::settle_for(&store, name, name, 0, vec![put]).await, crate::store::Settled::Done);
    }
    for (place, name) in names.iter().enumerate() {
        let users = store.users(name, "", 9).await.expect("the store answers");
        assert_eq!(users.len(), 1, "{name:?}");
        assert_eq!(users[0].0, *name);
        assert_eq!(users[0].1.subject.as_ref().map(|known| known.created_at), Some(super::at(place as u64)));
        let key = BudgetKey::Attempts { user: (*name).to_owned(), method: Method::Totp, trusted: false };
        let query = Query { tenant: "t".to_owned(), budgets: vec![key], ..Query::default() };
        let used = store.load(query).await.expect("the store answers").budgets[0].used;
        assert_eq!(used, (place + 1).min(9) as u64, "{name:?}");
    }
}

/// One proof, shown for its own action and for another at once.
pub async fn one_proof_for_two_actions<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &wide()).await;
    let (account, _) = enrol(&verifier).await;
    let proof = proof(&verifier, Action::ChangeEmail, &account, 30).await;
    let outcomes = race(&verifier, 12, |racer, verifier| {
        let copy = crate::Proof::from_text(keyhaven_secret::SecretText::new(proof.expose().to_owned()));
        let action = if racer % 2 == 0 { Action::ChangeEmail } else { Action::ChangePassword };
        async move { verifier.redeem(&who(), &action, copy, &context(31)).await.is_ok() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|redeemed| **redeemed).count(), 1);
    assert!(outcomes.iter().skip(1).step_by(2).all(|redeemed| !redeemed), "of another action");
}
