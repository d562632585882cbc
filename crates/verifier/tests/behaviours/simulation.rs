//! Replaying an audit log under another policy.

use crate::world::*;
use keyhaven_verifier::{
    Action, Answer, AuditRecord, Begin, Grant, Method, Policy,
    policy::{RecoveryKind, Replay, Simulation},
};

async fn replayed(world: &World, change: impl FnOnce(&mut Policy)) -> Simulation {
    let (mut policy, _) = world.verifier.policy("acme").await.unwrap().unwrap();
    change(&mut policy);
    world.verifier.simulate("acme", &policy, 0, u32::MAX).await.unwrap()
}

/// A week of sign-ins, some by a clock that is a step behind, with a stranger's guesses in between.
async fn week(world: &mut World) {
    let (_, account) = world.enrol_totp().await;
    for day in 0..7_u64 {
        world.pass(86_400);
        // Every other day the code of the step before is typed.
        let typed = Answer::code(&account.code_at(world.now - 30 * (day % 2)).unwrap().text);
        let question = world.ask(Action::Login).await;
        let _ = world.accept(&question.id, typed).await;
        world.pass(3_600);
        let near = account.codes_around(world.now, 30).unwrap();
        let wrong =
            (0..).map(|n| format!("{n:06}")).find(|text| near.iter().all(|code| code.code.text != *text));
        let wrong = wrong.unwrap();
        for _ in 0..8 {
            let Begin::Challenge(question) = world.begin(Action::Login).await else { break };
            let _ = world.reject(&question.id, Answer::code(&wrong)).await;
        }
    }
}

#[tokio::test]
async fn under_its_own_policy_a_log_comes_out_as_it_did() {
    let mut world = World::with(Policy::default()).await;
    week(&mut world).await;
    let same = replayed(&world, |_| {}).await;
    // The confirmation, seven sign-ins, five guesses a day.
    assert_eq!(same.answers, 1 + 7 + 35);
    assert_eq!((same.accepted_lost, same.guesses_saved, same.refused_compared), (0, 0, 0));
    assert_eq!((same.unknown, same.differences.len()), (0, 0));
    assert_eq!(same.until, Some(world.at()));
    assert_eq!(same.records, world.verifier.audit("acme", 0, 9_999).await.unwrap().len() as u64);
}

#[tokio::test]
async fn a_narrower_policy_says_whom_it_keeps_out_and_what_it_saves() {
    let mut world = World::with(Policy::default()).await;
    week(&mut world).await;
    let strict = replayed(&world, |policy| policy.attempts.free = 2).await;
    // Two guesses are compared; the third waits a minute, and all come in one second.
    assert_eq!((strict.guesses_saved, strict.accepted_lost), (7 * 3, 0));
    assert!(strict.differences.iter().all(|difference| {
        (difference.user.as_str(), difference.was.as_str(), difference.rule)
            == ("ann", "wrong", "attempts.delays")
    }));
    let narrow = replayed(&world, |policy| policy.totp.look_back = 0).await;
    // Three days of the code before, which count as wrong and leave the strangers that much less.
    assert_eq!((narrow.accepted_lost, narrow.guesses_saved), (3, 12));
    let mut lost = narrow.differences.iter().filter(|difference| difference.was == "accepted");
    assert!(lost.all(|difference| difference.rule == "totp.look_back"));
    let none = replayed(&world, |policy| {
        policy.methods.clear();
        policy.methods.insert(Method::Sms);
    })
    .await;
    assert_eq!((none.accepted_lost, none.guesses_saved), (8, 35));
    assert_eq!(none.differences[0].rule, "methods");
    let daily = replayed(&world, |policy| policy.attempts.per_day = 3).await;
    assert_eq!((daily.guesses_saved, daily.accepted_lost), (7 * 2, 0));
    assert!(daily.differences.iter().all(|difference| difference.rule == "attempts.per_day"));
}

