//! T1 to T22: a portal that asks when the network or the password changes.

use crate::world::*;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeError, Decision, EnrolError, Grant, Method, NotRequired, Preset, Profile,
    PublicReason, Reason, TicketKind, TicketRequest, Timestamp, Warning, push_response,
};

async fn world() -> World {
    World::new(Preset::Portal15x20).await
}

/// A user with a telephone, signed in from home.
async fn at_home() -> World {
    let mut world = world().await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&sent)).await;
    world
}

fn reset_ticket() -> TicketRequest {
    TicketRequest {
        kind: TicketKind::PhoneReset,
        reason: "called back, passport seen".into(),
        invite_email: None,
    }
}

#[tokio::test]
async fn t1_everyone_has_to_enrol() {
    assert!(matches!(world().await.begin(Action::Login).await, Begin::MustEnrol { .. }));
}

#[tokio::test]
async fn t2_there_are_no_security_questions() {
    // The policy document has no word for them: a document that asks for them is refused.
    let json = r#"{"methods":["security_question"]}"#;
    assert!(keyhaven_verifier::Policy::from_json(json).is_err());
    assert!(keyhaven_verifier::Policy::from_json(r#"{"allow_kba":true}"#).is_err());
}

#[tokio::test]
async fn t3_setting_up_takes_a_number_that_receives_the_code() {
    let world = world().await;
    for number in ["020 7946 0958", "hello", "+1"] {
        let refused = world.verifier.enrol_phone(&ann(), number, Grant::First, &world.context()).await;
        assert_eq!(refused.err(), Some(EnrolError::PhoneNumber), "{number}");
    }
    let pending = world.pending_phone().await;
    assert_eq!(pending.sent.delivery.method, Method::Sms);
    assert_eq!(text(&pending.sent.delivery.address), PHONE);
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }), "not confirmed yet");
    assert_eq!(world.confirm_rejected(&pending.challenge, wrong_code(&pending.sent)).await, Reason::Wrong);
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    assert_eq!(world.ask(Action::Login).await.hints, [(Method::Sms, "•••58".to_owned())]);
}

#[tokio::test]
async fn t4_another_address_asks_again() {
    let mut world = at_home().await;
    world.ip = AWAY;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Sms]);
    world.ip = "192.0.2.8";
    let _ = world.ask(Action::Login).await;
    world
        .change_policy(|policy| policy.trust.ip = Some(keyhaven_verifier::IpMatch::Prefix { v4: 24, v6: 48 }))
        .await;
    // The same network by another rule is another network: it is asked for once more, then its neighbours are home.
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&sent)).await;
    world.ip = "192.0.2.200";
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { why: NotRequired::SameIp, .. }));
}

#[tokio::test]
async fn t5_changing_the_password_asks_from_everywhere() {
    let world = at_home().await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
    let _ = world.ask(Action::ChangePassword).await;
}

#[tokio::test]
async fn t6_the_same_address_is_not_asked_for_as_long_as_trust_lasts() {
    let mut world = at_home().await;
    let Begin::NotRequired { why: NotRequired::SameIp, until: Some(until), .. } =
        world.begin(Action::Login).await
    else {
        panic!("asked at home")
    };
    world.now = until.unix_seconds();
    let _ = world.ask(Action::Login).await;
}

#[tokio::test]
async fn t6_the_least_recently_used_network_makes_room() {
    let mut world = at_home().await;
    world.change_policy(|policy| policy.trust.max_contexts = 2).await;
    for ip in ["203.0.113.1", "203.0.113.2"] {
        world.pass(60);
        world.ip = HOME;
        assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }), "home stays in use");
        world.ip = ip;
        let question = world.ask(Action::Login).await;
        let sent = world.send(&question.id).await.unwrap();
        let _ = world.accept(&question.id, sent_code(&sent)).await;
    }
    world.ip = "203.0.113.1";
    let _ = world.ask(Action::Login).await;
    world.ip = HOME;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
}

