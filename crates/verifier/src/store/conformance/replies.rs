//! Requests with a name: what one came to is kept once, and many at once under one name are one request.

use super::{
    RACERS, at, load_query, race,
    races::{accepted, ask, code, context, enrol, proof, reasons, verifier, who, wide},
    settle, settle_for,
};
use crate::{
    Action, Answer, BudgetKey, Context, Decision, EventName, Proof, Redeemed, Store, Tag,
    record::Reply,
    store::{Change, Query, Settled},
};
use keyhaven_secret::SecretText;
use std::future::Future;

fn reply(name: &str, until: u64, sealed: &[u8]) -> Reply {
    Reply { request: Tag::from_text(name.to_owned()), until: at(until), sealed: sealed.to_vec() }
}

fn keep(reply: &Reply) -> Vec<Change> {
    vec![Change::KeepReply(Box::new(reply.clone()))]
}

/// Under one tag is one reply as long as it holds, for each user.
pub async fn replies_are_kept_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let find = |name: &str| Query { request: Some(Tag::from_text(name.to_owned())), ..Query::default() };
    assert_eq!(load_query(&store, find("a")).await.reply, None);
    let (first, other) = (reply("a", 60, &[0, 255, 7]), reply("b", 200, b"b"));
    assert_eq!(settle(&store, 0, keep(&first)).await, Settled::Done);
    assert_eq!(settle(&store, 0, keep(&other)).await, Settled::Done);
    // A second one under the tag is lost, and what comes with it.
    let mut late = keep(&reply("a", 300, b"late"));
    late.push(Change::PutSubject { expected: None, subject: Default::default() });
    assert_eq!(settle(&store, 59, late).await, Settled::Lost(0));
    let found = load_query(&store, find("a")).await;
    assert_eq!((found.reply, found.subject), (Some(first.clone()), None));
    assert_eq!(settle_for(&store, "acme", "bob", 59, keep(&first)).await, Settled::Done, "another user's");
    assert_eq!(settle_for(&store, "other", "ann", 59, keep(&first)).await, Settled::Done, "another tenant's");
    // With its time it is over: the next takes its place, and forgets what else is.
    assert_eq!(settle(&store, 60, keep(&reply("c", 300, b"c"))).await, Settled::Done);
    assert_eq!(load_query(&store, find("a")).await.reply, None);
    assert_eq!(load_query(&store, find("b")).await.reply, Some(other));
    assert_eq!(settle(&store, 60, keep(&reply("a", 300, b"anew"))).await, Settled::Done);
    assert_eq!(load_query(&store, find("a")).await.reply, Some(reply("a", 300, b"anew")));
    let bobs = Query { tenant: "acme".to_owned(), user: "bob".to_owned(), ..find("a") };
    assert_eq!(store.load(bobs.clone()).await.expect("the store answers").reply, Some(first));
    // Two that are over: bob's, and the other tenant's.
    assert_eq!(store.sweep(at(61)).await, Ok(2));
    assert_eq!(store.load(bobs).await.expect("the store answers").reply, None);
    assert_eq!(load_query(&store, find("a")).await.reply, Some(reply("a", 300, b"anew")));
}

fn named(now: u64) -> Context {
    context(now).named("request 1")
}

async fn used<S: Store>(verifier: &super::races::Shared<S>) -> u64 {
    let day = BudgetKey::Day { user: "ann".to_owned(), trusted: false };
    load_query(verifier.store(), Query { budgets: vec![day], ..Query::default() }).await.budgets[0].used
}

/// A right answer and a wrong one, each by many at once under one name: one decision, charged for once, and the proof
/// redeemed once.
pub async fn one_named_request_at_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    for racers in RACERS {
        let verifier = verifier(open().await, &wide()).await;
        let (account, _) = enrol(&verifier).await;
        for (right, now) in [(false, 30), (true, 60)] {
            let challenge = ask(&verifier, Action::ChangeEmail, now).await;
            let near = account.codes_around(super::T0 + now, 30).expect("codes");
            let wrong = (0..100)
                .map(|n| format!("{n:06}"))
                .find(|text| near.iter().all(|code| code.code.text != *text))
                .expect("a hundred codes are more than sixty-one");
            let decisions: Vec<Decision> = race(&verifier, racers, |_, verifier| {
                let answer = if right { code(&account, now) } else { Answer::code(&wrong) };
                let challenge = challenge.clone();
                async move { verifier.answer(&who(), &challenge, answer, &named(now)).await.expect("decided") }
            })
            .await;
            assert_eq!(accepted(&decisions), if right { racers } else { 0 }, "{:?}", reasons(&decisions));
            let first = decisions[0].id();
            assert!(decisions.iter().all(|decision| decision.id() == first), "{racers}: one decision");
            assert_eq!(used(&verifier).await, 1, "one wrong answer was charged for, and no right one");
        }
        let records = verifier.audit("acme", 0, 10_000).await.expect("the store answers");
        let told = |name| {
            records.iter().filter_map(|record| record.event()).filter(|event| event.event == name).count()
        };
        assert_eq!((told(EventName::DecisionRejected), told(EventName::DecisionAccepted)), (1, 2));
        let proof = proof(&verifier, Action::ChangeEmail, &account, 90).await;
        let redeemed = race(&verifier, racers, |_, verifier| {
            let copy = Proof::from_text(SecretText::new(proof.expose().to_owned()));
            async move { verifier.redeem(&who(), &Action::ChangeEmail, copy, &named(91)).await }
        })
        .await;
        let now = redeemed.iter().filter(|outcome| **outcome == Ok(Redeemed::Now)).count();
        let before = redeemed.iter().filter(|outcome| **outcome == Ok(Redeemed::Before)).count();
        assert_eq!((now, before), (1, racers - 1), "{redeemed:?}");
    }
}
