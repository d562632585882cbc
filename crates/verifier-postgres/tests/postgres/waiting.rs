//! A store whose process stands still between a charge and the settlement that follows it.

use keyhaven_verifier::{
    Store, Unavailable,
    store::{Change, Settled, Settlement},
};

/// Hands everything on, but says `charged` and stands still before it settles the claim of a step, until it is told a line.
pub struct Waiting<S>(pub S);

impl<S: Store> Store for Waiting<S> {
    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        if settlement.changes.iter().any(|change| matches!(change, Change::ClaimStep { .. })) {
            super::nodes::say("charged 0");
            super::nodes::told().await;
        }
        self.0.settle(settlement).await
    }
    keyhaven_verifier::pass_on!(0: charge load users tenants audit explanation expired sweep clock self_test);
}
