//! The edges of each decision: the last moment that counts, the first that does not, and the other half of every "and".

use crate::world::*;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeError, Confirmation, Context, EnrolError, EventName, FirstFactor, Grant,
    Method, NotRequired, Policy, Preset, Profile, Reason, Subject, TicketKind, TicketRequest, TicketToken,
    Warning,
    policy::{AppliesTo, Enforcement, PhoneChange, RecoveryKind, SharedAccounts},
};

async fn shared(world: &World, shared: bool) {
    let profile = Profile { verified_email: Some(MAIL.into()), shared };
    world.verifier.put_profile(&ann(), &profile, world.at()).await.unwrap();
}

#[tokio::test]
async fn a_shared_account_goes_no_further_where_none_may_be() {
    for (rule, is_shared, asked) in [
        (SharedAccounts::Refuse, true, false),
        (SharedAccounts::Refuse, false, true),
        (SharedAccounts::AllowWarn, true, true),
        (SharedAccounts::AllowWarn, false, true),
    ] {
        let mut world = World::with(Policy::default()).await;
        let (_, account) = world.enrol_totp().await;
        shared(&world, is_shared).await;
        world.change_policy(|policy| policy.shared_accounts = rule).await;
        world.pass(30);
        let begun = world.begin(Action::Login).await;
        if !asked {
            assert!(matches!(begun, Begin::NoUsableMethod), "{begun:?}");
            continue;
        }
        let Begin::Challenge(question) = begun else { panic!("{rule:?} {is_shared}: {begun:?}") };
        let accepted = world.accept(&question.id, world.code(&account)).await;
        assert_eq!(accepted.warnings.contains(&Warning::SharedAccount), is_shared);
    }
}

#[tokio::test]
async fn single_sign_on_is_enough_for_signing_in_where_the_policy_says_so() {
    for (exempt, factor, action, asked) in [
        (true, FirstFactor::Sso, Action::Login, false),
        (true, FirstFactor::Session, Action::Login, true),
        (true, FirstFactor::Sso, Action::ChangePassword, true),
        (false, FirstFactor::Sso, Action::Login, true),
    ] {
        let mut world = World::with(Policy { sso_exempt: exempt, ..Policy::default() }).await;
        let _ = world.enrol_totp().await;
        world.first_factor = Some(factor);
        match world.begin(action.clone()).await {
            Begin::Challenge(_) => assert!(asked, "{exempt} {factor:?} {action:?}"),
            Begin::NotRequired { why: NotRequired::SsoExempt, until: None, .. } => assert!(!asked),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_waits_or_is_not_allowed_any_more_cannot_answer() {
    let methods = [Method::Totp, Method::Sms].into();
    let mut world = World::with(Policy { methods, ..Policy::default() }).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    let pending =
        world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &world.context()).await.unwrap();
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Totp, Method::Recovery]);
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Totp, Method::Sms, Method::Recovery]);
    world.change_policy(|policy| policy.methods = [Method::Sms].into()).await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Sms, Method::Recovery]);
    world.change_policy(|policy| policy.recovery.kind = RecoveryKind::None).await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Sms]);
    world.change_policy(|policy| policy.methods = [Method::Push].into()).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NoUsableMethod));
}

#[tokio::test]
async fn codes_by_email_are_offered_to_those_who_may_have_them() {
    let world = World::new(Preset::Portal15x20).await;
    let offered = async |world: &World| match world.begin(Action::Login).await {
        Begin::MustEnrol { methods } => methods,
        other => panic!("{other:?}"),
    };
    assert_eq!(offered(&world).await, [Method::Push, Method::Sms]);
    world.verify_email().await;
    world.verifier.allow_email(&admin(), &ann(), "no telephone on site", world.at()).await.unwrap();
    assert_eq!(offered(&world).await, [Method::Push, Method::Sms, Method::Email]);
    let world = World::new(Preset::RecoveryKey).await;
    assert!(matches!(
        world.begin(Action::Login).await,
        Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }
    ));
}

