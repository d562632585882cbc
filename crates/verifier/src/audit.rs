//! What happened, in an order nobody can change afterwards: events with stable names, chained by hash per tenant.

use crate::{Action, ChallengeId, DecisionId, FactorId, Method, Timestamp, keys::joined};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What an event is called. The serialised names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventName {
    /// A factor waits for its confirmation.
    #[serde(rename = "factor.enrol_started")]
    FactorEnrolStarted,
    /// A factor can be used from now on.
    #[serde(rename = "factor.confirmed")]
    FactorConfirmed,
    /// A factor, or every one of a user, is no more.
    #[serde(rename = "factor.revoked")]
    FactorRevoked,
    /// So many answers in a row were wrong that a method takes no more of the user's, until an administrator unlocks.
    #[serde(rename = "factor.locked")]
    FactorLocked,
    /// A factor's clock or counter was found again by two codes in a row.
    #[serde(rename = "factor.resynchronised")]
    FactorResynchronised,
    /// A new number was proven; it is not in use yet.
    #[serde(rename = "phone_change.confirmed")]
    PhoneChangeConfirmed,
    /// The new number is in use, the old one is not.
    #[serde(rename = "phone_change.committed")]
    PhoneChangeCommitted,
    /// A challenge was opened.
    #[serde(rename = "challenge.created")]
    ChallengeCreated,
    /// A code or push went out for the first time.
    #[serde(rename = "challenge.sent")]
    ChallengeSent,
    /// A code or push went out again.
    #[serde(rename = "challenge.resent")]
    ChallengeResent,
    /// Another method was chosen.
    #[serde(rename = "challenge.method_switched")]
    ChallengeMethodSwitched,
    /// The user said on the authenticator that it was somebody else.
    #[serde(rename = "challenge.denied")]
    ChallengeDenied,
    /// A challenge ended without an answer: written once, when somebody comes back to it or when it is swept.
    #[serde(rename = "challenge.expired")]
    ChallengeExpired,
    /// An answer was accepted.
    #[serde(rename = "decision.accepted")]
    DecisionAccepted,
    /// An answer was not; `reason` says why.
    #[serde(rename = "decision.rejected")]
    DecisionRejected,
    /// A right code came a second time.
    #[serde(rename = "otp.replay_detected")]
    OtpReplayDetected,
    /// A recovery code was used.
    #[serde(rename = "recovery.used")]
    RecoveryUsed,
    /// The recovery code that was used leaves few; `left` says how many.
    #[serde(rename = "recovery.low")]
    RecoveryLow,
    /// A new set of recovery codes was handed out; the old one is dead.
    #[serde(rename = "recovery.regenerated")]
    RecoveryRegenerated,
    /// A budget refused.
    #[serde(rename = "limit.hit")]
    LimitHit,
    /// From now on a budget refuses, until the time that `until` says; `reason` names it.
    #[serde(rename = "lockout.started")]
    LockoutStarted,
    /// An administrator gave a user's budgets back.
    #[serde(rename = "lockout.ended")]
    LockoutEnded,
    /// A network or device is trusted.
    #[serde(rename = "trust.added")]
    TrustAdded,
    /// Networks or devices are trusted no more, before their time.
    #[serde(rename = "trust.removed")]
    TrustRemoved,
    /// An old token of a device was shown: somebody has a copy, the device is trusted no more.
    #[serde(rename = "trust.copied_token")]
    TrustCopiedToken,
    /// A step-up proof was redeemed.
    #[serde(rename = "proof.redeemed")]
    ProofRedeemed,
    /// A new policy holds.
    #[serde(rename = "policy.changed")]
    PolicyChanged,
    /// A user's profile was set.
    #[serde(rename = "subject.changed")]
    SubjectChanged,
    /// A ticket was given out.
    #[serde(rename = "admin.ticket_issued")]
    TicketIssued,
    /// A second administrator approved a ticket.
    #[serde(rename = "admin.ticket_approved")]
    TicketApproved,
    /// A ticket was used.
    #[serde(rename = "ticket.redeemed")]
    TicketRedeemed,
    /// Codes by e-mail were allowed for a user.
    #[serde(rename = "admin.email_allowed")]
    EmailAllowed,
    /// The tenant's key is wrapped by another key-encryption key.
    #[serde(rename = "key.rotated")]
    KeyRotated,
}

/// The JSON schema (2020-12) of an event, the body of an [`AuditRecord`].
pub const AUDIT_SCHEMA: &str = include_str!("../audit.schema.json");

