//! A store that fails: nothing is ever accepted, nor called wrong, because of it, and nothing is used up twice.

use crate::world::{ann, operator, text};
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Answer, Begin, Confirmation, Context, Decision, EventName, Failure, Grant, HashCost, LocalKeys,
    ManageError, MemoryStore, Method, Policy, Reason, Store, Subject, Timestamp, TrustedTime, Unavailable,
    Verifier, push_response,
    store::{Change, Charge, Charged, Query, Settled, Settlement, Snapshot},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a verb fails: before it does anything, or after everything was done, as a cut connection does.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Before,
    After,
}

/// Which changes never hold.
type Loses = fn(&Change) -> bool;

/// A store whose verbs fail from the nth on (counted from the moment it is told so).
struct Failing {
    inner: MemoryStore,
    good: AtomicI64,
    once: bool,
    when: When,
    /// What somebody else settles just before the next settlement.
    meddling: Mutex<Option<Settlement>>,
    /// Changes that never hold, and how often they did not.
    loses: Mutex<Option<Loses>>,
    lost: AtomicU64,
    /// How many seconds after [`T0`] it is by the database's clock, if it has one.
    clock: Option<AtomicU64>,
    /// How often that clock was looked at.
    looks: AtomicU64,
}

impl Failing {
    async fn verb<T>(&self, done: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
        let left = self.good.fetch_sub(1, SeqCst);
        let fails = if self.once { left == 0 } else { left <= 0 };
        match (fails, self.when) {
            (true, When::Before) => Err(Unavailable::new("the store", "cut before")),
            (true, When::After) => {
                done.await?;
                Err(Unavailable::new("the store", "cut after"))
            }
            (false, _) => done.await,
        }
    }
}

impl Store for Failing {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        self.verb(self.inner.charge(tenant, charges, now)).await
    }
    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let meddling = self.meddling.lock().unwrap().take();
        if let Some(meddling) = meddling {
            assert_eq!(self.inner.settle(meddling).await, Ok(Settled::Done));
        }
        let loses = *self.loses.lock().unwrap();
        if let Some(at) = loses.and_then(|loses| settlement.changes.iter().position(loses)) {
            self.lost.fetch_add(1, SeqCst);
            return Ok(Settled::Lost(at));
        }
        self.verb(self.inner.settle(settlement)).await
    }
    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        self.verb(self.inner.load(query)).await
    }
    async fn clock(&self) -> Result<Option<SystemTime>, Unavailable> {
        self.looks.fetch_add(1, SeqCst);
        Ok(self.clock.as_ref().map(|clock| moment(clock.load(SeqCst))))
    }
    keyhaven_verifier::pass_on!(inner: users tenants audit explanation expired sweep self_test);
}

const T0: u64 = 1_800_000_000;
fn moment(now: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(T0 + now)
}

/// More verbs than an answer takes.
const VERBS: i64 = 8;

fn context(now: u64, request: Option<&str>) -> Context {
    let mut context = Context::with_password((T0 + now).into(), SecretText::new("s1".into()));
    context.request = request.map(str::to_owned);
    context
}

fn code(account: &Account, now: u64) -> Answer {
    Answer::code(&account.code_at(T0 + now).unwrap().text)
}

/// An enrolled user on a store that is still good.
async fn enrolled(once: bool, when: When) -> (Verifier<Failing, LocalKeys>, Account) {
    let store = Failing {
        inner: MemoryStore::new(),
        good: AtomicI64::new(i64::MAX),
        once,
        when,
        meddling: Mutex::default(),
        loses: Mutex::default(),
        lost: AtomicU64::new(0),
        clock: None,
        looks: AtomicU64::new(0),
    };
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let verifier = Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST);
    verifier.put_policy(&operator(), "acme", &Policy::default(), 0, T0.into()).await.unwrap();
    let pending = verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &context(0, None)).await.unwrap();
    let account = parse_uri(text(&pending.uri)).unwrap().account;
    let confirmed = verifier.confirm(&ann(), &pending.challenge, code(&account, 0), &context(0, None)).await;
    assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))));
    (verifier, account)
}

