//! A store that stands before another one: what it does not do itself, it passes on.

/// Writes verbs of a [`Store`](crate::Store) that ask the store in a field and do no more. For stores that stand before
/// another one, to measure, to keep time or to break it on purpose, and have something to say about a few verbs only.
///
/// ```
/// use keyhaven_verifier::store::{Charge, Charged, Settled, Settlement};
/// use keyhaven_verifier::{Store, Timestamp, Unavailable};
///
/// /// A copy to look at, for reports.
/// struct ReadOnly<S>(S);
///
/// impl<S: Store> Store for ReadOnly<S> {
///     async fn charge(&self, _: &str, _: Vec<Charge>, _: Timestamp) -> Result<Charged, Unavailable> {
///         Err(Unavailable::new("the store", "nothing is written here"))
///     }
///     async fn settle(&self, _: Settlement) -> Result<Settled, Unavailable> {
///         Err(Unavailable::new("the store", "nothing is written here"))
///     }
///     async fn sweep(&self, _: Timestamp) -> Result<u64, Unavailable> {
///         Ok(0)
///     }
///     keyhaven_verifier::pass_on!(0: load users tenants audit explanation expired clock self_test);
/// }
/// ```
#[macro_export]
macro_rules! pass_on {
    ($store:tt: $($verb:ident)*) => { $( $crate::pass_on!(@$verb $store); )* };
    (@charge $store:tt) => {
        async fn charge(
            &self,
            tenant: &str,
            charges: Vec<$crate::store::Charge>,
            now: $crate::Timestamp,
        ) -> Result<$crate::store::Charged, $crate::Unavailable> {
            $crate::Store::charge(&self.$store, tenant, charges, now).await
        }
    };
    (@settle $store:tt) => {
        async fn settle(
            &self,
            settlement: $crate::store::Settlement,
        ) -> Result<$crate::store::Settled, $crate::Unavailable> {
            $crate::Store::settle(&self.$store, settlement).await
        }
    };
    (@load $store:tt) => {
        async fn load(
            &self,
            query: $crate::store::Query,
        ) -> Result<$crate::store::Snapshot, $crate::Unavailable> {
            $crate::Store::load(&self.$store, query).await
        }
    };
    (@users $store:tt) => {
        async fn users(
            &self,
            tenant: &str,
            after: &str,
            limit: u32,
        ) -> Result<Vec<(String, $crate::store::Snapshot)>, $crate::Unavailable> {
            $crate::Store::users(&self.$store, tenant, after, limit).await
        }
    };
    (@tenants $store:tt) => {
        async fn tenants(
            &self,
            after: &str,
            limit: u32,
        ) -> Result<Vec<(String, $crate::record::TenantRecord)>, $crate::Unavailable> {
            $crate::Store::tenants(&self.$store, after, limit).await
        }
    };
    (@audit $store:tt) => {
        async fn audit(
            &self,
            tenant: &str,
            after: u64,
            limit: u32,
        ) -> Result<Vec<$crate::AuditRecord>, $crate::Unavailable> {
            $crate::Store::audit(&self.$store, tenant, after, limit).await
        }
    };
    (@explanation $store:tt) => {
        async fn explanation(
            &self,
            tenant: &str,
            decision: &$crate::DecisionId,
        ) -> Result<Option<$crate::Explanation>, $crate::Unavailable> {
            $crate::Store::explanation(&self.$store, tenant, decision).await
        }
    };
    (@expired $store:tt) => {
        async fn expired(
            &self,
            before: $crate::Timestamp,
            limit: u32,
        ) -> Result<Vec<(String, String, $crate::record::Challenge)>, $crate::Unavailable> {
            $crate::Store::expired(&self.$store, before, limit).await
        }
    };
    (@sweep $store:tt) => {
        async fn sweep(&self, before: $crate::Timestamp) -> Result<u64, $crate::Unavailable> {
            $crate::Store::sweep(&self.$store, before).await
        }
    };
    (@clock $store:tt) => {
        async fn clock(&self) -> Result<Option<std::time::SystemTime>, $crate::Unavailable> {
            $crate::Store::clock(&self.$store).await
        }
    };
    (@self_test $store:tt) => {
        async fn self_test(&self) -> Result<$crate::store::StoreReport, $crate::Unavailable> {
            $crate::Store::self_test(&self.$store).await
        }
    };
}