#[tokio::test]
async fn grace_ends_at_its_second_and_is_for_signing_in() {
    let policy = Policy { enforcement: Enforcement::Forced { grace: 100 }, ..Policy::default() };
    let mut world = World::with(policy).await;
    let begun = world.begin(Action::Login).await;
    let end = world.now + 100;
    assert!(
        matches!(begun, Begin::NotRequired { why: NotRequired::Grace, until: Some(until), .. } if until == end.into())
    );
    assert!(matches!(world.begin(Action::ChangePassword).await, Begin::MustEnrol { .. }));
    world.pass(99);
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
    world.pass(1);
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
    world.change_policy(|policy| policy.applies_to = AppliesTo::NewInvites).await;
    assert!(matches!(
        world.begin(Action::Login).await,
        Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }
    ));
}

#[tokio::test]
async fn a_code_that_was_sent_holds_to_its_last_second() {
    for (after, expected) in [(299, None), (300, Some(Reason::Expired))] {
        let mut world = World::with(Policy { methods: [Method::Sms].into(), ..Policy::default() }).await;
        let _ = world.enrol_phone().await;
        world.pass(60);
        let question = world.ask(Action::Login).await;
        assert_eq!(world.reject(&question.id, Answer::code("123456")).await.reason, Reason::NotSent);
        let sent = world.send(&question.id).await.unwrap();
        assert_eq!(sent.expires_at, (world.now + 300).into());
        assert_eq!(sent.resend_at, (world.now + 30).into());
        world.pass(after);
        let decision = world.answer(&question.id, sent_code(&sent)).await;
        let reason = match decision {
            keyhaven_verifier::Decision::Accepted(_) => None,
            keyhaven_verifier::Decision::Rejected(rejected) => Some(rejected.reason),
        };
        assert_eq!(reason, expected, "after {after} s");
    }
}

#[tokio::test]
async fn a_code_that_was_sent_holds_no_longer_than_its_challenge() {
    let mut policy = Policy { methods: [Method::Email].into(), challenge_ttl: 60, ..Policy::default() };
    policy.sends.cooldown = 20;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let _ = world.enrol_email().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    assert_eq!(sent.expires_at, question.expires_at);
    world.pass(19);
    assert_eq!(
        world.send(&question.id).await.err(),
        Some(ChallengeError::Cooldown { at: (world.now + 1).into() })
    );
    world.pass(1);
    assert_eq!(world.send(&question.id).await.unwrap().delivery.earlier_sends, 1);
    world.pass(40);
    assert_eq!(world.send(&question.id).await.err(), Some(ChallengeError::NoChallenge));
}

#[tokio::test]
async fn a_challenge_confirms_or_answers_and_never_the_other() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let mistaken = world.reject(&pending.challenge, world.code(&account)).await;
    assert_eq!(mistaken.reason, Reason::Unknown, "a set-up is not answered");
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
    world.pass(30);
    let question = world.ask(Action::Enrol).await;
    assert_eq!(world.confirm_rejected(&question.id, world.code(&account)).await, Reason::Unknown);
    let _ = world.accept(&question.id, world.code(&account)).await;
}

