//! E1 to E8: new invitations bring the second factor.

use crate::world::*;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Actor, AdminError, Begin, Confirmation, EnrolError, EventName, Joined, ManageError, Method,
    NotRequired, Policy, Preset, TicketKind, TicketRequest, TicketToken,
    policy::{AppliesTo, Enforcement, PhoneMissing},
};

async fn world() -> World {
    World::new(Preset::InviteFallback).await
}

async fn invite(world: &World) -> TicketToken {
    let request = TicketRequest {
        kind: TicketKind::Invite,
        reason: "new colleague".into(),
        invite_email: Some(MAIL.into()),
    };
    world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap().token
}

/// Joins with a telephone.
async fn joined(world: &World) {
    let token = invite(world).await;
    let Joined::Phone(pending) =
        world.verifier.accept_invite(&ann(), token, Some(PHONE), &world.context()).await.unwrap()
    else {
        panic!("no telephone")
    };
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
}

#[tokio::test]
async fn e1_an_administrator_switches_it_on_for_the_account() {
    let world = World::with(Policy::default()).await;
    assert!(matches!(
        world.begin(Action::Login).await,
        Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }
    ));
    let forced = Policy { enforcement: Enforcement::Forced { grace: 0 }, ..Policy::default() };
    let stale = world.verifier.put_policy(&admin(), "acme", &forced, 0, world.at()).await;
    assert_eq!(
        stale,
        Err(AdminError::PolicyMoved { expected: 0, found: 1 }),
        "no change is overwritten unseen"
    );
    world.verifier.put_policy(&admin(), "acme", &forced, 1, world.at()).await.unwrap();
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
}

#[tokio::test]
async fn e2_new_invitations_demand_it_and_earlier_users_are_left_alone() {
    let mut world = world().await;
    world.change_policy(|policy| policy.enforcement = Enforcement::OptIn).await;
    let _earlier = invite(&world).await;
    world
        .change_policy(|policy| {
            policy.enforcement = Enforcement::Forced { grace: 0 };
            policy.applies_to = AppliesTo::NewInvites;
        })
        .await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
    let _later = invite(&world).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
}

#[tokio::test]
async fn e3_the_invited_person_gives_a_number_and_proves_it() {
    let world = world().await;
    joined(&world).await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Sms]);
}

#[tokio::test]
async fn e3_an_invitation_is_good_once_for_one_person_and_for_a_week() {
    let mut world = world().await;
    let token = invite(&world).await;
    let copy = || TicketToken::from_text(SecretText::new(token.expose().to_owned()));
    let bob = keyhaven_verifier::Subject::new("acme", "bob").unwrap();
    let stolen = world.verifier.accept_invite(&bob, copy(), Some(PHONE), &world.context()).await;
    assert_eq!(stolen.err(), Some(EnrolError::GrantInvalid));
    let Joined::Phone(pending) =
        world.verifier.accept_invite(&ann(), copy(), Some(PHONE), &world.context()).await.unwrap()
    else {
        panic!("no telephone")
    };
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    let again = world.verifier.accept_invite(&ann(), copy(), None, &world.context()).await;
    assert!(matches!(again.err(), Some(EnrolError::GrantInvalid)));
    let late = invite(&world).await;
    world.pass(7 * 86_400);
    let late = world.verifier.accept_invite(&ann(), late, Some(PHONE), &world.context()).await;
    assert_eq!(late.err(), Some(EnrolError::GrantInvalid));
}

#[tokio::test]
async fn e4_without_a_number_codes_go_to_the_address_that_was_invited() {
    let mut world = world().await;
    let token = invite(&world).await;
    let joined = world.verifier.accept_invite(&ann(), token, None, &world.context()).await.unwrap();
    assert!(matches!(joined, Joined::Email { .. }));
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Email]);
    let sent = world.send(&question.id).await.unwrap();
    assert_eq!(text(&sent.delivery.address), MAIL);
    let _ = world.accept(&question.id, sent_code(&sent)).await;
    // Where the policy wants a number, it is asked for.
    world.change_policy(|policy| policy.invite.phone_missing = PhoneMissing::Refuse).await;
    let bob = keyhaven_verifier::Subject::new("acme", "bob").unwrap();
    let request = TicketRequest {
        kind: TicketKind::Invite,
        reason: "new colleague".into(),
        invite_email: Some("bob@example.org".into()),
    };
    let issued = world.verifier.issue_ticket(&admin(), &bob, &request, &world.context()).await.unwrap();
    let refused = world.verifier.accept_invite(&bob, issued.token, None, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::PhoneNumber));
}

