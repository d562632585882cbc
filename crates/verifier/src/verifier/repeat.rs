//! Requests with a name (idempotency keys). What one came to is kept in the transaction that did it, so that the same
//! request, asked again or twice at once, comes to the same and uses nothing up a second time; what it is charged for is
//! charged once.
//!
//! "The same" is the same call, by the same user in the same session, under the same name and with the same arguments.
//! What is kept is sealed under a key that follows from all of these and from the tenant's key: who has the database and
//! every key of it, and not the session's secret, cannot open it.

use super::{Loaded, Verifier, reply::Kept};
use crate::{
    Budget, BudgetKey, Context, Event, Failure, KeyProvider, Limit, REPEAT, REPEAT_SHOWN, Store, Tag,
    Timestamp,
    keys::{Purpose, joined},
    record::Reply,
    store::{Change, Charge, Charged, Query, Settled},
};
use keyhaven_secret::SecretBytes;

/// A request with a name.
pub(super) struct Named {
    /// All that makes it this request.
    parts: SecretBytes,
    /// By which a store knows it again.
    tag: Tag,
    /// For how long.
    seconds: u64,
}

/// What became of a settlement for a request that may have a name.
pub(super) enum Ended<T> {
    /// It was done.
    Done,
    /// The same request was decided before, or at the same moment by somebody else: this is what it came to.
    Before(T),
    /// The change at this index did not hold.
    Lost(usize),
}

/// What became of charging for a request that may have a name.
pub(super) enum Paid {
    /// Each budget as it stands.
    Granted {
        budgets: Vec<Budget>,
        /// Whether it was charged now; else the same request was charged for before, and is not again.
        own: bool,
    },
    /// As [`Charged::Refused`].
    Refused { at: usize, budget: Budget, until: Option<Timestamp>, began: bool },
}

impl Loaded {
    /// The request, if it has a name.
    pub(super) fn named(&self, call: &'static str, arguments: &[&[u8]], context: &Context) -> Option<Named> {
        let name = context.request.as_ref()?;
        let (session, user) = (context.session.expose(), self.user());
        let mut parts = vec![call.as_bytes(), user.as_bytes(), session.as_bytes(), name.as_bytes()];
        parts.extend_from_slice(arguments);
        let parts = SecretBytes::new(joined(&parts));
        let tag = self.keys.tag(Purpose::Request, &[parts.expose()]);
        let seconds = if call == "answer" { REPEAT } else { REPEAT_SHOWN };
        Some(Named { parts, tag, seconds })
    }
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// What the same request came to, if it was asked before. To be asked after the state was loaded that would decide
    /// it anew.
    pub(super) async fn before<T: Kept>(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        now: Timestamp,
    ) -> Result<Option<T>, Failure> {
        let Some(named) = named else { return Ok(None) };
        let query = Query { request: Some(named.tag.clone()), ..self.of(loaded) };
        let kept = self.store.load(query).await?.reply.filter(|reply| reply.until > now);
        let Some(kept) = kept else { return Ok(None) };
        let plain = loaded.keys.open_for("reply", &[named.parts.expose()], &kept.sealed)?;
        T::from_bytes(plain.expose()).map(Some).ok_or(Failure::Sealed { what: "reply" })
    }

    /// Settles, and keeps `reply` with it if the request has a name.
    pub(super) async fn settle_named<T: Kept>(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        reply: &T,
        now: Timestamp,
        mut changes: Vec<Change>,
        events: Vec<Event>,
    ) -> Result<Ended<T>, Failure> {
        if let Some(named) = named {
            let sealed = loaded.keys.seal_for(&[named.parts.expose()], &reply.to_bytes())?;
            // The last second is one of those in which it is known.
            let until = now.plus(named.seconds + 1);
            let reply = Reply { request: named.tag.clone(), until, sealed };
            changes.insert(0, Change::KeepReply(Box::new(reply)));
        }
        Ok(match (self.settle(loaded, now, changes, events).await?, named) {
            (Settled::Done, _) => Ended::Done,
            (Settled::Lost(0), Some(_)) => {
                let before = self.before(loaded, named, now).await?;
                Ended::Before(before.ok_or(Failure::Contended { what: "a named request" })?)
            }
            (Settled::Lost(at), Some(_)) => Ended::Lost(at - 1),
            (Settled::Lost(at), None) => Ended::Lost(at),
        })
    }

    /// Charges, once for each named request: one that is repeated while nobody decided it was paid for.
    pub(super) async fn charge_named(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Paid, Failure> {
        let tenant = loaded.who.tenant();
        let once = named.map(|named| {
            let window = u32::try_from(named.seconds + 1).unwrap_or(u32::MAX);
            let key = BudgetKey::Request(named.tag.as_str().to_owned());
            Charge { key, limit: Limit::per_window(1, window) }
        });
        let front = usize::from(once.is_some());
        let all = once.into_iter().chain(charges.iter().cloned()).collect();
        Ok(match self.store.charge(tenant, all, now).await? {
            Charged::Granted(mut budgets) => Paid::Granted { budgets: budgets.split_off(front), own: true },
            Charged::Refused { at, .. } if at < front => {
                let budgets = charges.iter().map(|charge| charge.key.clone()).collect();
                let budgets = self.store.load(Query { budgets, ..self.of(loaded) }).await?.budgets;
                Paid::Granted { budgets, own: false }
            }
            Charged::Refused { at, budget, until, began } => {
                Paid::Refused { at: at - front, budget, until, began }
            }
        })
    }

    fn of(&self, loaded: &Loaded) -> Query {
        let (tenant, user) = (loaded.who.tenant().to_owned(), loaded.user().to_owned());
        Query { tenant, user, ..Query::default() }
    }
}
