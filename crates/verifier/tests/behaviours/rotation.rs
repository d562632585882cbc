//! A tenant's key is replaced while everything goes on.

use crate::world::*;
use keyhaven_verifier::{
    Action, AdminError, Answer, Begin, Grant, Method, NotRequired, Policy, Preset, Store, TicketKind,
    TicketRequest, UnderFormerKeys, policy::RecoveryKind, store::Query,
};

fn day() -> u64 {
    86_400
}

async fn sealed_records(world: &World) -> Vec<Vec<u8>> {
    let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
    let found = world.verifier.store().load(query).await.unwrap();
    let email = found.subject.and_then(|subject| subject.email);
    found.factors.into_iter().map(|factor| factor.sealed).chain(email).collect()
}

#[tokio::test]
async fn everything_goes_on_under_a_new_key_and_moves_to_it() {
    let mut policy = Preset::Portal15x20.policy();
    policy.recovery.kind = RecoveryKind::Codes { count: 3 };
    policy.methods.insert(Method::Totp);
    policy.trust.device = true;
    policy.trust.ip = None;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let phone = world.enrol_phone().await;
    let codes = phone.recovery.unwrap().codes;
    let proof = world.prove_by(Action::Enrol, Method::Sms).await;
    let (pending, account) = world.pending_totp(Grant::Proof(proof)).await;
    let request = TicketRequest { kind: TicketKind::PhoneReset, reason: "moved".into(), invite_email: None };
    let ticket = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
    let sms = world.ask(Action::ChangePassword).await;
    world.verifier.select(&ann(), &sms.id, Method::Sms, &world.context()).await.unwrap();
    world.pass(60);
    let sent = world.send(&sms.id).await.unwrap();
    let before = sealed_records(&world).await;

    let number = world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    assert_eq!(number, 2);
    // What was open is answered, what was pending is confirmed, what was handed out is taken.
    let _ = world.accept(&sms.id, sent_code(&sent)).await;
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let mut context = world.context();
    context.remember_device = true;
    world.verifier.select(&ann(), &question.id, Method::Totp, &context).await.unwrap();
    let decision = world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
    assert!(decision.is_accepted());
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let used = world.accept(&question.id, Answer::recovery(text(&codes[0]))).await;
    assert_eq!(used.recovery_left, Some(2));
    let phone =
        world.verifier.enrol_phone(&ann(), OTHER_PHONE, Grant::Ticket(ticket.token), &world.context()).await;
    let phone = phone.unwrap();
    let _ = world.confirm(&phone.challenge, sent_code(&phone.sent)).await;
    // What was used moved; the rest is moved by the work that goes through all.
    let progress = world.verifier.reseal("acme", "", 100, world.at()).await.unwrap();
    assert_eq!((progress.seen, progress.changed, progress.last.as_deref()), (1, 1, Some("ann")));
    let after = sealed_records(&world).await;
    assert!(after.iter().all(|sealed| !before.contains(sealed)));
    let again = world.verifier.reseal("acme", "", 100, world.at()).await.unwrap();
    assert_eq!((again.seen, again.changed), (1, 0));

    // Two recovery codes are left under the old key: it goes when they are replaced, or by word.
    world.pass(2 * day());
    let still = world.verifier.retire_keys(&operator(), "acme", "yearly", false, world.at()).await;
    let Err(AdminError::StillUsed(under)) = still else { panic!("{still:?}") };
    assert_eq!((under.sealed, under.recovery_codes), (0, 2));
    let proof = world.prove_by(Action::RegenerateRecovery, Method::Sms).await;
    let (sheet, _) = world.verifier.regenerate_recovery(&ann(), proof, &world.context()).await.unwrap();
    world.verifier.retire_keys(&operator(), "acme", "yearly", false, world.at()).await.unwrap();
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, Answer::recovery(text(&sheet.codes[0]))).await;
    world.sign_in_with(Method::Totp, &account).await;
}

#[tokio::test]
async fn a_key_that_is_still_needed_stays() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.verifier.rotate_key(&operator(), "acme", "leaked", world.at()).await.unwrap();
    let early = world.verifier.retire_keys(&operator(), "acme", "leaked", true, world.at()).await;
    let from = (world.now + day()).into();
    let under = UnderFormerKeys { sealed: 1, recovery_codes: 10, from };
    assert_eq!(early, Err(AdminError::StillUsed(under)));
    world.sign_in(&account).await;
    world.pass(day() - 31);
    let early = world.verifier.retire_keys(&operator(), "acme", "leaked", true, world.at()).await;
    let under = UnderFormerKeys { sealed: 0, recovery_codes: 10, from };
    assert_eq!(early, Err(AdminError::StillUsed(under)), "a second too early");
    world.pass(1);
    world.verifier.retire_keys(&operator(), "acme", "leaked", true, world.at()).await.unwrap();
    let report = world.verifier.report("acme", "", 1).await.unwrap();
    assert_eq!(report[0].recovery_left, None, "the codes under it are gone");
    world.sign_in(&account).await;
    world.verifier.retire_keys(&operator(), "acme", "again", true, world.at()).await.unwrap();
    let refused = world.verifier.rotate_key(&admin(), "acme", "mine", world.at()).await;
    assert!(matches!(refused, Err(AdminError::OperatorOnly { .. })));
    assert_eq!(
        world.verifier.rotate_key(&operator(), "acme", " ", world.at()).await,
        Err(AdminError::Reason)
    );
    assert!(world.verifier.rotate_key(&operator(), "nobody", "x", world.at()).await.is_err());
}

