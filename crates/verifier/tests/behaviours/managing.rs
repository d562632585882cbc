//! What administrators, operators and users do to factors: what is refused, and what is written down.

use crate::world::*;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, AdminError, EnrolError, Event, EventName, FactorId, Grant, ManageError, Method, Policy, Profile,
    Store, Subject, TicketKind, TicketRequest, policy::PhoneChange, store::Query,
};

async fn last_event(world: &World, name: EventName) -> Event {
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let mut events = records.iter().rev().filter_map(|record| record.event());
    events.find(|event| event.event == name).unwrap()
}

fn both() -> Policy {
    Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() }
}

#[tokio::test]
async fn what_administrators_do_is_told_with_their_name_and_reason() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, _) = world.enrol_totp().await;
    world.change_policy(|policy| policy.challenge_ttl = 60).await;
    let changed = last_event(&world, EventName::PolicyChanged).await;
    assert_eq!((changed.policy, changed.by.as_deref(), changed.user), (Some(2), Some("support"), None));
    let _ =
        world.verifier.revoke_factor(&admin(), &ann(), &enrolled.factor, "stolen", world.at()).await.unwrap();
    let revoked = last_event(&world, EventName::FactorRevoked).await;
    assert_eq!((revoked.by.as_deref(), revoked.reason.as_deref()), (Some("root"), Some("stolen")));
    assert_eq!((revoked.factor, revoked.user.as_deref()), (Some(enrolled.factor), Some("ann")));
    world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    let rotated = last_event(&world, EventName::KeyRotated).await;
    assert_eq!((rotated.by.as_deref(), rotated.reason.as_deref()), (Some("support"), Some("yearly")));
    assert_eq!(rotated.user, None, "a tenant's key is nobody's own");
}

#[tokio::test]
async fn a_reason_has_one_to_1024_bytes() {
    let world = World::with(Policy::default()).await;
    for (length, taken) in [(1, true), (1_024, true), (1_025, false), (2_000, false)] {
        let reason = format!(" {} ", "x".repeat(length));
        let allowed = world.verifier.allow_email(&admin(), &ann(), &reason, world.at()).await;
        assert_eq!(allowed, if taken { Ok(()) } else { Err(AdminError::Reason) }, "{length}");
    }
}

#[tokio::test]
async fn a_second_administrator_approves_recoveries_where_the_policy_says_so() {
    for (second_admin, kind, awaits) in [
        (false, TicketKind::AdminRecovery, false),
        (true, TicketKind::AdminRecovery, true),
        (true, TicketKind::PhoneReset, false),
        (true, TicketKind::Invite, false),
    ] {
        let mut policy = both();
        policy.tickets.second_admin = second_admin;
        let world = World::with(policy).await;
        let request = TicketRequest { kind, reason: "called back".into(), invite_email: Some(MAIL.into()) };
        let issued = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
        assert_eq!(issued.awaits_approval, awaits, "{kind:?} {second_admin}");
    }
}

#[tokio::test]
async fn only_who_has_nothing_but_telephone_and_mailbox_is_restricted() {
    let mut world = World::with(both()).await;
    let restricted = async |world: &World| world.verifier.report("acme", "", 9).await.unwrap()[0].restricted;
    let _ = world.begin(Action::Login).await;
    assert!(!restricted(&world).await, "nothing at all is another matter");
    let (_, account) = world.enrol_totp().await;
    assert!(!restricted(&world).await);
    let proof = world.prove(Action::Enrol, &account).await;
    let context = world.context();
    let pending = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &context).await.unwrap();
    let _ = world.confirm(&pending.challenge, sent_code(&pending.sent)).await;
    assert!(!restricted(&world).await, "the app is there");
    let world = World::with(both()).await;
    let _ = world.enrol_phone().await;
    assert!(restricted(&world).await);
}

