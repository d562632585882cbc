//! Requests with a name: a reply that was lost can be asked for again, for half a minute (answers) or a minute (all other
//! calls, B6), by the same session, and uses nothing up a second time.

use crate::world::*;
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Answer, Begin, BudgetKey, Confirmation, Context, Decision, DeviceToken, EventName, Flow, Grant,
    HashCost, Joined, LocalKeys, ManageError, MemoryStore, Method, Policy, Preset, Proof, Reason, Redeemed,
    Store, TicketKind, TicketRequest, Timestamp, Unavailable, Verifier,
    policy::PhoneChange,
    store::{Charge, Charged, Query, Settled, Settlement, Snapshot},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

fn named(world: &World) -> Context {
    world.context().named("r1")
}

fn copy(proof: &Proof) -> Proof {
    Proof::from_text(SecretText::new(proof.expose().to_owned()))
}

fn texts(codes: &[SecretText]) -> Vec<&str> {
    codes.iter().map(text).collect()
}

async fn told(world: &World, name: EventName) -> usize {
    let records = world.verifier.audit("acme", 0, 10_000).await.unwrap();
    records.iter().filter(|record| record.event().unwrap().event == name).count()
}

async fn used(world: &World, key: BudgetKey) -> u64 {
    let query = Query { tenant: "acme".into(), user: "ann".into(), budgets: vec![key], ..Query::default() };
    world.verifier.store().load(query).await.unwrap().budgets[0].used
}

fn day() -> BudgetKey {
    BudgetKey::Day { user: "ann".into(), trusted: false }
}

#[tokio::test]
async fn b6_recovery_codes_are_shown_again_to_the_very_request_for_a_minute() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let code = world.code(&account);
    let Answer::Code(typed) = &code else { panic!() };
    let confirm = async |context: &Context| {
        let answer = Answer::code(text(typed));
        world.verifier.confirm(&ann(), &pending.challenge, answer, context).await.unwrap()
    };
    let Confirmation::Enrolled(first) = confirm(&named(&world)).await else { panic!("not enrolled") };
    let at = |after: u64| Context { now: (world.now + after).into(), ..named(&world) };
    for after in [0, 60] {
        let Confirmation::Enrolled(again) = confirm(&at(after)).await else { panic!("after {after} s") };
        assert_eq!((&again.id, &again.factor), (&first.id, &first.factor));
        let [one, two] = [&first, &again].map(|enrolled| enrolled.recovery.as_ref().unwrap());
        assert_eq!(texts(&one.codes), texts(&two.codes));
        let [one, two] = [&first, &again].map(|enrolled| enrolled.sign_in.as_ref().unwrap().expose());
        assert_eq!(one, two);
    }
    // Not later, by nobody else, under no other name, and not without one.
    let elsewhere = Context { session: SecretText::new("s2".into()), ..named(&world) };
    for other in [at(61), elsewhere, named(&world).named("r2"), world.context()] {
        assert!(matches!(confirm(&other).await, Confirmation::Rejected(_)));
    }
    assert_eq!(told(&world, EventName::FactorConfirmed).await, 1);
    assert_eq!(world.verifier.factors(&ann()).await.unwrap().len(), 1);
    assert_eq!(used(&world, day()).await, 0);
    world.pass(1);
}

#[tokio::test]
async fn a_wrong_answer_asked_about_again_is_charged_for_once() {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let near = account.codes_around(world.now, 30).unwrap();
    let mut wrong =
        (0..).map(|n| format!("{n:06}")).filter(|text| near.iter().all(|code| code.code.text != *text));
    let (one, two) = (wrong.next().unwrap(), wrong.next().unwrap());
    let ask = async |code: &str, context: Context| {
        let answer = Answer::code(code);
        match world.verifier.answer(&ann(), &question.id, answer, &context).await.unwrap() {
            Decision::Rejected(rejected) => (rejected.id, rejected.reason, rejected.attempts_left),
            Decision::Accepted(_) => panic!("accepted"),
        }
    };
    let first = ask(&one, named(&world)).await;
    assert_eq!((first.1, first.2), (Reason::Wrong, Some(4)));
    assert_eq!(ask(&one, named(&world)).await, first);
    assert_eq!(used(&world, day()).await, 1);
    assert_eq!(told(&world, EventName::DecisionRejected).await, 1);
    // Another answer under the name is another request, and so is the same one without it.
    assert_eq!(ask(&two, named(&world)).await.2, Some(3));
    assert_eq!(ask(&one, world.context()).await.2, Some(2));
    assert_eq!(used(&world, day()).await, 3);
}

