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
    sync::{Arc, Mutex},
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
    Context::with_password(now.into(), SecretText::new("session".to_owned()))
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
#[derive(Default)]
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

/// One answer that is going to be given.
struct Due {
    user: usize,
    challenge: ChallengeId,
    code: String,
    now: u64,
}

/// Opens challenges, one for each of `due`, and computes the codes: what is not measured.
async fn prepare<S: Store>(node: &Node<S>, users: &Users, due: &[(usize, u64)]) -> Outcome<Vec<Due>> {
    let mut tasks = Vec::new();
    for part in due.chunks(due.len().div_ceil(TASKS)) {
        let (node, users, part) = (node.clone(), users.clone(), part.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut prepared = Vec::with_capacity(part.len());
            for (user, now) in part {
                let (who, account) = &users[user];
                let challenge = challenge(&node, who, now).await?;
                prepared.push(Due { user, challenge, code: account.code_at(now)?.text, now });
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(prepared)
        }));
    }
    let mut prepared = Vec::with_capacity(due.len());
    for task in tasks {
        prepared.extend(task.await??);
    }
    Ok(prepared)
}

/// Gives the answers, [`TASKS`] at a time, each with its time; how many were accepted.
async fn answer<S: Store>(
    node: &Node<S>,
    users: &Users,
    due: Vec<Due>,
    measured: &mut Measured,
) -> Outcome<usize> {
    let queue = Arc::new(Mutex::new(due));
    let (begun, before) = (Instant::now(), processor());
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (node, users, queue) = (node.clone(), users.clone(), queue.clone());
            tokio::spawn(async move {
                let (mut took, mut accepted) = (Vec::new(), 0);
                loop {
                    let next = queue.lock().map_err(|_| "a task failed")?.pop();
                    let Some(due) = next else {
                        return Ok::<_, Box<dyn Error + Send + Sync>>((took, accepted));
                    };
                    let who = &users[due.user].0;
                    let begun = Instant::now();
                    let typed = Answer::code(&due.code);
                    let decision = node.answer(who, &due.challenge, typed, &context(due.now)).await?;
                    took.push(begun.elapsed().as_secs_f64());
                    accepted += usize::from(decision.is_accepted());
                }
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        let (took, of_task) = task.await??;
        measured.took.extend(took);
        accepted += of_task;
    }
    measured.seconds += begun.elapsed().as_secs_f64();
    measured.processor += processor() - before;
    Ok(accepted)
}

/// Right codes, each of another user: every answer is accepted.
async fn distinct<S: Store>(node: &Node<S>, users: &Users, from: u64) -> Outcome<Measured> {
    let (mut measured, mut now) = (Measured::default(), from);
    while measured.seconds < SPAN.as_secs_f64() {
        let due: Vec<(usize, u64)> = (0..users.len()).map(|user| (user, now)).collect();
        let prepared = prepare(node, users, &due).await?;
        let accepted = answer(node, users, prepared, &mut measured).await?;
        if accepted != users.len() {
            return Err(format!("{accepted} of {} were accepted", users.len()).into());
        }
        now += 30;
    }
    Ok(measured)
}

/// One user, many at once: the same code by all of them, one accepted and every other refused as used; then the next
/// time step.
async fn hot<S: Store>(node: &Node<S>, users: &Users, from: u64) -> Outcome<Measured> {
    let (mut measured, mut now) = (Measured::default(), from);
    while measured.seconds < SPAN.as_secs_f64() {
        let prepared = prepare(node, users, &[(0, now); TASKS]).await?;
        let accepted = answer(node, users, prepared, &mut measured).await?;
        if accepted != 1 {
            return Err(format!("{accepted} were accepted with one code").into());
        }
        now += 30;
    }
    Ok(measured)
}

async fn rounds<S: Store>(
    node: &Node<S>,
    users: &Users,
    ceiling: f64,
    weight: usize,
    day: u64,
) -> Outcome<()> {
    println!("{:<44} {ceiling:>8.0} /s", "ceiling: durable one-row updates");
    let from = T0 + day * 10_000_000;
    let label = |what: &str| format!("{what}, {weight} users in the store");
    // The first round fills caches and prepares statements.
    answer(node, users, prepare(node, users, &[(0, from - 60)]).await?, &mut Measured::default()).await?;
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

/// Durable updates of one row per second by a bare loop, one after the other.
fn sqlite_ceiling(bare: &rusqlite::Connection) -> Outcome<f64> {
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < SPAN {
        bare.prepare_cached("UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

async fn sqlite(weight: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let bare = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    bare.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counter VALUES (1, 0);",
    )?;
    let path = folder.path().join("v.db");
    let (node, users) = node(SqliteStore::open(&path)?).await?;
    rounds(&node, &users, sqlite_ceiling(&bare)?, USERS, 1).await?;
    let other = rusqlite::Connection::open(&path)?;
    let begun = Instant::now();
    other.execute_batch(&format!(
        "PRAGMA busy_timeout=60000;
         BEGIN IMMEDIATE;
         CREATE TEMP TABLE more (i INTEGER PRIMARY KEY);
         WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {weight}) INSERT INTO more SELECT i FROM c;
         INSERT INTO subject SELECT tenant, printf('weight %07d', more.i), created_at, email, shared, must_enrol, email_allowed
           FROM subject, more WHERE user = 'user 0';
         INSERT INTO factor (tenant, user, id, method, generation, state, pending_until, last_step, drift, last_used, body)
         SELECT tenant, printf('weight %07d', more.i), id, method, generation, state, pending_until, last_step, drift, last_used,
                body FROM factor, more WHERE user = 'user 0';
         INSERT INTO budget SELECT tenant, printf('attempts|totp|other|weight %07d', more.i), window_start, used, consecutive,
                locked_until FROM budget, more WHERE name = 'attempts|totp|other|user 0';
         COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    ))?;
    drop(other);
    println!("({weight} users more were put in in {:.0} s)", begun.elapsed().as_secs_f64());
    rounds(&node, &users, sqlite_ceiling(&bare)?, USERS + weight, 2).await
}

/// The same on a server.
async fn postgres_ceiling(client: &tokio_postgres::Client) -> Outcome<f64> {
    let update = client.prepare("UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n").await?;
    let (start, mut done) = (Instant::now(), 0_u32);
    while start.elapsed() < SPAN {
        client.query_one(&update, &[]).await?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
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
    let (node, users) = node(PostgresStore::open(&address).await?).await?;
    rounds(&node, &users, postgres_ceiling(&client).await?, USERS, 1).await?;
    let begun = Instant::now();
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
    // What the filling left to be written is written before anything is measured.
    client.batch_execute("CHECKPOINT").await?;
    println!("({weight} users more were put in in {:.0} s)", begun.elapsed().as_secs_f64());
    rounds(&node, &users, postgres_ceiling(&client).await?, USERS + weight, 2).await?;
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
