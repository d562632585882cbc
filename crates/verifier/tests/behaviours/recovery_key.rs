//! B1 to B13: codes by e-mail, one recovery key, an app beside them.

use crate::world::*;
use keyhaven_verifier::{
    Action, Answer, Begin, EnrolError, FirstFactor, Grant, Method, Policy, Preset, Reason, Warning,
    policy::{Enforcement, Precondition},
};

async fn world() -> World {
    let world = World::new(Preset::RecoveryKey).await;
    world.verify_email().await;
    world
}

async fn enrolled() -> (World, String) {
    let world = world().await;
    let enrolled = world.enrol_email().await;
    let key = text(&enrolled.recovery.unwrap().codes[0]).to_owned();
    (world, key)
}

#[tokio::test]
async fn b1_the_address_has_to_be_verified_first() {
    let world = World::new(Preset::RecoveryKey).await;
    let refused = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::Precondition(Precondition::VerifiedEmail)));
    let refused = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::Precondition(Precondition::VerifiedEmail)));
}

#[tokio::test]
async fn b2_a_code_to_the_address_then_one_recovery_key() {
    let (_, key) = enrolled().await;
    assert_eq!(key.len(), 8 * 4 + 7, "32 characters in groups of four");
}

#[tokio::test]
async fn b3_the_next_sign_in_takes_a_code_or_the_key() {
    let (world, _) = enrolled().await;
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Email, Method::Recovery]);
}

#[tokio::test]
async fn b4_switching_off_takes_a_code() {
    let (mut world, key) = enrolled().await;
    let question = world.ask(Action::DisableMfa).await;
    assert_eq!(question.methods, [Method::Email], "the key does not switch it off");
    assert_eq!(world.reject(&question.id, Answer::recovery(&key)).await.reason, Reason::MethodNotAllowed);
    let proof = world.prove_by(Action::DisableMfa, Method::Email).await;
    let notices = world.verifier.disable(&ann(), proof, &world.context()).await.unwrap();
    assert_eq!(text(&notices[0].address), MAIL);
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
}

#[tokio::test]
async fn b5_the_key_signs_in_without_the_mailbox_once() {
    let (world, key) = enrolled().await;
    let question = world.ask(Action::Login).await;
    let typed = key.to_lowercase().replace('-', " ");
    let accepted = world.accept(&question.id, Answer::recovery(&typed)).await;
    assert_eq!(accepted.recovery_left, Some(0));
    assert!(accepted.warnings.contains(&Warning::RecoveryUsedUp));
    assert_eq!(text(&accepted.notices[0].address), MAIL, "the owner hears of it");
    assert_eq!(world.ask(Action::Login).await.methods, [Method::Email], "it is used up");
}

#[tokio::test]
async fn b6_the_key_is_shown_once_and_nothing_else_gives_it_out() {
    let (world, key) = enrolled().await;
    let letters: String = key.chars().filter(|character| *character != '-').collect();
    let records = world.verifier.audit("acme", 0, 100).await.unwrap();
    assert!(records.iter().all(|record| !record.body.contains(&letters[4..])));
    let report = keyhaven_verifier::report_csv(&world.verifier.report("acme", "", 10).await.unwrap());
    assert_eq!(
        report,
        "user,enrolled,methods,restricted,shared,recovery_left,last_used\r\n\"ann\",true,email,true,false,1,1800000000\r\n"
    );
}

#[tokio::test]
async fn b7_a_new_key_takes_a_code_and_ends_the_old_one() {
    let (mut world, old) = enrolled().await;
    let proof = world.prove_by(Action::RegenerateRecovery, Method::Email).await;
    let (sheet, notices) = world.verifier.regenerate_recovery(&ann(), proof, &world.context()).await.unwrap();
    assert_eq!(notices.len(), 1);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, Answer::recovery(&old)).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, Answer::recovery(text(&sheet.codes[0]))).await;
}

#[tokio::test]
async fn b8_an_app_beside_the_mailbox_and_b12_a_new_key_with_it() {
    let (mut world, old) = enrolled().await;
    let without = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
    assert_eq!(without.err(), Some(EnrolError::ProofNeeded));
    let proof = world.prove_by(Action::Enrol, Method::Email).await;
    let (pending, account) = world.pending_totp(Grant::Proof(proof)).await;
    let enrolled = world.confirm(&pending.challenge, world.code(&account)).await;
    let key = text(&enrolled.recovery.unwrap().codes[0]).to_owned();
    assert_ne!(key, old);
    world.pass(30);
    let question = world.ask(Action::Login).await;
    assert_eq!(question.methods, [Method::Totp, Method::Email, Method::Recovery]);
    assert_eq!(world.reject(&question.id, Answer::recovery(&old)).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, Answer::recovery(&key)).await;
}

#[tokio::test]
async fn b9_what_the_security_policy_lacks_cannot_be_enrolled() {
    let mut world = world().await;
    world
        .change_policy(|policy| {
            policy.methods.remove(&Method::Totp);
        })
        .await;
    let refused = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::MethodNotAllowed { method: Method::Totp }));
}

#[tokio::test]
async fn b10_setting_up_is_asked_for_after_a_password_and_after_single_sign_on() {
    let mut world =
        World::with(Policy { enforcement: Enforcement::Forced { grace: 0 }, ..Preset::RecoveryKey.policy() })
            .await;
    for first_factor in [None, Some(FirstFactor::Sso)] {
        world.first_factor = first_factor;
        assert!(matches!(world.begin(Action::Login).await, Begin::MustEnrol { .. }));
    }
    world.change_policy(|policy| policy.sso_exempt = true).await;
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { .. }));
}

#[tokio::test]
async fn b11_a_qr_code_then_six_digits_complete_it() {
    let world = world().await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    assert!(text(&pending.uri).starts_with("otpauth://totp/Acme:ann?secret="));
    assert_eq!(account.code_at(world.now).unwrap().text.len(), 6);
    assert_eq!(account.secret.len(), 20, "160 bits (RFC 4226 §4 R6)");
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
}

#[tokio::test]
async fn b13_the_next_sign_in_may_use_the_app() {
    let mut world = world().await;
    let (_, account) = world.enrol_totp().await;
    let _ = world.sign_in(&account).await;
}
