//! A tenant, a user with an authenticator app, and signing in: what the tests of nodes and servers begin with.

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, CHAIN_START, ChallengeId, Confirmation, Context, Decision, Failure, Grant,
    HashCost, LocalKeys, Policy, Store, Subject, Verifier, verify_chain,
};

pub const T0: u64 = 1_800_000_000;

pub type Node<S> = Verifier<S, LocalKeys>;

pub fn who() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

/// A request at a time step.
pub fn context(step: u64) -> Context {
    Context::with_password((T0 + step * 30).into(), SecretText::new("s1".to_owned()))
}

/// The same with a name, by which a repetition is known again.
pub fn named(step: u64) -> Context {
    Context { request: Some(format!("step {step}")), ..context(step) }
}

pub fn code(account: &Account, step: u64) -> Answer {
    Answer::code(&account.code_at(T0 + step * 30).unwrap().text)
}

pub async fn node<S: Store>(store: S) -> Node<S> {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST)
}

/// A policy whose budgets are out of the way: what is looked at is what is accepted, not how often one may try.
pub fn wide() -> Policy {
    let mut policy = Policy::default();
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_day = 1_000_000;
    policy.attempts.per_tenant_hour = 1_000_000;
    policy
}

/// Makes the tenant, enrols the user at step 0 and gives the app's URI.
pub async fn enrol<S: Store>(node: &Node<S>) -> String {
    node.put_policy(&Actor::operator("ops"), "acme", &wide(), 0, T0.into()).await.unwrap();
    let pending = node.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let uri = pending.uri.expose().to_owned();
    let confirmed =
        node.confirm(&who(), &pending.challenge, code(&account(&uri), 0), &context(0)).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    uri
}

pub fn account(uri: &str) -> Account {
    parse_uri(uri).unwrap().account
}

pub async fn ask<S: Store>(node: &Node<S>, step: u64) -> Result<ChallengeId, Failure> {
    // Without a name: each who asks is asked a question of their own.
    match node.begin(&who(), Action::Login, &context(step)).await? {
        Begin::Challenge(question) => Ok(question.id),
        other => panic!("not asked: {other:?}"),
    }
}

/// Answers with the code of a step, under the step's name.
pub async fn answer<S: Store>(
    node: &Node<S>,
    account: &Account,
    challenge: &ChallengeId,
    step: u64,
) -> Result<Decision, Failure> {
    node.answer(&who(), challenge, code(account, step), &named(step)).await
}

/// Signs in at a step; whether it was accepted.
pub async fn sign_in<S: Store>(node: &Node<S>, account: &Account, step: u64) -> Result<bool, Failure> {
    let challenge = ask(node, step).await?;
    Ok(answer(node, account, &challenge, step).await?.is_accepted())
}

/// How many answers the audit chain says were accepted; the chain is whole.
pub async fn accepted_by_the_chain<S: Store>(node: &Node<S>) -> usize {
    let records = node.audit("acme", 0, 1_000_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    let accepted = |record: &&keyhaven_verifier::AuditRecord| {
        record.event().is_some_and(|event| {
            event.event == keyhaven_verifier::EventName::DecisionAccepted
                && event.action == Some(Action::Login)
        })
    };
    records.iter().filter(accepted).count()
}
