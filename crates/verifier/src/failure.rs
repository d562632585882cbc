//! What can go wrong in every operation, apart from the answer being wrong.

use thiserror::Error;

/// Something the verifier stands on did not answer. Nothing was decided: it is never "accepted", never "wrong"
/// (verifier specification R22, fail closed). A shell says 503 and the user may try again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} did not answer: {detail}")]
pub struct Unavailable {
    /// What did not: `the store`, `the key provider`, `random numbers`.
    pub what: &'static str,
    /// Its own words, for operators. Holds no secret.
    pub detail: String,
}

impl Unavailable {
    /// Says that `what` did not answer, and why.
    pub fn new(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, detail: detail.into() }
    }
}

/// Why an operation came to no decision at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// See [`Unavailable`].
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// No policy was ever set for the tenant.
    #[error("tenant {tenant:?} has no policy")]
    UnknownTenant {
        /// The name asked for.
        tenant: String,
    },
    /// A stored record does not open with the tenant's key: it was moved, changed, or belongs to another key.
    #[error("the stored {what} does not open: changed, moved or under another key")]
    Sealed {
        /// Which record.
        what: &'static str,
    },
    /// State kept changing underneath: three attempts lost to other writers.
    #[error("{what} kept changing while it was decided about")]
    Contended {
        /// What changed.
        what: &'static str,
    },
}