#[tokio::test]
async fn an_accepted_answer_brings_everything_again_its_devices_token_too() {
    let mut policy = Policy::default();
    policy.trust.device = true;
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let (enrolled, _) = world.enrol_totp().await;
    let codes = enrolled.recovery.unwrap().codes;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let context = Context { remember_device: true, ..named(&world) };
    let ask = async || {
        let answer = Answer::recovery(text(&codes[0]));
        match world.verifier.answer(&ann(), &question.id, answer, &context).await.unwrap() {
            Decision::Accepted(accepted) => accepted,
            Decision::Rejected(rejected) => panic!("{:?}", rejected.reason),
        }
    };
    let (first, again) = (ask().await, ask().await);
    assert_eq!((&first.id, first.recovery_left), (&again.id, Some(9)));
    assert_eq!(first.proof.expose(), again.proof.expose());
    assert_eq!(first.device.as_ref().unwrap().expose(), again.device.as_ref().unwrap().expose());
    assert_eq!((&first.warnings, first.recovery_left), (&again.warnings, again.recovery_left));
    let about = |notices: &[keyhaven_verifier::Notice]| {
        notices.iter().map(|notice| (notice.about, text(&notice.address).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(about(&first.notices), [(EventName::RecoveryUsed, MAIL.to_owned())]);
    assert_eq!(about(&first.notices), about(&again.notices));
    assert_eq!(told(&world, EventName::TrustAdded).await, 1);
}

/// The next token of a device that lost the reply: without it, its old one would be taken for a copy half a minute later.
#[tokio::test]
async fn a_device_that_lost_its_next_token_gets_it_again() {
    let mut policy = Policy::default();
    policy.trust.device = true;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let context = Context { remember_device: true, ..world.context() };
    let decision = world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
    let Decision::Accepted(accepted) = decision else { panic!("rejected") };
    let shown = accepted.device.unwrap();
    let begin = async |now: u64| {
        let device = Some(DeviceToken::from_text(SecretText::new(shown.expose().to_owned())));
        let context = Context { device, now: now.into(), ..named(&world) };
        match world.verifier.begin(&ann(), Action::Login, &context).await.unwrap() {
            Begin::NotRequired { device, .. } => device.map(|token| token.expose().to_owned()),
            other => panic!("{other:?}"),
        }
    };
    let first = begin(world.now).await.expect("the next token");
    assert_eq!(begin(world.now + 60).await, Some(first));
}

#[tokio::test]
async fn a_question_and_its_message_are_the_same_again() {
    let mut world = World::new(Preset::Portal15x20).await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    world.ip = AWAY;
    let context = named(&world);
    let ask = async || match world.verifier.begin(&ann(), Action::Login, &context).await.unwrap() {
        Begin::Challenge(question) => question,
        other => panic!("{other:?}"),
    };
    let (question, again) = (ask().await, ask().await);
    assert_eq!(question, again);
    let send = async |context: &Context| world.verifier.send(&ann(), &question.id, context).await;
    let (first, second) = (send(&context).await.unwrap(), send(&context).await.unwrap());
    let [one, two] = [&first, &second].map(|sent| text(sent.delivery.code.as_ref().unwrap()));
    assert_eq!(one, two);
    assert_eq!((first.expires_at, first.resend_at), (second.expires_at, second.resend_at));
    assert_eq!(text(&first.delivery.address), text(&second.delivery.address));
    let sends = BudgetKey::Sends { user: "ann".into(), method: Method::Sms, flow: Flow::Login };
    assert_eq!(used(&world, sends).await, 1, "one permit");
    assert!(send(&context.named("r2")).await.is_err(), "another one has to wait");
    let _ = world.accept(&question.id, sent_code(&first)).await;
}

#[tokio::test]
async fn what_a_proof_pays_for_is_done_once_and_said_again() {
    let mut world = World::with(Policy::default()).await;
    world.verify_email().await;
    let (_, account) = world.enrol_totp().await;
    // Redeeming says which it is: the second time, what it is for was begun already.
    let proof = world.prove(Action::ChangeEmail, &account).await;
    let redeem = async |proof: &Proof, context: &Context| {
        world.verifier.redeem(&ann(), &Action::ChangeEmail, copy(proof), context).await
    };
    assert_eq!(redeem(&proof, &named(&world)).await, Ok(Redeemed::Now));
    assert_eq!(redeem(&proof, &named(&world)).await, Ok(Redeemed::Before));
    let late = |after: u64| Context { now: (world.now + after).into(), ..named(&world) };
    assert_eq!(redeem(&proof, &late(60)).await, Ok(Redeemed::Before));
    assert_eq!(redeem(&proof, &late(61)).await, Err(ManageError::ProofInvalid));
    let elsewhere = Context { session: SecretText::new("s2".into()), ..named(&world) };
    for other in [elsewhere, named(&world).named("r2"), world.context()] {
        assert_eq!(redeem(&proof, &other).await, Err(ManageError::ProofInvalid));
    }
    assert_eq!(told(&world, EventName::ProofRedeemed).await, 1);
    // New recovery codes.
    let proof = world.prove(Action::RegenerateRecovery, &account).await;
    let make =
        async || world.verifier.regenerate_recovery(&ann(), copy(&proof), &named(&world)).await.unwrap();
    let ((first, notices), (again, told_again)) = (make().await, make().await);
    assert_eq!(texts(&first.codes), texts(&again.codes));
    assert_eq!((notices.len(), told_again.len()), (1, 1));
    // An app more, of which the secret is shown again, and away with it.
    let proof = world.prove(Action::Enrol, &account).await;
    let enrol = async || {
        let grant = Grant::Proof(copy(&proof));
        world.verifier.enrol_totp(&ann(), "Acme", "ann", grant, &named(&world)).await.unwrap()
    };
    let (first, again) = (enrol().await, enrol().await);
    assert_eq!((text(&first.uri), text(&first.secret)), (text(&again.uri), text(&again.secret)));
    assert_eq!((&first.challenge, &first.factor), (&again.challenge, &again.factor));
    let other = keyhaven_otp::parse_uri(text(&first.uri)).unwrap().account;
    let _ = world.confirm(&first.challenge, world.code(&other)).await;
    let proof = world.prove(Action::DisableMfa, &account).await;
    for _ in 0..2 {
        let removed = world.verifier.remove_factor(&ann(), &first.factor, copy(&proof), &named(&world)).await;
        assert_eq!(removed.unwrap().len(), 1);
    }
    // Two codes that are none use the proof up, and say so again; two that are some are taken once.
    let only = world.verifier.factors(&ann()).await.unwrap().remove(0).0;
    world.pass(300);
    for right in [false, true] {
        let proof = world.prove(Action::Enrol, &account).await;
        world.pass(60);
        let near = account.codes_around(world.now, 1).unwrap();
        let code = |at: usize| SecretText::new(near[at].code.text.to_string());
        let codes = if right { (code(0), code(1)) } else { (code(1), code(0)) };
        for _ in 0..2 {
            let pair = (&codes.0, &codes.1);
            let done = world.verifier.resync(&ann(), &only, pair, copy(&proof), &named(&world)).await;
            match right {
                true => assert_eq!(done.unwrap().len(), 1),
                false => assert_eq!(done.err(), Some(ManageError::CodesNotFound)),
            }
        }
        world.pass(300);
    }
    assert_eq!(told(&world, EventName::FactorResynchronised).await, 1);
    // And everything off.
    let proof = world.prove(Action::DisableMfa, &account).await;
    for _ in 0..2 {
        assert_eq!(world.verifier.disable(&ann(), copy(&proof), &named(&world)).await.unwrap().len(), 1);
    }
    assert_eq!(told(&world, EventName::FactorRevoked).await, 2);
}

#[tokio::test]
async fn each_of_the_three_calls_that_change_a_number_can_be_asked_again() {
    let mut policy = Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() };
    policy.phone_change = PhoneChange::SelfService { ttl: 600 };
    let mut world = World::with(policy).await;
    let begin =
        async || world.verifier.enrol_phone(&ann(), PHONE, Grant::First, &named(&world)).await.unwrap();
    let (first, again) = (begin().await, begin().await);
    assert_eq!((&first.challenge, &first.factor), (&again.challenge, &again.factor));
    assert_eq!(
        text(first.sent.delivery.code.as_ref().unwrap()),
        text(again.sent.delivery.code.as_ref().unwrap())
    );
    let sends = BudgetKey::Sends { user: "ann".into(), method: Method::Sms, flow: Flow::Setup };
    assert_eq!(used(&world, sends).await, 1);
    let _ = world.confirm(&first.challenge, sent_code(&again.sent)).await;
    let proof = world.prove_by(Action::ChangePhone, Method::Sms).await;
    let start = async || {
        let proof = copy(&proof);
        world.verifier.start_phone_change(&ann(), OTHER_PHONE, proof, &named(&world)).await.unwrap()
    };
    let (first, again) = (start().await, start().await);
    assert_eq!(first.challenge, again.challenge);
    for _ in 0..2 {
        let code = sent_code(&again.sent);
        let confirmed = world.verifier.confirm(&ann(), &first.challenge, code, &named(&world)).await.unwrap();
        assert!(matches!(confirmed, Confirmation::Validated), "{confirmed:?}");
    }
    for _ in 0..2 {
        let told =
            world.verifier.commit_phone_change(&ann(), &first.challenge, &named(&world)).await.unwrap();
        assert_eq!(told.len(), 2, "the old number and the new");
    }
    assert_eq!(told(&world, EventName::PhoneChangeCommitted).await, 1);
    world.pass(1);
}

#[tokio::test]
async fn a_ticket_is_given_out_and_an_invitation_taken_once() {
    let world = World::new(Preset::InviteFallback).await;
    let request =
        TicketRequest { kind: TicketKind::Invite, reason: "new".into(), invite_email: Some(MAIL.into()) };
    let issue =
        async || world.verifier.issue_ticket(&admin(), &ann(), &request, &named(&world)).await.unwrap();
    let (first, again) = (issue().await, issue().await);
    assert_eq!((&first.id, first.token.expose()), (&again.id, again.token.expose()));
    assert_eq!(told(&world, EventName::TicketIssued).await, 1);
    let join = async |token| match world.verifier.accept_invite(&ann(), token, None, &named(&world)).await {
        Ok(Joined::Email { factor, notices, .. }) => (factor, notices.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(join(first.token).await, join(again.token).await);
    assert_eq!(told(&world, EventName::TicketRedeemed).await, 1);
    // Of every other kind it is another request, whatever its name.
    let mut seen = vec![first.id];
    for kind in [TicketKind::PhoneReset, TicketKind::AdminRecovery] {
        let request = TicketRequest { kind, reason: "new".into(), invite_email: None };
        let other = world.verifier.issue_ticket(&admin(), &ann(), &request, &named(&world)).await.unwrap();
        assert!(!seen.contains(&other.id), "{kind:?}");
        seen.push(other.id);
    }
}

#[tokio::test]
async fn a_push_device_gets_the_same_key_again() {
    let world = World::with(Policy { methods: [Method::Push].into(), ..Policy::default() }).await;
    let enrol =
        async || world.verifier.enrol_push(&ann(), "device 1", Grant::First, &named(&world)).await.unwrap();
    let (first, again) = (enrol().await, enrol().await);
    assert!(first.key == again.key);
    assert_eq!(text(first.sent.show.as_ref().unwrap()), text(again.sent.show.as_ref().unwrap()));
    assert_eq!((first.challenge, first.factor), (again.challenge, again.factor));
}

#[tokio::test]
async fn by_another_right_it_is_another_request() {
    let world = World::with(Policy::default()).await;
    let request = |reason: &str| TicketRequest {
        kind: TicketKind::AdminRecovery,
        reason: reason.to_owned(),
        invite_email: None,
    };
    let ticket = async |reason: &str| {
        let issued = world.verifier.issue_ticket(&admin(), &ann(), &request(reason), &world.context()).await;
        Grant::Ticket(issued.unwrap().token)
    };
    let mut seen = Vec::new();
    for grant in [Grant::First, ticket("lost").await, ticket("lost again").await] {
        let pending = world.verifier.enrol_totp(&ann(), "Acme", "ann", grant, &named(&world)).await.unwrap();
        assert!(!seen.contains(&pending.challenge));
        seen.push(pending.challenge);
    }
}

/// A store at which callers take turns with every verb, and whose next settlement can be made to fail before it is done.
#[derive(Default)]
struct InTurns {
    inner: MemoryStore,
    cut: AtomicBool,
}

macro_rules! in_turn {
    ($self:ident, $verb:ident $(, $argument:expr)*) => {{
        tokio::task::yield_now().await;
        $self.inner.$verb($($argument),*).await
    }};
}

impl Store for InTurns {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        in_turn!(self, charge, tenant, charges, now)
    }
    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        if self.cut.swap(false, SeqCst) {
            return Err(Unavailable::new("the store", "cut"));
        }
        in_turn!(self, settle, settlement)
    }
    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        in_turn!(self, load, query)
    }
    keyhaven_verifier::pass_on!(inner: users tenants audit explanation expired sweep clock self_test);
}

struct Turns {
    verifier: Arc<Verifier<InTurns, LocalKeys>>,
    account: keyhaven_otp::Account,
    now: u64,
}

impl Turns {
    async fn new() -> Self {
        let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
        let verifier = Verifier::new(InTurns::default(), keys).await.unwrap().with_hash_cost(HashCost::LEAST);
        let now = 1_800_000_000;
        verifier.put_policy(&operator(), "acme", &Policy::default(), 0, now.into()).await.unwrap();
        let pending = verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &Self::at(now)).await.unwrap();
        let account = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
        let code = Answer::code(&account.code_at(now).unwrap().text);
        let confirmed = verifier.confirm(&ann(), &pending.challenge, code, &Self::at(now)).await.unwrap();
        assert!(confirmed.is_accepted());
        Self { verifier: Arc::new(verifier), account, now: now + 30 }
    }

    fn at(now: u64) -> Context {
        Context::with_password(now.into(), SecretText::new("s1".into()))
    }

    async fn ask(&self) -> keyhaven_verifier::ChallengeId {
        match self.verifier.begin(&ann(), Action::Login, &Self::at(self.now)).await.unwrap() {
            Begin::Challenge(question) => question.id,
            other => panic!("{other:?}"),
        }
    }

    fn wrong(&self) -> String {
        let near = self.account.codes_around(self.now, 30).unwrap();
        let mut codes = (0..).map(|n| format!("{n:06}"));
        codes.find(|text| near.iter().all(|code| code.code.text != *text)).unwrap()
    }

    async fn used(&self) -> u64 {
        let budgets = vec![day()];
        let query = Query { tenant: "acme".into(), user: "ann".into(), budgets, ..Query::default() };
        self.verifier.store().load(query).await.unwrap().budgets[0].used
    }
}