#[tokio::test]
async fn a_set_up_waits_to_its_last_second() {
    for (after, in_time) in [(1_799, true), (1_800, false)] {
        let mut world = World::with(Policy::default()).await;
        let (pending, account) = world.pending_totp(Grant::First).await;
        world.pass(after);
        match world.verifier.confirm(&ann(), &pending.challenge, world.code(&account), &world.context()).await
        {
            Ok(Confirmation::Enrolled(_)) => assert!(in_time),
            Ok(Confirmation::Rejected(rejected)) => {
                assert_eq!((rejected.reason, in_time), (Reason::Expired, false));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Two devices are begun while there is room for one; the one that is confirmed first takes it.
#[tokio::test]
async fn a_set_up_that_finds_no_room_any_more_is_not_confirmed() {
    let mut policy = Policy::default();
    policy.totp.max_active = 2;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let mut begun = Vec::new();
    for _ in 0..2 {
        let proof = world.prove(Action::Enrol, &account).await;
        begun.push(world.pending_totp(Grant::Proof(proof)).await);
    }
    let _ = world.confirm(&begun[0].0.challenge, world.code(&begun[0].1)).await;
    let reason = world.confirm_rejected(&begun[1].0.challenge, world.code(&begun[1].1)).await;
    assert_eq!(reason, Reason::MethodNotAllowed);
}

/// A number's change replaces it; that one number is all there may be is no obstacle, and takes its time to commit.
#[tokio::test]
async fn a_changed_number_is_put_in_place_of_the_old_one_in_time() {
    for (after, in_time) in [(599, true), (600, false)] {
        let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
        policy.phone_change = PhoneChange::SelfService { ttl: 600 };
        let mut world = World::with(policy).await;
        let _ = world.enrol_phone().await;
        let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
        let context = world.context();
        let pending = world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &context).await.unwrap();
        let early = world.verifier.commit_phone_change(&ann(), &pending.challenge, &context).await;
        assert!(early.is_err(), "not confirmed yet");
        let confirmed =
            world.verifier.confirm(&ann(), &pending.challenge, sent_code(&pending.sent), &context).await;
        assert!(matches!(confirmed, Ok(Confirmation::Validated)), "{confirmed:?}");
        world.pass(after);
        let committed =
            world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await;
        assert_eq!(committed.is_ok(), in_time, "{committed:?}");
    }
}

/// Nothing is sent for a set-up whose factor was given up.
#[tokio::test]
async fn no_message_goes_to_an_address_that_was_given_up() {
    let mut world = World::with(Policy { methods: [Method::Sms].into(), ..Policy::default() }).await;
    let pending = world.pending_phone().await;
    world.pass(60);
    let _ = world
        .verifier
        .revoke_factor(&admin(), &ann(), &pending.factor, "not hers", world.at())
        .await
        .unwrap();
    let refused = world.send(&pending.challenge).await;
    assert_eq!(refused.err(), Some(ChallengeError::MethodNotAllowed { method: Method::Sms }));
}

/// Success gives back what it was charged and ends the row, with one method and for one kind of context.
#[tokio::test]
async fn success_ends_the_row_of_its_own_method_only() {
    let mut policy = Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() };
    policy.recovery.kind = RecoveryKind::None;
    policy.attempts.per_challenge = 20;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    let pending =
        world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &world.context()).await.unwrap();
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    world.verifier.select(&ann(), &question.id, Method::Sms, &world.context()).await.unwrap();
    let sent = world.send(&question.id).await.unwrap();
    for _ in 0..5 {
        assert_eq!(world.reject(&question.id, wrong_code(&sent)).await.reason, Reason::Wrong);
    }
    // The row of text messages is full and waits; the app's is not, and success with it gives nothing of theirs back.
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Totp]);
    let _ = world.sign_in(&account).await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Totp]);
    world.pass(31);
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Totp, Method::Sms], "a minute is over");
}

/// Messages are counted by kind and by what they are for, each with its own number.
#[tokio::test]
async fn each_kind_of_message_has_its_own_number_of_a_day() {
    let mut policy =
        Policy { methods: [Method::Sms, Method::Email, Method::Push].into(), ..Policy::default() };
    (policy.sms.setup_sends_per_day, policy.sms.login_sends_per_day) = (2, 3);
    (policy.email.setup_sends_per_day, policy.email.login_sends_per_day) = (4, 5);
    policy.push.sends_per_day = 6;
    policy.sends.cooldown = 0;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let sends = async |world: &World, challenge: &keyhaven_verifier::ChallengeId| {
        let mut sent = 0;
        while world.send(challenge).await.is_ok() {
            sent += 1;
        }
        sent
    };
    // The first message of a set-up goes out with it.
    let sms = world.pending_phone().await;
    assert_eq!(1 + sends(&world, &sms.challenge).await, 2);
    let email = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await.unwrap();
    assert_eq!(1 + sends(&world, &email.challenge).await, 4);
    let push = world.verifier.enrol_push(&ann(), "device", Grant::First, &world.context()).await.unwrap();
    assert_eq!(1 + sends(&world, &push.challenge).await, 6);
    world.pass(86_400);
    let email = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await.unwrap();
    let _ = world.confirm(&email.challenge, sent_code(&email.sent)).await;
    let question = world.ask(Action::Login).await;
    assert_eq!(sends(&world, &question.id).await, 5);
    let proof = {
        world.pass(86_400);
        let question = world.ask(Action::Enrol).await;
        let sent = world.send(&question.id).await.unwrap();
        world.accept(&question.id, sent_code(&sent)).await.proof
    };
    let sms = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &world.context()).await.unwrap();
    let _ = world.confirm(&sms.challenge, sent_code(&sms.sent)).await;
    let question = world.ask(Action::Login).await;
    assert_eq!(question.method, Method::Sms);
    assert_eq!(sends(&world, &question.id).await, 3);
}

