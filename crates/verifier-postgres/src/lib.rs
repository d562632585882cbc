//! The verifier's records in PostgreSQL.
//!
//! [`PostgresStore`] is a [`Store`] for several nodes on one database. What waits for one tenant is committed together,
//! in every node; what was settled survives the end of a node, of the connection and of the server. For one machine the
//! crate `keyhaven-verifier-sqlite` needs no server.
//!
//! The statements keep to what CockroachDB and YugabyteDB take as well: no advisory locks, no `LISTEN`, no sequences, no
//! collations, no affected-row counts. They are prepared once for each connection, so a connection pooler in between has
//! to keep a session to one client.
#![forbid(unsafe_code)]

mod budgets;
mod changes;
mod convert;
mod failed;
mod group;
mod open;
mod read;
mod steps;

pub use open::OpenError;
pub use tokio_postgres;

use deadpool_postgres::{Client, Pool};
use failed::{Failed, Kind};
use group::{Done, Groups, Work};
use keyhaven_verifier::{
    AuditRecord, DecisionId, Explanation, Timestamp, Unavailable,
    record::{Challenge, TenantRecord},
    store::{Charge, Charged, Query, Settled, Settlement, Snapshot, Store, StoreReport},
};
use std::{sync::Arc, time::SystemTime};
use tokio_postgres::{
    Config, NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

/// Records in a PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    groups: Arc<Groups>,
}

impl PostgresStore {
    /// Connects to the database that `address` names (`postgres://user@host/database`, or `host=/run/postgresql
    /// dbname=…`) without TLS: for a socket or a network that nobody else listens on. Makes the tables if there are none,
    /// and brings older ones up to this version.
    ///
    /// # Errors
    /// It cannot be reached, its tables cannot be made, or a newer version wrote them.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        let config = address.parse().map_err(OpenError::Address)?;
        Self::open_with(config, NoTls, None).await
    }

    /// The same by a configuration, with the caller's TLS, and with at most so many connections (8 unless said).
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_with<T>(config: Config, tls: T, connections: Option<usize>) -> Result<Self, OpenError>
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let pool = open::pool(config, tls, connections)?;
        open::migrate(&pool, open::MIGRATIONS.len()).await?;
        Ok(Self { groups: Groups::new(pool.clone()), pool })
    }
}

fn otherwise() -> Unavailable {
    Unavailable::new("the store", "it did something else than was asked")
}

impl Store for PostgresStore {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        match self.groups.run(tenant, Work::Charge(charges, now)).await? {
            Done::Charged(charged) => Ok(charged),
            Done::Settled(_) => Err(otherwise()),
        }
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let tenant = settlement.tenant.clone();
        match self.groups.run(&tenant, Work::Settle(Box::new(settlement))).await? {
            Done::Settled(settled) => Ok(settled),
            Done::Charged(_) => Err(otherwise()),
        }
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        Ok(read::snapshot(&self.pool, &query).await?)
    }

    async fn users(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, Unavailable> {
        Ok(read::users(&self.pool, tenant, after, limit).await?)
    }

    async fn tenants(&self, after: &str, limit: u32) -> Result<Vec<(String, TenantRecord)>, Unavailable> {
        Ok(read::tenants(&self.pool, after, limit).await?)
    }

    async fn audit(&self, tenant: &str, after: u64, limit: u32) -> Result<Vec<AuditRecord>, Unavailable> {
        Ok(read::audit(&self.pool, tenant, after, limit).await?)
    }

    async fn explanation(
        &self,
        tenant: &str,
        decision: &DecisionId,
    ) -> Result<Option<Explanation>, Unavailable> {
        Ok(read::explanation(&self.pool, tenant, decision).await?)
    }

    async fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String, Challenge)>, Unavailable> {
        Ok(read::expired(&self.pool, before, limit).await?)
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, Unavailable> {
        let mut forgotten = 0;
        for sql in changes::SWEEP {
            forgotten += sweep(&self.pool, sql, before).await?;
        }
        Ok(forgotten)
    }

    async fn clock(&self) -> Result<Option<SystemTime>, Unavailable> {
        Ok(Some(read::clock(&self.pool).await?))
    }

    async fn self_test(&self) -> Result<StoreReport, Unavailable> {
        Ok(open::self_test(&self.pool).await?)
    }
}

/// One statement of a sweep. It may lose to writers of the rows that it looks at, and is begun anew then.
async fn sweep(pool: &Pool, sql: &str, before: Timestamp) -> Result<u64, Failed> {
    let mut last = Failed::record("nothing was tried".to_owned());
    for _ in 0..3 {
        let client: Client = pool.get().await?;
        let swept = async {
            let row = client.query_one(sql, &[&convert::seconds(before)]).await?;
            Ok::<i64, Failed>(row.try_get(0)?)
        };
        match swept.await {
            Ok(count) => return Ok(u64::try_from(count).unwrap_or(0)),
            Err(failed) if failed.kind == Kind::Refused => return Err(failed),
            Err(failed) => last = failed,
        }
        drop(Client::take(client));
    }
    Err(last)
}
