//! What is told of a change: once, by whoever made it, however many come at once.

use super::{
    at,
    changes::{challenge, recovery, trust},
    load, load_query, race,
    races::{accepted, ask, asks, code, context, enrol, pending, proof, reasons, verifier, who, wide},
    settle, settle_for,
};
use crate::{
    Action, Actor, Answer, BudgetKey, Confirmation, Decision, Event, EventName, Grant, IpMatch, Limit,
    Policy, Reason,
    policy::RecoveryKind,
    record::TrustKind,
    store::{Change, Charge, Charged, Query, Settled, Settlement, Store},
};
use std::{future::Future, sync::Arc};

/// Settles for one user, with an event for what the change at each place of `told` changed.
async fn settle_telling<S: Store>(
    store: &S,
    now: u64,
    changes: Vec<Change>,
    told: &[(usize, EventName)],
) -> Settled {
    let settlement = Settlement {
        tenant: "acme".to_owned(),
        user: "ann".to_owned(),
        now: at(now),
        changes,
        events: vec![Event::new(EventName::SubjectChanged)],
        if_changed: told.iter().map(|(at, name)| (*at, Event::new(*name))).collect(),
    };
    store.settle(settlement).await.expect("the store answers")
}

async fn events<S: Store>(store: &S) -> Vec<Event> {
    let records = store.audit("acme", 0, 10_000).await.expect("the store answers");
    records.iter().map(|record| record.event().expect("an event of ours")).collect()
}

async fn count<S: Store>(store: &S, name: EventName) -> usize {
    events(store).await.iter().filter(|event| event.event == name).count()
}

/// An event for what a change changed is written if the change held and changed something, and by one of all racers.
pub async fn what_changed_is_told_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = Arc::new(open().await);
    let drop_all = || vec![Change::DropTrust { trust: None }];
    let removed = [(0, EventName::TrustRemoved)];
    assert_eq!(settle_telling(&*store, 0, drop_all(), &removed).await, Settled::Done);
    assert_eq!(count(&*store, EventName::TrustRemoved).await, 0, "there was nothing to remove");
    let put = |name: &str, used, keep| {
        vec![Change::PutTrust { trust: trust(name, TrustKind::Network, used), keep }]
    };
    for (place, (change, told)) in [
        (put("home", 1, 2), 0),
        (put("home", 2, 2), 0),
        (put("away", 3, 2), 0),
        (put("third", 4, 2), 1),
        (drop_all(), 2),
        (drop_all(), 2),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(settle_telling(&*store, 0, change, &removed).await, Settled::Done);
        assert_eq!(count(&*store, EventName::TrustRemoved).await, told, "{place}");
    }
    // A settlement that is lost tells nothing, whatever its first change would have changed.
    assert_eq!(settle(&*store, 0, put("home", 1, 2)).await, Settled::Done);
    let lost = vec![Change::DropTrust { trust: None }, Change::RequirePolicy { revision: 7 }];
    assert_eq!(settle_telling(&*store, 0, lost, &removed).await, Settled::Lost(1));
    assert_eq!(load(&*store).await.trusts.len(), 1);
    let before = events(&*store).await.len();
    let outcomes = race(&store, 24, |_, store| async move {
        settle_telling(&*store, 0, vec![Change::DropTrust { trust: None }], &[(0, EventName::TrustRemoved)])
            .await
    })
    .await;
    assert!(outcomes.iter().all(|outcome| *outcome == Settled::Done));
    let told: Vec<EventName> = events(&*store).await[before..].iter().map(|event| event.event).collect();
    assert_eq!(told.iter().filter(|name| **name == EventName::TrustRemoved).count(), 1);
    assert_eq!(told.len(), 25, "and each racer's own");
    // Only what is over and open ends, once; it can be answered no more, and what was answered does not end.
    let (open_one, answered) = (challenge(), challenge());
    let opening = [&open_one, &answered].map(|challenge| Change::Open(Box::new(challenge.clone()))).into();
    assert_eq!(settle(&*store, 0, opening).await, Settled::Done);
    let cancel = vec![Change::Cancel { challenge: answered.id.clone() }];
    assert_eq!(settle(&*store, 0, cancel).await, Settled::Done);
    let expire = |id: &crate::ChallengeId| vec![Change::Expire { challenge: id.clone() }];
    let expired = [(0, EventName::ChallengeExpired)];
    for (challenge, now) in [(&open_one, 99), (&answered, 200), (&challenge(), 200)] {
        assert_eq!(settle_telling(&*store, now, expire(&challenge.id), &expired).await, Settled::Done);
    }
    assert_eq!(count(&*store, EventName::ChallengeExpired).await, 0);
    let ends = race(&store, 24, |_, store| {
        let changes = expire(&open_one.id);
        async move { settle_telling(&*store, 100, changes, &[(0, EventName::ChallengeExpired)]).await }
    })
    .await;
    assert!(ends.iter().all(|outcome| *outcome == Settled::Done));
    assert_eq!(count(&*store, EventName::ChallengeExpired).await, 1);
    let query = Query { challenge: Some(open_one.id.clone()), ..Query::default() };
    assert!(
        load_query(&*store, query).await.challenge.is_some_and(|found| found.expired && !found.cancelled)
    );
    // By a clock that is behind it would still have time.
    let select = vec![Change::Select { challenge: open_one.id, method: crate::Method::Recovery }];
    assert_eq!(settle(&*store, 0, select).await, Settled::Lost(0));
}