#[tokio::test]
async fn each_kind_of_message_has_its_own_length_and_time() {
    for (sms, email) in [((7, 60), (9, 90)), ((9, 90), (7, 60))] {
        let mut policy = Policy { methods: [Method::Sms, Method::Email].into(), ..Policy::default() };
        (policy.sms.digits, policy.sms.ttl) = sms;
        (policy.email.digits, policy.email.ttl) = email;
        for (method, (digits, ttl)) in [(Method::Sms, sms), (Method::Email, email)] {
            let mut world = World::with(policy.clone()).await;
            world.verify_email().await;
            match method {
                Method::Sms => drop(world.enrol_phone().await),
                _ => drop(world.enrol_email().await),
            }
            world.pass(60);
            let question = world.ask(Action::Login).await;
            let sent = world.send(&question.id).await.unwrap();
            assert_eq!(text(sent.delivery.code.as_ref().unwrap()).len(), usize::from(digits));
            assert_eq!(sent.expires_at, (world.now + u64::from(ttl)).into());
            assert_eq!(world.reject(&question.id, Answer::code("12345678")).await.reason, Reason::Malformed);
            let _ = world.accept(&question.id, sent_code(&sent)).await;
        }
    }
}

#[tokio::test]
async fn a_set_up_is_confirmed_by_its_own_code_only() {
    let world = World::with(Policy::default()).await;
    let (first, _) = world.pending_totp(Grant::First).await;
    let (second, other) = world.pending_totp(Grant::First).await;
    assert_eq!(world.confirm_rejected(&first.challenge, world.code(&other)).await, Reason::Wrong);
    let enrolled = world.confirm(&second.challenge, world.code(&other)).await;
    assert_eq!(enrolled.factor, second.factor);
}

#[tokio::test]
async fn explanations_of_tokens_with_counters_speak_of_counters() {
    let mut world = World::with(Policy { methods: [Method::Hotp].into(), ..Policy::default() }).await;
    let pending =
        world.verifier.enrol_hotp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.unwrap();
    let account = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
    let codes = account.codes_around(0, 20).unwrap();
    let code = |counter: usize| Answer::code(&codes[counter].code.text);
    let enrolled = world.confirm(&pending.challenge, code(0)).await;
    let why = world.verifier.explain("acme", &enrolled.id).await.unwrap().unwrap();
    assert_eq!((why.rule.as_str(), why.step_offset, why.drift), ("hotp.look_ahead", Some(0), None));
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let rejected = world.reject(&question.id, code(15)).await;
    let why = world.verifier.explain("acme", &rejected.id).await.unwrap().unwrap();
    assert_eq!(
        (why.rule.as_str(), why.rejected, why.otherwise),
        ("hotp.look_ahead", Some(Reason::Wrong), vec![])
    );
    let accepted = world.accept(&question.id, code(3)).await;
    let why = world.verifier.explain("acme", &accepted.id).await.unwrap().unwrap();
    assert_eq!((why.rule.as_str(), why.step_offset), ("hotp.look_ahead", Some(2)));

    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    let accepted = world.sign_in(&account).await;
    let why = world.verifier.explain("acme", &accepted.id).await.unwrap().unwrap();
    assert_eq!((why.rule.as_str(), why.step_offset, why.drift), ("totp.look_back", Some(0), Some(0)));
}

