//! Opening the file, its schema, and the proof that it keeps what guards rest on.

use crate::worker::Failed;
use keyhaven_verifier::store::StoreReport;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{io, path::Path, time::Duration};
use thiserror::Error;

/// Marks the file as ours: "KHvf".
const APPLICATION: i64 = 0x4b48_7666;
/// The schema, one step after the other; what was released is never changed.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema-2.sql"), include_str!("schema-3.sql")];
/// How long another process' write is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Why the file was not opened. It was not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite says no.
    #[error("the verifier's database cannot be opened: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file holds another program's tables.
    #[error("the file is a database of another program")]
    Foreign,
    /// A newer version wrote it.
    #[error("the database has schema {found}; this version knows {}", MIGRATIONS.len())]
    Newer {
        /// The schema's version.
        found: i64,
    },
    /// The file can only be read. A use that cannot be written down would not be a use.
    #[error("the verifier's database can only be read here")]
    ReadOnly,
    /// The file system keeps no write-ahead log, which happens on network file systems.
    #[error("no write-ahead log can be kept here (journal mode {mode})")]
    NoLog {
        /// The journal mode that SQLite fell back to.
        mode: String,
    },
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Thread(#[from] io::Error),
}

pub(crate) fn writer(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (application != 0 || version != 0 || tables != 0) {
        return Err(OpenError::Foreign);
    }
    if version > MIGRATIONS.len() as i64 {
        return Err(OpenError::Newer { found: version });
    }
    if connection.is_readonly("main")? {
        return Err(OpenError::ReadOnly);
    }
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoLog { mode });
    }
    // NORMAL may lose the last commits at a power cut: a code that was used a second ago would be good again.
    connection
        .execute_batch("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;")?;
    migrate(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Runs the steps that the file lacks. The version is read again inside the transaction: another process may have
/// opened the same new file.
fn migrate(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = version as usize;
    for step in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    if version < MIGRATIONS.len() {
        transaction.execute_batch(&format!(
            "PRAGMA application_id={APPLICATION}; PRAGMA user_version={};",
            MIGRATIONS.len()
        ))?;
    }
    transaction.commit()
}

pub(crate) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Tries the shape of every guard, `UPDATE … WHERE guard RETURNING`, on this very file, and takes it back.
pub(crate) fn self_test(connection: &Connection) -> Result<StoreReport, Failed> {
    const NAME: &str = "\u{0}self-test";
    let claim = |step: i64| {
        connection
            .query_row(
                "UPDATE budget SET used=?1 WHERE tenant=?2 AND name='' AND used<?1 RETURNING used",
                (step, NAME),
                |row| row.get::<_, i64>(0),
            )
            .optional()
    };
    connection.execute_batch("SAVEPOINT self_test")?;
    let outcome = (|| {
        connection.execute("INSERT INTO budget VALUES (?1, '', 0, 5, 0, 0)", [NAME])?;
        Ok::<_, rusqlite::Error>([claim(6)?, claim(6)?, claim(5)?, claim(7)?])
    })();
    connection.execute_batch("ROLLBACK TO self_test; RELEASE self_test")?;
    if outcome? != [Some(6), None, None, Some(7)] {
        return Err(Failed("a guard that did not hold was reported as held".to_owned()));
    }
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if synchronous < 2 {
        return Err(Failed(format!("synchronous is {synchronous}, so commits may be lost")));
    }
    Ok(StoreReport { name: format!("SQLite {}", rusqlite::version()), durable: true })
}
