//! A tenant's key is replaced while everything goes on.

use crate::world::*;
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, AdminError, Answer, Begin, Context, Failure, Grant, KeyProvider, LocalKeys, MemoryStore, Method,
    NotRequired, Policy, Preset, Store, Subject, TicketKind, TicketRequest, Unavailable, UnderFormerKeys,
    Verifier, policy::RecoveryKind, record, store, store::Query,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
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
        let settlement =
            Settlement { tenant, user, now: 0.into(), changes, events: Vec::new(), if_changed: Vec::new() };
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

/// A service that holds the key-encryption key: it counts what it is asked for, and can be away.
struct Service {
    keys: LocalKeys,
    asked: Arc<AtomicU64>,
    away: Arc<AtomicBool>,
}

impl KeyProvider for Service {
    fn current(&self) -> &str {
        self.keys.current()
    }
    async fn wrap(&self, key: &Key, associated: &[u8]) -> Result<Vec<u8>, Unavailable> {
        self.keys.wrap(key, associated).await
    }
    async fn unwrap(&self, name: &str, wrapped: &[u8], associated: &[u8]) -> Result<Key, Unavailable> {
        self.asked.fetch_add(1, SeqCst);
        if self.away.load(SeqCst) {
            return Err(Unavailable::new("the key provider", "away"));
        }
        self.keys.unwrap(name, wrapped, associated).await
    }
}

/// A verifier whose keys a service has, with the tenants `acme` and `other`; and what the service counts.
async fn served() -> (Verifier<MemoryStore, Service>, Arc<AtomicU64>, Arc<AtomicBool>) {
    let (asked, away) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let service = Service { keys, asked: asked.clone(), away: away.clone() };
    let verifier = Verifier::new(MemoryStore::new(), service).await.unwrap();
    for tenant in ["acme", "other"] {
        verifier.put_policy(&operator(), tenant, &Policy::default(), 0, 0.into()).await.unwrap();
    }
    (verifier, asked, away)
}

async fn begins<K: KeyProvider>(verifier: &Verifier<MemoryStore, K>, tenant: &str, now: u64) -> bool {
    let who = Subject::new(tenant, "ann").unwrap();
    let context = Context::with_password(now.into(), SecretText::new("s1".into()));
    match verifier.begin(&who, Action::Login, &context).await {
        Ok(_) => true,
        Err(Failure::Unavailable(error)) => {
            assert_eq!(error.what, "the key provider");
            false
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_key_service_is_asked_once_in_a_while_and_not_missed_for_as_long() {
    let (verifier, asked, away) = served().await;
    for (now, times) in [(1_000, 1), (1_001, 1), (1_299, 1), (1_300, 2), (1_599, 2)] {
        assert!(begins(&verifier, "acme", now).await);
        assert_eq!(asked.load(SeqCst), times, "at {now}");
    }
    assert!(begins(&verifier, "other", 1_599).await);
    assert_eq!(asked.load(SeqCst), 3, "each tenant has its own");
    away.store(true, SeqCst);
    assert!(begins(&verifier, "acme", 1_599).await, "known for a second yet");
    assert!(!begins(&verifier, "acme", 1_600).await, "nothing is decided without the key");
    away.store(false, SeqCst);
    assert!(begins(&verifier, "acme", 1_600).await);
    // What is swept takes keys with it that were not asked for any more.
    verifier.sweep(1_900.into()).await.unwrap();
    away.store(true, SeqCst);
    assert!(!begins(&verifier, "acme", 1_899).await);
}

#[tokio::test]
async fn kept_keys_are_bounded_and_can_be_done_without() {
    for (tenants, seconds, times) in [(2, 300, 2), (1, 300, 6), (0, 300, 6), (9, 0, 6)] {
        let (verifier, asked, _) = served().await;
        let verifier = verifier.with_key_cache(tenants, seconds);
        for _ in 0..3 {
            assert!(begins(&verifier, "acme", 1_000).await && begins(&verifier, "other", 1_000).await);
        }
        assert_eq!(asked.load(SeqCst), times, "{tenants} tenants for {seconds} s");
    }
}

/// A key that is replaced or retired, here or by another node, is not used from memory any more.
#[tokio::test]
async fn kept_keys_go_when_they_are_replaced() {
    let (verifier, asked, away) = served().await;
    assert!(begins(&verifier, "acme", 1_000).await);
    verifier.rotate_key(&operator(), "acme", "yearly", 1_000.into()).await.unwrap();
    let before = asked.load(SeqCst);
    assert!(begins(&verifier, "acme", 1_000).await);
    assert_eq!(asked.load(SeqCst), before + 2, "the new one and the one before it");
    // Another node, on the same store, wraps them anew: this one sees that its own are of another record.
    let query = Query { tenant: "acme".into(), ..Query::default() };
    let record = verifier.store().load(query).await.unwrap().tenant.unwrap().keys;
    let keys = record::KeyRecord { former: Vec::new(), ..record.clone() };
    let settlement = store::Settlement {
        tenant: "acme".into(),
        user: String::new(),
        now: 1_000.into(),
        changes: vec![store::Change::SetKeys { expected: record, keys }],
        events: Vec::new(),
        if_changed: Vec::new(),
    };
    assert_eq!(verifier.store().settle(settlement).await, Ok(store::Settled::Done));
    away.store(true, SeqCst);
    assert!(!begins(&verifier, "acme", 1_000).await);
    away.store(false, SeqCst);
    let before = asked.load(SeqCst);
    assert!(begins(&verifier, "acme", 1_000).await);
    assert_eq!(asked.load(SeqCst), before + 1);
}
