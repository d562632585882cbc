//! The verifier's records in one SQLite file.
//!
//! [`SqliteStore`] is a [`Store`]: one writer thread that commits what waits together (group commit), two readers, WAL,
//! `synchronous=FULL`: what was settled survives a power cut, so that no used code comes back to life. Several processes
//! of one machine may share the file. Not on a network file system, and not for several machines: they need a server.
//!
//! ```
//! use keyhaven_verifier::{Actor, Key, LocalKeys, Preset, Timestamp, Verifier};
//! use keyhaven_verifier_sqlite::SqliteStore;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (path, now) = (folder.path().join("verifier.db"), Timestamp::from_unix_seconds(1_800_000_000));
//! let kek = Key::from_slice(&[7; 32]).ok_or("32 bytes")?; // from outside: an environment variable, a file, a service
//! let mfa = Verifier::new(SqliteStore::open(&path)?, LocalKeys::new("2026", kek)).await?;
//! mfa.put_policy(&Actor::operator("ops"), "acme", &Preset::SixCodes.policy(), 0, now).await?;
//! assert!(mfa.store_report().durable);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod budgets;
mod changes;
mod convert;
mod open;
mod read;
mod worker;

pub use open::OpenError;

use keyhaven_verifier::{
    AuditRecord, DecisionId, Explanation, Timestamp, Unavailable,
    record::{Challenge, TenantRecord},
    store::{Charge, Charged, Query, Settled, Settlement, Snapshot, Store, StoreReport},
};
use rusqlite::Connection;
use std::{path::Path, time::SystemTime};
use worker::{Readers, Writer};

/// Records in a SQLite file. Dropping it lets what was asked for finish.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the file at `path`, makes it if there is none, and brings an older one up to this version.
    ///
    /// # Errors
    /// It cannot be opened, belongs to another program, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = open::writer(path)?;
        let readers = vec![open::reader(path)?, open::reader(path)?];
        Ok(Self { writer: Writer::start(writer)?, readers: Readers::start(readers)? })
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, worker::Failed> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.writer.run(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, worker::Failed> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.readers.run(work).await
    }
}

impl Store for SqliteStore {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        let tenant = tenant.to_owned();
        self.write(move |connection| budgets::charge(connection, &tenant, &charges, now)).await
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        self.write(move |connection| changes::settle(connection, &settlement)).await
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        self.read(move |connection| read::snapshot(connection, &query)).await
    }

    async fn users(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, Unavailable> {
        let (tenant, after) = (tenant.to_owned(), after.to_owned());
        self.read(move |connection| read::users(connection, &tenant, &after, limit)).await
    }

    async fn tenants(&self, after: &str, limit: u32) -> Result<Vec<(String, TenantRecord)>, Unavailable> {
        let after = after.to_owned();
        self.read(move |connection| read::tenants(connection, &after, limit)).await
    }

    async fn audit(&self, tenant: &str, after: u64, limit: u32) -> Result<Vec<AuditRecord>, Unavailable> {
        let tenant = tenant.to_owned();
        self.read(move |connection| read::audit(connection, &tenant, after, limit)).await
    }

    async fn explanation(
        &self,
        tenant: &str,
        decision: &DecisionId,
    ) -> Result<Option<Explanation>, Unavailable> {
        let (tenant, decision) = (tenant.to_owned(), decision.clone());
        self.read(move |connection| read::explanation(connection, &tenant, &decision)).await
    }

    async fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String, Challenge)>, Unavailable> {
        self.read(move |connection| read::expired(connection, before, limit)).await
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, Unavailable> {
        self.write(move |connection| changes::sweep(connection, before)).await
    }

    async fn clock(&self) -> Result<Option<SystemTime>, Unavailable> {
        self.read(read::clock).await.map(Some)
    }

    async fn self_test(&self) -> Result<StoreReport, Unavailable> {
        self.write(open::self_test).await
    }
}
