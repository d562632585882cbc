//! The verifier: loads what is there, lets [`crate::decide`] decide, and settles what follows.

mod admin;
mod answer;
mod begin;
mod enrol;
mod grant;
mod manage;
mod notice;
mod repeat;
mod reply;
mod rotate;
mod seal;
mod send;
mod settle;

pub use admin::{AdminError, IssuedTicket, Profile, ReportRow, TicketRequest, report_csv};
pub use enrol::{EnrolError, Joined, PendingCode, PendingPush, PendingSent};
pub use grant::Grant;
pub use manage::ManageError;
pub use rotate::{Progress, UnderFormerKeys};

use crate::{
    BudgetKey, ChallengeId, Context, Failure, HashCost, IpMatch, KeyProvider, NotRequired, Policy, REPEAT,
    Store, Subject, Tag, TicketId, Timestamp,
    context::network,
    key_cache::KeyCache,
    keys::{Purpose, TenantKeys},
    record::{Trust, TrustKind},
    store::{Query, Snapshot, StoreReport},
};
use std::sync::Arc;

/// How often a decision is made anew when the state changed while it was made.
const ATTEMPTS: u32 = 3;

/// Decides about second factors. One value serves every tenant and every thread.
///
/// Recovery codes cost an Argon2id hash each (20 ms with [`HashCost::default`]) on the thread that polls; everything
/// else is microseconds and the store's time.
pub struct Verifier<S, K> {
    store: S,
    keys: K,
    cache: KeyCache,
    hash_cost: HashCost,
    report: StoreReport,
}

/// Everything known about a user at one moment.
pub(crate) struct Loaded {
    pub who: Subject,
    pub policy: Policy,
    pub revision: u64,
    pub keys: Arc<TenantKeys>,
    pub state: Snapshot,
}

/// A trusted context that a request comes from.
pub(crate) enum Trusted {
    No,
    /// From the network of this entry.
    Network(Trust),
    /// From the device of this entry, showing its current token, or the one before it within the last moments.
    Device {
        trust: Trust,
        current: bool,
    },
    /// A token of this device that was rotated away long ago: somebody has a copy.
    Copied(Trust),
}

impl Trusted {
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Device { .. })
    }

    pub fn pass(&self) -> Option<(NotRequired, Timestamp)> {
        match self {
            Self::Network(trust) => Some((NotRequired::SameIp, trust.expires_at)),
            Self::Device { trust, .. } => Some((NotRequired::TrustedDevice, trust.expires_at)),
            Self::No | Self::Copied(_) => None,
        }
    }
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// A verifier over a store, which is tested first.
    ///
    /// # Errors
    /// The store does not answer, or its database does not keep the promises that guards rest on.
    pub async fn new(store: S, keys: K) -> Result<Self, Failure> {
        let report = store.self_test().await?;
        Ok(Self { store, keys, cache: KeyCache::default(), hash_cost: HashCost::default(), report })
    }

    /// The same with another measure of how many tenants' unwrapped keys are kept in memory, and for how many seconds: 1,024
    /// and 300 unless said, none where either is 0. So long a key-encryption key that was withdrawn from the provider still
    /// serves tenants that were just asked about, and so long a provider that does not answer is not missed.
    #[must_use]
    pub fn with_key_cache(mut self, tenants: usize, seconds: u32) -> Self {
        self.cache = KeyCache::new(tenants, seconds.into());
        self
    }

    /// The same with another cost of hashing recovery codes.
    #[must_use]
    pub fn with_hash_cost(mut self, cost: HashCost) -> Self {
        self.hash_cost = cost;
        self
    }

    /// What the store found out about itself.
    pub fn store_report(&self) -> &StoreReport {
        &self.report
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    pub(crate) async fn load(&self, who: &Subject, now: Timestamp) -> Result<Loaded, Failure> {
        self.load_with(who, None, None, Vec::new(), now).await
    }

    pub(crate) async fn load_with(
        &self,
        who: &Subject,
        challenge: Option<&ChallengeId>,
        ticket: Option<&TicketId>,
        budgets: Vec<BudgetKey>,
        now: Timestamp,
    ) -> Result<Loaded, Failure> {
        let query = Query {
            tenant: who.tenant().to_owned(),
            user: who.user().to_owned(),
            challenge: challenge.cloned(),
            ticket: ticket.cloned(),
            request: None,
            budgets,
        };
        let state = self.store.load(query).await?;
        let tenant = state
            .tenant
            .as_ref()
            .ok_or_else(|| Failure::UnknownTenant { tenant: who.tenant().to_owned() })?;
        // A policy is validated before it is stored; one that is none any more was changed in the database.
        let policy = Policy::from_json(&tenant.policy).map_err(|_| Failure::Sealed { what: "policy" })?;
        let keys = match self.cache.find(who.tenant(), &tenant.keys, now) {
            Some(keys) => keys,
            None => {
                let keys = Arc::new(TenantKeys::unwrap(&self.keys, who.tenant(), &tenant.keys).await?);
                self.cache.keep(who.tenant(), &tenant.keys, &keys, now);
                keys
            }
        };
        let revision = tenant.revision;
        Ok(Loaded { who: who.clone(), policy, revision, keys, state })
    }
}