/// Bob's recovery codes, who enrols for them.
async fn new_codes(verifier: &Verifier<Failing, LocalKeys>) -> Vec<String> {
    let pending = verifier.enrol_totp(&bob(), "Acme", "bob", Grant::First, &context(0, None)).await.unwrap();
    let account = parse_uri(text(&pending.uri)).unwrap().account;
    let confirmed =
        verifier.confirm(&bob(), &pending.challenge, code(&account, 0), &context(0, None)).await.unwrap();
    let Confirmation::Enrolled(enrolled) = confirmed else { panic!("not enrolled") };
    enrolled.recovery.unwrap().codes.iter().map(|code| text(code).to_owned()).collect()
}

fn bob() -> Subject {
    Subject::new("acme", "bob").unwrap()
}

#[tokio::test]
async fn a_store_that_fails_at_any_verb_decides_nothing() {
    let mut failures = 0;
    for when in [When::Before, When::After] {
        for good in 0..VERBS {
            let (verifier, account) = enrolled(false, when).await;
            let Ok(Begin::Challenge(question)) =
                verifier.begin(&ann(), Action::Login, &context(30, None)).await
            else {
                panic!("not asked")
            };
            verifier.store().good.store(good, SeqCst);
            match verifier.answer(&ann(), &question.id, code(&account, 30), &context(30, None)).await {
                Err(Failure::Unavailable(_)) => failures += 1,
                Ok(decision) => assert!(decision.is_accepted(), "the store held out, so the code was right"),
                Err(other) => panic!("{other}"),
            }
            assert!(verifier.begin(&ann(), Action::Login, &context(30, None)).await.is_err() || good > 3);
        }
    }
    // Load, charge, settle: each can fail before and after.
    assert_eq!(failures, 6);
}

#[tokio::test]
async fn an_answer_asked_for_again_after_a_cut_is_accepted_exactly_once() {
    for when in [When::Before, When::After] {
        for good in 0..3 {
            let (verifier, account) = enrolled(true, when).await;
            let Ok(Begin::Challenge(question)) =
                verifier.begin(&ann(), Action::Login, &context(30, None)).await
            else {
                panic!("not asked")
            };
            verifier.store().good.store(good, SeqCst);
            let named = context(30, Some("request 1"));
            let first = verifier.answer(&ann(), &question.id, code(&account, 30), &named).await;
            assert!(matches!(first, Err(Failure::Unavailable(_))));
            let again = verifier.answer(&ann(), &question.id, code(&account, 30), &named).await.unwrap();
            assert!(again.is_accepted(), "{good}: the same request, asked again");
            let other = context(30, Some("request 2"));
            let replayed = verifier.answer(&ann(), &question.id, code(&account, 30), &other).await.unwrap();
            assert!(!replayed.is_accepted(), "{good}: another request with the same code");
            let records = verifier.audit("acme", 0, 100).await.unwrap();
            let accepted = records.iter().filter(|record| record.body.contains("decision.accepted")).count();
            assert_eq!(accepted, 2, "{good}: the confirmation and one sign-in");
        }
    }
}

/// The policy takes no apps any more, or the app is removed, after the code was compared and before it is claimed.
#[tokio::test]
async fn what_changes_between_comparing_and_claiming_counts() {
    for removed in [false, true] {
        let (verifier, account) = enrolled(true, When::Before).await;
        let Ok(Begin::Challenge(question)) = verifier.begin(&ann(), Action::Login, &context(30, None)).await
        else {
            panic!("not asked")
        };
        let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
        let found = verifier.store().inner.load(query).await.unwrap();
        let mut tenant = found.tenant.unwrap();
        tenant.revision = 2;
        tenant.policy = Policy { challenge_ttl: 31, ..Policy::default() }.to_json();
        let change = match removed {
            true => Change::Revoke { factor: found.factors[0].id.clone(), last: true },
            false => Change::SetPolicy { expected: 1, tenant },
        };
        *verifier.store().meddling.lock().unwrap() = Some(Settlement {
            tenant: "acme".into(),
            user: "ann".into(),
            now: (T0 + 30).into(),
            changes: vec![change],
            events: Vec::new(),
            if_changed: Vec::new(),
        });
        let decision =
            verifier.answer(&ann(), &question.id, code(&account, 30), &context(30, None)).await.unwrap();
        assert!(verifier.store().meddling.lock().unwrap().is_none());
        let why = verifier.explain("acme", decision.id()).await.unwrap().unwrap();
        if removed {
            assert_eq!(why.rejected, Some(Reason::FactorGone));
        } else {
            assert!(decision.is_accepted());
            assert_eq!(why.policy, 2, "it was judged again, by the policy that holds");
        }
        // One answer was given and paid for once, however often it was judged.
        let records = verifier.audit("acme", 0, 100).await.unwrap();
        let decided = records.iter().filter(|record| record.body.contains("decision.")).count();
        assert_eq!(decided, 2, "the confirmation and this");
    }
}

