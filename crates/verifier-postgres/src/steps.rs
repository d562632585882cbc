//! Statements, sent one behind the other without waiting for each answer.

use crate::failed::Failed;
use deadpool_postgres::Client;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};
use tokio_postgres::{Row, Statement, types::ToSql};

pub(crate) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// One statement. Whether it held, where it has a guard, is whether it returned a row; affected rows are counted
/// nowhere.
pub(crate) struct Step<'a> {
    pub sql: &'static str,
    pub params: Vec<Param<'a>>,
    pub guarded: bool,
}

/// The parameters of a statement.
macro_rules! params {
    ($($param:expr),* $(,)?) => { vec![$(Box::new($param) as $crate::steps::Param<'_>),*] };
}
pub(crate) use params;

impl<'a> Step<'a> {
    /// A statement whose guard is in it, and which ends in `RETURNING`.
    pub fn guarded(sql: &'static str, params: Vec<Param<'a>>) -> Self {
        Self { sql, params, guarded: true }
    }

    /// A statement without guard.
    pub fn plain(sql: &'static str, params: Vec<Param<'a>>) -> Self {
        Self { sql, params, guarded: false }
    }

    /// A word to the server: `BEGIN`, `SAVEPOINT job`.
    pub fn word(sql: &'static str) -> Self {
        Self::plain(sql, Vec::new())
    }
}

/// The rows of each statement, in their order, up to the first that failed.
pub(crate) struct Ran {
    pub rows: Vec<Vec<Row>>,
    pub failed: Option<Failed>,
    /// Whether they were sent: what the server could not even prepare was not.
    pub sent: bool,
}

impl Ran {
    /// All rows.
    pub fn all(self) -> Result<Vec<Vec<Row>>, Failed> {
        self.failed.map_or(Ok(self.rows), Err)
    }
}

/// Sends all statements at once. Behind one that fails, the server refuses the others: they are in the same
/// transaction.
pub(crate) async fn run(client: &Client, steps: &[Step<'_>]) -> Ran {
    let mut statements: Vec<Statement> = Vec::with_capacity(steps.len());
    for step in steps {
        match client.prepare_cached(step.sql).await {
            Ok(statement) => statements.push(statement),
            Err(error) => return Ran { rows: Vec::new(), failed: Some(error.into()), sent: false },
        }
    }
    let running = statements.iter().zip(steps).map(|(statement, step)| async move {
        let params: Vec<&(dyn ToSql + Sync)> =
            step.params.iter().map(|param| param.as_ref() as &(dyn ToSql + Sync)).collect();
        client.query(statement, &params).await
    });
    let mut rows = Vec::with_capacity(steps.len());
    for outcome in in_order(running.collect()).await {
        match outcome {
            Ok(found) => rows.push(found),
            Err(error) => return Ran { rows, failed: Some(error.into()), sent: true },
        }
    }
    Ran { rows, failed: None, sent: true }
}

/// Drives all futures, polling them in their order: a statement is sent at its future's first poll, so this is the order
/// in which the server gets them.
async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut ready = true;
        for (future, outcome) in waiting.iter_mut().zip(&mut done) {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *outcome = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
