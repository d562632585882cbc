//! Threads that hold connections. SQLite's calls block; the callers' futures wait on a channel.

use keyhaven_verifier::Unavailable;
use rusqlite::Connection;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// Most jobs in one commit: beyond it, the first would wait for too many others.
const GROUP: usize = 128;

/// Why a job failed, in SQLite's words or ours.
#[derive(Debug, Clone)]
pub(crate) struct Failed(pub String);

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("a record that is none: {error}"))
    }
}

impl From<Failed> for Unavailable {
    fn from(failed: Failed) -> Self {
        Self::new("the store", failed.0)
    }
}

fn gone() -> Unavailable {
    Unavailable::new("the store", "it is closed")
}

/// Tells a job's caller how it ended, once it is known whether the commit held.
type Finish = Box<dyn FnOnce(Result<(), Failed>) + Send>;
/// Does a job, or tells it why it cannot be done; the first part says whether what it wrote may stay.
type Job = Box<dyn FnOnce(Result<&Connection, Failed>) -> (bool, Finish) + Send>;

/// The one thread that writes.
pub(crate) struct Writer(mpsc::Sender<Job>);

impl Writer {
    pub fn start(connection: Connection) -> Result<Self, io::Error> {
        let (sender, jobs) = mpsc::channel();
        thread::Builder::new().name("verifier-writer".to_owned()).spawn(move || write(&connection, &jobs))?;
        Ok(Self(sender))
    }

    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.and_then(work);
            let stays = done.is_ok();
            // A caller that went away does not hear; what was done is done.
            let finish: Finish = Box::new(move |committed| drop(reply.send(committed.and(done))));
            (stays, finish)
        });
        self.0.send(job).map_err(|_| gone())?;
        Ok(outcome.await.map_err(|_| gone())??)
    }
}

fn write(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
            let (_, finish) = first(Err(error.into()));
            finish(Ok(()));
            continue;
        }
        let mut finishes = Vec::new();
        let mut broken = None;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match one(connection, job) {
                (finish, Ok(())) => finishes.push(finish),
                (finish, Err(failed)) => {
                    finishes.push(finish);
                    broken = Some(failed);
                    break;
                }
            }
            if finishes.len() < GROUP {
                next = jobs.try_recv().ok();
            }
        }
        let committed = match broken {
            Some(failed) => Err(failed),
            None => connection.execute_batch("COMMIT").map_err(Failed::from),
        };
        if committed.is_err() && !connection.is_autocommit() {
            // If this fails too, the next BEGIN says so to the next caller.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for finish in finishes {
            finish(committed.clone());
        }
    }
}

/// Does one job in a savepoint of its own, so that its failure takes no other with it. An error says that the whole
/// transaction is gone, as SQLite does it when the disk is full.
fn one(connection: &Connection, job: Job) -> (Finish, Result<(), Failed>) {
    if let Err(error) = connection.execute_batch("SAVEPOINT job") {
        let failed = Failed::from(error);
        let (_, finish) = job(Err(failed.clone()));
        return (finish, Err(failed));
    }
    let (stays, finish) = job(Ok(connection));
    if connection.is_autocommit() {
        return (finish, Err(Failed("the transaction was rolled back".to_owned())));
    }
    let end = if stays { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    (finish, connection.execute_batch(end).map_err(Failed::from))
}

/// Threads that read.
pub(crate) struct Readers(mpsc::Sender<ReadJob>);

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

impl Readers {
    pub fn start(connections: Vec<Connection>) -> Result<Self, io::Error> {
        let (sender, jobs) = mpsc::channel::<ReadJob>();
        let jobs = Arc::new(Mutex::new(jobs));
        for connection in connections {
            let jobs = jobs.clone();
            thread::Builder::new().name("verifier-reader".to_owned()).spawn(move || {
                loop {
                    // A reader that panicked left nothing half done in the channel.
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    job(&connection);
                }
            })?;
        }
        Ok(Self(sender))
    }

    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        let job: ReadJob = Box::new(move |connection| {
            let found =
                connection.unchecked_transaction().map_err(Failed::from).and_then(|moment| work(&moment));
            drop(reply.send(found));
        });
        self.0.send(job).map_err(|_| gone())?;
        Ok(outcome.await.map_err(|_| gone())??)
    }
}
