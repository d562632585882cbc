//! Writing: what waits for one tenant goes together in one transaction, a savepoint each, and is committed once.
//!
//! The transaction first locks the tenant's row of `chain`. So the writers of a tenant come one after the other, in every
//! process, and none can wait for another in a circle. Guards do not rest on that lock: each is in its own statement.

use crate::{
    budgets, changes,
    convert::{column, natural, number, seconds},
    failed::{Failed, Kind},
    steps::{self, Ran, Step, params},
};
use deadpool_postgres::{Client, Pool};
use keyhaven_verifier::{
    AuditRecord, CHAIN_START, Event, Timestamp, Unavailable,
    store::{Charge, Charged, Settled, Settlement},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Most jobs in one commit. PostgreSQL keeps 64 open savepoints of a transaction where others find them quickly.
const GROUP: usize = 60;
/// How often a transaction is begun anew that was undone for reasons of the server's.
const ATTEMPTS: u32 = 4;

/// What to write.
pub(crate) enum Work {
    Charge(Vec<Charge>, Timestamp),
    Settle(Box<Settlement>),
}

/// What became of it.
pub(crate) enum Done {
    Charged(Charged),
    Settled(Settled),
}

struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Done, Unavailable>>,
}

/// How a transaction came to no end.
enum Broken {
    /// It was undone.
    Undone(Failed),
    /// The commit was asked for, and nobody knows whether it held.
    Unknown(Failed),
}

impl From<Failed> for Broken {
    fn from(failed: Failed) -> Self {
        Self::Undone(failed)
    }
}

/// Jobs that wait, by tenant. Where a tenant has an entry, a task is at work on its jobs.
pub(crate) struct Groups {
    pool: Pool,
    waiting: Mutex<HashMap<String, Vec<Job>>>,
}

impl Groups {
    pub fn new(pool: Pool) -> Arc<Self> {
        Arc::new(Self { pool, waiting: Mutex::new(HashMap::new()) })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Vec<Job>>> {
        // Nothing that is done under the lock can fail halfway.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one piece of work, together with whatever waits. It is done even if the caller goes away.
    pub async fn run(self: &Arc<Self>, tenant: &str, work: Work) -> Result<Done, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        let job = Job { work, reply };
        let leads = {
            let mut waiting = self.waiting();
            match waiting.get_mut(tenant) {
                Some(jobs) => {
                    jobs.push(job);
                    false
                }
                None => {
                    waiting.insert(tenant.to_owned(), vec![job]);
                    true
                }
            }
        };
        if leads {
            let lead = Lead { groups: self.clone(), tenant: tenant.to_owned(), over: false };
            tokio::spawn(lead.run());
        }
        outcome.await.unwrap_or_else(|_| Err(Unavailable::new("the store", "a writer of it failed")))
    }
}

/// The task that works on one tenant's jobs.
struct Lead {
    groups: Arc<Groups>,
    tenant: String,
    over: bool,
}

impl Lead {
    async fn run(mut self) {
        loop {
            let jobs: Vec<Job> = {
                let mut waiting = self.groups.waiting();
                let Some(queue) = waiting.get_mut(&self.tenant) else { return };
                if queue.is_empty() {
                    waiting.remove(&self.tenant);
                    self.over = true;
                    return;
                }
                let rest = queue.split_off(queue.len().min(GROUP));
                std::mem::replace(queue, rest)
            };
            commit(&self.groups.pool, &self.tenant, jobs).await;
        }
    }
}

impl Drop for Lead {
    /// After a panic: the jobs that wait hear of it, and the next one begins anew.
    fn drop(&mut self) {
        if !self.over {
            self.groups.waiting().remove(&self.tenant);
        }
    }
}

/// Does the jobs and tells each caller, once it is known whether the commit held.
async fn commit(pool: &Pool, tenant: &str, jobs: Vec<Job>) {
    let (work, replies): (Vec<Work>, Vec<_>) = jobs.into_iter().map(|job| (job.work, job.reply)).unzip();
    let outcomes = match whole(pool, tenant, &work).await {
        Ok(outcomes) => outcomes,
        Err(failed) => work.iter().map(|_| Err(failed.clone())).collect(),
    };
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        // A caller that went away does not hear; what was done is done.
        drop(reply.send(outcome.map_err(Unavailable::from)));
    }
}

