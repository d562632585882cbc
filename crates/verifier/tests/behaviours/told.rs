//! What the audit chain tells of sending and of answers that were rejected, and records that were tampered with.

use crate::world::*;
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeError, Event, EventName, FactorId, Failure, Method, Policy, Store,
    Subject,
    record::{Factor, FactorState, StoredAlgorithm},
    store::{self, Query, Settled, Settlement},
};

async fn last_event(world: &World, name: EventName) -> Event {
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let mut events = records.iter().rev().filter_map(|record| record.event());
    events.find(|event| event.event == name).unwrap()
}

#[tokio::test]
async fn messages_are_told_with_their_factor_and_refusals_with_their_budget() {
    let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    policy.sms.login_sends_per_day = 1;
    policy.sends.cooldown = 0;
    let mut world = World::with(policy).await;
    let enrolled = world.enrol_phone().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let _ = world.send(&question.id).await.unwrap();
    let sent = last_event(&world, EventName::ChallengeSent).await;
    assert_eq!((sent.factor, sent.method), (Some(enrolled.factor), Some(Method::Sms)));
    let refused = world.send(&question.id).await;
    assert!(matches!(refused, Err(ChallengeError::Locked { .. })));
    let hit = last_event(&world, EventName::LimitHit).await;
    assert_eq!((hit.reason.as_deref(), hit.method), (Some("messages to sign in"), Some(Method::Sms)));
    assert_eq!(hit.challenge, Some(question.id));
}

#[tokio::test]
async fn rejections_are_told_with_the_method_that_was_tried() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let _ = world.reject(&question.id, Answer::recovery("0000-0000-0000-0000-0000")).await;
    assert_eq!(last_event(&world, EventName::DecisionRejected).await.method, Some(Method::Recovery));
    let _ = world.accept(&question.id, world.code(&account)).await;
    let _ = world.reject(&question.id, Answer::recovery("0000-0000-0000-0000-0000")).await;
    let closed = last_event(&world, EventName::DecisionRejected).await;
    assert_eq!((closed.reason.as_deref(), closed.method), (Some("answered"), Some(Method::Totp)));
}

/// That nobody answered in time is told once, and of nothing that was answered or called off, nor of what is open.
#[tokio::test]
async fn a_challenge_is_told_to_be_over_once_and_only_if_nobody_ended_it() {
    let mut policy = Policy { methods: [Method::Totp, Method::Push].into(), ..Policy::default() };
    policy.totp.max_active = 2;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let over = async |world: &World| {
        let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
        records.iter().filter(|record| record.event().unwrap().event == EventName::ChallengeExpired).count()
    };
    world.pass(30);
    let (left, answered) = (world.ask(Action::Login).await, world.ask(Action::Login).await);
    let _ = world.reject(&left.id, Answer::code("12")).await;
    assert_eq!(over(&world).await, 0, "it is open yet");
    let _ = world.accept(&answered.id, world.code(&account)).await;
    world.pass(3_600);
    let _ = world.reject(&answered.id, world.code(&account)).await;
    assert_eq!(over(&world).await, 0, "it was answered");
    for _ in 0..2 {
        let _ = world.reject(&left.id, world.code(&account)).await;
        assert_eq!(over(&world).await, 1, "nobody answered, which is told once");
    }
}

/// A sealed secret opens in its own place only (docs/verifier.md, "writes to the database"): as the same user's, under
/// the same id, with the parameters it was made with.
#[tokio::test]
async fn a_secret_that_was_moved_or_whose_parameters_were_changed_does_not_open() {
    let bob = Subject::new("acme", "bob").unwrap();
    type Change = fn(&mut Factor);
    let changes: [(&Subject, Change); 7] = [
        (&bob, |_| ()),
        (&ann(), |factor| factor.id = FactorId::parse(&"0".repeat(32)).unwrap()),
        (&ann(), |factor| factor.generation += 1),
        (&ann(), |factor| factor.algorithm = Some(StoredAlgorithm::Sha256)),
        (&ann(), |factor| factor.digits = 8),
        (&ann(), |factor| factor.period = 60),
        (&ann(), |factor| factor.method = Method::Hotp),
    ];
    for (place, (who, change)) in changes.into_iter().enumerate() {
        let methods = [Method::Totp, Method::Hotp].into();
        let mut world = World::with(Policy { methods, ..Policy::default() }).await;
        let (_, account) = world.enrol_totp().await;
        let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
        let mut factor = world.verifier.store().load(query).await.unwrap().factors.remove(0);
        assert_eq!(factor.state, FactorState::Active);
        change(&mut factor);
        let typed =
            if factor.digits == 8 { "12345678".to_owned() } else { account.code_at(world.now).unwrap().text };
        let settle = async |user: &str, change| {
            let (tenant, user, now) = ("acme".to_owned(), user.to_owned(), world.at());
            let settlement = Settlement {
                tenant,
                user,
                now,
                changes: vec![change],
                events: Vec::new(),
                if_changed: Vec::new(),
            };
            assert_eq!(world.verifier.store().settle(settlement).await, Ok(Settled::Done));
        };
        settle("ann", store::Change::RevokeOthers { method: None, except: None }).await;
        settle(who.user(), store::Change::PutPending(Box::new(factor))).await;
        world.pass(30);
        let begun = world.verifier.begin(who, Action::Login, &world.context()).await.unwrap();
        let Begin::Challenge(question) = begun else { panic!("{place}: {begun:?}") };
        let decided = world.verifier.answer(who, &question.id, Answer::code(&typed), &world.context()).await;
        assert_eq!(decided.err(), Some(Failure::Sealed { what: "factor" }), "{place}");
    }
}

#[tokio::test]
async fn challenges_are_told_with_their_action_and_what_was_chosen() {
    let methods = [Method::Sms, Method::Email].into();
    let mut world = World::with(Policy { methods, ..Policy::default() }).await;
    world.verify_email().await;
    let _ = world.enrol_phone().await;
    let proof = world.prove_by(Action::Enrol, Method::Sms).await;
    let grant = keyhaven_verifier::Grant::Proof(proof);
    let mail = world.verifier.enrol_email(&ann(), grant, &world.context()).await.unwrap();
    let _ = world.confirm(&mail.challenge, sent_code(&mail.sent)).await;
    let question = world.ask(Action::ChangeEmail).await;
    let created = last_event(&world, EventName::ChallengeCreated).await;
    assert_eq!((created.action, created.challenge), (Some(Action::ChangeEmail), Some(question.id.clone())));
    world.verifier.select(&ann(), &question.id, Method::Email, &world.context()).await.unwrap();
    let switched = last_event(&world, EventName::ChallengeMethodSwitched).await;
    assert_eq!((switched.method, switched.challenge), (Some(Method::Email), Some(question.id)));
}