/// The rule that an operator is told, by the policy's own name for it.
#[tokio::test]
async fn a_refusal_names_the_budget_that_refused() {
    type Turn = fn(&mut Policy);
    let cases: [(Turn, &str, bool, u32); 6] = [
        (|policy| policy.attempts.per_challenge = 1, "attempts.per_challenge", true, 1),
        (|policy| policy.attempts.per_day = 1, "attempts.per_day", true, 1),
        (|policy| policy.attempts.per_network_hour = 1, "attempts.per_network_hour", true, 1),
        (|policy| policy.attempts.per_tenant_hour = 1, "attempts.per_tenant_hour", true, 1),
        (|policy| policy.attempts.free = 1, "attempts.delays", true, 20),
        (|policy| policy.attempts.consecutive = 1, "attempts.consecutive", false, 1),
    ];
    for (turn, rule, ends, max) in cases {
        let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
        turn(&mut policy);
        let mut world = World::with(policy).await;
        let _ = world.enrol_phone().await;
        world.pass(60);
        let question = world.ask(Action::Login).await;
        let sent = world.send(&question.id).await.unwrap();
        assert_eq!(world.reject(&question.id, wrong_code(&sent)).await.reason, Reason::Wrong, "{rule}");
        let refused = world.reject(&question.id, sent_code(&sent)).await;
        let Reason::Locked { until } = refused.reason else { panic!("{rule}: {refused:?}") };
        assert_eq!((until.is_some(), refused.attempts_left), (ends, Some(0)), "{rule}");
        let why = world.verifier.explain("acme", &refused.id).await.unwrap().unwrap();
        assert_eq!(why.rule, rule);
        let budget = why.budget.unwrap();
        assert_eq!((budget.used, budget.max), (1, max), "{rule}: {budget:?}");
        assert_eq!(why.otherwise[0].starts_with("an answer from @"), ends, "{:?}", why.otherwise);
    }
}

#[tokio::test]
async fn explanations_of_messages_name_their_rule() {
    let methods = [Method::Sms, Method::Email].into();
    let mut world = World::with(Policy { methods, ..Policy::default() }).await;
    world.verify_email().await;
    let _ = world.enrol_phone().await;
    let proof = world.prove_by(Action::Enrol, Method::Sms).await;
    let pending = world.verifier.enrol_email(&ann(), Grant::Proof(proof), &world.context()).await.unwrap();
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    for (method, rule) in [(Method::Sms, "sms.ttl"), (Method::Email, "email.ttl")] {
        world.pass(60);
        let question = world.ask(Action::ChangePassword).await;
        world.verifier.select(&ann(), &question.id, method, &world.context()).await.unwrap();
        let sent = world.send(&question.id).await.unwrap();
        let rejected = world.reject(&question.id, wrong_code(&sent)).await;
        let why = world.verifier.explain("acme", &rejected.id).await.unwrap().unwrap();
        assert_eq!((why.rule.as_str(), why.method), (rule, Some(method)));
        assert_eq!(why.otherwise, ["the code of the last of 1 messages; earlier ones are dead"]);
        let accepted = world.accept(&question.id, sent_code(&sent)).await;
        let why = world.verifier.explain("acme", &accepted.id).await.unwrap().unwrap();
        assert_eq!((why.rule.as_str(), why.rejected), (rule, None));
    }
}

