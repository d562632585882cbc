//! Verifications per second on a SQLite file, beside what the same disk gives a bare loop of durable one-row updates.
//!
//! `cargo run --release -p keyhaven-verifier-sqlite --example figures -- FOLDER [SUBJECTS]`: FOLDER on the disk to
//! measure (a folder in it is made and removed), SUBJECTS 2,000 unless given. One line of figures each.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures and prints")]

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, Confirmation, Context, Grant, HashCost, LocalKeys, Policy, Subject,
    Verifier, policy::RecoveryKind,
};
use keyhaven_verifier_sqlite::SqliteStore;
use std::{
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const T0: u64 = 1_800_000_000;
const SECONDS: u64 = 5;

type Node = Arc<Verifier<SqliteStore, LocalKeys>>;
type Users = Arc<Vec<(Subject, Account)>>;

fn context(now: u64) -> Context {
    Context::new(now.into(), SecretText::new("session".to_owned()))
}

/// Durable updates of one row per second, one commit each, by the same library on the same disk.
fn ceiling(folder: &Path) -> Result<f64, Box<dyn Error>> {
    let bare = rusqlite::Connection::open(folder.join("bare.db"))?;
    bare.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counter VALUES (1, 0);",
    )?;
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(SECONDS) {
        bare.prepare_cached("UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

/// Signs users in, each by an own challenge and a fresh code; seconds each took.
async fn sign_ins(node: Node, users: Users, tasks: usize, from: u64) -> Result<Vec<f64>, Box<dyn Error>> {
    let start = Instant::now();
    let mut running = Vec::new();
    for task in 0..tasks {
        let (node, users) = (node.clone(), users.clone());
        running.push(tokio::spawn(async move {
            let mut took = Vec::new();
            let (mut index, mut now) = (task, from);
            while start.elapsed() < Duration::from_secs(SECONDS) {
                let (who, account) = &users[index];
                let begun = Instant::now();
                let Ok(Begin::Challenge(question)) = node.begin(who, Action::Login, &context(now)).await
                else {
                    return Err("no challenge");
                };
                let Ok(code) = account.code_at(now) else { return Err("no code") };
                let decision = node.answer(who, &question.id, Answer::code(&code.text), &context(now)).await;
                if !decision.is_ok_and(|decision| decision.is_accepted()) {
                    return Err("not accepted");
                }
                took.push(begun.elapsed().as_secs_f64());
                index += tasks;
                if index >= users.len() {
                    // Around once more, in the next time step.
                    (index, now) = (task, now + 30);
                }
            }
            Ok(took)
        }));
    }
    let mut took = Vec::new();
    for task in running {
        took.extend(task.await??);
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("a folder on the disk to measure is needed")?;
    let subjects: usize = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let folder = tempfile::tempdir_in(folder)?;
    println!("ceiling: {:.0} durable one-row updates a second", ceiling(folder.path())?);

    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).ok_or("32 bytes")?);
    let store = SqliteStore::open(&folder.path().join("v.db"))?;
    let node: Node = Arc::new(Verifier::new(store, keys).await?.with_hash_cost(HashCost::LEAST));
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::None;
    node.put_policy(&Actor::operator("bench"), "acme", &policy, 0, T0.into()).await?;
    let mut enrolling = Vec::new();
    for number in 0..subjects {
        let node = node.clone();
        enrolling.push(tokio::spawn(async move {
            let who = Subject::new("acme", &format!("user {number}")).ok()?;
            let pending = node.enrol_totp(&who, "Acme", "user", Grant::First, &context(T0)).await.ok()?;
            let account = parse_uri(pending.uri.expose()).ok()?.account;
            let answer = Answer::code(&account.code_at(T0).ok()?.text);
            let confirmed = node.confirm(&who, &pending.challenge, answer, &context(T0)).await.ok()?;
            matches!(confirmed, Confirmation::Enrolled(_)).then_some((who, account))
        }));
    }
    let mut users = Vec::new();
    for task in enrolling {
        users.push(task.await?.ok_or("not enrolled")?);
    }
    let users = Arc::new(users);
    // Each round in time steps of its own: codes of the one before are used up.
    for (tasks, from) in [(1, T0 + 30), (16, T0 + 86_400), (64, T0 + 2 * 86_400)] {
        let took = sign_ins(node.clone(), users.clone(), tasks, from).await?;
        let at = |share: f64| {
            1_000.0 * took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default()
        };
        println!(
            "{tasks} at once: {:.0} sign-ins a second (begin and answer), median {:.1} ms, p99 {:.1} ms",
            took.len() as f64 / SECONDS as f64,
            at(0.5),
            at(0.99)
        );
    }
    Ok(())
}
