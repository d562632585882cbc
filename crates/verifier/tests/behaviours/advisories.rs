//! Published defects of second factors anywhere, each as what must not happen here.
//!
//! Where another test holds it already, this table says which. Numbers behind a `#` are those of public trackers:
//!
//! | defect | held by |
//! | --- | --- |
//! | a code works again (CVE-2015-7225, CVE-2021-43177, CVE-2026-27855, #6452) | `safety::the_code_that_confirmed_does_not_sign_in`, suite `codes_do_not_come_back` |
//! | a code works again for another action or in another session (#10387) | below `one_code_is_good_for_one_thing` |
//! | an older code works after a newer one (CVE-2021-45331, CVE-2026-20779) | suite `codes_do_not_come_back`, `one_code_in_many_challenges` |
//! | a code spelt differently works again (CVE-2025-6014, CVE-2025-55000) | `safety::spelling_a_used_code_differently_does_not_make_it_a_new_one` |
//! | guesses without end (CVE-2026-56450) | below `whoever_guesses_has_one_budget_wherever_they_come_from`, `limits::waiting_grows_and_the_twentieth_in_a_row_is_the_last` |
//! | limits begin anew (CVE-2025-6015, CVE-2025-55003) | `limits::a_new_challenge_is_no_new_budget` |
//! | a driver counts rows that were found, not changed (CVE-2026-90997) | suite `the_store_tests_itself`, `steps_go_forward`; no store counts rows |
//! | one key space for all (CVE-2026-4325) | suite `tenants_and_users_are_apart`, `names_of_any_characters`, and below |
//! | a recovery code or token works for two (CVE-2026-31875, GHSA-2299-ghjr-6vjp, #26106, #1822, #11692, #19891, #19967) | suite `one_recovery_code`, `each_of_six_recovery_codes`, `one_ticket`, `one_proof` |
//! | check and use apart, two at once (#3560) | suite `one_code_in_one_challenge`, `one_proof`, `one_confirmation` |
//! | limits are lost with the process (CVE-2026-27801) | SQLite `file::budgets_outlive_the_process` |
//! | a factor is set up anew without the one that is there (found while #2775 was looked for, about which nothing is published) | below `a_set_up_factor_is_not_set_up_anew_without_it` |

use crate::world::*;
use keyhaven_otp::Account;
use keyhaven_verifier::{
    Action, Answer, Begin, Confirmation, Decision, Grant, ManageError, Method, Policy, Reason, Redeemed,
    Subject, push_response,
};

/// GHSA-qjxf-mc72-wjr2: secrets shorter than a code's hash (RFC 4226 §4 R6 wants 160 bits).
#[tokio::test]
async fn secrets_are_as_long_as_the_hash() {
    for (algorithm, length) in [
        (keyhaven_otp::Algorithm::Sha1, 20),
        (keyhaven_otp::Algorithm::Sha256, 32),
        (keyhaven_otp::Algorithm::Sha512, 64),
    ] {
        let mut policy = Policy::default();
        policy.totp.algorithm = algorithm;
        let world = World::with(policy).await;
        let (pending, account) = world.pending_totp(Grant::First).await;
        assert_eq!(account.secret.expose().len(), length);
        let (_, other) = world.pending_totp(Grant::First).await;
        assert_ne!(account.secret.expose(), other.secret.expose());
        let _ = world.confirm(&pending.challenge, world.code(&account)).await;
    }
}

/// CVE-2026-4325: what one user used up is not used up for another, though code and time step are the same number.
#[tokio::test]
async fn single_use_is_counted_for_each_user() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.sign_in(&account).await;
    let bob = Subject::new("acme", "bob").unwrap();
    let pending =
        world.verifier.enrol_totp(&bob, "Acme", "bob", Grant::First, &world.context()).await.unwrap();
    let theirs = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
    let confirmed =
        world.verifier.confirm(&bob, &pending.challenge, world.code(&theirs), &world.context()).await;
    assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))), "{confirmed:?}");
}

