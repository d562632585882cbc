//! A store whose process stands still between a charge and the settlement that follows it.

use keyhaven_verifier::{
    AuditRecord, DecisionId, Explanation, Store, Timestamp, Unavailable,
    record::{Challenge, TenantRecord},
    store::{Change, Charge, Charged, Query, Settled, Settlement, Snapshot, StoreReport},
};
use std::time::SystemTime;

/// Hands everything on, but says `charged` and stands still before it settles the claim of a step, until it is told a line.
pub struct Waiting<S>(pub S);

impl<S: Store> Store for Waiting<S> {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        self.0.charge(tenant, charges, now).await
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        if settlement.changes.iter().any(|change| matches!(change, Change::ClaimStep { .. })) {
            super::nodes::say("charged 0");
            super::nodes::told().await;
        }
        self.0.settle(settlement).await
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        self.0.load(query).await
    }

    async fn users(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, Unavailable> {
        self.0.users(tenant, after, limit).await
    }

    async fn tenants(&self, after: &str, limit: u32) -> Result<Vec<(String, TenantRecord)>, Unavailable> {
        self.0.tenants(after, limit).await
    }

    async fn audit(&self, tenant: &str, after: u64, limit: u32) -> Result<Vec<AuditRecord>, Unavailable> {
        self.0.audit(tenant, after, limit).await
    }

    async fn explanation(
        &self,
        tenant: &str,
        decision: &DecisionId,
    ) -> Result<Option<Explanation>, Unavailable> {
        self.0.explanation(tenant, decision).await
    }

    async fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String, Challenge)>, Unavailable> {
        self.0.expired(before, limit).await
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, Unavailable> {
        self.0.sweep(before).await
    }

    async fn clock(&self) -> Result<Option<SystemTime>, Unavailable> {
        self.0.clock().await
    }

    async fn self_test(&self) -> Result<StoreReport, Unavailable> {
        self.0.self_test().await
    }
}
