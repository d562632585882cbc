//! What ends with a factor, and with a policy that does not have its method any more.

use crate::world::*;
use keyhaven_otp::Account;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Answer, Begin, ChallengeError, Confirmation, EnrolError, FactorId, Grant, ManageError, Method,
    Policy, Proof, Reason, TicketKind, TicketRequest,
    policy::{PhoneChange, RecoveryKind},
};

fn copy(proof: &Proof) -> Proof {
    Proof::from_text(SecretText::new(proof.expose().to_owned()))
}

/// Two apps, the second enrolled by the first.
async fn two_apps(policy: Policy) -> (World, (FactorId, Account), (FactorId, Account)) {
    let mut world = World::with(policy).await;
    let (first, mine) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &mine).await;
    let (pending, account) = world.pending_totp(Grant::Proof(proof)).await;
    let second = world.confirm(&pending.challenge, world.code(&account)).await;
    (world, (first.factor, mine), (second.factor, account))
}

/// Whoever has a stolen device begins to set up one of their own; then the device is removed.
#[tokio::test]
async fn a_set_up_that_a_removed_factor_began_is_not_confirmed() {
    for by_administrator in [true, false] {
        let (mut world, (mine, my_app), (stolen, their_app)) = two_apps(Policy::default()).await;
        let proof = world.prove(Action::Enrol, &their_app).await;
        let (theirs, account) = world.pending_totp(Grant::Proof(proof)).await;
        world.pass(30);
        if by_administrator {
            let _ =
                world.verifier.revoke_factor(&admin(), &ann(), &stolen, "stolen", world.at()).await.unwrap();
        } else {
            let proof = world.prove(Action::DisableMfa, &my_app).await;
            let _ = world.verifier.remove_factor(&ann(), &stolen, proof, &world.context()).await.unwrap();
        }
        let reason = world.confirm_rejected(&theirs.challenge, world.code(&account)).await;
        assert_eq!(reason, Reason::FactorGone, "by an administrator: {by_administrator}");
        let left: Vec<FactorId> =
            world.verifier.factors(&ann()).await.unwrap().into_iter().map(|(id, _, _)| id).collect();
        assert_eq!(left, [mine]);
    }
}

#[tokio::test]
async fn removing_a_factor_oneself_ends_the_trust_and_the_proofs_it_earned() {
    let mut policy = Policy::default();
    policy.trust.ip = Some(keyhaven_verifier::IpMatch::Exact);
    let (mut world, (_, my_app), (stolen, their_app)) = two_apps(policy).await;
    world.sign_in(&their_app).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
    let earned = world.prove(Action::ChangeEmail, &their_app).await;
    let proof = world.prove(Action::DisableMfa, &my_app).await;
    let again = copy(&proof);
    let _ = world.verifier.remove_factor(&ann(), &stolen, proof, &world.context()).await.unwrap();
    assert!(matches!(world.begin(Action::Login).await, Begin::Challenge(_)));
    let redeemed = world.verifier.redeem(&ann(), &Action::ChangeEmail, earned, &world.context()).await;
    assert_eq!(redeemed, Err(ManageError::ProofInvalid));
    let redeemed = world.verifier.redeem(&ann(), &Action::DisableMfa, again, &world.context()).await;
    assert_eq!(redeemed, Err(ManageError::ProofInvalid), "it was used to remove");
}

/// A number that takes another's place ends what the old one earned.
#[tokio::test]
async fn a_number_that_is_replaced_leaves_no_trust_and_no_proof() {
    for by_ticket in [true, false] {
        let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
        policy.phone_change = PhoneChange::SelfService { ttl: 600 };
        policy.trust.ip = Some(keyhaven_verifier::IpMatch::Exact);
        let mut world = World::with(policy).await;
        let _ = world.enrol_phone().await;
        let _ = world.prove_by(Action::Login, Method::Sms).await;
        let earned = world.prove_by(Action::ChangeEmail, Method::Sms).await;
        assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
        if by_ticket {
            let request =
                TicketRequest { kind: TicketKind::PhoneReset, reason: "lost".into(), invite_email: None };
            let issued =
                world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
            let grant = Grant::Ticket(issued.token);
            let pending =
                world.verifier.enrol_phone(&ann(), OTHER_PHONE, grant, &world.context()).await.unwrap();
            let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
        } else {
            let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
            let context = world.context();
            let pending =
                world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &context).await.unwrap();
            let answer = sent_code(&pending.sent);
            let confirmed = world.verifier.confirm(&ann(), &pending.challenge, answer, &context).await;
            assert!(matches!(confirmed, Ok(Confirmation::Validated)), "{confirmed:?}");
            let _ = world.verifier.commit_phone_change(&ann(), &pending.challenge, &context).await.unwrap();
        }
        assert!(matches!(world.begin(Action::Login).await, Begin::Challenge(_)), "by ticket: {by_ticket}");
        let redeemed = world.verifier.redeem(&ann(), &Action::ChangeEmail, earned, &world.context()).await;
        assert_eq!(redeemed, Err(ManageError::ProofInvalid), "by ticket: {by_ticket}");
    }
}