/// Two at once under one name, verb by verb: one decision, one charge; given back if it was right.
#[tokio::test]
async fn the_same_request_twice_at_once_is_one() {
    let turns = Turns::new().await;
    for (code, charged) in
        [(turns.wrong(), 1), (turns.account.code_at(turns.now).unwrap().text.to_string(), 1)]
    {
        let challenge = turns.ask().await;
        let ask = || {
            let (verifier, challenge, code) = (turns.verifier.clone(), challenge.clone(), code.clone());
            let context = Turns::at(turns.now).named("r1");
            tokio::spawn(async move {
                let decision =
                    verifier.answer(&ann(), &challenge, Answer::code(&code), &context).await.unwrap();
                (decision.id().clone(), decision.is_accepted())
            })
        };
        let (one, two) = (ask(), ask());
        assert_eq!(one.await.unwrap(), two.await.unwrap());
        assert_eq!(turns.used().await, charged);
    }
}

/// Charged for, and then the store was gone: asked again under its name, at once or in the last second in which it is
/// known, it is decided and not charged for again.
#[tokio::test]
async fn a_request_that_was_charged_for_and_not_decided_is_decided_without_another_charge() {
    for later in [0, 1, keyhaven_verifier::REPEAT] {
        let turns = Turns::new().await;
        for (code, right) in
            [(turns.wrong(), false), (turns.account.code_at(turns.now).unwrap().text.to_string(), true)]
        {
            let challenge = turns.ask().await;
            let before = turns.used().await;
            let ask = async |later| {
                let context = Turns::at(turns.now + later).named("r1");
                turns.verifier.answer(&ann(), &challenge, Answer::code(&code), &context).await
            };
            turns.verifier.store().cut.store(true, SeqCst);
            assert!(matches!(ask(0).await, Err(keyhaven_verifier::Failure::Unavailable(_))));
            assert_eq!(turns.used().await, before + 1);
            let decision = ask(later).await.unwrap();
            assert_eq!(decision.is_accepted(), right);
            if let Decision::Rejected(rejected) = &decision {
                assert_eq!(rejected.attempts_left, Some(4), "of five, as if it had been charged for now");
            }
            assert_eq!(ask(later).await.unwrap().id(), decision.id());
            // A guess that was spent when the store went is not given back; nobody can tell any more whose it was.
            assert_eq!(turns.used().await, before + 1, "{later} s later");
        }
    }
}