#[tokio::test]
async fn t7_the_number_is_changed_by_a_link_from_support() {
    let mut world = at_home().await;
    world.verify_email().await;
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let refused = world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::NotPermitted { rule: "phone_change" }));

    let issued =
        world.verifier.issue_ticket(&admin(), &ann(), &reset_ticket(), &world.context()).await.unwrap();
    assert_eq!(issued.notices.len(), 2, "the old number and the mailbox hear of it");
    let link = || {
        keyhaven_verifier::TicketToken::from_text(keyhaven_secret::SecretText::new(
            issued.token.expose().into(),
        ))
    };
    let pending = world
        .verifier
        .enrol_phone(&ann(), OTHER_PHONE, Grant::Ticket(link()), &world.context())
        .await
        .unwrap();
    // Until the new number is confirmed, the old one answers.
    world.ip = AWAY;
    assert_eq!(world.ask(Action::Login).await.hints, [(Method::Sms, "•••58".to_owned())]);
    let enrolled = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    let told: Vec<_> = enrolled.notices.iter().map(|notice| text(&notice.address)).collect();
    assert_eq!(told, [PHONE, MAIL, OTHER_PHONE]);
    assert_eq!(world.ask(Action::Login).await.hints, [(Method::Sms, "•••78".to_owned())]);
    let again = world.verifier.enrol_phone(&ann(), PHONE, Grant::Ticket(link()), &world.context()).await;
    assert_eq!(again.err(), Some(EnrolError::GrantInvalid), "a link is good once");
}

#[tokio::test]
async fn t8_push_is_a_second_method_and_transfers_a_number() {
    let mut world = world().await;
    let pending =
        world.verifier.enrol_push(&ann(), "device-handle", Grant::First, &world.context()).await.unwrap();
    let key = pending.key;
    let number = text(pending.sent.show.as_ref().unwrap()).to_owned();
    let _ = world.confirm(&pending.challenge, push(&key, pending.challenge.as_str(), &number)).await;

    world.pass(60);
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Push]);
    let sent = world.send(&question.id).await.unwrap();
    assert_eq!(text(&sent.delivery.address), "device-handle");
    assert!(sent.delivery.code.is_none(), "the number is on the page, not in the push");
    let number = text(sent.show.as_ref().unwrap()).to_owned();
    let other = if number == "000000" { "000001" } else { "000000" };
    // The number of somebody else's page, a device that is not the user's, and a bare "yes" are all wrong.
    let id = question.id.as_str();
    let stranger = SecretBytes::new(vec![1; 32]);
    for answer in [push(&key, id, other), push(&stranger, id, &number), push(&key, "another", &number)] {
        assert_eq!(world.reject(&question.id, answer).await.reason, Reason::Wrong);
    }
    assert!(world.answer(&question.id, push(&key, id, &number)).await.is_accepted());
}

#[tokio::test]
async fn t8_a_denied_push_ends_the_challenge() {
    let mut world = world().await;
    let pending = world.verifier.enrol_push(&ann(), "device", Grant::First, &world.context()).await.unwrap();
    let number = text(pending.sent.show.as_ref().unwrap()).to_owned();
    let _ = world.confirm(&pending.challenge, push(&pending.key, pending.challenge.as_str(), &number)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let forged = Answer::Denied { response: SecretText::new("00".repeat(32)) };
    assert_eq!(world.reject(&question.id, forged).await.reason, Reason::Wrong);
    let response = push_response(&pending.key, question.id.as_str(), Answer::DENIED);
    assert_eq!(world.reject(&question.id, Answer::Denied { response }).await.reason, Reason::Denied);
    let number = text(sent.show.as_ref().unwrap()).to_owned();
    let late = world.reject(&question.id, push(&pending.key, question.id.as_str(), &number)).await;
    assert_eq!(late.reason, Reason::Cancelled);
}

fn push(key: &SecretBytes, challenge: &str, number: &str) -> Answer {
    Answer::Push {
        number: keyhaven_secret::SecretText::new(number.to_owned()),
        response: push_response(key, challenge, number),
    }
}

#[tokio::test]
async fn t9_countries_are_served_unless_the_policy_says_otherwise() {
    let mut world = world().await;
    assert!(world.verifier.enrol_phone(&ann(), OTHER_PHONE, Grant::First, &world.context()).await.is_ok());
    world.change_policy(|policy| policy.sms.country_deny = vec!["+49".into()]).await;
    let refused = world.verifier.enrol_phone(&ann(), OTHER_PHONE, Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::Country));
    world.change_policy(|policy| policy.sms.country_allow = vec!["+1".into()]).await;
    let refused = world.verifier.enrol_phone(&ann(), PHONE, Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::Country));
}

#[tokio::test]
async fn t10_an_email_that_did_not_come_is_sent_again_after_a_while() {
    let mut world = world().await;
    world.verify_email().await;
    world.verifier.allow_email(&admin(), &ann(), "no mobile network on site", world.at()).await.unwrap();
    let pending = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await.unwrap();
    let early = world.send(&pending.challenge).await;
    assert_eq!(
        early.err(),
        Some(ChallengeError::Cooldown { at: Timestamp::from_unix_seconds(world.now + 30) })
    );
    world.pass(30);
    let again = world.send(&pending.challenge).await.unwrap();
    assert_eq!(again.delivery.earlier_sends, 1);
    let _ = world.confirm(&pending.challenge, sent_code(&again)).await;
}