/// CVE-2026-9798, CVE-2026-16103: what was answered by a factor that is gone when it comes to redeeming.
#[tokio::test]
async fn a_proof_dies_with_the_factor_that_earned_it() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, account) = world.enrol_totp().await;
    let proof = world.prove(Action::ChangeEmail, &account).await;
    let _ =
        world.verifier.revoke_factor(&admin(), &ann(), &enrolled.factor, "stolen", world.at()).await.unwrap();
    let redeemed = world.verifier.redeem(&ann(), &Action::ChangeEmail, proof, &world.context()).await;
    assert_eq!(redeemed.err(), Some(ManageError::ProofInvalid));
}

/// The same for the policy: what it asks for now may be more than what was answered.
#[tokio::test]
async fn a_proof_dies_with_the_policy_that_it_was_earned_by() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::ChangeEmail, &account).await;
    world.change_policy(|policy| policy.totp.look_back = 0).await;
    let redeemed = world.verifier.redeem(&ann(), &Action::ChangeEmail, proof, &world.context()).await;
    assert_eq!(redeemed.err(), Some(ManageError::ProofInvalid));
    let proof = world.prove(Action::ChangeEmail, &account).await;
    let redeemed = world.verifier.redeem(&ann(), &Action::ChangeEmail, proof, &world.context()).await;
    assert_eq!(redeemed, Ok(Redeemed::Now));
}

/// The same for a lock: a challenge that was opened before the method was locked.
#[tokio::test]
async fn a_lock_holds_for_challenges_that_were_open_before_it() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let before = world.ask(Action::Login).await;
    for _ in 0..5 {
        let question = world.ask(Action::Login).await;
        let _ = world.reject(&question.id, wrong(&world, &account)).await;
    }
    let refused = world.reject(&before.id, world.code(&account)).await;
    assert!(matches!(refused.reason, Reason::Locked { .. }), "{refused:?}");
}

fn wrong(world: &World, account: &Account) -> Answer {
    let near = account.codes_around(world.now, 30).unwrap();
    let text = (0..).map(|n| format!("{n:06}")).find(|text| near.iter().all(|code| code.code.text != *text));
    Answer::code(&text.unwrap())
}

/// CVE-2022-2166, CVE-2025-54879: a limit on one way in that another way does not know. Guesses at a confirmation, at a
/// step-up and at a sign-in are one row.
#[tokio::test]
async fn every_way_to_guess_is_charged() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    world.pass(30);
    let (pending, _) = world.pending_totp(Grant::Proof(proof)).await;
    for _ in 0..2 {
        let reason = world.confirm_rejected(&pending.challenge, wrong(&world, &account)).await;
        assert_eq!(reason, Reason::Wrong);
    }
    for action in [Action::ChangePassword, Action::DisableMfa, Action::Login] {
        let question = world.ask(action).await;
        assert_eq!(world.reject(&question.id, wrong(&world, &account)).await.reason, Reason::Wrong);
    }
    assert!(matches!(world.begin(Action::Login).await, Begin::Challenge(_)), "other methods are open");
    let reason = world.confirm_rejected(&pending.challenge, wrong(&world, &account)).await;
    assert!(matches!(reason, Reason::Locked { .. }), "{reason:?}");
}