/// What cannot be a code of the method is told by the rule of that method.
#[tokio::test]
async fn what_is_no_code_names_the_digits_of_its_method() {
    let mut policy =
        Policy { methods: [Method::Totp, Method::Hotp, Method::Sms].into(), ..Policy::default() };
    policy.recovery.kind = RecoveryKind::None;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    let grant = Grant::Proof(proof);
    let counter = world.verifier.enrol_hotp(&ann(), "Acme", "ann", grant, &world.context()).await.unwrap();
    let app = keyhaven_otp::parse_uri(text(&counter.uri)).unwrap().account;
    let _ = world.confirm(&counter.challenge, Answer::code(&app.code_at(0).unwrap().text)).await;
    for (method, rule) in [(Method::Totp, "totp.digits"), (Method::Hotp, "hotp.digits")] {
        world.pass(60);
        let question = world.ask(Action::Login).await;
        world.verifier.select(&ann(), &question.id, method, &world.context()).await.unwrap();
        let rejected = world.reject(&question.id, Answer::code("12")).await;
        let why = world.verifier.explain("acme", &rejected.id).await.unwrap().unwrap();
        assert_eq!((why.rule.as_str(), why.rejected), (rule, Some(Reason::Malformed)));
    }
}

/// When to come back with the next code: by this clock, whatever the app's own says.
#[tokio::test]
async fn the_next_code_of_a_fast_app_counts_from_our_next_step() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let theirs = |world: &World| Answer::code(&account.code_at(world.now + 30).unwrap().text);
    let _ = world.confirm(&pending.challenge, theirs(&world)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, theirs(&world)).await;
    let question = world.ask(Action::Login).await;
    let rejected = world.reject(&question.id, theirs(&world)).await;
    let next = (world.now / 30 + 1) * 30;
    assert_eq!(rejected.reason, Reason::Used { retry_at: next.into() });
    world.now = next;
    let _ = world.accept(&question.id, theirs(&world)).await;
}

async fn events(world: &World) -> Vec<EventName> {
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    records.iter().map(|record| record.event().unwrap().event).collect()
}

#[tokio::test]
async fn replays_and_refusals_are_told_beside_the_decision() {
    let mut policy = Policy::default();
    policy.attempts.free = 1;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let question = world.ask(Action::Login).await;
    let before = events(&world).await.len();
    let used = world.reject(&question.id, world.code(&account)).await;
    assert!(matches!(used.reason, Reason::Used { .. }));
    let replayed = [EventName::DecisionRejected, EventName::OtpReplayDetected, EventName::LockoutStarted];
    assert_eq!(events(&world).await[before..], replayed);
    world.pass(30);
    let locked = world.reject(&question.id, world.code(&account)).await;
    assert!(matches!(locked.reason, Reason::Locked { .. }));
    assert_eq!(events(&world).await[before + 3..], [EventName::DecisionRejected, EventName::LimitHit]);
    let unknown = world.confirm_rejected(&question.id, world.code(&account)).await;
    assert_eq!(unknown, Reason::Unknown);
    assert_eq!(events(&world).await[before + 5..], [EventName::DecisionRejected]);
}

#[tokio::test]
async fn a_set_that_is_used_up_is_replaced_when_a_factor_is_enrolled() {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::Codes { count: 2 };
    let world = World::with(policy).await;
    let (enrolled, _) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes;
    for (code, more) in codes.iter().zip([false, true]) {
        let question = world.ask(Action::Enrol).await;
        let accepted = world.accept(&question.id, Answer::recovery(text(code))).await;
        let warning = if more { Warning::RecoveryUsedUp } else { Warning::RecoveryLow };
        assert_eq!(accepted.warnings, [warning]);
        let (pending, account) = world.pending_totp(Grant::Proof(accepted.proof)).await;
        let enrolled = world.confirm(&pending.challenge, world.code(&account)).await;
        assert_eq!(enrolled.recovery.map(|sheet| sheet.codes.len()), more.then_some(2));
    }
}

