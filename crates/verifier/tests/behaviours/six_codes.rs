//! H1 to H10: an app and six recovery codes.

use crate::world::*;
use keyhaven_otp::Account;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Actor, AdminError, Answer, Begin, EnrolError, EventName, FirstFactor, Grant, ManageError, Method,
    NotRequired, Preset, Reason, TicketKind, TicketRequest, TicketToken, Warning, policy::Precondition,
};

async fn enrolled() -> (World, Account, Vec<String>) {
    let world = World::new(Preset::SixCodes).await;
    let (enrolled, account) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes.iter().map(|code| text(code).to_owned()).collect();
    (world, account, codes)
}

#[tokio::test]
async fn h1_the_password_is_asked_for_first() {
    let mut world = World::new(Preset::SixCodes).await;
    for first_factor in
        [FirstFactor::Session, FirstFactor::Sso, FirstFactor::Password { at: (world.now - 301).into() }]
    {
        world.first_factor = Some(first_factor);
        let refused = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
        assert_eq!(refused.err(), Some(EnrolError::Precondition(Precondition::RecentPassword)));
    }
    world.first_factor = Some(FirstFactor::Password { at: (world.now - 300).into() });
    assert!(world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.is_ok());
}

#[tokio::test]
async fn h2_a_qr_code_for_any_app_then_its_code() {
    let world = World::new(Preset::SixCodes).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    assert_eq!(world.confirm_rejected(&pending.challenge, Answer::code("12345")).await, Reason::Malformed);
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
}

#[tokio::test]
async fn h3_the_codes_are_shown_once_after_confirming() {
    let world = World::new(Preset::SixCodes).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let first = world.confirm(&pending.challenge, world.code(&account)).await;
    assert!(first.recovery.is_some());
    let again = world.confirm_rejected(&pending.challenge, world.code(&account)).await;
    assert_eq!(again, Reason::Answered);
}

#[tokio::test]
async fn h4_there_are_six_and_they_differ() {
    let (_, _, mut codes) = enrolled().await;
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 6);
}

#[tokio::test]
async fn h5_each_stands_in_for_a_code_once() {
    let (world, _, codes) = enrolled().await;
    for (index, code) in codes.iter().enumerate() {
        let question = world.ask(Action::Login).await;
        let accepted = world.accept(&question.id, Answer::recovery(code)).await;
        let left = 5 - u32::try_from(index).unwrap();
        assert_eq!(accepted.recovery_left, Some(left));
        assert_eq!(accepted.warnings.contains(&Warning::RecoveryLow), (1..=2).contains(&left));
        if left > 0 {
            let question = world.ask(Action::Login).await;
            assert_eq!(world.reject(&question.id, Answer::recovery(code)).await.reason, Reason::RecoveryUsed);
        }
    }
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Totp]);
}

#[tokio::test]
async fn h6_signing_in_and_changing_password_or_address_take_a_code() {
    let (mut world, account, _) = enrolled().await;
    for action in [Action::Login, Action::ChangePassword, Action::ChangeEmail] {
        let proof = world.prove(action.clone(), &account).await;
        let _ = world.verifier.redeem(&ann(), &action, proof, &world.context()).await.unwrap();
    }
    // What the application guards by a name of its own is guarded, whether the policy lists the name or not.
    let (policy, _) = world.verifier.policy("acme").await.unwrap().unwrap();
    let own = Action::Custom("read".into());
    assert!(!policy.step_up.actions.contains(&own));
    assert_eq!(world.ask(own).await.methods, [Method::Totp]);
    world
        .change_policy(|policy| policy.step_up.actions.remove(&Action::ChangeEmail).then_some(()).unwrap())
        .await;
    let begin = world.begin(Action::ChangeEmail).await;
    let why = NotRequired::ActionNotListed;
    assert!(matches!(begin, Begin::NotRequired { why: said, .. } if said == why), "{begin:?}");
}