async fn whole(pool: &Pool, tenant: &str, work: &[Work]) -> Result<Vec<Result<Done, Failed>>, Failed> {
    let mut attempt = 1;
    loop {
        let client = pool.get().await?;
        let failed = match transaction(&client, tenant, work).await {
            Ok(done) => return Ok(done),
            Err(Broken::Unknown(failed)) => {
                drop(Client::take(client));
                // Only the caller can find out, by asking again.
                return Err(failed);
            }
            Err(Broken::Undone(failed)) => failed,
        };
        // The connection goes, and with it whatever it had begun.
        drop(Client::take(client));
        if failed.kind == Kind::Refused || attempt == ATTEMPTS {
            return Err(failed);
        }
        attempt += 1;
    }
}

/// One transaction with everything in it.
async fn transaction(
    client: &Client,
    tenant: &str,
    work: &[Work],
) -> Result<Vec<Result<Done, Failed>>, Broken> {
    let mut group = Group { client, tenant, before: Vec::new(), chain: begin(client, tenant).await? };
    let mut outcomes = Vec::with_capacity(work.len());
    for work in work {
        let outcome = match work {
            Work::Charge(charges, now) => group.charge(charges, *now).await.map(Done::Charged),
            Work::Settle(settlement) => group.settle(settlement).await.map(Done::Settled),
        };
        match outcome {
            Err(failed) if failed.kind != Kind::Refused => return Err(failed.into()),
            outcome => outcomes.push(outcome),
        }
    }
    group.commit().await?;
    Ok(outcomes)
}

/// Begins, and locks the end of the tenant's chain: its place and hash. A tenant's first writer makes the row.
async fn begin(client: &Client, tenant: &str) -> Result<Chain, Failed> {
    let lock = [
        Step::word("BEGIN ISOLATION LEVEL READ COMMITTED"),
        Step::plain(
            "SELECT sequence, hash FROM chain WHERE tenant = $1 FOR UPDATE",
            params![tenant.as_bytes()],
        ),
    ];
    let mut rows = steps::run(client, &lock).await.all()?;
    if rows.iter().all(Vec::is_empty) {
        let make = Step::plain(
            "INSERT INTO chain (tenant, sequence, hash) VALUES ($1, 0, $2)
                ON CONFLICT (tenant) DO UPDATE SET sequence = chain.sequence RETURNING sequence, hash",
            params![tenant.as_bytes(), CHAIN_START],
        );
        rows = steps::run(client, &[make]).await.all()?;
    }
    let row = rows.iter().flatten().next();
    let row = row.ok_or_else(|| Failed::record("the chain's row was neither found nor made".to_owned()))?;
    Ok(Chain { sequence: natural(row, "sequence")?, hash: column(row, "hash")?, new: Vec::new() })
}

/// The end of the tenant's chain, and what is appended to it.
struct Chain {
    sequence: u64,
    hash: String,
    new: Vec<AuditRecord>,
}

impl Chain {
    fn append<'a>(&mut self, tenant: &str, now: Timestamp, events: impl Iterator<Item = &'a Event>) {
        for event in events {
            let record = AuditRecord::following(tenant, self.sequence, &self.hash, now, event);
            self.sequence = record.sequence;
            self.hash.clone_from(&record.hash);
            self.new.push(record);
        }
    }
}

const KEEP: [&str; 1] = ["RELEASE SAVEPOINT job"];
const UNDO: [&str; 2] = ["ROLLBACK TO SAVEPOINT job", "RELEASE SAVEPOINT job"];

/// A transaction under way.
struct Group<'a> {
    client: &'a Client,
    tenant: &'a str,
    /// Words that are sent with the next statements.
    before: Vec<&'static str>,
    chain: Chain,
}