impl Loaded {
    pub fn user(&self) -> &str {
        self.who.user()
    }

    pub fn session(&self, context: &Context) -> Tag {
        self.keys.tag(Purpose::Session, &[self.user().as_bytes(), context.session.expose().as_bytes()])
    }

    /// Whether a record is of the session that asks.
    pub fn is_session(&self, tag: &Tag, context: &Context) -> bool {
        let parts = [self.user().as_bytes(), context.session.expose().as_bytes()];
        self.keys.is(tag, Purpose::Session, &parts)
    }

    /// The network that wrong answers are counted for.
    pub fn counted_network(&self, context: &Context) -> Option<String> {
        let rule = IpMatch::Prefix { v4: 24, v6: 48 };
        context
            .ip
            .map(|ip| self.keys.tag(Purpose::Network, &[network(ip, rule).as_bytes()]).as_str().to_owned())
    }

    pub fn network_tag(&self, context: &Context) -> Option<Tag> {
        let text = network(context.ip?, self.policy.trust.ip?);
        Some(self.keys.tag(Purpose::Network, &[self.user().as_bytes(), text.as_bytes()]))
    }

    fn is_network(&self, tag: &Tag, context: &Context) -> bool {
        let text = context.ip.zip(self.policy.trust.ip).map(|(ip, rule)| network(ip, rule));
        text.is_some_and(|text| {
            self.keys.is(tag, Purpose::Network, &[self.user().as_bytes(), text.as_bytes()])
        })
    }

    pub fn device_tag(&self, id: &str, secret: &str) -> Tag {
        self.keys.tag(Purpose::Device, &[self.user().as_bytes(), id.as_bytes(), secret.as_bytes()])
    }

    /// Whether the request comes from a trusted context.
    pub fn trusted(&self, context: &Context) -> Trusted {
        let now = context.now;
        let live =
            |kind| self.state.trusts.iter().filter(move |trust| trust.kind == kind && trust.expires_at > now);
        if let Some((id, secret)) = context
            .device
            .as_ref()
            .filter(|_| self.policy.trust.device)
            .and_then(|token| token.expose().split_once('.'))
        {
            let parts = [self.user().as_bytes(), id.as_bytes(), secret.as_bytes()];
            let is = |tag: &Tag| self.keys.is(tag, Purpose::Device, &parts);
            if let Some(trust) = live(TrustKind::Device).find(|trust| trust.id.as_str() == id) {
                let former = trust.former_tag.as_ref().is_some_and(is);
                if is(&trust.tag) {
                    return Trusted::Device { trust: trust.clone(), current: true };
                }
                if former && now.seconds_since(trust.rotated_at) <= REPEAT {
                    return Trusted::Device { trust: trust.clone(), current: false };
                }
                // Whoever knows the device's id without any of its tokens has seen an older one.
                return Trusted::Copied(trust.clone());
            }
        }
        let hit = live(TrustKind::Network).find(|trust| self.is_network(&trust.tag, context));
        hit.map_or(Trusted::No, |trust| Trusted::Network(trust.clone()))
    }
}
