//! Tenants' keys that were unwrapped a moment ago, so that a service which holds the key-encryption key is not asked for
//! each request.
//!
//! They lie in memory as keys in use do. What is kept is bounded in number and time, and is found only for the very
//! record that it was unwrapped from: a key that was replaced, wrapped anew or retired by any node is not found any more.

use crate::{Timestamp, keys::TenantKeys, record::KeyRecord};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Tenants whose keys are kept, unless said.
const TENANTS: usize = 1_024;
/// For how many seconds, unless said.
const SECONDS: u64 = 300;

pub(crate) struct KeyCache {
    tenants: usize,
    seconds: u64,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    record: KeyRecord,
    keys: Arc<TenantKeys>,
    /// When they were unwrapped, by the clock of the request.
    at: Timestamp,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self::new(TENANTS, SECONDS)
    }
}

impl KeyCache {
    /// Keeps at most so many tenants' keys for so many seconds.
    pub fn new(tenants: usize, seconds: u64) -> Self {
        Self { tenants, seconds, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        // Nothing that is done under the lock can fail halfway.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what was unwrapped at a moment is kept at another. A clock may have been set back in between.
    fn holds(&self, at: Timestamp, now: Timestamp) -> bool {
        now.seconds_since(at).max(at.seconds_since(now)) < self.seconds
    }

    /// A tenant's keys, if they were unwrapped from this very record and not long ago. Others of the tenant are dropped.
    pub fn find(&self, tenant: &str, record: &KeyRecord, now: Timestamp) -> Option<Arc<TenantKeys>> {
        let mut all = self.kept();
        let kept = all.get(tenant)?;
        if kept.record == *record && self.holds(kept.at, now) {
            return Some(kept.keys.clone());
        }
        all.remove(tenant);
        None
    }

    /// Keeps a tenant's keys; where there is no room, those that were unwrapped first go.
    pub fn keep(&self, tenant: &str, record: &KeyRecord, keys: &Arc<TenantKeys>, now: Timestamp) {
        if self.tenants == 0 || self.seconds == 0 {
            return;
        }
        self.forget_old(now);
        let mut all = self.kept();
        all.remove(tenant);
        while all.len() >= self.tenants {
            let Some(oldest) = all.iter().min_by_key(|(_, kept)| kept.at).map(|(name, _)| name.clone())
            else {
                break;
            };
            all.remove(&oldest);
        }
        all.insert(tenant.to_owned(), Kept { record: record.clone(), keys: keys.clone(), at: now });
    }

    /// Drops a tenant's keys.
    pub fn forget(&self, tenant: &str) {
        self.kept().remove(tenant);
    }

    /// Drops all that were unwrapped too long ago.
    pub fn forget_old(&self, now: Timestamp) {
        self.kept().retain(|_, kept| self.holds(kept.at, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u32) -> KeyRecord {
        KeyRecord { kek: "k".to_owned(), number, wrapped: vec![1], former: Vec::new() }
    }

    fn keys() -> Arc<TenantKeys> {
        Arc::new(TenantKeys::first().unwrap().1)
    }

    fn found(cache: &KeyCache, tenant: &str, now: u64) -> bool {
        cache.find(tenant, &record(1), now.into()).is_some()
    }

    #[test]
    fn keys_are_kept_for_their_time_whichever_way_the_clock_goes() {
        for (now, holds) in [(100, true), (109, true), (110, false), (91, true), (90, false)] {
            let cache = KeyCache::new(9, 10);
            cache.keep("acme", &record(1), &keys(), 100.into());
            assert_eq!(found(&cache, "acme", now), holds, "{now}");
            assert_eq!(found(&cache, "acme", 100), holds, "what was too old is dropped");
            assert!(!found(&cache, "other", 100));
        }
    }

    #[test]
    fn keys_are_those_of_one_record() {
        let cache = KeyCache::new(9, 10);
        let (first, second) = (keys(), keys());
        cache.keep("acme", &record(1), &first, 0.into());
        cache.keep("acme", &record(2), &second, 0.into());
        assert!(cache.find("acme", &record(2), 0.into()).is_some_and(|found| Arc::ptr_eq(&found, &second)));
        assert!(cache.find("acme", &record(1), 0.into()).is_none());
        assert!(cache.find("acme", &record(2), 0.into()).is_none(), "whoever brings another record drops it");
        assert_eq!(Arc::strong_count(&second), 1, "nothing holds it any more");
    }

    #[test]
    fn what_was_unwrapped_first_makes_room_and_what_is_too_old_goes() {
        let cache = KeyCache::new(2, 10);
        for (tenant, now) in [("a", 1), ("b", 0), ("c", 2)] {
            cache.keep(tenant, &record(1), &keys(), now.into());
        }
        assert_eq!(["a", "b", "c"].map(|tenant| found(&cache, tenant, 2)), [true, false, true]);
        cache.keep("c", &record(1), &keys(), 3.into());
        assert!(found(&cache, "a", 3), "room is made for others only");
        cache.forget("a");
        assert!(!found(&cache, "a", 3) && found(&cache, "c", 3));
        cache.forget_old(13.into());
        assert!(!found(&cache, "c", 3));
        for none in [KeyCache::new(0, 10), KeyCache::new(9, 0)] {
            none.keep("a", &record(1), &keys(), 0.into());
            assert!(!found(&none, "a", 0));
        }
    }
}