/// Challenges that are open and over are found, the oldest first, whosever they are; not what was told or closed.
pub async fn what_is_over_is_found_until_it_is_told<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let mut ids = Vec::new();
    for (tenant, user, ends) in
        [("acme", "ann", 30), ("acme", "bob", 20), ("other", "ann", 10), ("acme", "ann", 40)]
    {
        let mut asked = challenge();
        asked.expires_at = at(ends);
        ids.push(asked.id.clone());
        let opened = settle_for(&store, tenant, user, 0, vec![Change::Open(Box::new(asked))]).await;
        assert_eq!(opened, Settled::Done);
    }
    let found = async |before, limit| {
        let found = store.expired(at(before), limit).await.expect("the store answers");
        found.into_iter().map(|(tenant, user, found)| (tenant, user, found.id)).collect::<Vec<_>>()
    };
    let named = |tenant: &str, user: &str, id: usize| (tenant.to_owned(), user.to_owned(), ids[id].clone());
    let [first, second, third] = [named("other", "ann", 2), named("acme", "bob", 1), named("acme", "ann", 0)];
    assert_eq!(found(10, 9).await, [], "it ends in this second");
    assert_eq!(found(31, 9).await, [first.clone(), second.clone(), third.clone()]);
    assert_eq!(found(31, 2).await, [first.clone(), second.clone()]);
    let expire = vec![Change::Expire { challenge: ids[1].clone() }];
    assert_eq!(settle_for(&store, "acme", "bob", 31, expire).await, Settled::Done);
    assert_eq!(found(31, 9).await, [first.clone(), third]);
    let cancel = vec![Change::Cancel { challenge: ids[0].clone() }];
    assert_eq!(settle(&store, 0, cancel).await, Settled::Done);
    assert_eq!(found(31, 9).await, [first]);
}

/// Of all that are refused at once, one begins the lock-out; where a refusal locks nothing, none does.
pub async fn locks_begin_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = Arc::new(open().await);
    for (name, lockout, begins) in [("locks", 500, 1), ("waits", 0, 0)] {
        for window in 0..2 {
            let limit = Limit { lockout, ..Limit::per_window(3, 60) };
            let outcomes = race(&store, 24, |_, store| {
                let charges = vec![Charge { key: BudgetKey::Network(name.to_owned()), limit }];
                let now = at(window * 1_000);
                async move { store.charge("acme", charges, now).await.expect("the store answers") }
            })
            .await;
            let began = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Charged::Refused { began: true, .. }))
                .count();
            let refused =
                outcomes.iter().filter(|outcome| matches!(outcome, Charged::Refused { .. })).count();
            assert_eq!((began, refused), (begins, 21), "{name} {window}");
        }
    }
    // Exactly so many codes: a settlement that counts them is lost where there is another number.
    let codes = ["AAAA", "BBBB"].map(|selector| recovery(1, selector));
    let put = Change::PutRecovery { expected: 0, codes: codes.to_vec() };
    let unused = |codes| vec![Change::RequireUnused { codes }];
    assert_eq!(settle(&*store, 0, unused(0)).await, Settled::Done);
    assert_eq!(settle(&*store, 0, vec![put]).await, Settled::Done);
    for (codes, outcome) in [(1, Settled::Lost(0)), (2, Settled::Done), (3, Settled::Lost(0))] {
        assert_eq!(settle(&*store, 0, unused(codes)).await, outcome, "{codes}");
    }
    assert_eq!(settle_for(&*store, "acme", "bob", 0, unused(2)).await, Settled::Lost(0), "another user's");
    let using = vec![
        Change::UseRecovery { code: codes[0].id.clone(), generation: 1 },
        Change::RequireUnused { codes: 1 },
    ];
    assert_eq!(settle(&*store, 0, using).await, Settled::Done, "a change sees those before it");
    assert_eq!(settle(&*store, 0, unused(2)).await, Settled::Lost(0));
}