/// A network that is used under a new key is known under it when the old one is gone.
#[tokio::test]
async fn trusted_networks_move_to_the_new_key_when_they_are_used() {
    let mut policy = Policy::default();
    policy.trust.ip = Some(keyhaven_verifier::IpMatch::Exact);
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    for home in [AWAY, HOME] {
        world.ip = home;
        world.sign_in(&account).await;
    }
    world.pass(60);
    world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    world.pass(60);
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { why: NotRequired::SameIp, .. }));
    world.pass(day());
    world.verifier.reseal("acme", "", 9, world.at()).await.unwrap();
    world.verifier.retire_keys(&operator(), "acme", "yearly", true, world.at()).await.unwrap();
    assert!(matches!(world.begin(Action::Login).await, Begin::NotRequired { why: NotRequired::SameIp, .. }));
    world.ip = AWAY;
    assert!(matches!(world.begin(Action::Login).await, Begin::Challenge(_)), "it was not used since");
}

#[tokio::test]
async fn remembered_devices_are_asked_again_and_not_taken_for_thieves() {
    let mut policy = Policy::default();
    policy.trust.device = true;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        world.pass(30);
        let question = world.ask(Action::Login).await;
        let mut context = world.context();
        context.remember_device = true;
        let decision =
            world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
        let keyhaven_verifier::Decision::Accepted(accepted) = decision else { panic!("rejected") };
        tokens.push(accepted.device.unwrap());
    }
    world.pass(1);
    world.verifier.rotate_key(&operator(), "acme", "yearly", world.at()).await.unwrap();
    world.pass(60);
    // The first comes back in time and gets a token under the new key; the second does not.
    let mut context = world.context();
    context.device = Some(keyhaven_verifier::DeviceToken::from_text(keyhaven_secret::SecretText::new(
        tokens[0].expose().into(),
    )));
    let begin = world.verifier.begin(&ann(), Action::Login, &context).await.unwrap();
    let Begin::NotRequired { why: NotRequired::TrustedDevice, device: Some(next), .. } = begin else {
        panic!("{begin:?}")
    };
    world.pass(day());
    world.verifier.reseal("acme", "", 9, world.at()).await.unwrap();
    world.verifier.retire_keys(&operator(), "acme", "yearly", true, world.at()).await.unwrap();
    let mut context = world.context();
    context.device = Some(next);
    let begin = world.verifier.begin(&ann(), Action::Login, &context).await.unwrap();
    assert!(matches!(begin, Begin::NotRequired { why: NotRequired::TrustedDevice, .. }), "{begin:?}");
    context.device = Some(keyhaven_verifier::DeviceToken::from_text(keyhaven_secret::SecretText::new(
        tokens[1].expose().into(),
    )));
    let begin = world.verifier.begin(&ann(), Action::Login, &context).await.unwrap();
    assert!(matches!(begin, Begin::Challenge(_)), "{begin:?}");
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    assert!(records.iter().all(|record| !record.body.contains("trust.copied_token")));
}

/// The work that brings every tenant under another key-encryption key, page by page, and what is left of it.
#[tokio::test]
async fn tenants_move_to_a_new_key_encryption_key_page_by_page() {
    use keyhaven_secret::Key;
    use keyhaven_verifier::{
        LocalKeys, MemoryStore, Progress, Verifier,
        store::{Change, Settled, Settlement},
    };
    let kek = |byte| Key::from_slice(&[byte; 32]).unwrap();
    let old = Verifier::new(MemoryStore::new(), LocalKeys::new("k1", kek(1))).await.unwrap();
    let store = MemoryStore::new();
    for tenant in ["a", "b", "c"] {
        old.put_policy(&operator(), tenant, &Policy::default(), 0, 0.into()).await.unwrap();
        let query = Query { tenant: tenant.into(), ..Query::default() };
        let record = old.store().load(query).await.unwrap().tenant.unwrap();
        let changes = vec![Change::SetPolicy { expected: 0, tenant: record }];
        let (tenant, user) = (tenant.to_owned(), String::new());
        let settlement = Settlement { tenant, user, now: 0.into(), changes, events: Vec::new() };
        assert_eq!(store.settle(settlement).await, Ok(Settled::Done));
    }
    let keys = LocalKeys::new("k2", kek(2)).with_former("k1", kek(1));
    let both = Verifier::new(store, keys).await.unwrap();
    let progress =
        |changed, seen, last: Option<&str>| Progress { changed, seen, last: last.map(str::to_owned) };
    assert_eq!(both.left_to_rewrap().await.unwrap(), 3);
    assert_eq!(both.rewrap("", 2, 0.into()).await.unwrap(), progress(2, 2, Some("b")));
    assert_eq!(both.left_to_rewrap().await.unwrap(), 1);
    assert_eq!(both.rewrap("a", 9, 0.into()).await.unwrap(), progress(1, 2, Some("c")));
    assert_eq!(both.left_to_rewrap().await.unwrap(), 0);
    assert_eq!(both.rewrap("c", 9, 0.into()).await.unwrap(), progress(0, 0, None));
}
