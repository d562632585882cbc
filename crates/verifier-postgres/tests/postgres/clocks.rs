//! Nodes whose clocks are not the server's (verifier specification R24).

use crate::{
    cluster, server,
    world::{account, wide},
};
use keyhaven_otp::Account;
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, ChallengeId, Confirmation, Context, Failure, Grant, HashCost, LocalKeys,
    Subject, TrustedTime, Verifier,
};
use keyhaven_verifier_postgres::PostgresStore;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;
pub type Node = Verifier<TrustedTime<PostgresStore, Clock>, LocalKeys>;

/// This machine's clock, which is the server's, so many seconds ahead or behind.
pub fn ahead(seconds: i64) -> Clock {
    Box::new(move || {
        let apart = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { SystemTime::now() - apart } else { SystemTime::now() + apart }
    })
}

pub async fn node(address: &str, clock: Clock) -> Result<Node, Failure> {
    let store = TrustedTime::new(PostgresStore::open(address).await.unwrap(), clock);
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    Ok(Verifier::new(store, keys).await?.with_hash_cost(HashCost::LEAST))
}

fn who() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

/// A request at the moment that a node's clock says, with that moment in seconds.
fn context(clock: &Clock) -> (Context, u64) {
    let now = clock().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (Context::with_password(now.into(), SecretText::new("s1".to_owned())), now)
}

async fn answered(
    node: &Node,
    clock: &Clock,
    account: &Account,
    asked: &ChallengeId,
) -> Result<bool, Failure> {
    let (context, now) = context(clock);
    let typed = Answer::code(&account.code_at(now).unwrap().text);
    Ok(node.answer(&who(), asked, typed, &context).await?.is_accepted())
}

/// Tries until the moment that was taken for a request is not long over when its turn comes: a test's machine may stand
/// still in between.
async fn in_time<T>(call: impl AsyncFn() -> Result<T, Failure>) -> T {
    for _ in 0..20 {
        match call().await {
            Ok(done) => return done,
            Err(Failure::Unavailable(failed)) if failed.detail.contains("long over") => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("this machine stands still again and again");
}

fn is_off(outcome: &Result<impl std::fmt::Debug, Failure>, words: &str) -> bool {
    matches!(outcome, Err(Failure::Unavailable(failed)) if failed.what == "trusted time" && failed.detail.contains(words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_a_minute_off_decide_nothing_and_the_others_go_on() {
    let address = cluster::database(&server()).await;
    let clock = ahead(0);
    let good = node(&address, ahead(0)).await.unwrap();
    let (_, now) = context(&clock);
    // The policy is set and the app enrolled through the store alone: what is looked at is the sign-in.
    let plain = crate::world::node(PostgresStore::open(&address).await.unwrap()).await;
    plain.put_policy(&Actor::operator("ops"), "acme", &wide(), 0, (now - 90).into()).await.unwrap();
    let before = Context::with_password((now - 90).into(), SecretText::new("s1".to_owned()));
    let pending = plain.enrol_totp(&who(), "Acme", "ann", Grant::First, &before).await.unwrap();
    let known = account(pending.uri.expose());
    let typed = Answer::code(&known.code_at(now - 90).unwrap().text);
    let confirmed = plain.confirm(&who(), &pending.challenge, typed, &before).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));

    let asked = in_time(async || match good.begin(&who(), Action::Login, &context(&clock).0).await? {
        Begin::Challenge(question) => Ok(question.id),
        other => panic!("not asked: {other:?}"),
    })
    .await;
    let told = plain.audit("acme", 0, 1_000).await.unwrap().len();
    for (seconds, words) in [(60, "s ahead of the database's"), (-60, "s behind the database's")] {
        // A node that starts so does not start; one whose clock was good when it started is found out.
        assert!(is_off(&node(&address, ahead(seconds)).await.map(|_| ()), words), "{seconds}");
        let started = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (jumps, off, right) = (started.clone(), ahead(seconds), ahead(0));
        let clock: Clock =
            Box::new(move || if jumps.load(std::sync::atomic::Ordering::SeqCst) { off() } else { right() });
        let jumped = node(&address, clock).await.unwrap();
        started.store(true, std::sync::atomic::Ordering::SeqCst);
        let outcome = answered(&jumped, &ahead(seconds), &known, &asked).await;
        assert!(is_off(&outcome, words), "{seconds}: {outcome:?}");
    }
    assert_eq!(plain.audit("acme", 0, 1_000).await.unwrap().len(), told, "nothing was charged, used or told");
    assert!(in_time(async || answered(&good, &clock, &known, &asked).await).await);
    if std::env::var(cluster::ADDRESS).is_err() {
        assert_eq!(good.store().skew(), Some(0), "one machine, one clock");
    }
}