/// CVE-2026-0723: an authenticator's answer whose check has no effect. Each answer that is not under the device's own key
/// is wrong, and a wrong one accepts nothing.
#[tokio::test]
async fn a_forged_device_answer_is_no_answer() {
    let policy = Policy { methods: [Method::Push].into(), ..Policy::default() };
    let mut world = World::with(policy).await;
    let pending =
        world.verifier.enrol_push(&ann(), "device 1", Grant::First, &world.context()).await.unwrap();
    let number = text(pending.sent.show.as_ref().unwrap()).to_owned();
    let key = pending.key;
    let good = |challenge: &keyhaven_verifier::ChallengeId, number: &str| Answer::Push {
        number: keyhaven_secret::SecretText::new(number.to_owned()),
        response: push_response(&key, challenge.as_str(), number),
    };
    let _ = world.confirm(&pending.challenge, good(&pending.challenge, &number)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let number = text(sent.show.as_ref().unwrap()).to_owned();
    let other = keyhaven_secret::SecretBytes::new(vec![9; 32]);
    let forged = [
        keyhaven_secret::SecretText::new(String::new()),
        keyhaven_secret::SecretText::new("0".repeat(64)),
        push_response(&other, question.id.as_str(), &number),
        push_response(&key, pending.challenge.as_str(), &number),
    ];
    for response in forged {
        let number = keyhaven_secret::SecretText::new(number.clone());
        let decision = world.answer(&question.id, Answer::Push { number, response }).await;
        assert!(matches!(decision, Decision::Rejected(_)));
    }
    let _ = world.accept(&question.id, good(&question.id, &number)).await;
}

/// #10387, #6452: a right code is used up for every purpose and in every session at once, not for the one challenge.
#[tokio::test]
async fn one_code_is_good_for_one_thing() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    for first in [Action::Login, Action::ChangePassword, Action::Custom("pay".into())] {
        let listed = first.clone();
        world.change_policy(|policy| policy.step_up.actions.extend([listed])).await;
        world.pass(60);
        world.session = "s1".into();
        let other = world.ask(Action::ChangeEmail).await;
        let question = world.ask(first).await;
        let _ = world.accept(&question.id, world.code(&account)).await;
        assert!(matches!(world.reject(&other.id, world.code(&account)).await.reason, Reason::Used { .. }));
        world.session = "s2".into();
        for second in [Action::Login, Action::ChangePassword, Action::DisableMfa, Action::Enrol] {
            let question = world.ask(second).await;
            let rejected = world.reject(&question.id, world.code(&account)).await;
            assert!(matches!(rejected.reason, Reason::Used { .. }), "{rejected:?}");
            world.verifier.unlock(&admin(), &ann(), "not about budgets", world.at()).await.unwrap();
        }
    }
}

/// CVE-2026-56450: whoever has the password guesses on, in as many sessions and from as many networks as they like.
#[tokio::test]
async fn whoever_guesses_has_one_budget_wherever_they_come_from() {
    let mut policy = Policy::default();
    policy.recovery.kind = keyhaven_verifier::policy::RecoveryKind::None;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let ips: Vec<String> = (0..200).map(|n| format!("10.{n}.0.1")).collect();
    let (mut compared, begun) = (0, world.now);
    // A try every two minutes for a day, each in a session and a network of its own.
    for guess in 0..720_usize {
        world.pass(120);
        world.session = format!("session {guess}");
        world.ip = ips[guess % ips.len()].clone().leak();
        let Begin::Challenge(question) = world.begin(Action::Login).await else { continue };
        for _ in 0..10 {
            let rejected = world.reject(&question.id, wrong(&world, &account)).await;
            compared += u32::from(rejected.reason == Reason::Wrong);
        }
    }
    assert!(world.now - begun >= 86_400);
    assert_eq!(compared, 20, "then only an administrator can say");
    assert!(matches!(world.begin(Action::Login).await, Begin::Locked { until: None }));
}

/// A session that has not answered yet cannot replace what it would have to answer with.
#[tokio::test]
async fn a_set_up_factor_is_not_set_up_anew_without_it() {
    let mut world = World::with(Policy::default()).await;
    // Two set-ups are begun; the first that is confirmed ends the right to confirm another without a proof.
    let (first, account) = world.pending_totp(Grant::First).await;
    let (second, other) = world.pending_totp(Grant::First).await;
    let _ = world.confirm(&first.challenge, world.code(&account)).await;
    let refused =
        world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.unwrap_err();
    assert_eq!(refused, keyhaven_verifier::EnrolError::ProofNeeded);
    world.pass(30);
    let reason = world.confirm_rejected(&second.challenge, world.code(&other)).await;
    assert_eq!(reason, Reason::FactorGone, "begun before there was a factor");
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, world.code(&account)).await;
}