/// The same named request is the same decision for half a minute, in its session and for its challenge.
#[tokio::test]
async fn a_repeated_request_is_known_for_thirty_seconds_in_its_own_session() {
    for (after, session, accepted) in [(30, "s1", true), (31, "s1", false), (0, "s2", false)] {
        let mut world = World::with(Policy::default()).await;
        let (_, account) = world.enrol_totp().await;
        world.pass(30);
        let question = world.ask(Action::Login).await;
        let code = account.code_at(world.now).unwrap().text;
        let ask = async |world: &World| {
            let context = Context { request: Some("r1".into()), ..world.context() };
            world.verifier.answer(&ann(), &question.id, Answer::code(&code), &context).await.unwrap()
        };
        assert!(ask(&world).await.is_accepted());
        world.pass(after);
        world.session = session.into();
        assert_eq!(ask(&world).await.is_accepted(), accepted, "after {after} s in {session}");
    }
}

#[tokio::test]
async fn a_confirmation_asked_for_again_as_an_answer_is_none() {
    let world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let context = || Context { request: Some("r1".into()), ..world.context() };
    let confirmed =
        world.verifier.confirm(&ann(), &pending.challenge, world.code(&account), &context()).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    let answered =
        world.verifier.answer(&ann(), &pending.challenge, world.code(&account), &context()).await.unwrap();
    assert!(!answered.is_accepted());
}

#[tokio::test]
async fn a_warning_comes_when_codes_run_low_and_not_for_a_single_key() {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::Codes { count: 4 };
    let mut world = World::with(policy).await;
    let (enrolled, account) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes;
    let low = [vec![], vec![Warning::RecoveryLow], vec![Warning::RecoveryLow], vec![Warning::RecoveryUsedUp]];
    for (left, (code, expected)) in (0..4).rev().zip(codes.iter().zip(low)) {
        let question = world.ask(Action::Login).await;
        let accepted = world.accept(&question.id, Answer::recovery(text(code))).await;
        assert_eq!((accepted.recovery_left, accepted.warnings), (Some(left), expected));
    }
    assert_eq!(world.sign_in(&account).await.warnings, [Warning::RecoveryUsedUp]);
    world.change_policy(|policy| policy.recovery.kind = RecoveryKind::SingleKey).await;
    let proof = world.prove(Action::RegenerateRecovery, &account).await;
    let _ = world.verifier.regenerate_recovery(&ann(), proof, &world.context()).await.unwrap();
    assert_eq!(world.sign_in(&account).await.warnings, [], "one is all there is");
}

#[tokio::test]
async fn a_device_is_remembered_where_it_may_be_and_was_asked_for() {
    for (may, asked) in [(true, true), (true, false), (false, true)] {
        let mut policy = Policy::default();
        policy.trust.device = may;
        let mut world = World::with(policy).await;
        let (_, account) = world.enrol_totp().await;
        world.pass(30);
        let question = world.ask(Action::Login).await;
        let context = Context { remember_device: asked, ..world.context() };
        let decision =
            world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
        let keyhaven_verifier::Decision::Accepted(accepted) = decision else { panic!("rejected") };
        assert_eq!(accepted.device.is_some(), may && asked);
        assert_eq!(events(&world).await.contains(&EventName::TrustAdded), may && asked);
    }
}

#[tokio::test]
async fn the_first_message_is_sent_and_every_further_one_is_sent_again() {
    let mut world = World::with(Policy { methods: [Method::Sms].into(), ..Policy::default() }).await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let before = events(&world).await.len();
    for _ in 0..3 {
        world.pass(30);
        let _ = world.send(&question.id).await.unwrap();
    }
    let told = events(&world).await;
    assert_eq!(
        told[before..],
        [EventName::ChallengeSent, EventName::ChallengeResent, EventName::ChallengeResent]
    );
}

fn token(text: &str) -> TicketToken {
    TicketToken::from_text(SecretText::new(text.to_owned()))
}