#[tokio::test]
async fn t11_a_push_that_did_not_come_is_sent_again_within_limits() {
    let mut world = world().await;
    world.change_policy(|policy| policy.push.sends_per_day = 3).await;
    let pending = world.verifier.enrol_push(&ann(), "device", Grant::First, &world.context()).await.unwrap();
    for _ in 0..2 {
        world.pass(60);
        assert!(world.send(&pending.challenge).await.is_ok());
    }
    world.pass(60);
    assert!(matches!(world.send(&pending.challenge).await, Err(ChallengeError::Locked { .. })), "no bombing");
}

#[tokio::test]
async fn t12_a_new_code_kills_the_old_one_and_forgives_nothing() {
    let mut world = world().await;
    let first = world.pending_phone().await;
    for _ in 0..4 {
        assert_eq!(world.confirm_rejected(&first.challenge, wrong_code(&first.sent)).await, Reason::Wrong);
    }
    world.pass(30);
    let second = world.send(&first.challenge).await.unwrap();
    // The fifth and last answer to this challenge: the code of the first message.
    assert_eq!(world.confirm_rejected(&first.challenge, sent_code(&first.sent)).await, Reason::Wrong);
    let refused = world.confirm_rejected(&first.challenge, sent_code(&second)).await;
    assert!(matches!(refused, Reason::Locked { .. }), "{refused:?}: a new message gives no new answers");
}

#[tokio::test]
async fn t13_the_method_can_be_changed_at_any_time_and_no_budget_with_it() {
    let mut world = at_home().await;
    world.verify_email().await;
    world.verifier.allow_email(&admin(), &ann(), "second way", world.at()).await.unwrap();
    let _ = world.prove_by(Action::ChangePassword, Method::Sms).await;
    let proof = world.prove_by(Action::Enrol, Method::Sms).await;
    let pending = world.verifier.enrol_email(&ann(), Grant::Proof(proof), &world.context()).await.unwrap();
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;

    world.pass(60);
    let question = world.ask(Action::ChangePassword).await;
    assert_eq!(question.methods, [Method::Sms, Method::Email]);
    let by_sms = world.send(&question.id).await.unwrap();
    for _ in 0..5 {
        let _ = world.reject(&question.id, wrong_code(&by_sms)).await;
    }
    world.pass(60);
    world.verifier.select(&ann(), &question.id, Method::Email, &world.context()).await.unwrap();
    let by_email = world.send(&question.id).await.unwrap();
    assert_eq!(by_email.delivery.method, Method::Email);
    let refused = world.reject(&question.id, sent_code(&by_email)).await;
    assert!(
        matches!(refused.reason, Reason::Locked { .. }),
        "five answers a challenge, whichever the method"
    );
    let unknown = world.verifier.select(&ann(), &question.id, Method::Totp, &world.context()).await;
    assert_eq!(unknown, Err(ChallengeError::MethodNotAllowed { method: Method::Totp }));
}

#[tokio::test]
async fn t14_fifteen_messages_a_day_to_set_up() {
    let mut world = world().await;
    let pending = world.pending_phone().await;
    for _ in 1..15 {
        world.pass(30);
        assert!(world.send(&pending.challenge).await.is_ok());
    }
    world.pass(30);
    assert!(matches!(world.send(&pending.challenge).await, Err(ChallengeError::Locked { .. })));
}

/// Asks for messages, each for a challenge of its own, until there are no more; how many there were.
async fn messages_until_locked(world: &mut World) -> (u32, Timestamp) {
    for sent in 0.. {
        world.pass(30);
        let question = world.ask(Action::Login).await;
        match world.send(&question.id).await {
            Ok(_) => {}
            Err(ChallengeError::Locked { until }) => return (sent, until.unwrap()),
            Err(other) => panic!("{other}"),
        }
    }
    unreachable!()
}

#[tokio::test]
async fn t15_twenty_messages_a_day_to_sign_in_and_t16_then_none_for_a_day() {
    let mut world = world().await;
    let _ = world.enrol_phone().await;
    let (sent, until) = messages_until_locked(&mut world).await;
    assert_eq!(sent, 20);
    assert_eq!(until, Timestamp::from_unix_seconds(world.now + 86_400));
    world.pass(86_399);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.send(&question.id).await.err(), Some(ChallengeError::Locked { until: Some(until) }));
    world.pass(1);
    assert!(world.send(&question.id).await.is_ok());
}