impl EventName {
    /// Every name.
    pub const ALL: [Self; 33] = [
        Self::FactorEnrolStarted,
        Self::FactorConfirmed,
        Self::FactorRevoked,
        Self::FactorLocked,
        Self::FactorResynchronised,
        Self::PhoneChangeConfirmed,
        Self::PhoneChangeCommitted,
        Self::ChallengeCreated,
        Self::ChallengeSent,
        Self::ChallengeResent,
        Self::ChallengeMethodSwitched,
        Self::ChallengeDenied,
        Self::ChallengeExpired,
        Self::DecisionAccepted,
        Self::DecisionRejected,
        Self::OtpReplayDetected,
        Self::RecoveryUsed,
        Self::RecoveryLow,
        Self::RecoveryRegenerated,
        Self::LimitHit,
        Self::LockoutStarted,
        Self::LockoutEnded,
        Self::TrustAdded,
        Self::TrustRemoved,
        Self::TrustCopiedToken,
        Self::ProofRedeemed,
        Self::PolicyChanged,
        Self::SubjectChanged,
        Self::TicketIssued,
        Self::TicketApproved,
        Self::TicketRedeemed,
        Self::EmailAllowed,
        Self::KeyRotated,
    ];

    /// Whether the user is told by every address known (NIST SP 800-63B-4 2pd §4.6).
    pub fn notifies(self) -> bool {
        matches!(
            self,
            Self::FactorConfirmed
                | Self::FactorRevoked
                | Self::FactorLocked
                | Self::FactorResynchronised
                | Self::PhoneChangeCommitted
                | Self::RecoveryUsed
                | Self::RecoveryLow
                | Self::RecoveryRegenerated
                | Self::LockoutStarted
                | Self::TicketIssued
                | Self::TrustCopiedToken
        )
    }
}

/// One thing that happened. Holds no secret and no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub event: EventName,
    /// To whom; `None` for the tenant as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which administrator or operator did it; `None` for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// With which method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Which factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<FactorId>,
    /// Which challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeId>,
    /// For which action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Which decision, for `explain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionId>,
    /// Why: a reason's stable name, or an administrator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The policy's revision, where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<u64>,
    /// Until when, where it has an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many recovery codes are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
}

impl Event {
    pub(crate) fn new(event: EventName) -> Self {
        Self {
            event,
            user: None,
            by: None,
            method: None,
            factor: None,
            challenge: None,
            action: None,
            decision: None,
            reason: None,
            policy: None,
            until: None,
            left: None,
        }
    }

    pub(crate) fn of(event: EventName, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..Self::new(event) }
    }
}

/// An event in its tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its place, from 1, without gaps.
    pub sequence: u64,
    /// When, by the clock of whoever called.
    pub at: Timestamp,
    /// The [`Event`] as the JSON text that is hashed.
    pub body: String,
    /// SHA-256 over tenant, predecessor's hash, place, time and body, as 64 hexadecimal digits.
    pub hash: String,
}

/// The hash before the first record.
pub const CHAIN_START: &str = "";

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainBreak {
    /// A record is missing, doubled or out of place.
    #[error("record {expected} was expected, {found} is there")]
    Sequence {
        /// The place that comes next.
        expected: u64,
        /// The place the record says.
        found: u64,
    },
    /// A record, or one before it, is not what it was.
    #[error("record {sequence} does not follow from the one before: one of them was changed")]
    Hash {
        /// The record's place.
        sequence: u64,
    },
}

impl AuditRecord {
    /// The record that follows one with place `sequence` (0 before the first) and hash `previous`. Stores call this
    /// inside the transaction that writes what the event tells.
    pub fn following(tenant: &str, sequence: u64, previous: &str, at: Timestamp, event: &Event) -> Self {
        // An event has strings and unit-like names only, which JSON always holds.
        let body = serde_json::to_string(event).unwrap_or_default();
        let sequence = sequence + 1;
        let hash = hash(tenant, sequence, previous, at, &body);
        Self { sequence, at, body, hash }
    }

    /// The event; `None` for one that this version does not know.
    pub fn event(&self) -> Option<Event> {
        serde_json::from_str(&self.body).ok()
    }
}

fn hash(tenant: &str, sequence: u64, previous: &str, at: Timestamp, body: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(joined(&[
        tenant.as_bytes(),
        previous.as_bytes(),
        &sequence.to_be_bytes(),
        &at.unix_seconds().to_be_bytes(),
        body.as_bytes(),
    ])))
}