/// A ticket is what its whole token says: another secret, another id, or a second too late is none.
#[tokio::test]
async fn a_ticket_is_good_by_its_whole_token_and_in_its_time() {
    let mut world =
        World::with(Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() }).await;
    let _ = world.enrol_phone().await;
    let request =
        TicketRequest { kind: TicketKind::PhoneReset, reason: "called back".into(), invite_email: None };
    let issue = async |world: &World| {
        let issued = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
        issued.token.expose().to_owned()
    };
    let (first, second) = (issue(&world).await, issue(&world).await);
    let (id, secret) = first.split_once('.').unwrap();
    let (other, _) = second.split_once('.').unwrap();
    let bob = Subject::new("acme", "bob").unwrap();
    for wrong in [
        format!("{id}.{}", "0".repeat(64)),
        format!("{other}.{secret}"),
        format!("{}.{secret}", "0".repeat(32)),
        id.to_owned(),
        String::new(),
    ] {
        let refused = world
            .verifier
            .enrol_phone(&ann(), OTHER_PHONE, Grant::Ticket(token(&wrong)), &world.context())
            .await;
        assert_eq!(refused.err(), Some(EnrolError::GrantInvalid), "{wrong}");
    }
    let foreign =
        world.verifier.enrol_phone(&bob, OTHER_PHONE, Grant::Ticket(token(&first)), &world.context()).await;
    assert_eq!(foreign.err(), Some(EnrolError::GrantInvalid));
    let wrong_kind = world
        .verifier
        .enrol_totp(&ann(), "Acme", "ann", Grant::Ticket(token(&first)), &world.context())
        .await;
    assert_eq!(wrong_kind.err(), Some(EnrolError::GrantInvalid), "a telephone's ticket is for a telephone");
    world.pass(86_399);
    let pending =
        world.verifier.enrol_phone(&ann(), OTHER_PHONE, Grant::Ticket(token(&first)), &world.context()).await;
    assert!(pending.is_ok(), "to the last second");
    world.pass(1);
    let late = world
        .verifier
        .enrol_phone(&ann(), OTHER_PHONE, Grant::Ticket(token(&second)), &world.context())
        .await;
    assert_eq!(late.err(), Some(EnrolError::GrantInvalid));
}

/// An invitation opens an account once: who has a factor proves it.
#[tokio::test]
async fn an_invitation_adds_nothing_to_an_account_that_has_a_factor() {
    let mut world =
        World::with(Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() }).await;
    let request =
        TicketRequest { kind: TicketKind::Invite, reason: "joins".into(), invite_email: Some(MAIL.into()) };
    let issued = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
    let link = || token(issued.token.expose());
    // Begun by the invitation while there was nothing, and not confirmed before there was.
    let begun =
        world.verifier.enrol_phone(&ann(), PHONE, Grant::Ticket(link()), &world.context()).await.unwrap();
    let _ = world.enrol_totp().await;
    assert_eq!(world.confirm_rejected(&begun.challenge, sent_code(&begun.sent)).await, Reason::FactorGone);
    world.pass(60);
    let refused = world.verifier.enrol_phone(&ann(), PHONE, Grant::Ticket(link()), &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::ProofNeeded));
}

#[tokio::test]
async fn what_is_told_of_a_decision_says_which_about_what_and_why() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, account) = world.enrol_totp().await;
    let question = world.ask(Action::ChangeEmail).await;
    let rejected = world.reject(&question.id, world.code(&account)).await;
    world.pass(30);
    let accepted = world.accept(&question.id, world.code(&account)).await;
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let confirmed = records.iter().filter_map(|record| record.event());
    let confirmed = confirmed.filter(|event| event.event == EventName::FactorConfirmed);
    let about: Vec<_> = confirmed.map(|event| (event.factor, event.method)).collect();
    assert_eq!(about, [(Some(enrolled.factor), Some(Method::Totp))]);
    for (decision, reason) in [(rejected.id, Some("used")), (accepted.id, None)] {
        let told: Vec<_> = records.iter().filter_map(|record| record.event()).collect();
        let told: Vec<_> = told.iter().filter(|event| event.decision.as_ref() == Some(&decision)).collect();
        assert!(!told.is_empty());
        for event in told {
            assert_eq!(event.action, Some(Action::ChangeEmail));
            assert_eq!((event.method, event.challenge.as_ref()), (Some(Method::Totp), Some(&question.id)));
            assert_eq!((event.reason.as_deref(), event.user.as_deref()), (reason, Some("ann")));
        }
    }
}