/// Somebody else is always first: after a few times nothing is decided, and nobody waits for ever.
#[tokio::test]
async fn an_answer_that_keeps_losing_comes_to_an_end() {
    let loses: [(Loses, u64); 2] = [
        (|change| matches!(change, Change::Answer { .. }), 3),
        // As many codes as a set may have can be used at the same time.
        (|change| matches!(change, Change::RequireUnused { .. }), 24),
    ];
    for (loses, times) in loses {
        let (verifier, account) = enrolled(true, When::Before).await;
        let codes = new_codes(&verifier).await;
        let begun = verifier.begin(&bob(), Action::Login, &context(60, None)).await.unwrap();
        let Begin::Challenge(question) = begun else { panic!("not asked") };
        *verifier.store().loses.lock().unwrap() = Some(loses);
        let answer = Answer::recovery(&codes[0]);
        let decided = verifier.answer(&bob(), &question.id, answer, &context(60, None)).await;
        assert_eq!(decided.err(), Some(Failure::Contended { what: "the challenge" }));
        assert_eq!(verifier.store().lost.load(SeqCst), times);
        // The code of an app is nobody's recovery code: how many of those there are is nothing to it.
        let begun = verifier.begin(&ann(), Action::Login, &context(60, None)).await.unwrap();
        let Begin::Challenge(question) = begun else { panic!("not asked") };
        let decided = verifier.answer(&ann(), &question.id, code(&account, 60), &context(60, None)).await;
        assert_eq!(decided.is_ok_and(|decision| decision.is_accepted()), times == 24);
    }
}

/// The policy is changed while a set-up begins: that is no word about the ticket or proof.
#[tokio::test]
async fn a_set_up_that_begins_while_the_policy_changes_is_to_be_begun_again() {
    let (verifier, _) = enrolled(true, When::Before).await;
    let _ = verifier.begin(&bob(), Action::Login, &context(0, None)).await.unwrap();
    *verifier.store().loses.lock().unwrap() = Some(|change| matches!(change, Change::RequirePolicy { .. }));
    let begun = verifier.enrol_totp(&bob(), "Acme", "bob", Grant::First, &context(0, None)).await;
    assert_eq!(begun.err(), Some(Failure::Contended { what: "the policy" }.into()));
}

/// Two make new recovery codes at once: one set is handed out, the other caller hears that something changed.
#[tokio::test]
async fn of_two_new_sets_of_recovery_codes_one_is_handed_out() {
    let (verifier, account) = enrolled(true, When::Before).await;
    let action = Action::RegenerateRecovery;
    let begun = verifier.begin(&ann(), action, &context(30, None)).await.unwrap();
    let Begin::Challenge(question) = begun else { panic!("not asked") };
    let decision =
        verifier.answer(&ann(), &question.id, code(&account, 30), &context(30, None)).await.unwrap();
    let Decision::Accepted(accepted) = decision else { panic!("rejected") };
    let query = Query { tenant: "acme".into(), user: "ann".into(), ..Query::default() };
    let mut codes = verifier.store().inner.load(query).await.unwrap().recovery;
    let expected = codes[0].generation;
    for code in &mut codes {
        code.generation += 1;
    }
    *verifier.store().meddling.lock().unwrap() = Some(Settlement {
        tenant: "acme".into(),
        user: "ann".into(),
        now: (T0 + 30).into(),
        changes: vec![Change::PutRecovery { expected, codes }],
        events: Vec::new(),
        if_changed: Vec::new(),
    });
    assert_eq!(expected, 1, "sets are counted from one");
    let made = verifier.regenerate_recovery(&ann(), accepted.proof, &context(30, None)).await;
    assert!(matches!(made, Err(ManageError::Failure(Failure::Contended { .. }))), "{made:?}");
}