impl Group<'_> {
    /// Runs a job's statements in a savepoint, which is still open afterwards.
    async fn run(&mut self, of_job: Vec<Step<'_>>) -> Ran {
        let mut steps: Vec<Step<'_>> = std::mem::take(&mut self.before).into_iter().map(Step::word).collect();
        steps.push(Step::word("SAVEPOINT job"));
        let ahead = steps.len();
        steps.extend(of_job);
        let mut ran = steps::run(self.client, &steps).await;
        ran.rows.drain(..ahead.min(ran.rows.len()));
        ran
    }

    async fn charge(&mut self, charges: &[Charge], now: Timestamp) -> Result<Charged, Failed> {
        let asked = charges.iter().map(|charge| budgets::charge(self.tenant, charge, now)).collect();
        let ran = self.run(asked).await;
        let refused = ran.rows.iter().position(Vec::is_empty);
        if refused.is_none() && ran.failed.is_none() {
            self.before.extend(KEEP);
            return ran
                .rows
                .iter()
                .map(|rows| budgets::budget(rows))
                .collect::<Result<_, _>>()
                .map(Charged::Granted);
        }
        let Some(at) = refused else {
            self.before.extend(UNDO);
            return Err(ran.failed.unwrap_or_else(|| Failed::record("a charge without outcome".to_owned())));
        };
        let mut steps: Vec<Step<'_>> = UNDO.into_iter().map(Step::word).collect();
        steps.extend(budgets::refuse(self.tenant, &charges[at], now));
        let rows = steps::run(self.client, &steps).await.all()?;
        let (found, before) =
            rows.split_last().map_or((&[][..], &[][..]), |(last, rest)| (last.as_slice(), rest));
        let budget = budgets::budget(found)?;
        let began = before.iter().any(|rows| !rows.is_empty());
        let until = budget.exhausted(&charges[at].limit, now).and_then(|exhausted| exhausted.until);
        Ok(Charged::Refused { at, budget, until, began })
    }

    async fn settle(&mut self, settlement: &Settlement) -> Result<Settled, Failed> {
        let (steps, owners) = changes::steps(settlement)?;
        let guarded: Vec<bool> = steps.iter().map(|step| step.guarded).collect();
        let ran = self.run(steps).await;
        let lost = ran.rows.iter().zip(&guarded).position(|(rows, guarded)| *guarded && rows.is_empty());
        if let Some(at) = lost {
            self.before.extend(UNDO);
            // An error behind it tells nothing: what is there was not to be done any more.
            return match ran.failed {
                Some(failed) if failed.kind != Kind::Refused => Err(failed),
                _ => Ok(Settled::Lost(owners[at])),
            };
        }
        if let Some(failed) = ran.failed {
            self.before.extend(UNDO);
            return Err(failed);
        }
        self.before.extend(KEEP);
        // A change that holds always returns a row where it changed something.
        let changed =
            |at: usize| owners.iter().zip(&ran.rows).any(|(owner, rows)| *owner == at && !rows.is_empty());
        let told = settlement.if_changed.iter().filter(|(at, _)| changed(*at)).map(|(_, event)| event);
        self.chain.append(self.tenant, settlement.now, settlement.events.iter().chain(told));
        Ok(Settled::Done)
    }

    async fn commit(self) -> Result<(), Broken> {
        let tenant = self.tenant.as_bytes();
        let mut steps: Vec<Step<'_>> = self.before.into_iter().map(Step::word).collect();
        for record in &self.chain.new {
            steps.push(Step::plain(
                "INSERT INTO audit (tenant, sequence, at, body, hash) VALUES ($1, $2, $3, $4, $5)",
                params![tenant, number(record.sequence)?, seconds(record.at), &record.body, &record.hash],
            ));
        }
        if !self.chain.new.is_empty() {
            steps.push(Step::guarded(
                "UPDATE chain SET sequence = $2, hash = $3 WHERE tenant = $1 RETURNING 1",
                params![tenant, number(self.chain.sequence)?, &self.chain.hash],
            ));
        }
        steps.push(Step::word("COMMIT"));
        let ran = steps::run(self.client, &steps).await;
        match ran.failed {
            None => Ok(()),
            Some(failed) if failed.kind == Kind::Lost && ran.sent => Err(Broken::Unknown(failed)),
            // A statement that was refused makes the commit behind it a rollback.
            Some(failed) => Err(Broken::Undone(failed)),
        }
    }
}