/// A name changes nothing about what is decided, nor about what is said of it.
#[tokio::test]
async fn with_a_name_the_same_budgets_lock() {
    let mut told = Vec::new();
    for named in [false, true] {
        let turns = Turns::new().await;
        let mut of_this = Vec::new();
        for (round, challenge) in [turns.ask().await, turns.ask().await].into_iter().enumerate() {
            for guess in 0..4 {
                let context = Turns::at(turns.now);
                let context = if named { context.named(format!("r{round}{guess}")) } else { context };
                let wrong = Answer::code(&turns.wrong());
                let decision = turns.verifier.answer(&ann(), &challenge, wrong, &context).await.unwrap();
                let Decision::Rejected(rejected) = decision else { panic!("{decision:?}") };
                let explained = turns.verifier.explain("acme", &rejected.id).await.unwrap().unwrap();
                of_this.push((rejected.reason, rejected.attempts_left, explained.rule, explained.budget));
            }
        }
        assert!(matches!(of_this.last().unwrap().0, Reason::Locked { .. }), "{of_this:?}");
        told.push(of_this);
    }
    assert_eq!(told[0], told[1]);
}

/// A store whose next settlement waits until it is let through.
#[derive(Default)]
struct Held {
    inner: MemoryStore,
    hold: AtomicBool,
    release: tokio::sync::Notify,
}

