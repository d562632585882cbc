//! Verifications per second on SQLite and on PostgreSQL, beside what the same database gives a bare loop of durable
//! one-row updates in the same run: `cargo xtask bench verifier`.
//!
//! SQLite's file lies in the folder for temporary files; PostgreSQL is a private server there, or the one that
//! KEYHAVEN_TEST_POSTGRES_URL names. A million further users are put into the store by its own language: they are weight,
//! nobody of them signs in. `--quick` puts in ten thousand, to see that it runs.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures and prints")]

#[path = "../tests/postgres/cluster.rs"]
#[expect(dead_code, reason = "the tests crash it, too")]
mod cluster;

use cluster::Cluster;
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, ChallengeId, Confirmation, Context, Grant, HashCost, LocalKeys, Policy,
    Store, Subject, Verifier, policy::RecoveryKind,
};
use keyhaven_verifier_postgres::{
    PostgresStore,
    tokio_postgres::{self, NoTls},
};
use keyhaven_verifier_sqlite::SqliteStore;
use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
type Node<S> = Arc<Verifier<S, LocalKeys>>;
type Users = Arc<Vec<(Subject, Account)>>;

const T0: u64 = 1_800_000_000;
/// Users who sign in.
const USERS: usize = 1_000;
/// Who waits at once.
const TASKS: usize = 64;
const SPAN: Duration = Duration::from_secs(8);

fn context(now: u64) -> Context {
    Context::new(now.into(), SecretText::new("session".to_owned()))
}

/// Processor seconds of this process so far (proc(5): fields 14 and 15 of stat, in hundredths).
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        behind.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

async fn policy<S: Store>(node: &Node<S>) -> Outcome<()> {
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::None;
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_day = 1_000_000;
    policy.attempts.per_tenant_hour = 1_000_000_000;
    node.put_policy(&Actor::operator("bench"), "acme", &policy, 0, T0.into()).await?;
    Ok(())
}

async fn enrol<S: Store>(node: &Node<S>) -> Outcome<Users> {
    let mut enrolling = Vec::new();
    for number in 0..USERS {
        let node = node.clone();
        enrolling.push(tokio::spawn(async move {
            let who = Subject::new("acme", &format!("user {number}"))?;
            let pending = node.enrol_totp(&who, "Acme", "user", Grant::First, &context(T0)).await?;
            let account = parse_uri(pending.uri.expose())?.account;
            let answer = Answer::code(&account.code_at(T0)?.text);
            match node.confirm(&who, &pending.challenge, answer, &context(T0)).await? {
                Confirmation::Enrolled(_) => Ok::<_, Box<dyn Error + Send + Sync>>((who, account)),
                other => Err(format!("not enrolled: {other:?}").into()),
            }
        }));
    }
    let mut users = Vec::new();
    for task in enrolling {
        users.push(task.await??);
    }
    Ok(Arc::new(users))
}

async fn challenge<S: Store>(node: &Node<S>, who: &Subject, now: u64) -> Outcome<ChallengeId> {
    match node.begin(who, Action::Login, &context(now)).await? {
        Begin::Challenge(question) => Ok(question.id),
        other => Err(format!("no challenge: {other:?}").into()),
    }
}

/// What was measured: seconds of each verification, and what they took together.
struct Measured {
    took: Vec<f64>,
    seconds: f64,
    processor: f64,
}

impl Measured {
    fn print(mut self, what: &str, ceiling: f64) {
        self.took.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (self.took.len() as f64 * share) as usize;
            1_000.0 * self.took.get(place).copied().unwrap_or_default()
        };
        let count = self.took.len() as f64;
        let rate = count / self.seconds;
        println!(
            "{what:<44} {rate:>8.0} /s  median {:>6.1} ms  p99 {:>6.1} ms  own CPU {:>4.0} µs  {:>5.2} × ceiling",
            at(0.5),
            at(0.99),
            1e6 * self.processor / count,
            rate / ceiling,
        );
    }
}

/// Right codes, each of another user and time step: the answer is measured, its challenge was opened before.
async fn distinct<S: Store>(node: &Node<S>, users: &Users, from: u64) -> Outcome<Measured> {
    measure(|task, until| {
        let (node, users) = (node.clone(), users.clone());
        async move {
            let (mut took, mut busy) = (Vec::new(), Duration::ZERO);
            let (mut index, mut now) = (task, from);
            while busy < until {
                let (who, account) = &users[index];
                let asked = challenge(&node, who, now).await?;
                let code = account.code_at(now)?.text;
                let begun = Instant::now();
                let decision = node.answer(who, &asked, Answer::code(&code), &context(now)).await?;
                took.push(begun.elapsed().as_secs_f64());
                busy += begun.elapsed();
                if !decision.is_accepted() {
                    return Err(format!("{decision:?}").into());
                }
                index += TASKS;
                if index >= users.len() {
                    (index, now) = (task, now + 30);
                }
            }
            Ok(took)
        }
    })
    .await
}

/// One user, many at once: the same code by all, one of them right, then the next time step.
async fn hot<S: Store>(node: &Node<S>, users: &Users, from: u64) -> Outcome<Measured> {
    measure(|_, until| {
        let (node, users) = (node.clone(), users.clone());
        async move {
            let (mut took, mut busy, mut now) = (Vec::new(), Duration::ZERO, from);
            let (who, account) = &users[0];
            while busy < until {
                let asked = challenge(&node, who, now).await?;
                let code = account.code_at(now)?.text;
                let begun = Instant::now();
                // Right once, used for all others: each is a decision.
                let _ = node.answer(who, &asked, Answer::code(&code), &context(now)).await?;
                took.push(begun.elapsed().as_secs_f64());
                busy += begun.elapsed();
                now += 30;
            }
            Ok(took)
        }
    })
    .await
}