/// However many wrong answers come at once, each lock that they begin is told once.
pub async fn wrong_answers_lock_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut to_the_end = wide();
    to_the_end.attempts.consecutive = 7;
    for (policy, compared, told) in
        [(Policy::default(), 5, EventName::LockoutStarted), (to_the_end, 7, EventName::FactorLocked)]
    {
        let verifier = verifier(open().await, &policy).await;
        let (account, _) = enrol(&verifier).await;
        let challenges = asks(&verifier, 24, 30).await;
        let near = account.codes_around(super::T0 + 30, 30).expect("codes");
        let wrong = (0..).map(|number| format!("{number:06}"));
        let wrong =
            wrong.into_iter().find(|text| near.iter().all(|code| code.code.text != *text)).expect("one");
        let decisions = race(&verifier, 24, |racer, verifier| {
            let (challenge, answer) = (challenges[racer].clone(), Answer::code(&wrong));
            async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
        })
        .await;
        let wrong = reasons(&decisions).iter().filter(|reason| **reason == Reason::Wrong).count();
        assert_eq!(wrong, compared);
        let locks = [EventName::LockoutStarted, EventName::FactorLocked];
        let found = events(verifier.store()).await;
        let found: Vec<EventName> =
            found.iter().map(|event| event.event).filter(|name| locks.contains(name)).collect();
        assert_eq!(found, [told]);
    }
}

/// Recovery codes used at once: each tells another number that is left.
pub async fn few_recovery_codes_are_told_once_each<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.recovery.kind = RecoveryKind::Codes { count: 6 };
    policy.recovery.low_at = 3;
    let verifier = verifier(open().await, &policy).await;
    let (_, codes) = enrol(&verifier).await;
    let mut challenges = Vec::new();
    for _ in 0..6 {
        challenges.push(ask(&verifier, Action::Login, 30).await);
    }
    let decisions = race(&verifier, 6, |racer, verifier| {
        let (challenge, answer) = (challenges[racer].clone(), Answer::recovery(&codes[racer]));
        async move { verifier.answer(&who(), &challenge, answer, &context(30)).await.expect("a decision") }
    })
    .await;
    assert_eq!(accepted(&decisions), 6, "{:?}", reasons(&decisions));
    let left = decisions.iter().filter_map(|decision| match decision {
        Decision::Accepted(accepted) => accepted.recovery_left,
        Decision::Rejected(_) => None,
    });
    let mut left: Vec<u32> = left.collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4, 5]);
    let told = events(verifier.store()).await;
    let told = told.iter().filter(|event| event.event == EventName::RecoveryLow);
    assert_eq!(told.map(|event| event.left).collect::<Vec<_>>(), [Some(3), Some(2), Some(1), Some(0)]);
}

/// Two factors are removed at once, and the trust earned with either: it ends once.
pub async fn trust_that_ends_is_told_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = wide();
    policy.trust.ip = Some(IpMatch::Exact);
    let verifier = verifier(open().await, &policy).await;
    let (account, _) = enrol(&verifier).await;
    let grant = Grant::Proof(proof(&verifier, Action::Enrol, &account, 30).await);
    let (second, app) = pending(&verifier, grant).await;
    let confirmed = verifier.confirm(&who(), &second.challenge, code(&app, 30), &context(30)).await;
    assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))), "{confirmed:?}");
    let home = |now| context(now).from_ip([192, 0, 2, 7].into());
    let asked = ask(&verifier, Action::Login, 60).await;
    let decided = verifier.answer(&who(), &asked, code(&account, 60), &home(60)).await.expect("a decision");
    assert!(decided.is_accepted());
    let factors = verifier.factors(&who()).await.expect("factors");
    assert_eq!(factors.len(), 2);
    let outcomes = race(&verifier, 2, |racer, verifier| {
        let factor = factors[racer].0.clone();
        async move {
            let admin = Actor::administrator("root");
            verifier.revoke_factor(&admin, &who(), &factor, "race", at(61)).await.is_ok()
        }
    })
    .await;
    assert_eq!(outcomes, [true, true]);
    let told = events(verifier.store()).await;
    let told: Vec<_> = told.iter().filter(|event| event.event == EventName::TrustRemoved).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].by.as_deref(), told[0].user.as_deref()), (Some("root"), Some("ann")));
}