#[tokio::test]
async fn t17_a_sign_in_gives_the_messages_back() {
    let mut world = world().await;
    let _ = world.enrol_phone().await;
    for _ in 0..19 {
        world.pass(30);
        let question = world.ask(Action::Login).await;
        let _ = world.send(&question.id).await.unwrap();
    }
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&sent)).await;
    world.ip = AWAY;
    assert_eq!(messages_until_locked(&mut world).await.0, 20);
}

#[tokio::test]
async fn t18_two_people_of_one_account_share_a_number_and_are_told() {
    let mut world = world().await;
    let profile = Profile { shared: true, ..Profile::default() };
    world.verifier.put_profile(&ann(), &profile, world.at()).await.unwrap();
    let _ = world.enrol_phone().await;
    world.pass(60);
    let (first, second) = (world.ask(Action::Login).await, world.ask(Action::Login).await);
    let (to_first, to_second) = (world.send(&first.id).await.unwrap(), world.send(&second.id).await.unwrap());
    // One person's code is nothing in the other's browser.
    assert_eq!(world.reject(&second.id, sent_code(&to_first)).await.reason, Reason::Wrong);
    let accepted = world.accept(&first.id, sent_code(&to_first)).await;
    assert!(accepted.warnings.contains(&Warning::SharedAccount));
    let _ = world.accept(&second.id, sent_code(&to_second)).await;
}

#[tokio::test]
async fn t18_the_second_person_with_the_same_app_code_is_told_when_to_come_back() {
    let mut world = World::with(keyhaven_verifier::Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let (first, second) = (world.ask(Action::Login).await, world.ask(Action::Login).await);
    let _ = world.accept(&first.id, world.code(&account)).await;
    let rejected = world.reject(&second.id, world.code(&account)).await;
    let next_step = Timestamp::from_unix_seconds((world.now / 30 + 1) * 30);
    assert_eq!(rejected.reason, Reason::Used { retry_at: next_step });
    assert_eq!(rejected.public(), PublicReason::TryLater { after: Some(next_step) });
    world.now = next_step.unix_seconds();
    let _ = world.accept(&second.id, world.code(&account)).await;
}

#[tokio::test]
async fn t19_without_that_telephone_there_is_no_other_way() {
    let mut world = at_home().await;
    world.ip = AWAY;
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Sms]);
    for method in [Method::Email, Method::Push, Method::Totp, Method::Recovery] {
        let refused = world.verifier.select(&ann(), &question.id, method, &world.context()).await;
        assert_eq!(refused, Err(ChallengeError::MethodNotAllowed { method }));
    }
    // And when the policy takes text messages no more, nothing is left.
    world
        .change_policy(|policy| {
            policy.methods.remove(&Method::Sms);
        })
        .await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NoUsableMethod));
}

#[tokio::test]
async fn t20_the_report_marks_shared_accounts() {
    let world = world().await;
    let profile = Profile { shared: true, ..Profile::default() };
    world.verifier.put_profile(&ann(), &profile, world.at()).await.unwrap();
    assert!(world.verifier.report("acme", "", 10).await.unwrap()[0].shared);
}

#[tokio::test]
async fn t21_email_only_by_exception_and_marked_as_restricted() {
    let world = world().await;
    world.verify_email().await;
    let refused = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::NotPermitted { rule: "email.by_exception" }));
    let Begin::MustEnrol { methods } = world.begin(Action::Login).await else { panic!("not asked to enrol") };
    assert!(!methods.contains(&Method::Email));
    assert!(
        world.verifier.allow_email(&admin(), &ann(), "  ", world.at()).await.is_err(),
        "a reason is needed"
    );
    world.verifier.allow_email(&admin(), &ann(), "no mobile", world.at()).await.unwrap();
    let _ = world.enrol_email().await;
    assert!(world.verifier.report("acme", "", 10).await.unwrap()[0].restricted);
}

#[tokio::test]
async fn t22_a_code_by_email_holds_ten_minutes() {
    for (seconds, holds) in [(599, true), (600, false)] {
        let mut world = world().await;
        world.verify_email().await;
        world.verifier.allow_email(&admin(), &ann(), "no mobile", world.at()).await.unwrap();
        let _ = world.enrol_email().await;
        world.pass(60);
        let question = world.ask(Action::Login).await;
        let sent = world.send(&question.id).await.unwrap();
        world.pass(seconds);
        match world.answer(&question.id, sent_code(&sent)).await {
            Decision::Accepted(_) => assert!(holds),
            Decision::Rejected(rejected) => {
                assert!(!holds);
                assert_eq!(rejected.public(), PublicReason::Expired);
            }
        }
    }
}