#[tokio::test]
async fn a_user_has_as_many_apps_as_the_policy_allows() {
    let mut policy = Policy::default();
    policy.totp.max_active = 2;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    for room in [true, false] {
        let proof = world.prove(Action::Enrol, &account).await;
        let grant = Grant::Proof(proof);
        let begun = world.verifier.enrol_totp(&ann(), "Acme", "ann", grant, &world.context()).await;
        match begun {
            Ok(pending) => {
                assert!(room);
                let second = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
                let _ = world.confirm(&pending.challenge, world.code(&second)).await;
            }
            Err(refused) => {
                assert!(!room);
                assert_eq!(refused, EnrolError::TooMany { method: Method::Totp, max: 2 });
            }
        }
    }
}

#[tokio::test]
async fn names_and_handles_have_a_longest_length() {
    let policy = Policy { methods: [Method::Totp, Method::Push].into(), ..Policy::default() };
    let world = World::with(policy).await;
    let context = world.context();
    for (length, taken) in [(128, true), (129, false), (500, false)] {
        let name = "x".repeat(length);
        let begun = world.verifier.enrol_totp(&ann(), "Acme", &name, Grant::First, &context).await;
        let refused = (!taken).then_some(EnrolError::TooLong { field: "account", length, most: 128 });
        assert_eq!(begun.err(), refused);
    }
    for (length, taken) in [(4_096, true), (4_097, false), (9_000, false)] {
        let handle = "x".repeat(length);
        let begun = world.verifier.enrol_push(&ann(), &handle, Grant::First, &context).await;
        let refused = (!taken).then_some(EnrolError::TooLong { field: "handle", length, most: 4_096 });
        assert_eq!(begun.err(), refused);
    }
}

/// Verifier specification R20: what is enrolled anew is another generation of its method.
#[tokio::test]
async fn generations_are_counted_for_each_method() {
    let mut world = World::with(both()).await;
    let (first, _) = world.enrol_totp().await;
    let _ = world.verifier.revoke_factor(&admin(), &ann(), &first.factor, "lost", world.at()).await.unwrap();
    let (_, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    let context = world.context();
    let _ = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &context).await.unwrap();
    let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
    let factors = world.verifier.store().load(query).await.unwrap().factors;
    let found: Vec<_> = factors.iter().map(|factor| (factor.method, factor.generation)).collect();
    assert_eq!(found, [(Method::Totp, 1), (Method::Totp, 2), (Method::Sms, 1)]);
}

#[tokio::test]
async fn what_is_told_says_for_which_action() {
    let mut policy = Policy { methods: [Method::Sms].into(), ..Policy::default() };
    policy.phone_change = PhoneChange::SelfService { ttl: 600 };
    let mut world = World::with(policy).await;
    let _ = world.enrol_phone().await;
    assert_eq!(last_event(&world, EventName::DecisionAccepted).await.action, Some(Action::Enrol));
    let proof = world.prove_by(Action::ChangeEmail, Method::Sms).await;
    let _ = world.verifier.redeem(&ann(), &Action::ChangeEmail, proof, &world.context()).await.unwrap();
    assert_eq!(last_event(&world, EventName::ProofRedeemed).await.action, Some(Action::ChangeEmail));
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let pending =
        world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &world.context()).await.unwrap();
    let answer = sent_code(&pending.sent);
    let _ = world.verifier.confirm(&ann(), &pending.challenge, answer, &world.context()).await.unwrap();
    assert_eq!(last_event(&world, EventName::DecisionAccepted).await.action, Some(Action::ChangePhone));
    // What was proven in one session is not put in place in another.
    world.session = "s2".into();
    let foreign = world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await;
    assert_eq!(foreign.err(), Some(ManageError::Gone { what: "confirmed phone change" }));
    world.session = "s1".into();
    let _ = world.verifier.commit_phone_change(&ann(), &pending.challenge, &world.context()).await.unwrap();
}