/// Runs the tasks for a span of answering time each. Challenges are opened in between; the rate is of answers in the
/// time that answering took.
async fn measure<F>(work: impl Fn(usize, Duration) -> F) -> Outcome<Measured>
where
    F: Future<Output = Outcome<Vec<f64>>> + Send + 'static,
{
    let before = processor();
    let running: Vec<_> = (0..TASKS).map(|task| tokio::spawn(work(task, SPAN))).collect();
    let mut took = Vec::new();
    for task in running {
        took.extend(task.await??);
    }
    let seconds = took.iter().sum::<f64>() / TASKS as f64;
    Ok(Measured { took, seconds, processor: processor() - before })
}

async fn rounds<S: Store>(
    node: &Node<S>,
    users: &Users,
    ceiling: f64,
    weight: usize,
    day: u64,
) -> Outcome<()> {
    let from = T0 + day * 10_000_000;
    let label = |what: &str| format!("{what}, {weight} users in the store");
    distinct(node, users, from).await?.print(&label("distinct users"), ceiling);
    hot(node, users, from + 5_000_000).await?.print(&label("one hot user"), ceiling);
    Ok(())
}

fn keys() -> Outcome<LocalKeys> {
    Ok(LocalKeys::new("k1", Key::from_slice(&[7; 32]).ok_or("32 bytes")?))
}

async fn node<S: Store>(store: S) -> Outcome<(Node<S>, Users)> {
    let node = Arc::new(Verifier::new(store, keys()?).await?.with_hash_cost(HashCost::LEAST));
    println!("-- {}", node.store_report().name);
    policy(&node).await?;
    let users = enrol(&node).await?;
    Ok((node, users))
}

async fn sqlite(weight: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let bare = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    bare.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counter VALUES (1, 0);",
    )?;
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < SPAN {
        bare.prepare_cached("UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        done += 1;
    }
    let ceiling = f64::from(done) / start.elapsed().as_secs_f64();
    let path = folder.path().join("v.db");
    let (node, users) = node(SqliteStore::open(&path)?).await?;
    println!("{:<44} {ceiling:>8.0} /s", "ceiling: durable one-row updates");
    rounds(&node, &users, ceiling, USERS, 1).await?;
    let other = rusqlite::Connection::open(&path)?;
    other.execute_batch(&format!(
        "PRAGMA busy_timeout=60000;
         BEGIN;
         CREATE TEMP TABLE more (i INTEGER PRIMARY KEY);
         WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {weight}) INSERT INTO more SELECT i FROM c;
         INSERT INTO subject SELECT tenant, 'weight ' || more.i, created_at, email, shared, must_enrol, email_allowed
           FROM subject, more WHERE user = 'user 0';
         INSERT INTO factor (tenant, user, id, method, generation, state, pending_until, last_step, drift, last_used, body)
         SELECT tenant, 'weight ' || more.i, id, method, generation, state, pending_until, last_step, drift, last_used,
                body FROM factor, more WHERE user = 'user 0';
         INSERT INTO budget SELECT tenant, 'attempts|totp|other|weight ' || more.i, window_start, used, consecutive,
                locked_until FROM budget, more WHERE name = 'attempts|totp|other|user 0';
         COMMIT;"
    ))?;
    drop(other);
    rounds(&node, &users, ceiling, USERS + weight, 2).await
}

async fn postgres(weight: usize) -> Outcome<()> {
    let own;
    let server = match std::env::var(cluster::ADDRESS) {
        Ok(named) => named,
        Err(_) => {
            own = Cluster::start();
            own.address("postgres")
        }
    };
    let address = cluster::database(&server).await;
    let (client, connection) = address.parse::<tokio_postgres::Config>()?.connect(NoTls).await?;
    let connection = tokio::spawn(connection);
    client
        .batch_execute(
            "CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO counter VALUES (1, 0)",
        )
        .await?;
    let update = client.prepare("UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n").await?;
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < SPAN {
        client.query_one(&update, &[]).await?;
        done += 1;
    }
    let ceiling = f64::from(done) / start.elapsed().as_secs_f64();
    let (node, users) = node(PostgresStore::open(&address).await?).await?;
    println!("{:<44} {ceiling:>8.0} /s", "ceiling: durable one-row updates");
    rounds(&node, &users, ceiling, USERS, 1).await?;
    client
        .batch_execute(&format!(
            "INSERT INTO subject SELECT tenant, convert_to('weight ' || i, 'UTF8'), created_at, email, shared,
                    must_enrol, email_allowed FROM subject, generate_series(1, {weight}) i WHERE username = 'user 0';
             INSERT INTO factor SELECT tenant, convert_to('weight ' || i, 'UTF8'), id, n, method, generation, state,
                    pending_until, last_step, drift, last_used, body
               FROM factor, generate_series(1, {weight}) i WHERE username = 'user 0';
             INSERT INTO budget SELECT tenant, convert_to('attempts|totp|other|weight ' || i, 'UTF8'), window_start, used,
                    consecutive, locked_until, keeps_rows
               FROM budget, generate_series(1, {weight}) i WHERE name = 'attempts|totp|other|user 0';
             ANALYZE"
        ))
        .await?;
    rounds(&node, &users, ceiling, USERS + weight, 2).await?;
    drop(client);
    connection.await??;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let weight = if std::env::args().any(|argument| argument == "--quick") { 10_000 } else { 1_000_000 };
    println!("{TASKS} at once; each verification is Verifier::answer with a code, decided and durable");
    sqlite(weight).await?;
    postgres(weight).await
}