/// Verifier specification R21: what a challenge was opened with is looked at again when it is answered.
#[tokio::test]
async fn a_method_that_the_policy_gave_up_answers_no_challenge_that_is_open() {
    let methods = [Method::Totp, Method::Sms].into();
    let mut world = World::with(Policy { methods, ..Policy::default() }).await;
    let (enrolled, account) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes;
    let proof = world.prove(Action::Enrol, &account).await;
    let context = world.context();
    let pending = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &context).await.unwrap();
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    world.pass(60);
    let (by_app, by_message) = (world.ask(Action::Login).await, world.ask(Action::Login).await);
    world.verifier.select(&ann(), &by_message.id, Method::Sms, &world.context()).await.unwrap();
    let sent = world.send(&by_message.id).await.unwrap();
    world.change_policy(|policy| policy.methods = [Method::Totp].into()).await;
    let not_allowed = Some(ChallengeError::MethodNotAllowed { method: Method::Sms });
    let refused = world.reject(&by_message.id, sent_code(&sent)).await;
    assert_eq!(refused.reason, Reason::MethodNotAllowed);
    world.pass(60);
    assert_eq!(world.send(&by_message.id).await.err(), not_allowed);
    let selected = world.verifier.select(&ann(), &by_app.id, Method::Sms, &world.context()).await;
    assert_eq!(selected.err(), not_allowed);
    world.change_policy(|policy| policy.recovery.kind = RecoveryKind::None).await;
    let refused = world.reject(&by_app.id, Answer::recovery(text(&codes[0]))).await;
    assert_eq!(refused.reason, Reason::MethodNotAllowed);
    let _ = world.accept(&by_app.id, world.code(&account)).await;
}

/// The same where the policy takes codes by e-mail by exception from now on, and then not at all.
#[tokio::test]
async fn codes_by_email_end_with_the_exception_and_with_the_method() {
    let methods = [Method::Totp, Method::Email].into();
    let mut world = World::with(Policy { methods, ..Policy::default() }).await;
    world.verify_email().await;
    let _ = world.enrol_email().await;
    world.pass(60);
    let question = world.ask(Action::ChangeEmail).await;
    assert_eq!(question.methods, [Method::Email]);
    let sent = world.send(&question.id).await.unwrap();
    world.change_policy(|policy| policy.email.by_exception = true).await;
    let refused = world.reject(&question.id, sent_code(&sent)).await;
    assert_eq!(refused.reason, Reason::MethodNotAllowed);
    assert!(matches!(world.begin(Action::ChangeEmail).await, Begin::NoUsableMethod));
    world.verifier.allow_email(&admin(), &ann(), "no telephone", world.at()).await.unwrap();
    let _ = world.ask(Action::ChangeEmail).await;
    world.change_policy(|policy| policy.methods = [Method::Totp].into()).await;
    assert!(matches!(world.begin(Action::ChangeEmail).await, Begin::NoUsableMethod));
    let refused = world.reject(&question.id, sent_code(&sent)).await;
    assert_eq!(refused.reason, Reason::MethodNotAllowed);
}

#[tokio::test]
async fn a_method_that_the_policy_gave_up_is_not_set_up_to_the_end() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    world.change_policy(|policy| policy.methods = [Method::Sms].into()).await;
    let reason = world.confirm_rejected(&pending.challenge, world.code(&account)).await;
    assert_eq!(reason, Reason::MethodNotAllowed);
}

/// Changing a number is for who has one: it is no way around the policy for enrolling.
#[tokio::test]
async fn without_a_number_there_is_none_to_change() {
    let methods = [Method::Totp, Method::Sms].into();
    let mut policy = Policy { methods, ..Policy::default() };
    policy.phone_change = PhoneChange::SelfService { ttl: 600 };
    policy.enrol.self_service = false;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::ChangePhone, &account).await;
    let refused = world.verifier.start_phone_change(&ann(), PHONE, proof, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::NotPermitted { rule: "phone_change" }));
}

#[tokio::test]
async fn a_number_is_put_in_place_under_the_policy_of_that_moment() {
    let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    policy.phone_change = PhoneChange::SelfService { ttl: 600 };
    let mut world = World::with(policy).await;
    let _ = world.enrol_phone().await;
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let pending =
        world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await.unwrap();
    let answer = sent_code(&pending.sent);
    let confirmed = world.verifier.confirm(&ann(), &pending.challenge, answer, &world.context()).await;
    assert!(matches!(confirmed, Ok(Confirmation::Validated)), "{confirmed:?}");
    world.change_policy(|policy| policy.phone_change = PhoneChange::AdminLink).await;
    let refused = world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await;
    assert_eq!(refused.err(), Some(ManageError::NotPermitted { rule: "phone_change" }));
    assert_eq!(world.ask(Action::Login).await.hints, [(Method::Sms, "•••58".to_owned())]);
}

/// A set-up that was begun shortly before its ticket ends is over with it. That is a decision, and no failure.
#[tokio::test]
async fn a_set_up_ends_with_its_ticket() {
    let mut world = World::with(Policy::default()).await;
    let _ = world.enrol_totp().await;
    for (late, good) in [(0, false), (1, true)] {
        let request =
            TicketRequest { kind: TicketKind::AdminRecovery, reason: "lost".into(), invite_email: None };
        let issued = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
        let ends = world.now + 86_400;
        world.now = ends - 60;
        let (pending, account) = world.pending_totp(Grant::Ticket(issued.token)).await;
        world.now = ends - late;
        if good {
            let _ = world.confirm(&pending.challenge, world.code(&account)).await;
        } else {
            let reason = world.confirm_rejected(&pending.challenge, world.code(&account)).await;
            assert_eq!(reason, Reason::Expired);
        }
    }
}