/// Somebody else closed the challenge while the user said on the device that it was not them: that is kept all the same.
#[tokio::test]
async fn a_denial_of_a_challenge_that_is_closed_meanwhile_is_kept() {
    let (verifier, _) = enrolled(true, When::Before).await;
    let policy = Policy { methods: [Method::Push].into(), ..Policy::default() };
    verifier.put_policy(&operator(), "acme", &policy, 1, T0.into()).await.unwrap();
    let bob = Subject::new("acme", "bob").unwrap();
    let pending = verifier.enrol_push(&bob, "device", Grant::First, &context(0, None)).await.unwrap();
    let number = text(pending.sent.show.as_ref().unwrap()).to_owned();
    let response = push_response(&pending.key, pending.challenge.as_str(), &number);
    let answer = Answer::Push { number: SecretText::new(number), response };
    let confirmed = verifier.confirm(&bob, &pending.challenge, answer, &context(0, None)).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    let begun = verifier.begin(&bob, Action::Login, &context(60, None)).await.unwrap();
    let Begin::Challenge(question) = begun else { panic!("not asked") };
    let _ = verifier.send(&bob, &question.id, &context(60, None)).await.unwrap();
    *verifier.store().meddling.lock().unwrap() = Some(Settlement {
        tenant: "acme".into(),
        user: "bob".into(),
        now: (T0 + 60).into(),
        changes: vec![Change::Cancel { challenge: question.id.clone() }],
        events: Vec::new(),
        if_changed: Vec::new(),
    });
    let response = push_response(&pending.key, question.id.as_str(), Answer::DENIED);
    let denied =
        verifier.answer(&bob, &question.id, Answer::Denied { response }, &context(60, None)).await.unwrap();
    let why = verifier.explain("acme", denied.id()).await.unwrap().unwrap();
    assert_eq!(why.rejected, Some(Reason::Denied));
    let records = verifier.audit("acme", 0, 100).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.body.contains("challenge.denied")).count(), 1);
}

/// A factor is removed, and the trust it earned with it, while a request from the trusted network is let through.
#[tokio::test]
async fn trust_that_ends_while_it_is_used_does_not_come_back() {
    let (verifier, account) = enrolled(true, When::Before).await;
    let mut policy = Policy::default();
    policy.trust.ip = Some(keyhaven_verifier::IpMatch::Exact);
    verifier.put_policy(&operator(), "acme", &policy, 1, T0.into()).await.unwrap();
    let home = |now| context(now, None).from_ip("192.0.2.7".parse().unwrap());
    let begun = verifier.begin(&ann(), Action::Login, &home(30)).await.unwrap();
    let Begin::Challenge(question) = begun else { panic!("not asked") };
    let decision = verifier.answer(&ann(), &question.id, code(&account, 30), &home(30)).await.unwrap();
    assert!(decision.is_accepted());
    let begun = verifier.begin(&ann(), Action::Login, &home(31)).await.unwrap();
    assert!(matches!(begun, Begin::NotRequired { .. }));
    *verifier.store().meddling.lock().unwrap() = Some(Settlement {
        tenant: "acme".into(),
        user: "ann".into(),
        now: (T0 + 32).into(),
        changes: vec![Change::DropTrust { trust: None }],
        events: Vec::new(),
        if_changed: Vec::new(),
    });
    let _ = verifier.begin(&ann(), Action::Login, &home(32)).await.unwrap();
    assert!(verifier.store().meddling.lock().unwrap().is_none());
    let begun = verifier.begin(&ann(), Action::Login, &home(33)).await.unwrap();
    assert!(matches!(begun, Begin::Challenge(_)), "{begun:?}");
}

