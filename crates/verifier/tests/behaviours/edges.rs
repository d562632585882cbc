//! The edges of each decision: the last moment that counts, the first that does not, and the other half of every "and".

use crate::world::*;
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeError, Confirmation, FirstFactor, Grant, Method, NotRequired, Policy,
    Preset, Profile, Reason, Warning,
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