/// Checks that `records` follow each other from the place `after` with hash `previous` (0 and [`CHAIN_START`] for the
/// beginning), and gives the last hash. A chain shows what was changed inside; that its end was cut off shows only
/// against a last hash kept elsewhere.
///
/// # Errors
/// The first break.
pub fn verify_chain<'a>(
    tenant: &str,
    after: u64,
    previous: &str,
    records: impl IntoIterator<Item = &'a AuditRecord>,
) -> Result<String, ChainBreak> {
    let (mut sequence, mut previous) = (after, previous.to_owned());
    for record in records {
        if record.sequence != sequence + 1 {
            return Err(ChainBreak::Sequence { expected: sequence + 1, found: record.sequence });
        }
        sequence = record.sequence;
        if record.hash != hash(tenant, sequence, &previous, record.at, &record.body) {
            return Err(ChainBreak::Hash { sequence });
        }
        previous.clone_from(&record.hash);
    }
    Ok(previous)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for second in 0..5 {
            let (sequence, previous) =
                records.last().map_or((0, CHAIN_START), |last| (last.sequence, last.hash.as_str()));
            let event = Event::of(EventName::ChallengeCreated, "ann");
            records.push(AuditRecord::following("acme", sequence, previous, second.into(), &event));
        }
        records
    }

    #[test]
    fn whatever_is_changed_inside_shows() {
        let records = chain();
        let last = verify_chain("acme", 0, CHAIN_START, &records).unwrap();
        assert_eq!(last, records[4].hash);
        assert!(verify_chain("acme", 2, &records[1].hash, &records[2..]).is_ok());
        assert_eq!(verify_chain("other", 0, CHAIN_START, &records), Err(ChainBreak::Hash { sequence: 1 }));

        let mut changed = records.clone();
        changed[2].body = changed[2].body.replace("ann", "bob");
        assert_eq!(verify_chain("acme", 0, CHAIN_START, &changed), Err(ChainBreak::Hash { sequence: 3 }));
        let mut shifted = records.clone();
        shifted[3].at = 0.into();
        assert_eq!(verify_chain("acme", 0, CHAIN_START, &shifted), Err(ChainBreak::Hash { sequence: 4 }));
        let mut missing = records;
        missing.remove(1);
        let broken = ChainBreak::Sequence { expected: 2, found: 3 };
        assert_eq!(verify_chain("acme", 0, CHAIN_START, &missing), Err(broken));
    }

    #[test]
    fn the_schema_has_every_name_and_field_and_no_other() {
        let schema: serde_json::Value = serde_json::from_str(AUDIT_SCHEMA).unwrap();
        let names: Vec<EventName> =
            serde_json::from_value(schema["properties"]["event"]["enum"].clone()).unwrap();
        assert_eq!(names, EventName::ALL);
        let full = Event {
            by: Some("root".to_owned()),
            method: Some(Method::Sms),
            factor: Some(FactorId::random().unwrap()),
            challenge: Some(ChallengeId::random().unwrap()),
            action: Some(Action::Login),
            decision: Some(DecisionId::random().unwrap()),
            reason: Some("wrong".to_owned()),
            policy: Some(1),
            until: Some(7.into()),
            left: Some(2),
            ..Event::of(EventName::DecisionRejected, "ann")
        };
        let fields = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(fields(&schema["properties"]), fields(&serde_json::to_value(&full).unwrap()));
        let methods: Vec<Method> =
            serde_json::from_value(schema["properties"]["method"]["enum"].clone()).unwrap();
        assert!(Method::ALL.iter().all(|method| methods.contains(method)));
    }

    #[test]
    fn users_hear_of_what_changes_their_ways_in() {
        let told: Vec<String> = EventName::ALL
            .into_iter()
            .filter(|name| name.notifies())
            .map(|name| serde_json::to_value(name).unwrap().as_str().unwrap().to_owned())
            .collect();
        let expected = [
            "factor.confirmed",
            "factor.revoked",
            "factor.locked",
            "factor.resynchronised",
            "phone_change.committed",
            "recovery.used",
            "recovery.low",
            "recovery.regenerated",
            "lockout.started",
            "trust.copied_token",
            "admin.ticket_issued",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn names_are_the_published_ones() {
        let event = Event { method: Some(Method::Totp), ..Event::of(EventName::OtpReplayDetected, "ann") };
        assert_eq!(
            AuditRecord::following("acme", 0, CHAIN_START, 7.into(), &event).body,
            r#"{"event":"otp.replay_detected","user":"ann","method":"totp"}"#
        );
    }
}