#[tokio::test]
async fn a_key_provider_without_the_key_decides_nothing() {
    let store = MemoryStore::new();
    let keys = |byte| LocalKeys::new("k1", Key::from_slice(&[byte; 32]).unwrap());
    let verifier = Verifier::new(store, keys(7)).await.unwrap();
    verifier.put_policy(&operator(), "acme", &Policy::default(), 0, T0.into()).await.unwrap();
    let snapshot = verifier.store().load(Query { tenant: "acme".into(), ..Query::default() }).await.unwrap();
    let copy = MemoryStore::new();
    let tenant = snapshot.tenant.unwrap();
    let settlement = Settlement {
        tenant: "acme".into(),
        user: String::new(),
        now: T0.into(),
        changes: vec![Change::SetPolicy { expected: 0, tenant }],
        events: Vec::new(),
        if_changed: Vec::new(),
    };
    assert_eq!(copy.settle(settlement).await, Ok(Settled::Done));
    let stranger = Verifier::new(copy, keys(8)).await.unwrap();
    let failed = stranger.begin(&ann(), Action::Login, &context(0, None)).await;
    assert!(matches!(failed, Err(Failure::Unavailable(_))), "{failed:?}");
}

#[tokio::test]
async fn a_tenant_that_was_never_made_is_named() {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let verifier = Verifier::new(MemoryStore::new(), keys).await.unwrap();
    let failed = verifier.begin(&ann(), Action::Login, &context(0, None)).await;
    assert_eq!(failed.err().map(|error| error.to_string()).as_deref(), Some("tenant \"acme\" has no policy"));
}

/// A verifier on a database with a clock, behind a watch on a node's clock that is turned by hand.
struct Watched<C: Fn() -> SystemTime + Send + Sync + 'static> {
    verifier: Verifier<TrustedTime<Failing, C>, LocalKeys>,
    account: Account,
    node: Arc<AtomicU64>,
}

impl<C: Fn() -> SystemTime + Send + Sync + 'static> Watched<C> {
    fn set(&self, node: u64, database: u64) {
        self.node.store(node, SeqCst);
        self.verifier.store().inner().clock.as_ref().unwrap().store(database, SeqCst);
    }

    fn looks(&self) -> u64 {
        self.verifier.store().inner().looks.load(SeqCst)
    }

    /// Begins and answers by the node's clock.
    async fn sign_in(&self) -> Result<bool, Failure> {
        let now = self.node.load(SeqCst);
        match self.verifier.begin(&ann(), Action::Login, &context(now, None)).await? {
            Begin::Challenge(question) => {
                let typed = code(&self.account, now);
                let context = context(now, None);
                Ok(self.verifier.answer(&ann(), &question.id, typed, &context).await?.is_accepted())
            }
            other => panic!("not asked: {other:?}"),
        }
    }
}

async fn watched() -> Watched<impl Fn() -> SystemTime + Send + Sync + 'static> {
    let store = Failing {
        inner: MemoryStore::new(),
        good: AtomicI64::new(i64::MAX),
        once: false,
        when: When::Before,
        meddling: Mutex::default(),
        loses: Mutex::default(),
        lost: AtomicU64::new(0),
        clock: Some(AtomicU64::new(0)),
        looks: AtomicU64::new(0),
    };
    let node = Arc::new(AtomicU64::new(0));
    let reading = node.clone();
    let store = TrustedTime::new(store, move || moment(reading.load(SeqCst)));
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let verifier = Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST);
    verifier.put_policy(&operator(), "acme", &Policy::default(), 0, T0.into()).await.unwrap();
    let pending = verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &context(0, None)).await.unwrap();
    let account = parse_uri(text(&pending.uri)).unwrap().account;
    let confirmed = verifier.confirm(&ann(), &pending.challenge, code(&account, 0), &context(0, None)).await;
    assert!(matches!(confirmed, Ok(Confirmation::Enrolled(_))));
    Watched { verifier, account, node }
}

fn says(outcome: &Result<bool, Failure>, words: &str) -> bool {
    matches!(outcome, Err(Failure::Unavailable(failed)) if failed.what == "trusted time" && failed.detail == words)
}

