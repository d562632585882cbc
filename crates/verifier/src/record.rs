//! What a store keeps. Secrets are sealed, codes and tokens are tags; a store sees neither.

use crate::{
    Action, ChallengeId, DecisionId, FactorId, Method, RecoveryCodeId, Tag, TicketId, Timestamp, TrustId,
    recovery::StoredHash,
};
use keyhaven_otp::Algorithm;
use serde::{Deserialize, Serialize};

/// A tenant: its policy and its wrapped key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Counts policies, from 1.
    pub revision: u64,
    /// The policy document.
    pub policy: String,
    /// The tenant's keys.
    pub keys: KeyRecord,
}

/// A tenant's keys, all wrapped by one key-encryption key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The name of the key-encryption key.
    pub kek: String,
    /// The number of the key that seals, from 1.
    pub number: u32,
    /// That key, wrapped.
    pub wrapped: Vec<u8>,
    /// Keys before it, which still open, the oldest first.
    pub former: Vec<FormerKey>,
}

/// A tenant's key that seals no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerKey {
    /// Its number.
    pub number: u32,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// When the next one took its place.
    pub until: Timestamp,
}

/// A user of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// When the user was first seen.
    pub created_at: Timestamp,
    /// The verified e-mail address, sealed.
    pub email: Option<Vec<u8>>,
    /// Whether several people use the account.
    pub shared: bool,
    /// Whether the user came by an invitation that demands a factor.
    pub must_enrol: bool,
    /// Whether an administrator allowed codes by e-mail.
    pub email_allowed: bool,
}

/// Where a factor is in its life. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorState {
    /// Waits for its confirmation.
    Pending,
    /// Proven, waits to take the place of another (a changed number).
    Validated,
    /// In use.
    Active,
    /// Ended.
    Revoked,
}

impl FactorState {
    /// The stable name for stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Validated => "validated",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads [`FactorState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Validated, Self::Active, Self::Revoked]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What becomes of other factors when one is activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// They stay.
    Nothing,
    /// Those of the same method end.
    SameMethod,
    /// All end, recovery codes and trusted contexts too.
    Everything,
}

/// One factor of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// Its method.
    pub method: Method,
    /// Counts a user's factors of this method; part of what its secret is sealed for.
    pub generation: u64,
    /// A name the user gave it.
    pub label: String,
    /// For codes: the hash.
    pub algorithm: Option<StoredAlgorithm>,
    /// For codes: digits.
    pub digits: u8,
    /// For time-based codes: seconds of a step.
    pub period: u32,
    /// The secret or the address, sealed.
    pub sealed: Vec<u8>,
    /// For addresses: their tag, by which messages to one address are counted.
    pub address: Option<Tag>,
    /// What may be shown of an address.
    pub hint: String,
    /// What becomes of other factors when this one is activated.
    pub replaces: Replaces,
    /// Whether it was begun without an answer, because the user had no factor to answer with: then it is activated only
    /// if there is still none.
    #[serde(default)]
    pub first: bool,
    /// The ticket that allows it; used up when it is activated.
    pub ticket: Option<TicketId>,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Until when it can be activated.
    pub pending_until: Timestamp,
    /// Where it is in its life.
    pub state: FactorState,
    /// The last time step or counter that was accepted; nothing up to it is accepted again.
    pub last_step: Option<u64>,
    /// How many steps its clock is ahead, learnt when it was confirmed.
    pub drift: i64,
    /// When it was last accepted.
    pub last_used: Option<Timestamp>,
}

/// [`Algorithm`] as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredAlgorithm {
    /// HMAC-SHA-1.
    #[serde(rename = "SHA1")]
    Sha1,
    /// HMAC-SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// HMAC-SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

impl From<Algorithm> for StoredAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1,
            Algorithm::Sha256 => Self::Sha256,
            Algorithm::Sha512 => Self::Sha512,
        }
    }
}

