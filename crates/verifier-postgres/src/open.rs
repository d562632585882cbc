//! Connecting, the schema, and the proof that the database keeps what guards rest on.

use crate::failed::{Failed, Kind};
use deadpool_postgres::{Client, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use keyhaven_verifier::store::StoreReport;
use std::time::Duration;
use thiserror::Error;
use tokio_postgres::{
    Config, Socket,
    error::SqlState,
    tls::{MakeTlsConnect, TlsConnect},
};

/// The schema, one step after the other; what was released is never changed.
pub(crate) const MIGRATIONS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema-2.sql")];
/// Connections of one process, unless it asks for another number.
const CONNECTIONS: usize = 8;
/// How long a new connection is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a free one is. Behind a rush of callers each one's turn comes; who waits is told nothing wrong.
const TURN: Duration = Duration::from_secs(30);
/// What every connection says first. A node that stops in the middle of a transaction may not hold up a tenant's other
/// nodes, and none waits for ever. Milliseconds, as older servers take them.
const GREETING: &str = "SET idle_in_transaction_session_timeout = 10000; SET lock_timeout = 5000;
     SET statement_timeout = 15000";

/// Why the database was not opened. Its tables were not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The connection string does not say where the database is.
    #[error("the database's address cannot be read: {0}")]
    Address(tokio_postgres::Error),
    /// There is no connection.
    #[error("the verifier's database cannot be reached: {0}")]
    Connect(String),
    /// The schema could not be read or brought up to this version.
    #[error("the verifier's tables cannot be made: {0}")]
    Schema(String),
    /// A newer version wrote it.
    #[error("the database has schema {found}; this version knows {}", MIGRATIONS.len())]
    Newer {
        /// The schema's version.
        found: i64,
    },
}

pub(crate) fn pool<T>(config: Config, tls: T, connections: Option<usize>) -> Result<Pool, OpenError>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls, recycling);
    let greet = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(GREETING).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(connections.unwrap_or(CONNECTIONS).max(1))
        .runtime(Runtime::Tokio1)
        .timeouts(deadpool_postgres::Timeouts {
            wait: Some(TURN),
            create: Some(PATIENCE),
            recycle: Some(PATIENCE),
        })
        .post_create(greet)
        .build()
        .map_err(|error| OpenError::Connect(error.to_string()))
}

fn schema(error: impl Into<Failed>) -> OpenError {
    OpenError::Schema(error.into().detail)
}

/// Brings the schema up to this version, `upto` steps. Several nodes may start at once: one makes the tables, the others
/// wait for its row and find them made.
pub(crate) async fn migrate(pool: &Pool, upto: usize) -> Result<(), OpenError> {
    let client = pool.get().await.map_err(|error| OpenError::Connect(Failed::from(error).detail))?;
    // A connection of its own, without the others' impatience: a step through a large table takes its time, and the nodes
    // that start at the same moment wait for whoever does it.
    let mut client = Client::take(client);
    client.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0").await.map_err(schema)?;
    // Two who make the same table at the same time are told apart by an index of the catalogue; it is there then.
    let made = client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS verifier_schema (one BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)",
        )
        .await;
    match made {
        Err(error)
            if error.code().is_none_or(|code| {
                ![SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT]
                    .contains(code)
            }) =>
        {
            return Err(schema(error));
        }
        _ => {}
    }
    client
        .execute("INSERT INTO verifier_schema (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING", &[])
        .await
        .map_err(schema)?;
    let transaction = client.transaction().await.map_err(schema)?;
    let row = transaction
        .query_one("SELECT version FROM verifier_schema WHERE one = 1 FOR UPDATE", &[])
        .await
        .map_err(schema)?;
    let found: i64 = row.try_get(0).map_err(schema)?;
    let version = usize::try_from(found).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer { found });
    }
    for (step, text) in MIGRATIONS.iter().enumerate().take(upto).skip(version) {
        transaction.batch_execute(text).await.map_err(schema)?;
        let next = i64::try_from(step + 1).unwrap_or(i64::MAX);
        transaction
            .execute("UPDATE verifier_schema SET version = $1 WHERE one = 1", &[&next])
            .await
            .map_err(schema)?;
    }
    transaction.commit().await.map_err(schema)
}

/// Tries the shape of every guard on this very database, and takes it back; then asks whether commits are kept.
pub(crate) async fn self_test(pool: &Pool) -> Result<StoreReport, Failed> {
    let mut last = Failed::record("nothing was tried".to_owned());
    for _ in 0..3 {
        let client = pool.get().await?;
        match guards(&client).await {
            Ok(report) => return Ok(report),
            Err(failed) => {
                drop(Client::take(client));
                if failed.kind == Kind::Refused {
                    return Err(failed);
                }
                last = failed;
            }
        }
    }
    Err(last)
}

async fn guards(client: &Client) -> Result<StoreReport, Failed> {
    client.batch_execute("BEGIN").await?;
    client
        .execute(
            "INSERT INTO budget (tenant, name, window_start, used, consecutive, locked_until, keeps_rows)
             VALUES ($1, '', 0, 5, 0, 0, FALSE)",
            &[&&b"\0self-test"[..]],
        )
        .await?;
    let mut claims = Vec::new();
    for step in [6_i64, 6, 5, 7] {
        let rows = client
            .query(
                "UPDATE budget SET used = $1 WHERE tenant = $2 AND name = '' AND used < $1 RETURNING used",
                &[&step, &&b"\0self-test"[..]],
            )
            .await?;
        claims.push(rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?);
    }
    client.batch_execute("ROLLBACK").await?;
    if claims != [Some(6), None, None, Some(7)] {
        return Err(Failed::record("a guard that did not hold was reported as held".to_owned()));
    }
    // Servers that speak the same language but have no such setting keep every commit.
    let row = client
        .query_one(
            "SELECT coalesce(current_setting('synchronous_commit', TRUE), 'on'),
                    coalesce(current_setting('fsync', TRUE), 'on'), version()",
            &[],
        )
        .await?;
    let (synchronous, fsync, version): (&str, &str, &str) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if synchronous == "off" || fsync == "off" {
        let detail = format!("synchronous_commit is {synchronous} and fsync {fsync}, so commits may be lost");
        return Err(Failed::record(detail));
    }
    let name = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(StoreReport { name, durable: true })
}
