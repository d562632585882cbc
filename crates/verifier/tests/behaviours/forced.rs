//! A1 to A8: forced or offered by the operator, one registered device.

use crate::world::*;
use keyhaven_verifier::{
    Action, Actor, AdminError, Begin, EnrolError, Grant, ManageError, NotRequired, Policy, Preset, Reason,
    Subject, policy::Enforcement, report_csv,
};

async fn world() -> World {
    World::new(Preset::ForcedOptIn).await
}

fn opt_in() -> Policy {
    Policy { enforcement: Enforcement::OptIn, ..Preset::ForcedOptIn.policy() }
}

#[tokio::test]
async fn a1_only_the_operator_switches_between_forced_and_offered() {
    let world = world().await;
    let refused = world.verifier.put_policy(&admin(), "acme", &opt_in(), 1, world.at()).await;
    assert_eq!(refused, Err(AdminError::OperatorOnly { rule: "managed_by" }));
    let sly = Policy { managed_by: keyhaven_verifier::policy::ManagedBy::Administrator, ..opt_in() };
    let refused = world.verifier.put_policy(&admin(), "acme", &sly, 1, world.at()).await;
    assert_eq!(refused, Err(AdminError::OperatorOnly { rule: "managed_by" }));
    assert_eq!(world.verifier.put_policy(&operator(), "acme", &opt_in(), 1, world.at()).await, Ok(2));
}

#[tokio::test]
async fn a2_forced_asks_everyone_at_the_next_sign_in_or_after_grace() {
    let mut world = World::with(opt_in()).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
    world.change_policy(|policy| policy.enforcement = Enforcement::Forced { grace: 0 }).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
    world.change_policy(|policy| policy.enforcement = Enforcement::Forced { grace: 600 }).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { why: NotRequired::Grace, .. }));
    world.pass(600);
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
}

#[tokio::test]
async fn a3_offered_leaves_it_to_each_user() {
    let mut world = World::with(opt_in()).await;
    let begin = world.begin(Action::Login).await;
    assert!(matches!(begin, Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }));
    let (_, account) = world.enrol_totp().await;
    let _ = world.sign_in(&account).await;
}

#[tokio::test]
async fn a4_the_report_says_who_has_set_it_up() {
    let world = world().await;
    let _ = world.enrol_totp().await;
    let bob = Subject::new("acme", "=bob,\"x\"").unwrap();
    let _ = world.verifier.begin(&bob, Action::Login, &world.context()).await.unwrap();
    let rows = world.verifier.report("acme", "", 10).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.user.as_str(), row.enrolled)).collect();
    assert_eq!(seen, [("=bob,\"x\"", false), ("ann", true)]);
    let csv = report_csv(&rows);
    assert!(csv.contains("\r\n\"'=bob,\"\"x\"\"\",false,"), "no formula, no broken field: {csv}");
    assert_eq!(world.verifier.report("acme", "=bob,\"x\"", 10).await.unwrap().len(), 1, "page by page");
}

#[tokio::test]
async fn a5_a_device_is_registered_by_qr_code_and_code() {
    let world = world().await;
    let (enrolled, _) = world.enrol_totp().await;
    assert_eq!(world.verifier.factors(&ann()).await.unwrap()[0].0, enrolled.factor);
}

#[tokio::test]
async fn a6_every_sign_in_takes_a_code_of_the_one_registered_device() {
    let mut world = world().await;
    let (_, account) = world.enrol_totp().await;
    for _ in 0..3 {
        let _ = world.sign_in(&account).await;
    }
    let second = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
    assert_eq!(second.err(), Some(EnrolError::ProofNeeded));
    let proof = world.prove(Action::Enrol, &account).await;
    let second =
        world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::Proof(proof), &world.context()).await;
    assert_eq!(second.err(), Some(EnrolError::NotPermitted { rule: "enrol.self_service" }));
}