/// R24 (ASVS 6.5.8): a node whose clock is not the database's decides nothing, and goes on when it is.
#[tokio::test]
async fn a_node_whose_clock_is_off_decides_nothing() {
    let world = watched().await;
    world.set(60, 58);
    assert_eq!(world.sign_in().await, Ok(true), "two seconds are near enough");
    assert_eq!(world.verifier.store().skew(), Some(2_000));
    world.set(120, 60);
    let ahead = world.sign_in().await;
    assert!(says(&ahead, "this node's clock is 60.0 s ahead of the database's"), "{ahead:?}");
    world.set(90, 150);
    let behind = world.sign_in().await;
    assert!(says(&behind, "this node's clock is 60.0 s behind the database's"), "{behind:?}");
    assert_eq!(world.verifier.store().skew(), Some(-60_000));
    world.set(150, 147);
    assert!(world.sign_in().await.is_err(), "three are not");
    assert!(world.sign_in().await.is_err(), "nor at the second try");
    // Nothing was used up, charged or told meanwhile.
    let records = world.verifier.audit("acme", 0, 100).await.unwrap();
    assert_eq!(records.len(), 7, "the policy, enrolling and one sign-in: {records:?}");
    // What is looked at in peace can be looked at.
    let last = records.iter().filter_map(|record| record.event()?.decision).next_back().unwrap();
    assert!(world.verifier.explain("acme", &last).await.unwrap().is_some());
    let report = world.verifier.report("acme", "", 9).await.unwrap();
    assert_eq!(report.iter().map(|row| row.user.as_str()).collect::<Vec<_>>(), ["ann"]);
    assert_eq!(world.verifier.store().tenants("", 9).await.unwrap().len(), 1);
    assert_eq!(world.verifier.store().clock().await, Ok(Some(moment(147))));
    world.set(150, 150);
    assert_eq!(world.sign_in().await, Ok(true));
}

#[tokio::test]
async fn a_node_that_starts_with_a_wrong_clock_does_not_start() {
    let world = watched().await;
    world.set(7, 0);
    let failed = world.verifier.store().self_test().await;
    assert_eq!(failed.unwrap_err().what, "trusted time");
}

/// A clock that jumps while a comparison still holds: forwards it is found out within ten seconds, backwards at once.
#[tokio::test]
async fn a_clock_that_jumps_is_found_out() {
    let world = watched().await;
    world.set(30, 30);
    assert_eq!(world.sign_in().await, Ok(true));
    let looks = world.looks();
    world.set(34, 34);
    let _ = world.verifier.begin(&ann(), Action::Login, &context(34, None)).await.unwrap();
    assert_eq!(world.looks(), looks, "a comparison holds for a while");
    world.set(35, 35);
    let _ = world.verifier.begin(&ann(), Action::Login, &context(35, None)).await.unwrap();
    assert_eq!(world.looks(), looks + 1, "and is made anew");
    world.set(44, 35);
    assert!(world.sign_in().await.is_err(), "found out where it is made anew");
    world.set(45, 45);
    let _ = world.verifier.begin(&ann(), Action::Login, &context(45, None)).await.unwrap();
    world.set(40, 45);
    assert!(world.sign_in().await.is_err(), "set back");
}

/// The moment that a request brings is this node's clock's, too.
#[tokio::test]
async fn a_request_from_another_time_is_not_decided_about() {
    let world = watched().await;
    world.set(90, 90);
    for (now, good) in [(92, true), (93, false), (30, true), (29, false), (90 + 1_000 * T0, false)] {
        let begun = world.verifier.begin(&ann(), Action::Login, &context(now, None)).await;
        assert_eq!(begun.is_ok(), good, "{now}: {begun:?}");
    }
    assert!(
        world.verifier.sweep((T0 + 90 + 86_400).into()).await.is_ok(),
        "what was a day ago by this clock"
    );
    assert!(world.verifier.sweep((T0 + 91 + 86_400).into()).await.is_err(), "what is yet to come");
}

/// A node whose clock is right forgets what is over, and tells first what nobody told.
#[tokio::test]
async fn a_right_clock_lets_what_is_over_be_told_and_forgotten() {
    let watched = watched().await;
    let begun = watched.verifier.begin(&ann(), Action::Login, &context(0, None)).await.unwrap();
    assert!(matches!(begun, Begin::Challenge(_)));
    let later = 3 * 86_400;
    watched.set(later, later);
    let told = async || {
        let records = watched.verifier.audit("acme", 0, 1_000).await.unwrap();
        let names = records.iter().map(|record| record.event().unwrap().event);
        names.filter(|name| *name == EventName::ChallengeExpired).count()
    };
    assert!(watched.verifier.sweep((T0 + later).into()).await.unwrap() > 2);
    assert_eq!(told().await, 1);
    assert_eq!(watched.verifier.sweep((T0 + later).into()).await, Ok(0));
    assert_eq!(told().await, 1);
}