impl Store for Held {
    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        if self.hold.swap(false, SeqCst) {
            self.release.notified().await;
        }
        self.inner.settle(settlement).await
    }
    keyhaven_verifier::pass_on!(inner: charge load users tenants audit explanation expired sweep clock self_test);
}

/// Charged for by one, decided by another under the same name who came later and was faster: a right answer is given back
/// by who paid for it, a wrong one is not.
#[tokio::test]
async fn whoever_paid_for_a_right_answer_that_another_decided_has_it_back() {
    let now = 1_800_000_000;
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let verifier = Verifier::new(Held::default(), keys).await.unwrap().with_hash_cost(HashCost::LEAST);
    let verifier = Arc::new(verifier);
    verifier.put_policy(&operator(), "acme", &Policy::default(), 0, now.into()).await.unwrap();
    let pending = verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &Turns::at(now)).await.unwrap();
    let account = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
    let code = |now| account.code_at(now).unwrap().text.to_string();
    let typed = Answer::code(&code(now));
    assert!(
        verifier.confirm(&ann(), &pending.challenge, typed, &Turns::at(now)).await.unwrap().is_accepted()
    );
    let near: Vec<String> =
        account.codes_around(now, 9).unwrap().iter().map(|near| near.code.text.to_string()).collect();
    let wrong = (0..100).map(|number| format!("{number:06}")).find(|text| !near.contains(text)).unwrap();
    let used = async || {
        let query =
            Query { tenant: "acme".into(), user: "ann".into(), budgets: vec![day()], ..Query::default() };
        verifier.store().load(query).await.unwrap().budgets[0].used
    };
    for (at, typed, right, charged) in [(now + 30, wrong, false, 1), (now + 60, code(now + 60), true, 1)] {
        let Begin::Challenge(question) = verifier.begin(&ann(), Action::Login, &Turns::at(at)).await.unwrap()
        else {
            panic!("not asked")
        };
        let context = || Turns::at(at).named("r1");
        verifier.store().hold.store(true, SeqCst);
        let (slow, challenge, answer) = (verifier.clone(), question.id.clone(), Answer::code(&typed));
        let context_of_the_first = context();
        let first = tokio::spawn(async move {
            slow.answer(&ann(), &challenge, answer, &context_of_the_first).await.unwrap().id().clone()
        });
        while verifier.store().hold.load(SeqCst) {
            tokio::task::yield_now().await;
        }
        let second = verifier.answer(&ann(), &question.id, Answer::code(&typed), &context()).await.unwrap();
        assert_eq!(second.is_accepted(), right);
        verifier.store().release.notify_one();
        assert_eq!(first.await.unwrap(), *second.id());
        assert_eq!(used().await, charged, "right: {right}");
    }
}
