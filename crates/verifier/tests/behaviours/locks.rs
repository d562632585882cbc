//! What is told when something is locked, over, low or trusted no more: once each, and to whom it matters.

use crate::world::*;
use keyhaven_otp::Account;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Answer, AuditRecord, Begin, CHAIN_START, ChallengeError, DeviceToken, Event, EventName, Grant,
    IpMatch, Joined, Method, Notice, Policy, Preset, Reason, TicketKind, TicketRequest, Timestamp,
    policy::RecoveryKind, verify_chain,
};

async fn all(world: &World) -> Vec<Event> {
    let records = world.verifier.audit("acme", 0, 10_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    records.iter().map(|record| record.event().unwrap()).collect()
}

async fn told(world: &World, name: EventName) -> Vec<Event> {
    all(world).await.into_iter().filter(|event| event.event == name).collect()
}

fn about(notices: &[Notice]) -> Vec<(EventName, &str)> {
    notices.iter().map(|notice| (notice.about, text(&notice.address))).collect()
}

fn in_seconds(world: &World, seconds: u64) -> Option<Timestamp> {
    Some((world.now + seconds).into())
}

/// An app's user with a known address, without recovery codes, which have budgets of their own.
async fn enrolled(mut policy: Policy) -> (World, Account) {
    policy.recovery.kind = RecoveryKind::None;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    (world, account)
}

/// A code of no step near by.
fn wrong(account: &Account, world: &World) -> Answer {
    let near = account.codes_around(world.now, 30).unwrap();
    let mut texts = (0..).map(|number| format!("{number:06}"));
    Answer::code(&texts.find(|text| near.iter().all(|code| code.code.text != *text)).unwrap())
}

#[tokio::test]
async fn each_lock_is_told_and_the_owner_hears_of_the_first_and_of_the_last() {
    let mut policy = Policy::default();
    policy.attempts.per_day = 1_000;
    let (mut world, account) = enrolled(policy).await;
    let mut waits = vec![0, 0, 0, 0, 60, 900];
    waits.resize(19, 3_600);
    for (place, seconds) in waits.into_iter().enumerate() {
        let question = world.ask(Action::Login).await;
        let rejected = world.reject(&question.id, wrong(&account, &world)).await;
        assert_eq!(rejected.reason, Reason::Wrong);
        let first = [(EventName::LockoutStarted, MAIL)];
        assert_eq!(about(&rejected.notices), if place == 4 { &first[..] } else { &[] }, "answer {place}");
        let locks = told(&world, EventName::LockoutStarted).await;
        assert_eq!(locks.len(), place.saturating_sub(3), "answer {place}");
        if let Some(lock) = locks.last() {
            assert_eq!(lock.until, in_seconds(&world, seconds));
            assert_eq!((lock.method, lock.user.as_deref()), (Some(Method::Totp), Some("ann")));
            assert_eq!(lock.reason.as_deref(), Some("wrong answers with one method"));
            assert_eq!((&lock.decision, &lock.challenge), (&Some(rejected.id), &Some(question.id)));
            assert_eq!(lock.action, Some(Action::Login));
        }
        assert_eq!(told(&world, EventName::FactorLocked).await, []);
        world.pass(seconds);
    }
    let question = world.ask(Action::Login).await;
    let rejected = world.reject(&question.id, wrong(&account, &world)).await;
    assert_eq!(about(&rejected.notices), [(EventName::FactorLocked, MAIL)]);
    assert_eq!(told(&world, EventName::LockoutStarted).await.len(), 15, "the end is no wait");
    let locked = told(&world, EventName::FactorLocked).await;
    assert_eq!(locked.len(), 1);
    assert_eq!((locked[0].until, locked[0].method), (None, Some(Method::Totp)));
    // Whoever comes then is refused, and that is no other lock.
    let refused = world.reject(&question.id, world.code(&account)).await;
    assert_eq!(refused.reason, Reason::Locked { until: None });
    assert!(refused.notices.is_empty());
    assert_eq!(told(&world, EventName::FactorLocked).await.len(), 1);
    assert_eq!(told(&world, EventName::LimitHit).await.len(), 1);
    // A row after an administrator's word begins anew, and so does what is told.
    world.verifier.unlock(&admin(), &ann(), "called back", world.at()).await.unwrap();
    for place in 0..5 {
        let question = world.ask(Action::Login).await;
        let rejected = world.reject(&question.id, wrong(&account, &world)).await;
        assert_eq!(rejected.notices.len(), usize::from(place == 4));
    }
}

#[tokio::test]
async fn an_answer_that_is_right_locks_nothing() {
    let (mut world, account) = enrolled(Policy::default()).await;
    for _ in 0..4 {
        let question = world.ask(Action::Login).await;
        let _ = world.reject(&question.id, wrong(&account, &world)).await;
    }
    let _ = world.sign_in(&account).await;
    assert_eq!(told(&world, EventName::LockoutStarted).await, []);
}

/// The day's answers are used up for all methods; a network's and the tenant's are nobody's own.
#[tokio::test]
async fn locks_of_a_day_a_network_and_the_tenant_say_whose_they_are() {
    type Change = fn(&mut Policy);
    let cases: [(Change, &str, Option<&str>, u64); 3] = [
        (|policy| policy.attempts.per_day = 2, "wrong answers in 24 hours", Some("ann"), 86_400),
        (|policy| policy.attempts.per_network_hour = 2, "wrong answers from one network", None, 3_600),
        (|policy| policy.attempts.per_tenant_hour = 2, "wrong answers in the tenant", None, 3_600),
    ];
    for (change, reason, user, seconds) in cases {
        let mut policy = Policy::default();
        change(&mut policy);
        let (mut world, account) = enrolled(policy).await;
        // The confirmation of half a minute ago opened the window, and was given back.
        let until = in_seconds(&world, seconds - 30);
        for place in 0..2 {
            let question = world.ask(Action::Login).await;
            let rejected = world.reject(&question.id, wrong(&account, &world)).await;
            let expected =
                if place == 1 && user.is_some() { vec![(EventName::LockoutStarted, MAIL)] } else { vec![] };
            assert_eq!(about(&rejected.notices), expected, "{reason}");
            world.pass(7);
        }
        let locks = told(&world, EventName::LockoutStarted).await;
        assert_eq!(locks.len(), 1, "{reason}");
        assert_eq!((locks[0].reason.as_deref(), locks[0].user.as_deref()), (Some(reason), user));
        assert_eq!((locks[0].until, locks[0].method), (until, None));
    }
}

/// Five answers end a challenge, which locks nothing.
#[tokio::test]
async fn a_challenge_without_answers_left_is_no_lock() {
    let mut policy = Policy::default();
    policy.attempts.per_challenge = 2;
    let (world, account) = enrolled(policy).await;
    let question = world.ask(Action::Login).await;
    for _ in 0..2 {
        let rejected = world.reject(&question.id, wrong(&account, &world)).await;
        assert_eq!((rejected.reason, rejected.notices.len()), (Reason::Wrong, 0));
    }
    assert_eq!(told(&world, EventName::LockoutStarted).await, []);
}

/// Codes that confirm a set-up lock as others do.
#[tokio::test]
async fn wrong_confirmations_lock_and_are_told() {
    let world = World::with(Policy::default()).await;
    world.verify_email().await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    for place in 0..5 {
        let answer = wrong(&account, &world);
        let confirmed = world.verifier.confirm(&ann(), &pending.challenge, answer, &world.context()).await;
        let Ok(keyhaven_verifier::Confirmation::Rejected(rejected)) = confirmed else {
            panic!("{confirmed:?}")
        };
        assert_eq!(rejected.notices.len(), usize::from(place == 4));
    }
    assert_eq!(told(&world, EventName::LockoutStarted).await.len(), 1);
}

#[tokio::test]
async fn t16_a_lock_out_of_messages_is_told_once_each_time_it_begins() {
    let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    policy.sms.login_sends_per_day = 1;
    policy.sends.cooldown = 0;
    policy.sends.lockout = 86_400;
    let mut world = World::with(policy).await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    for begun in 1..3 {
        let question = world.ask(Action::Login).await;
        let _ = world.send(&question.id).await.unwrap();
        world.pass(10);
        let until = in_seconds(&world, 86_400);
        for _ in 0..3 {
            assert_eq!(world.send(&question.id).await.err(), Some(ChallengeError::Locked { until }));
        }
        let locks = told(&world, EventName::LockoutStarted).await;
        assert_eq!(locks.len(), begun);
        let lock = locks.last().unwrap();
        assert_eq!((lock.reason.as_deref(), lock.until), (Some("messages to sign in"), until));
        assert_eq!((lock.method, lock.user.as_deref()), (Some(Method::Sms), Some("ann")));
        assert_eq!(lock.challenge, Some(question.id));
        assert_eq!(told(&world, EventName::LimitHit).await.len(), 3 * begun);
        world.pass(86_400);
    }
}

#[tokio::test]
async fn a_challenge_that_ended_is_told_when_somebody_comes_back_to_it() {
    let mut policy = Policy { challenge_ttl: 300, ..Policy::default() };
    policy.methods.insert(Method::Sms);
    let (mut world, account) = enrolled(policy).await;
    let asked = [
        world.ask(Action::ChangeEmail).await.id,
        world.ask(Action::Login).await.id,
        world.ask(Action::Login).await.id,
        world.ask(Action::Login).await.id,
    ];
    let [answered, late, selected, sent] = &asked;
    let _ = world.accept(answered, world.code(&account)).await;
    world.pass(299);
    let selects =
        async |world: &World, id| world.verifier.select(&ann(), id, Method::Totp, &world.context()).await;
    assert_eq!(selects(&world, selected).await, Ok(()));
    assert_eq!(told(&world, EventName::ChallengeExpired).await, [], "there is time left");
    world.pass(1);
    world.session = "s2".to_owned();
    assert_eq!(world.reject(late, world.code(&account)).await.reason, Reason::Unknown);
    assert_eq!(selects(&world, late).await, Err(ChallengeError::NoChallenge));
    assert_eq!(told(&world, EventName::ChallengeExpired).await, [], "another session's says nothing");
    world.session = "s1".to_owned();
    for _ in 0..2 {
        assert_eq!(world.reject(answered, world.code(&account)).await.reason, Reason::Answered);
        assert_eq!(world.reject(late, world.code(&account)).await.reason, Reason::Expired);
        assert_eq!(selects(&world, selected).await, Err(ChallengeError::NoChallenge));
        assert_eq!(world.send(sent).await.err(), Some(ChallengeError::NoChallenge));
        let ended = told(&world, EventName::ChallengeExpired).await;
        let ids: Vec<_> = ended.iter().filter_map(|event| event.challenge.as_ref()).collect();
        assert_eq!(ids, [late, selected, sent], "once each");
        assert!(
            ended
                .iter()
                .all(|event| event.action == Some(Action::Login) && event.user.as_deref() == Some("ann"))
        );
    }
    // What is over stays so for a node whose clock is behind.
    world.now -= 30;
    assert_eq!(world.reject(late, world.code(&account)).await.reason, Reason::Expired);
    assert_eq!(selects(&world, selected).await, Err(ChallengeError::NoChallenge));
    assert_eq!(told(&world, EventName::ChallengeExpired).await.len(), 3);
}

/// Nobody comes back to most of them: they are told before they are forgotten.
#[tokio::test]
async fn a_challenge_that_ended_is_told_when_it_is_swept() {
    let (mut world, account) = enrolled(Policy { challenge_ttl: 300, ..Policy::default() }).await;
    let (used, left) = (world.ask(Action::Login).await.id, world.ask(Action::ChangeEmail).await.id);
    let met = world.ask(Action::Login).await.id;
    let _ = world.accept(&used, world.code(&account)).await;
    // Somebody begins a set-up as well, and leaves it at that.
    let _ = world.verifier.enrol_totp(&bob(), "Acme", "bob", Grant::First, &world.context()).await.unwrap();
    world.pass(400);
    assert_eq!(world.reject(&met, world.code(&account)).await.reason, Reason::Expired);
    assert_eq!(told(&world, EventName::ChallengeExpired).await.len(), 1);
    world.pass(86_400 - 101);
    world.verifier.sweep(world.at()).await.unwrap();
    assert_eq!(told(&world, EventName::ChallengeExpired).await.len(), 1, "what is swept ended a day ago");
    world.pass(2 * 86_400);
    for _ in 0..2 {
        world.verifier.sweep(world.at()).await.unwrap();
        let ended = told(&world, EventName::ChallengeExpired).await;
        let about: Vec<_> = ended.iter().map(|event| (event.user.as_deref(), event.action.clone())).collect();
        let (ann, bob) = (Some("ann"), Some("bob"));
        assert_eq!(
            about,
            [(ann, Some(Action::Login)), (ann, Some(Action::ChangeEmail)), (bob, Some(Action::Enrol))]
        );
        assert_eq!(ended[1].challenge, Some(left.clone()));
        assert_eq!(
            world.reject(&left, world.code(&account)).await.reason,
            Reason::Unknown,
            "it is forgotten"
        );
    }
}

fn bob() -> keyhaven_verifier::Subject {
    keyhaven_verifier::Subject::new("acme", "bob").unwrap()
}

#[tokio::test]
async fn few_recovery_codes_are_told_to_whoever_uses_them() {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::Codes { count: 4 };
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let (enrolled, account) = world.enrol_totp().await;
    for (place, code) in enrolled.recovery.unwrap().codes.iter().enumerate() {
        let question = world.ask(Action::Login).await;
        let accepted = world.accept(&question.id, Answer::recovery(text(code))).await;
        let mut expected = vec![(EventName::RecoveryUsed, MAIL)];
        expected.extend((place > 0).then_some((EventName::RecoveryLow, MAIL)));
        assert_eq!(about(&accepted.notices), expected);
        let low = told(&world, EventName::RecoveryLow).await;
        assert_eq!(low.len(), place);
        if let Some(low) = low.last() {
            assert_eq!((low.left, low.method), (accepted.recovery_left, Some(Method::Recovery)));
            assert_eq!((&low.decision, &low.challenge), (&Some(accepted.id), &Some(question.id)));
        }
    }
    let low: Vec<_> = told(&world, EventName::RecoveryLow).await.iter().map(|event| event.left).collect();
    assert_eq!(low, [Some(2), Some(1), Some(0)]);
    // Whoever signs in otherwise hears it from the page, and nothing is told anew.
    assert!(world.sign_in(&account).await.notices.is_empty());
    assert_eq!(told(&world, EventName::RecoveryLow).await.len(), 3);
}

#[tokio::test]
async fn a_single_recovery_key_is_low_when_it_is_used() {
    let world = World::new(Preset::RecoveryKey).await;
    world.verify_email().await;
    let enrolled = world.enrol_email().await;
    assert_eq!(told(&world, EventName::RecoveryLow).await, []);
    let question = world.ask(Action::Login).await;
    let key = enrolled.recovery.unwrap();
    let accepted = world.accept(&question.id, Answer::recovery(text(&key.codes[0]))).await;
    assert_eq!(about(&accepted.notices), [(EventName::RecoveryUsed, MAIL), (EventName::RecoveryLow, MAIL)]);
    assert_eq!(told(&world, EventName::RecoveryLow).await[0].left, Some(0));
}

#[tokio::test]
async fn trust_that_is_taken_away_is_told_and_nothing_where_there_was_none() {
    let mut policy = Policy::default();
    policy.trust.ip = Some(IpMatch::Exact);
    policy.trust.max_contexts = 2;
    let (mut world, account) = enrolled(policy).await;
    let removed = async |world: &World| told(world, EventName::TrustRemoved).await;
    for (place, ip) in ["192.0.2.1", "192.0.2.2", "192.0.2.3"].into_iter().enumerate() {
        world.ip = ip;
        let _ = world.sign_in(&account).await;
        assert_eq!(removed(&world).await.len(), usize::from(place == 2), "two have room");
    }
    let factors = world.verifier.factors(&ann()).await.unwrap();
    let _ = world.verifier.revoke_factor(&admin(), &ann(), &factors[0].0, "lost", world.at()).await.unwrap();
    let told_of = removed(&world).await;
    assert_eq!(told_of.len(), 2, "both at once");
    assert_eq!((told_of[0].by.as_deref(), told_of[1].by.as_deref()), (None, Some("root")));
    assert!(told_of.iter().all(|event| event.user.as_deref() == Some("ann")));
    let (again, _) = world.enrol_totp().await;
    let _ = world.verifier.revoke_factor(&admin(), &ann(), &again.factor, "lost", world.at()).await.unwrap();
    assert_eq!(removed(&world).await.len(), 2, "there was none left");
}

#[tokio::test]
async fn a_device_whose_token_was_copied_is_told_to_be_trusted_no_more() {
    let mut policy = Policy::default();
    policy.trust.device = true;
    let (mut world, account) = enrolled(policy).await;
    let question = world.ask(Action::Login).await;
    let context = keyhaven_verifier::Context { remember_device: true, ..world.context() };
    let decided = world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
    let keyhaven_verifier::Decision::Accepted(accepted) = decided else { panic!("rejected") };
    let first = accepted.device.unwrap().expose().to_owned();
    let show = async |world: &World, token: &str| {
        let device = Some(DeviceToken::from_text(SecretText::new(token.to_owned())));
        let context = keyhaven_verifier::Context { device, ..world.context() };
        world.verifier.begin(&ann(), Action::Login, &context).await.unwrap()
    };
    let Begin::NotRequired { device: Some(_), .. } = show(&world, &first).await else { panic!("asked") };
    world.pass(31);
    for _ in 0..2 {
        assert!(matches!(show(&world, &first).await, Begin::Challenge(_)), "an old token");
        assert_eq!(told(&world, EventName::TrustCopiedToken).await.len(), 1);
        assert_eq!(told(&world, EventName::TrustRemoved).await.len(), 1);
    }
}

/// Devices that did not come back under a new key are trusted no more when the old one is retired.
#[tokio::test]
async fn trust_that_ends_with_a_key_is_told_as_the_operators_doing() {
    let mut policy = Policy::default();
    policy.trust.ip = Some(IpMatch::Exact);
    let (mut world, account) = enrolled(policy).await;
    let _ = world.sign_in(&account).await;
    world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    let _ = world.verifier.reseal("acme", "", 9, world.at()).await.unwrap();
    world.pass(86_400);
    world.verifier.retire_keys(&operator(), "acme", "yearly", true, world.at()).await.unwrap();
    let removed = told(&world, EventName::TrustRemoved).await;
    assert_eq!(removed.len(), 1);
    assert_eq!((removed[0].by.as_deref(), removed[0].user.as_deref()), (Some("support"), Some("ann")));
}

/// Whoever joins by the address that was invited has what whoever joins by telephone has.
#[tokio::test]
async fn e4_recovery_codes_come_with_the_factor_however_one_joins() {
    for kind in [RecoveryKind::None, RecoveryKind::Codes { count: 3 }] {
        for phone in [None, Some(PHONE)] {
            let mut policy = Preset::InviteFallback.policy();
            policy.recovery.kind = kind;
            let world = World::with(policy).await;
            let request = TicketRequest {
                kind: TicketKind::Invite,
                reason: "joins".into(),
                invite_email: Some(MAIL.into()),
            };
            let issued =
                world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
            let joined =
                world.verifier.accept_invite(&ann(), issued.token, phone, &world.context()).await.unwrap();
            let recovery = match joined {
                Joined::Email { recovery, .. } => recovery,
                Joined::Phone(pending) => {
                    world.confirm(&pending.challenge, sent_code(&pending.sent)).await.recovery
                }
            };
            let codes = recovery.map(|sheet| sheet.codes).unwrap_or_default();
            let expected = if kind == RecoveryKind::None { 0 } else { 3 };
            assert_eq!(codes.len(), expected, "{kind:?} {phone:?}");
            let made = told(&world, EventName::RecoveryRegenerated).await.len();
            assert_eq!(made, usize::from(expected > 0), "{kind:?} {phone:?}");
            if let Some(code) = codes.first() {
                let question = world.ask(Action::Login).await;
                let _ = world.accept(&question.id, Answer::recovery(text(code))).await;
            }
        }
    }
}

/// A chain with every name that there was before these: written by another program, it verifies and is read as it was.
#[test]
fn a_chain_of_earlier_names_still_verifies() {
    let lines = include_str!("fixtures/audit-28-names.jsonl").lines();
    let records: Vec<AuditRecord> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 28);
    assert_eq!(verify_chain("acme", 0, CHAIN_START, &records).as_ref(), Ok(&records[27].hash));
    for record in &records {
        let event = record.event().unwrap();
        assert_eq!((event.until, event.left), (None, None));
        assert_eq!(serde_json::to_string(&event).unwrap(), record.body, "written again, it is the same");
    }
}