#[tokio::test]
async fn h7_the_question_comes_after_the_first_factor() {
    let (world, _, _) = enrolled().await;
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Totp, Method::Recovery]);
    assert_eq!(question.method, Method::Totp);
}

#[tokio::test]
async fn h8_switching_off_takes_one_more_code() {
    let (mut world, account, _) = enrolled().await;
    let login = world.sign_in(&account).await;
    let refused = world.verifier.disable(&ann(), login.proof, &world.context()).await;
    assert_eq!(refused.err(), Some(ManageError::ProofInvalid), "a sign-in is no consent");
    assert_eq!(world.ask(Action::DisableMfa).await.methods, [Method::Totp]);
    let proof = world.prove(Action::DisableMfa, &account).await;
    let _ = world.verifier.disable(&ann(), proof, &world.context()).await.unwrap();
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
}

#[tokio::test]
async fn h9_it_can_be_switched_on_again_and_what_was_before_is_dead() {
    let (mut world, old_account, old_codes) = enrolled().await;
    let proof = world.prove(Action::DisableMfa, &old_account).await;
    let _ = world.verifier.disable(&ann(), proof, &world.context()).await.unwrap();
    let (again, account) = world.enrol_totp().await;
    assert_eq!(again.recovery.unwrap().codes.len(), 6);
    world.pass(30);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, world.code(&old_account)).await.reason, Reason::Wrong);
    assert_eq!(world.reject(&question.id, Answer::recovery(&old_codes[0])).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, world.code(&account)).await;
}

#[tokio::test]
async fn h10_support_lets_back_in_with_two_people_and_a_reason() {
    let (mut world, lost, codes) = enrolled().await;
    world.verify_email().await;
    let request = |reason: &str| TicketRequest {
        kind: TicketKind::AdminRecovery,
        reason: reason.into(),
        invite_email: None,
    };
    let silent = world.verifier.issue_ticket(&admin(), &ann(), &request(" "), &world.context()).await;
    assert_eq!(silent.err(), Some(AdminError::Reason));
    let issued = world
        .verifier
        .issue_ticket(&admin(), &ann(), &request("video call, passport"), &world.context())
        .await
        .unwrap();
    assert!(issued.awaits_approval);
    assert_eq!(text(&issued.notices[0].address), MAIL);
    let token = || TicketToken::from_text(SecretText::new(issued.token.expose().to_owned()));
    let early =
        world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::Ticket(token()), &world.context()).await;
    assert_eq!(early.err(), Some(EnrolError::GrantInvalid));
    let own = world.verifier.approve_ticket(&admin(), &ann(), &issued.id, world.at()).await;
    assert_eq!(own, Err(AdminError::Gone { what: "ticket" }), "nobody approves their own");
    let second = Actor::administrator("second");
    world.verifier.approve_ticket(&second, &ann(), &issued.id, world.at()).await.unwrap();

    let (pending, account) = world.pending_totp(Grant::Ticket(token())).await;
    let enrolled = world.confirm(&pending.challenge, world.code(&account)).await;
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let told: Vec<_> = records
        .iter()
        .filter_map(|record| record.event())
        .filter(|event| event.by.is_some() || event.event == EventName::TicketRedeemed)
        .map(|event| (event.event, event.by, event.reason))
        .collect();
    let by = |name: &str| Some(name.to_owned());
    assert_eq!(
        told[1..],
        [
            (EventName::TicketIssued, by("root"), by("video call, passport")),
            (EventName::TicketApproved, by("second"), None),
            (EventName::TicketRedeemed, None, None),
        ]
    );
    assert_eq!(enrolled.recovery.unwrap().codes.len(), 6);
    world.pass(30);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, world.code(&lost)).await.reason, Reason::Wrong);
    assert_eq!(world.reject(&question.id, Answer::recovery(&codes[0])).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, world.code(&account)).await;
    let again =
        world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::Ticket(token()), &world.context()).await;
    assert_eq!(again.err(), Some(EnrolError::GrantInvalid));
}