/// A factor that is not there, waits, is another user's, or has no codes: nothing is done and no proof is spent.
#[tokio::test]
async fn what_is_not_there_is_neither_removed_nor_found_again() {
    let mut world = World::with(both()).await;
    let (mine, account) = world.enrol_totp().await;
    let proof = world.prove(Action::Enrol, &account).await;
    let context = world.context();
    let phone = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &context).await.unwrap();
    let _ = world.confirm(&phone.challenge, sent_code(&phone.sent)).await;
    let proof = world.prove(Action::Enrol, &account).await;
    let (waits, _) = world.pending_totp(Grant::Proof(proof)).await;
    let proof = world.prove(Action::Enrol, &account).await;
    let again = || keyhaven_verifier::Proof::from_text(SecretText::new(proof.expose().to_owned()));
    let nobodys = FactorId::parse(&"0".repeat(32)).unwrap();
    let bob = Subject::new("acme", "bob").unwrap();
    let typed = (SecretText::new("123456".into()), SecretText::new("654321".into()));
    for (who, factor) in [(&ann(), &nobodys), (&ann(), &waits.factor), (&bob, &mine.factor)] {
        let removed = world.verifier.remove_factor(who, factor, again(), &world.context()).await;
        assert_eq!(removed.err(), Some(ManageError::Gone { what: "factor" }));
    }
    let removes = world.prove(Action::DisableMfa, &account).await;
    for (who, factor) in
        [(&ann(), &nobodys), (&ann(), &waits.factor), (&ann(), &phone.factor), (&bob, &mine.factor)]
    {
        let codes = (&typed.0, &typed.1);
        let found = world.verifier.resync(who, factor, codes, again(), &world.context()).await;
        assert_eq!(found.err(), Some(ManageError::Gone { what: "factor with codes" }));
    }
    let _ = world.verifier.remove_factor(&ann(), &phone.factor, removes, &world.context()).await.unwrap();
}

#[tokio::test]
async fn a_replaced_key_is_forgotten_when_nothing_is_under_it() {
    let mut policy = Policy::default();
    policy.trust.ip = Some(keyhaven_verifier::IpMatch::Exact);
    let mut world = World::with(policy).await;
    let profile = Profile { verified_email: Some(MAIL.into()), shared: false };
    let (_, account) = world.enrol_totp().await;
    world.verifier.put_profile(&ann(), &profile, world.at()).await.unwrap();
    world.sign_in(&account).await;
    world.pass(1);
    world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    let from = world.now + 86_400;
    let proof = world.prove(Action::RegenerateRecovery, &account).await;
    let (sheet, _) = world.verifier.regenerate_recovery(&ann(), proof, &world.context()).await.unwrap();
    // The app moved to the new key with the answer, the address did not.
    world.pass(2 * 86_400);
    let retire =
        async |world: &World| world.verifier.retire_keys(&operator(), "acme", "old", false, world.at()).await;
    let still = retire(&world).await.unwrap_err();
    assert_eq!(
        still.to_string(),
        format!(
            "1 sealed records and 0 recovery codes are under replaced keys, which are kept until @{from} at least"
        )
    );
    world.verifier.reseal("acme", "", 9, world.at()).await.unwrap();
    retire(&world).await.unwrap();
    let retired = last_event(&world, EventName::KeyRotated).await;
    assert_eq!((retired.user, retired.reason.as_deref()), (None, Some("old")));
    let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
    let found = world.verifier.store().load(query).await.unwrap();
    assert!(found.tenant.unwrap().keys.former.is_empty());
    assert!(found.trusts.is_empty(), "it is a network under the old key, which nobody came from since");
    let question = world.ask(Action::Login).await;
    let used = world.accept(&question.id, keyhaven_verifier::Answer::recovery(text(&sheet.codes[0]))).await;
    assert_eq!(used.recovery_left, Some(9), "new codes are not lost with the old key");
}

/// A proof enrols once, and only one that was given for enrolling.
#[tokio::test]
async fn a_factor_is_enrolled_by_a_proof_for_enrolling_once() {
    let mut world = World::with(both()).await;
    let (_, account) = world.enrol_totp().await;
    let other = world.prove(Action::ChangePassword, &account).await;
    let good = world.prove(Action::Enrol, &account).await;
    let again = keyhaven_verifier::Proof::from_text(SecretText::new(good.expose().to_owned()));
    let forged = keyhaven_verifier::Proof::from_text(SecretText::new("0".repeat(64)));
    let _ = world.pending_totp(Grant::Proof(good)).await;
    for proof in [other, again, forged] {
        let begun = world.verifier.enrol_phone(&ann(), PHONE, Grant::Proof(proof), &world.context()).await;
        assert_eq!(begun.err(), Some(EnrolError::GrantInvalid));
    }
}