#[tokio::test]
async fn a_wider_policy_says_what_it_would_have_compared_and_sent() {
    let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    policy.sms.login_sends_per_day = 3;
    policy.sends.cooldown = 0;
    let mut world = World::with(policy).await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let mut last = None;
    for _ in 0..5 {
        world.pass(1);
        last = world.send(&question.id).await.ok().or(last);
    }
    let sent = last.unwrap();
    for _ in 0..7 {
        let _ =
            world.verifier.answer(&ann(), &question.id, wrong_code(&sent), &world.context()).await.unwrap();
    }
    let same = replayed(&world, |_| {}).await;
    assert_eq!((same.messages_lost, same.messages_more, same.refused_compared), (0, 0, 0), "{same:?}");
    let wide = replayed(&world, |policy| {
        policy.sms.login_sends_per_day = 4;
        policy.attempts.per_challenge = 6;
        policy.attempts.free = 20;
    })
    .await;
    assert_eq!((wide.messages_lost, wide.messages_more, wide.refused_compared), (0, 1, 1), "{wide:?}");
    let tight = replayed(&world, |policy| policy.sms.login_sends_per_day = 1).await;
    assert_eq!((tight.messages_lost, tight.messages_more), (2, 0), "{tight:?}");
    assert_eq!(tight.differences[0].rule, "sms.login_sends_per_day");
    // An administrator who unlocked gave everything back then, and does so in a replay.
    world.verifier.unlock(&admin(), &ann(), "typed badly", world.at()).await.unwrap();
    let question = world.ask(Action::Login).await;
    world.send(&question.id).await.unwrap();
    assert_eq!(replayed(&world, |_| {}).await.differences, []);
}

#[tokio::test]
async fn a_log_can_be_replayed_in_pieces_and_without_explanations() {
    let mut world = World::with(Policy::default()).await;
    week(&mut world).await;
    let mut policy = Policy::default();
    policy.attempts.free = 2;
    policy.totp.look_back = 0;
    let whole = world.verifier.simulate("acme", &policy, 0, u32::MAX).await.unwrap();
    let mut replay = Replay::new(&policy);
    for record in world.verifier.audit("acme", 0, 9_999).await.unwrap() {
        replay.record(&record, None);
    }
    let blind = replay.finish();
    assert_eq!((blind.accepted_lost, whole.accepted_lost), (0, 3), "steps are in the explanations");
    assert_eq!((blind.guesses_saved, whole.guesses_saved), (21, 24));
    let some = world.verifier.simulate("acme", &policy, 5, 7).await.unwrap();
    assert_eq!(some.records, 7);
}

/// Differences by their rules, each once, in the order of the log.
fn rules(simulation: &Simulation) -> Vec<&'static str> {
    let mut rules: Vec<&str> = simulation.differences.iter().map(|difference| difference.rule).collect();
    rules.dedup();
    rules
}

fn wrong(world: &World, account: &keyhaven_otp::Account) -> Answer {
    let near = account.codes_around(world.now, 30).unwrap();
    let wrong = (0..).map(|n| format!("{n:06}")).find(|text| near.iter().all(|code| code.code.text != *text));
    Answer::code(&wrong.unwrap())
}

#[tokio::test]
async fn the_budget_that_would_have_refused_an_answer_is_named() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(3_700);
    let question = world.ask(Action::Login).await;
    for _ in 0..6 {
        let _ = world.reject(&question.id, wrong(&world, &account)).await;
    }
    let same = replayed(&world, |_| {}).await;
    assert_eq!(
        (same.differences.len(), same.messages_more),
        (0, 0),
        "the sixth was refused, and is no message"
    );
    let narrow = replayed(&world, |policy| policy.attempts.per_challenge = 4).await;
    assert_eq!((rules(&narrow), narrow.guesses_saved), (vec!["attempts.per_challenge"], 1));
    let narrow = replayed(&world, |policy| policy.attempts.per_tenant_hour = 3).await;
    assert_eq!((rules(&narrow), narrow.guesses_saved), (vec!["attempts.per_tenant_hour"], 2));
}