#[tokio::test]
async fn a7_an_administrator_removes_the_old_device_then_the_user_registers_a_new_one() {
    let mut world = world().await;
    let (enrolled, old) = world.enrol_totp().await;
    let proof = world.prove(Action::DisableMfa, &old).await;
    let refused = world.verifier.disable(&ann(), proof, &world.context()).await;
    assert_eq!(refused.err(), Some(ManageError::NotPermitted { rule: "disable.self_service" }));

    let open = world.ask(Action::Login).await;
    let wordless = world.verifier.revoke_factor(&admin(), &ann(), &enrolled.factor, "", world.at()).await;
    assert_eq!(wordless.err(), Some(AdminError::Reason));
    let _ =
        world.verifier.revoke_factor(&admin(), &ann(), &enrolled.factor, "lost", world.at()).await.unwrap();
    world.pass(30);
    // A challenge that was open when the device was removed takes no code of it any more.
    assert_eq!(world.reject(&open.id, world.code(&old)).await.reason, Reason::FactorGone);
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
    let (_, new) = world.enrol_totp().await;
    let _ = world.sign_in(&new).await;
}

#[tokio::test]
async fn a8_companies_are_apart() {
    let mut world = world().await;
    let other = Preset::ForcedOptIn.policy();
    world.verifier.put_policy(&operator(), "other", &other, 0, world.at()).await.unwrap();
    let (enrolled, account) = world.enrol_totp().await;
    let namesake = Subject::new("other", "ann").unwrap();
    let begin = world.verifier.begin(&namesake, Action::Login, &world.context()).await.unwrap();
    assert!(matches!(begin, Begin::MustEnrol { .. }));
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let decision =
        world.verifier.answer(&namesake, &question.id, world.code(&account), &world.context()).await.unwrap();
    assert!(!decision.is_accepted());
    let actor = Actor::administrator("mallory");
    let refused = world.verifier.revoke_factor(&actor, &namesake, &enrolled.factor, "mine", world.at()).await;
    assert_eq!(refused.err(), Some(AdminError::Gone { what: "factor" }));
    assert!(world.verifier.report("other", "", 10).await.unwrap().iter().all(|row| !row.enrolled));
    let _ = world.accept(&question.id, world.code(&account)).await;
}

/// A2: what the set-up that a sign-in had to begin is worth: the sign-in itself, in its session, once.
#[tokio::test]
async fn a2_a_sign_in_that_had_to_enrol_goes_on_with_what_was_confirmed() {
    let mut world = World::new(Preset::ForcedOptIn).await;
    world
        .change_policy(|policy| {
            policy.enforcement = keyhaven_verifier::policy::Enforcement::Forced { grace: 0 };
            policy.totp.max_active = 2;
            policy.enrol.self_service = true;
        })
        .await;
    assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
    let (enrolled, account) = world.enrol_totp().await;
    let proof = enrolled.sign_in.unwrap();
    let redeem = async |world: &World, action: &Action| {
        let proof =
            keyhaven_verifier::Proof::from_text(keyhaven_verifier::SecretText::new(proof.expose().into()));
        world.verifier.redeem(&ann(), action, proof, &world.context()).await
    };
    let invalid = Err(keyhaven_verifier::ManageError::ProofInvalid);
    assert_eq!(redeem(&world, &Action::ChangePassword).await, invalid, "for signing in and nothing else");
    world.session = "s2".into();
    assert_eq!(redeem(&world, &Action::Login).await, invalid, "in the session that enrolled");
    world.session = "s1".into();
    assert_eq!(redeem(&world, &Action::Login).await, Ok(keyhaven_verifier::Redeemed::Now));
    assert_eq!(redeem(&world, &Action::Login).await, invalid, "once");
    // A second factor is enrolled by an answer, which was a proof of its own; and after a ticket one signs in anew (E5).
    let grant = Grant::Proof(world.prove(Action::Enrol, &account).await);
    let (pending, second) = world.pending_totp(grant).await;
    assert!(world.confirm(&pending.challenge, world.code(&second)).await.sign_in.is_none());
    let request = keyhaven_verifier::TicketRequest {
        kind: keyhaven_verifier::TicketKind::AdminRecovery,
        reason: "lost both".into(),
        invite_email: None,
    };
    let ticket = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
    assert!(!ticket.awaits_approval);
    let (pending, third) = world.pending_totp(Grant::Ticket(ticket.token)).await;
    assert!(world.confirm(&pending.challenge, world.code(&third)).await.sign_in.is_none());
}