#[tokio::test]
async fn e5_after_joining_the_first_sign_in_asks_for_a_code() {
    let world = world().await;
    joined(&world).await;
    let _ = world.ask(Action::Login).await;
}

#[tokio::test]
async fn e6_codes_have_six_digits() {
    let mut world = world().await;
    joined(&world).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let code = text(sent.delivery.code.as_ref().unwrap());
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let _ = world.accept(&question.id, keyhaven_verifier::Answer::code(&spaced)).await;
}

#[tokio::test]
async fn e7_a_code_can_be_sent_again() {
    let mut world = world().await;
    joined(&world).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let first = world.send(&question.id).await.unwrap();
    world.now = first.resend_at.unix_seconds();
    let second = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&second)).await;
}

#[tokio::test]
async fn e8_a_number_is_changed_in_three_calls() {
    let mut world = world().await;
    joined(&world).await;
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let pending =
        world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await.unwrap();
    assert_eq!(text(&pending.sent.delivery.address), OTHER_PHONE, "the code goes to the new number");
    let early = world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await;
    assert_eq!(early.err(), Some(ManageError::Gone { what: "confirmed phone change" }));
    let validated = world
        .verifier
        .confirm(&ann(), &pending.challenge, sent_code(&pending.sent), &world.context())
        .await
        .unwrap();
    assert!(matches!(validated, Confirmation::Validated));
    assert_eq!(world.ask(Action::Login).await.hints[0].1, "•••58", "validated is not yet saved");
    let notices =
        world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await.unwrap();
    let told: Vec<_> = notices.iter().map(|notice| text(&notice.address)).collect();
    assert_eq!(told, [PHONE, MAIL, OTHER_PHONE]);
    assert!(notices.iter().all(|notice| notice.about == EventName::PhoneChangeCommitted));
    assert_eq!(world.ask(Action::Login).await.hints[0].1, "•••78");
}

#[tokio::test]
async fn e8_a_change_that_is_not_saved_in_time_is_none() {
    let mut world = world().await;
    joined(&world).await;
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let pending =
        world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await.unwrap();
    let _ = world
        .verifier
        .confirm(&ann(), &pending.challenge, sent_code(&pending.sent), &world.context())
        .await
        .unwrap();
    world.pass(600);
    assert!(world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await.is_err());
    assert_eq!(world.ask(Action::Login).await.hints[0].1, "•••58");
}

#[tokio::test]
async fn e8_a_proof_for_something_else_changes_no_number() {
    let mut world = world().await;
    joined(&world).await;
    let proof = world.prove_by(Action::ChangePassword, Method::Sms).await;
    let refused = world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::GrantInvalid));
}

#[tokio::test]
async fn only_the_operator_makes_a_tenant() {
    let world = world().await;
    let refused = world
        .verifier
        .put_policy(&Actor::administrator("mallory"), "new", &Policy::default(), 0, world.at())
        .await;
    assert_eq!(refused, Err(AdminError::OperatorOnly { rule: "managed_by" }));
}

#[tokio::test]
async fn nobody_is_invited_past_the_address_that_is_known() {
    let world = world().await;
    let to = |address: &str| TicketRequest {
        kind: TicketKind::Invite,
        reason: "new colleague".into(),
        invite_email: Some(address.into()),
    };
    let issue = async |address| {
        world.verifier.issue_ticket(&admin(), &ann(), &to(address), &world.context()).await.map(|_| ())
    };
    let changes = async || {
        let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
        let events = records.iter().map(|record| record.event().unwrap().event);
        events.filter(|event| *event == EventName::SubjectChanged).count()
    };
    assert_eq!(issue(MAIL).await, Ok(()));
    assert_eq!(changes().await, 1, "the address is the user's from now on, which the chain tells");
    assert_eq!(issue(MAIL).await, Ok(()));
    assert_eq!(issue("admin@example.org").await, Err(AdminError::OtherAddress));
    assert_eq!(changes().await, 1);
    let token = invite(&world).await;
    let joined = world.verifier.accept_invite(&ann(), token, None, &world.context()).await.unwrap();
    assert!(matches!(joined, Joined::Email { .. }));
    let sent = world.send(&world.ask(Action::Login).await.id).await.unwrap();
    assert_eq!(text(&sent.delivery.address), MAIL);
}