#[tokio::test]
async fn the_budget_that_would_have_refused_a_message_is_named() {
    let mut policy = Policy { methods: [Method::Sms, Method::Email].into(), ..Policy::default() };
    policy.sends.cooldown = 0;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let phone = world.pending_phone().await;
    let sent = world.send(&phone.challenge).await.unwrap();
    let mail = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await.unwrap();
    let _ = world.send(&mail.challenge).await.unwrap();
    let _ = world.confirm(&phone.challenge, sent_code(&sent)).await;
    for _ in 0..2 {
        world.pass(60);
        let question = world.ask(Action::Login).await;
        let _ = world.send(&question.id).await.unwrap();
    }
    type Change = fn(&mut Policy);
    let cases: [(Change, &str); 4] = [
        (|policy| policy.sms.setup_sends_per_day = 1, "sms.setup_sends_per_day"),
        (|policy| policy.sms.login_sends_per_day = 1, "sms.login_sends_per_day"),
        (|policy| policy.email.setup_sends_per_day = 1, "email.setup_sends_per_day"),
        (|policy| policy.sends.per_tenant_day = 1, "sends.per_tenant_day"),
    ];
    for (change, rule) in cases {
        let narrow = replayed(&world, change).await;
        assert_eq!(rules(&narrow), [rule]);
    }
    let mut policy = Policy { methods: [Method::Email].into(), ..Policy::default() };
    policy.sends.cooldown = 0;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let _ = world.enrol_email().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    for _ in 0..2 {
        let _ = world.send(&question.id).await.unwrap();
    }
    let narrow = replayed(&world, |policy| policy.email.login_sends_per_day = 1).await;
    assert_eq!((rules(&narrow), narrow.messages_lost), (vec!["email.login_sends_per_day"], 1));
}

/// A fast clock was learnt when the app was enrolled: neither its confirmation nor its codes are out of the window.
#[tokio::test]
async fn what_was_learnt_about_a_clock_is_known_to_the_replay() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let theirs = |world: &World| Answer::code(&account.code_at(world.now + 30).unwrap().text);
    let _ = world.confirm(&pending.challenge, theirs(&world)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, theirs(&world)).await;
    let narrow = replayed(&world, |policy| policy.totp.look_back = 0).await;
    assert_eq!((narrow.answers, narrow.accepted_lost), (2, 0), "{narrow:?}");
}

#[tokio::test]
async fn recovery_codes_are_replayed_by_what_they_are_good_for() {
    let world = World::with(Policy::default()).await;
    let (enrolled, _) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes;
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, Answer::recovery(text(&codes[0]))).await;
    assert_eq!(replayed(&world, |_| {}).await.differences, []);
    let none = replayed(&world, |policy| policy.recovery.kind = RecoveryKind::None).await;
    assert_eq!((none.accepted_lost, rules(&none)), (1, vec!["methods"]));
    let other = replayed(&world, |policy| policy.recovery.usable_for = [Action::Enrol].into()).await;
    assert_eq!((other.accepted_lost, rules(&other)), (1, vec!["methods"]));
}

#[test]
fn what_is_not_known_is_counted_and_the_first_thousand_differences_are_listed() {
    let policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    let mut replay = Replay::new(&policy);
    let record = |sequence: u64, body: String| AuditRecord {
        sequence,
        at: sequence.into(),
        body,
        hash: String::new(),
    };
    for sequence in 1..=2 {
        replay.record(&record(sequence, r#"{"event":"something.new"}"#.into()), None);
    }
    for sequence in 3..=1_003 {
        let (event, challenge) = ("decision.accepted", "0".repeat(32));
        let body = format!(r#"{{"event":"{event}","user":"ann","method":"totp","challenge":"{challenge}"}}"#);
        replay.record(&record(sequence, body), None);
    }
    let outcome = replay.finish();
    assert_eq!((outcome.records, outcome.unknown, outcome.accepted_lost), (1_003, 2, 1_001));
    assert_eq!((outcome.differences.len(), outcome.differences[0].sequence), (1_000, 3));
}
