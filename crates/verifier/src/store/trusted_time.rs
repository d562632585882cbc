//! Trusted time: a node whose clock is not the database's decides nothing (verifier specification R24, ASVS 6.5.8).

use super::{Charge, Charged, Query, Settled, Settlement, Snapshot, Store, StoreReport};
use crate::{Timestamp, Unavailable, record::Challenge};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How far a node's clock may be from the database's, and a request's moment ahead of the node's.
pub const MAX_SKEW: Duration = Duration::from_secs(2);
/// How long ago a request's moment may be when it is charged for or settled: behind a rush of callers each has its turn.
pub const MAX_WAIT: Duration = Duration::from_secs(60);
/// How long a comparison holds.
const HOLDS: Duration = Duration::from_secs(10);
/// When one caller compares again, while the others go on by the comparison before.
const RENEWED: Duration = Duration::from_secs(5);

/// A store that reads and writes nothing for a decision while the node's clock and the database's are more than
/// [`MAX_SKEW`] apart: every call of the verifier is then [`Unavailable`], never "accepted" and never "wrong".
///
/// The clocks are compared when the store is tested at the start, and every few seconds after that: one read of the
/// database's clock between two looks at the node's, so that no waiting is taken for a difference. A clock that jumps is
/// found out within ten seconds, or at once where it jumps by more. What is to be looked at in peace (reports, the
/// audit chain, explanations) can be read whatever the clocks say.
///
/// ```
/// # use keyhaven_verifier::{MemoryStore, TrustedTime};
/// # let store = MemoryStore::new();
/// let store = TrustedTime::new(store, std::time::SystemTime::now);
/// ```
pub struct TrustedTime<S, C> {
    store: S,
    clock: C,
    last: Mutex<Option<Compared>>,
}

/// What a comparison came to.
#[derive(Clone, Copy)]
struct Compared {
    /// When, by the node's clock.
    at: SystemTime,
    /// How many milliseconds the node's clock is ahead at least; below zero, behind.
    ahead: i64,
    /// Whether somebody compares again.
    renewing: bool,
}

impl<S: Store, C: Fn() -> SystemTime + Send + Sync + 'static> TrustedTime<S, C> {
    /// The store behind a watch on the node's clock. `clock` is where the moments in the requests come from, too.
    pub fn new(store: S, clock: C) -> Self {
        Self { store, clock, last: Mutex::new(None) }
    }

    /// How many milliseconds the node's clock was ahead of the database's at the last comparison (below zero: behind), as
    /// far as the time that the comparison took allows to say. `None` before the first.
    pub fn skew(&self) -> Option<i64> {
        self.last().as_ref().map(|compared| compared.ahead)
    }

    /// The store behind it.
    pub fn inner(&self) -> &S {
        &self.store
    }

    fn last(&self) -> MutexGuard<'_, Option<Compared>> {
        // Nothing that is done under the lock can fail halfway.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last comparison still holds and was good.
    fn is_known_good(&self, now: SystemTime) -> bool {
        let mut last = self.last();
        let Some(compared) = last.as_mut() else { return false };
        // A clock that was set back is looked at anew.
        let Ok(age) = now.duration_since(compared.at) else { return false };
        if is_too_far(compared.ahead) || age >= HOLDS {
            return false;
        }
        // Whoever comes first compares; if they go away in between, everybody does when it holds no longer.
        age < RENEWED || std::mem::replace(&mut compared.renewing, true)
    }

    async fn compared(&self) -> Result<(), Unavailable> {
        let before = (self.clock)();
        if self.is_known_good(before) {
            return Ok(());
        }
        let database = self.store.clock().await?;
        let at = (self.clock)();
        let ahead = database.map_or(0, |database| ahead(before, database, at));
        *self.last() = Some(Compared { at, ahead, renewing: false });
        if is_too_far(ahead) {
            let (seconds, place) = (
                ahead.unsigned_abs() as f64 / 1_000.0,
                if ahead.is_negative() { "behind" } else { "ahead of" },
            );
            let detail = format!("this node's clock is {seconds:.1} s {place} the database's");
            return Err(Unavailable::new("trusted time", detail));
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().into()
    }

    /// The same for a request that brings its moment.
    async fn compared_for(&self, request: Timestamp) -> Result<(), Unavailable> {
        self.compared().await?;
        let clock = self.now();
        if request.seconds_since(clock) > MAX_SKEW.as_secs() {
            let detail = format!("the request's moment {request} is ahead of this node's clock, {clock}");
            return Err(Unavailable::new("trusted time", detail));
        }
        if clock.seconds_since(request) > MAX_WAIT.as_secs() {
            let detail = format!("the request's moment {request} is long over, it is {clock}");
            return Err(Unavailable::new("trusted time", detail));
        }
        Ok(())
    }

    /// The same for what is over since a moment.
    async fn compared_before(&self, before: Timestamp) -> Result<(), Unavailable> {
        self.compared().await?;
        if before > self.now() {
            let detail = format!("{before} is yet to come on this node's clock");
            return Err(Unavailable::new("trusted time", detail));
        }
        Ok(())
    }
}

fn is_too_far(ahead: i64) -> bool {
    u128::from(ahead.unsigned_abs()) > MAX_SKEW.as_millis()
}

/// How many milliseconds a clock that said `before` and `after` is ahead of one that said `other` in between, at least.
fn ahead(before: SystemTime, other: SystemTime, after: SystemTime) -> i64 {
    // Two looks at a clock that is set meanwhile may come in the wrong order.
    let (first, last) = (before.min(after), before.max(after));
    let millis = |apart: Duration| i64::try_from(apart.as_millis()).unwrap_or(i64::MAX);
    match (first.duration_since(other), other.duration_since(last)) {
        (Ok(ahead), _) => millis(ahead),
        (Err(_), Ok(behind)) => -millis(behind),
        (Err(_), Err(_)) => 0,
    }
}

impl<S: Store, C: Fn() -> SystemTime + Send + Sync + 'static> Store for TrustedTime<S, C> {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        self.compared_for(now).await?;
        self.store.charge(tenant, charges, now).await
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        self.compared_for(settlement.now).await?;
        self.store.settle(settlement).await
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        self.compared().await?;
        self.store.load(query).await
    }

    async fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String, Challenge)>, Unavailable> {
        self.compared_before(before).await?;
        self.store.expired(before, limit).await
    }

    /// A clock that is ahead would forget budgets that count.
    async fn sweep(&self, before: Timestamp) -> Result<u64, Unavailable> {
        self.compared_before(before).await?;
        self.store.sweep(before).await
    }

    async fn self_test(&self) -> Result<StoreReport, Unavailable> {
        self.compared().await?;
        self.store.self_test().await
    }

    crate::pass_on!(store: users tenants audit explanation clock);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn waiting_is_no_difference() {
        assert_eq!(ahead(at(0), at(0), at(0)), 0);
        assert_eq!(ahead(at(0), at(45_000), at(60_000)), 0, "the answer took a minute");
        assert_eq!(ahead(at(5_000), at(2_999), at(9_000)), 2_001);
        assert_eq!(ahead(at(0), at(12_000), at(9_000)), -3_000);
        assert_eq!(ahead(at(9_000), at(12_000), at(0)), -3_000, "set back meanwhile");
    }

    #[test]
    fn two_seconds_are_near_enough() {
        assert!(!is_too_far(2_000) && !is_too_far(-2_000));
        assert!(is_too_far(2_001) && is_too_far(-2_001) && is_too_far(i64::MIN));
    }
}
