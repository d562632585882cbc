//! Decides about second factors: policy × state × answer × time → decision.
//!
//! Reach for [`Verifier`]: it enrols, confirms, asks ([`Verifier::begin`]) and decides ([`Verifier::answer`]) about
//! codes of authenticator apps and tokens, codes by text message and e-mail, push with number transfer and recovery
//! codes, under a [`Policy`] of each tenant. Records are in a [`Store`]: [`MemoryStore`] for tests, SQLite in the
//! crate `keyhaven-verifier-sqlite`, PostgreSQL in `keyhaven-verifier-postgres`, or your own, proven by
//! [`store_conformance!`]. There is no clock here, no network
//! and no SQL: time is in the [`Context`], messages are [`Delivery`] values to send. Who wants to check one code
//! against one secret and count nothing wants `keyhaven-otp`.
//!
//! ```
//! use keyhaven_verifier::*;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = Timestamp::from_unix_seconds(1_800_000_000);
//! # let app = |uri: &str, now: Timestamp| {
//! #     let account = keyhaven_otp::parse_uri(uri).expect("a URI").account;
//! #     account.code_at(now.unix_seconds()).expect("a code").text
//! # };
//! let kek = Key::from_slice(&[7; 32]).ok_or("32 bytes")?; // from outside: an environment variable, a file, a service
//! let mfa = Verifier::new(MemoryStore::new(), LocalKeys::new("2026", kek)).await?;
//! mfa.put_policy(&Actor::operator("ops"), "acme", &Preset::SixCodes.policy(), 0, now).await?;
//! let (who, request) = (Subject::new("acme", "ann")?, |now| Context::with_password(now, SecretText::new("session 1".into())));
//!
//! let pending = mfa.enrol_totp(&who, "Acme", "ann", Grant::First, &request(now)).await?; // pending.uri → QR code
//! let typed = Answer::code(&app(pending.uri.expose(), now));
//! let Confirmation::Enrolled(enrolled) = mfa.confirm(&who, &pending.challenge, typed, &request(now)).await?
//! else { panic!("the code was wrong") }; // enrolled.recovery → shown once
//!
//! let later = now.plus(30);
//! let Begin::Challenge(question) = mfa.begin(&who, Action::Login, &request(later)).await? else { panic!("not asked") };
//! let typed = Answer::code(&app(pending.uri.expose(), later));
//! let decision = mfa.answer(&who, &question.id, typed, &request(later)).await?;
//! assert!(decision.is_accepted());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod audit;
mod budget;
mod context;
mod decide;
mod failure;
mod ids;
mod key_cache;
mod key_text;
mod keys;
mod method;
mod outcome;
pub mod policy;
mod random;
pub mod record;
mod recovery;
pub mod store;
mod time;
mod typed;
mod verifier;

pub use audit::{AUDIT_SCHEMA, AuditRecord, CHAIN_START, ChainBreak, Event, EventName, verify_chain};
pub use budget::{Budget, BudgetKey, Exhausted, Flow, Limit};
pub use context::{Actor, Context, FirstFactor, REPEAT, REPEAT_SHOWN, Role};
pub use failure::{Failure, Unavailable};
pub use ids::{
    ChallengeId, DecisionId, FactorId, MAX_NAME, NameError, RecoveryCodeId, Subject, TicketId, TrustId,
};
pub use key_text::KeyTextError;
/// What secrets are handed over in.
pub use keyhaven_secret::{Key, SecretBytes, SecretText};
pub use keys::{KeyProvider, LocalKeys, Tag, push_response};
pub use method::{Action, Method};
pub use outcome::{
    Accepted, Answer, Begin, BudgetState, ChallengeError, Confirmation, Decision, Delivery, DeviceToken,
    Enrolled, Explanation, NotRequired, Notice, Proof, PublicReason, Question, Reason, RecoverySheet,
    Redeemed, Rejected, Sent, TicketToken, Warning,
};
pub use policy::{IpMatch, Policy, Preset};
pub use record::TicketKind;
pub use recovery::HashCost;
pub use store::{MemoryStore, Store, TrustedTime};
pub use time::Timestamp;
pub use verifier::{
    AdminError, EnrolError, Grant, IssuedTicket, Joined, ManageError, PendingCode, PendingPush, PendingSent,
    Profile, Progress, ReportRow, TicketRequest, UnderFormerKeys, Verifier, report_csv,
};