impl From<StoredAlgorithm> for Algorithm {
    fn from(algorithm: StoredAlgorithm) -> Self {
        match algorithm {
            StoredAlgorithm::Sha1 => Self::Sha1,
            StoredAlgorithm::Sha256 => Self::Sha256,
            StoredAlgorithm::Sha512 => Self::Sha512,
        }
    }
}

/// One recovery code of a user's current set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCode {
    /// Its id.
    pub id: RecoveryCodeId,
    /// Counts a user's sets.
    pub generation: u64,
    /// The part by which it is found.
    pub selector: String,
    /// The hash of the rest.
    pub hash: StoredHash,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What a trusted context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustKind {
    /// A network.
    Network,
    /// A device with a token.
    Device,
}

/// A network or device from which sign-ins are let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Its id; for a device, the part of its token by which it is found.
    pub id: TrustId,
    /// What it is.
    pub kind: TrustKind,
    /// The network's or the token's tag.
    pub tag: Tag,
    /// The tag of the token before, for requests that crossed the rotation.
    pub former_tag: Option<Tag>,
    /// When the token was rotated.
    pub rotated_at: Timestamp,
    /// When it was last used.
    pub last_used: Timestamp,
    /// Until when it is trusted.
    pub expires_at: Timestamp,
}

/// What becomes of a right answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeKind {
    /// It is accepted for an action.
    Answer,
    /// It confirms a pending factor.
    Confirm,
    /// It validates a new number.
    PhoneChange,
}

/// A code that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    /// Its tag with the challenge.
    pub tag: Tag,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// How a challenge ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub at: Timestamp,
}

/// One question to a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// What becomes of a right answer.
    pub kind: ChallengeKind,
    /// For what it is.
    pub action: Action,
    /// The session's tag.
    pub session: Tag,
    /// The methods that may answer.
    pub methods: Vec<Method>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// The method chosen.
    pub method: Method,
    /// The factor: the one to confirm, or the one a code was sent to.
    pub factor: Option<FactorId>,
    /// How often something was sent.
    pub sends: u32,
    /// When last.
    pub sent_at: Option<Timestamp>,
    /// The code that was sent last; any before it is dead.
    pub code: Option<SentCode>,
    /// Whether it was given up.
    pub cancelled: bool,
    /// Whether it was told that it ended without an answer.
    #[serde(default)]
    pub expired: bool,
    /// How it was answered.
    pub answered: Option<Answered>,
}

impl Challenge {
    /// Whether it ended without an answer, which was not told yet.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now && !self.expired && !self.cancelled && self.answered.is_none()
    }
}

/// The proof of an accepted answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// The token's tag, bound to user, action and session.
    pub tag: Tag,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketKind {
    /// Joining a tenant.
    Invite,
    /// Enrolling a new telephone number in place of the old one.
    PhoneReset,
    /// Enrolling anew after everything was lost.
    AdminRecovery,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id, the part of its token by which it is found.
    pub id: TicketId,
    /// What it is for.
    pub kind: TicketKind,
    /// The token's tag.
    pub tag: Tag,
    /// Who gave it out.
    pub issued_by: String,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// Whether a second administrator has yet to approve it.
    pub awaits_approval: bool,
    /// For invitations: whether the policy demanded a factor when it was given out.
    pub must_enrol: bool,
    /// The revision of the policy when it was given out.
    pub policy: u64,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What a named request came to, for as long as the same request is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The tag of session, call, name and arguments.
    pub request: Tag,
    /// Until when it is known again.
    pub until: Timestamp,
    /// What was said, sealed for the session and the name: a store's own reader cannot open it.
    pub sealed: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_by_their_names() {
        let states =
            [FactorState::Pending, FactorState::Validated, FactorState::Active, FactorState::Revoked];
        assert_eq!(states.map(FactorState::name), ["pending", "validated", "active", "revoked"]);
        assert_eq!(states.map(|state| FactorState::from_name(state.name())), states.map(Some));
        assert_eq!(FactorState::from_name("Active"), None);
    }
}
