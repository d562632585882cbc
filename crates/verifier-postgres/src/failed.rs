//! Why something could not be done, and what is known about it.

use deadpool_postgres::PoolError;
use keyhaven_verifier::Unavailable;
use tokio_postgres::{Error, error::SqlState};

/// What is known about a statement that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The server undid it, and would do so again.
    Refused,
    /// The server undid it because of another transaction: begun anew, it may hold.
    Again,
    /// The connection broke. What was not committed is undone; a commit that was asked for may have held.
    Lost,
}

/// A failure, in PostgreSQL's words or ours.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub detail: String,
    pub kind: Kind,
}

impl Failed {
    /// A record that cannot be written or read.
    pub fn record(detail: String) -> Self {
        Self { detail, kind: Kind::Refused }
    }
}

fn kind(error: &Error) -> Kind {
    let Some(code) = error.code() else { return Kind::Lost };
    match code.code() {
        "40001" | "40P01" => Kind::Again,
        // "statement completion unknown" (SQL:2016 §24.1), and a transaction that idled too long to be kept.
        "40003" | "25P03" => Kind::Lost,
        // "connection exception", and a server that goes or comes.
        code if code.starts_with("08") || code.starts_with("57P") => Kind::Lost,
        _ => Kind::Refused,
    }
}

/// PostgreSQL's own words; the default text of an error is only "db error".
fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::UNDEFINED_TABLE => {
            format!("{}: the schema is not this version's", said.message())
        }
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => error.to_string(),
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { detail: words(&error), kind: kind(&error) }
    }
}

impl From<PoolError> for Failed {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::record(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::record(format!("a record that is none: {error}"))
    }
}

impl From<Failed> for Unavailable {
    fn from(failed: Failed) -> Self {
        Self::new("the store", failed.detail)
    }
}
