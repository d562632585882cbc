//! What a tenant demands, as one document.
//!
//! A document says only where it differs from [`Policy::default`]; unknown fields are errors, because a misspelt
//! limit is no limit. Durations are seconds. [`Policy::validate`] says what cannot be, [`Policy::lint`] what can be
//! and breaks a clause, [`Preset`] gives ready ones.

mod lint;
mod presets;
mod simulate;
mod validate;

pub use lint::{Cost, Finding, Lint, Standard};
pub use presets::Preset;
pub use simulate::{Difference, Replay, Simulation};
pub use validate::PolicyProblem;

use crate::{Action, Method};
use keyhaven_otp::Algorithm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The version of the document's format that this crate writes and reads.
pub const POLICY_FORMAT: u32 = 1;

/// Everything a tenant can decide about. See the fields; each group has defaults of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Version of this document's format, [`POLICY_FORMAT`].
    pub format: u32,
    /// Who has to have a factor.
    pub enforcement: Enforcement,
    /// Whom `forced` reaches.
    pub applies_to: AppliesTo,
    /// Who may change this policy.
    pub managed_by: ManagedBy,
    /// Methods that may be enrolled and used. [`Method::Recovery`] goes by [`Policy::recovery`] instead.
    pub methods: BTreeSet<Method>,
    /// Time-based codes.
    pub totp: Totp,
    /// Counter-based codes.
    pub hotp: Hotp,
    /// Codes by text message.
    pub sms: Sms,
    /// Codes by e-mail.
    pub email: Email,
    /// Push with number transfer.
    pub push: Push,
    /// Recovery codes.
    pub recovery: Recovery,
    /// When a sign-in is let through without an answer.
    pub trust: Trust,
    /// Which actions want an answer, and how long the proof of one holds.
    pub step_up: StepUp,
    /// What enrolling takes.
    pub enrol: Enrol,
    /// How a telephone number is changed.
    pub phone_change: PhoneChange,
    /// Whether a user may remove all factors.
    pub disable: Disable,
    /// What an invitation brings.
    pub invite: Invite,
    /// Tickets for people who lost their factors.
    pub tickets: Tickets,
    /// Budgets of wrong answers.
    pub attempts: Attempts,
    /// Budgets of messages.
    pub sends: Sends,
    /// Seconds a challenge can be answered, 30 to 3,600.
    pub challenge_ttl: u32,
    /// Whether several people may share one account.
    pub shared_accounts: SharedAccounts,
    /// Whether a first factor by single sign-on counts as enough.
    pub sso_exempt: bool,
}

/// Who has to have a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Each user chooses.
    OptIn,
    /// Everyone in reach, at once or after a time of grace from the day the user was first seen.
    Forced {
        /// Seconds of grace; 0 asks at the next sign-in.
        grace: u32,
    },
}

/// Whom [`Enforcement::Forced`] reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// Every user.
    All,
    /// Users invited since it holds; the invitation carries it.
    NewInvites,
}

/// Who may change the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// The tenant's administrators, in their settings.
    Administrator,
    /// Only the operator of the service (its support).
    Operator,
}

/// Time-based codes (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Totp {
    /// Digits of a code, 6 to 8.
    pub digits: u8,
    /// Seconds of a time step, 15 to 120.
    pub period: u32,
    /// `SHA1`, `SHA256` or `SHA512`; the secret is as long as the hash (20, 32, 64 bytes).
    #[serde(with = "algorithm")]
    pub algorithm: Algorithm,
    /// Steps before the current one that are accepted (RFC 6238 §5.2 recommends one at most).
    pub look_back: u8,
    /// Steps after the current one that are accepted.
    pub look_ahead: u8,
    /// Steps to either side when the code confirms an enrolment; what is found there is learnt as drift.
    pub enrol_skew: u8,
    /// Authenticator apps (and, where push is allowed, push devices) one user may have, 1 to 10 of each. Each is one more
    /// that a guess can hit.
    pub max_active: u8,
}

/// Counter-based codes (RFC 4226).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hotp {
    /// Digits of a code, 6 to 8.
    pub digits: u8,
    /// Counters looked at beyond the expected one, 0 to 50 (RFC 4226 §7.4: s).
    pub look_ahead: u8,
}

/// Codes by text message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// Digits of a code, 6 to 10: at least 20 bits want seven, six have 19.9 and are usual (ASVS 6.5.4).
    pub digits: u8,
    /// Seconds a code holds, 30 to 600 (ASVS 6.5.5).
    pub ttl: u32,
    /// Messages a user may cause while enrolling, in 24 hours.
    pub setup_sends_per_day: u32,
    /// Messages a user may cause otherwise, in 24 hours.
    pub login_sends_per_day: u32,
    /// Beginnings of numbers that are served (`+44`); empty serves all.
    pub country_allow: Vec<String>,
    /// Beginnings of numbers that are not.
    pub country_deny: Vec<String>,
}

/// Codes by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Email {
    /// Digits of a code, 6 to 10.
    pub digits: u8,
    /// Seconds a code holds, 30 to 600 (ASVS 6.5.5).
    pub ttl: u32,
    /// Messages a user may cause while enrolling, in 24 hours.
    pub setup_sends_per_day: u32,
    /// Messages a user may cause otherwise, in 24 hours.
    pub login_sends_per_day: u32,
    /// Whether an administrator has to allow it for each user.
    pub by_exception: bool,
}

/// Push with number transfer: a bare "approve" proves nothing (NIST SP 800-63B-4 2pd §3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// Digits of the number shown on the page, 2 to 8.
    pub digits: u8,
    /// Seconds the number holds, 30 to 600.
    pub ttl: u32,
    /// Pushes a user may cause in 24 hours (ASVS 6.6.4: no bombing).
    pub sends_per_day: u32,
}

/// Recovery codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recovery {
    /// What is handed out.
    pub kind: RecoveryKind,
    /// Actions a recovery code may stand in for.
    pub usable_for: BTreeSet<Action>,
    /// Whether each confirmed factor brings a new set, which ends the old one; otherwise only the first does.
    pub reissue_on_enrol: bool,
    /// A warning comes with an accepted answer when so many codes or fewer are left.
    pub low_at: u8,
}

/// What is handed out for a lost factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryKind {
    /// Nothing.
    None,
    /// So many codes, 1 to 20, each of 80 secret bits.
    Codes {
        /// How many.
        count: u8,
    },
    /// One long key, 140 secret bits, used once.
    SingleKey,
}

/// When a sign-in is let through without an answer. Step-up never is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// From the network of an earlier accepted answer.
    pub ip: Option<IpMatch>,
    /// From a device that shows its rotating token.
    pub device: bool,
    /// Seconds an accepted answer is trusted on, up to a year.
    pub max_age: u32,
    /// Networks and devices remembered for one user; the least recently used makes room.
    pub max_contexts: u8,
}

/// When two addresses are one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpMatch {
    /// Every bit counts.
    Exact,
    /// The first bits count.
    Prefix {
        /// Of an IPv4 address, 8 to 32.
        v4: u8,
        /// Of an IPv6 address, 32 to 128.
        v6: u8,
    },
}

/// Which actions want an answer of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepUp {
    /// Which of [`Action::ChangePassword`] and [`Action::ChangeEmail`]. All other actions want an answer anyway
    /// ([`Action::is_by_policy`]); naming them changes nothing.
    pub actions: BTreeSet<Action>,
    /// Seconds a proof holds, 10 to 300.
    pub proof_ttl: u32,
}

/// What enrolling takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Enrol {
    /// What has to hold before a first factor.
    pub preconditions: BTreeSet<Precondition>,
    /// Seconds within which it has to be confirmed, 60 to 86,400.
    pub pending_ttl: u32,
    /// Whether a user with a factor may add or replace one; otherwise an administrator removes the old one first.
    pub self_service: bool,
}

/// What has to hold before a first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// The user's e-mail address is verified.
    VerifiedEmail,
    /// The password was typed within the last five minutes.
    RecentPassword,
}

/// How a telephone number is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneChange {
    /// Support sends a link ([`crate::TicketKind::PhoneReset`]).
    AdminLink,
    /// The user, in three calls: start, confirm, commit.
    SelfService {
        /// Seconds from start to commit, 60 to 3,600.
        ttl: u32,
    },
}

/// Whether a user may remove all factors; it always takes a fresh proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disable {
    /// Whether a user may at all. Where [`Enforcement::Forced`] holds, the next sign-in asks to enrol again.
    pub self_service: bool,
    /// Whether a recovery code is proof enough.
    pub allow_recovery: bool,
}

/// What an invitation brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Invite {
    /// What happens when the invited person gives no telephone number.
    pub phone_missing: PhoneMissing,
    /// Seconds an invitation holds, up to 30 days.
    pub ttl: u32,
}

/// What happens when an invited person gives no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneMissing {
    /// The invitation is not taken.
    Refuse,
    /// Codes go to the address the invitation reached.
    FallbackEmail,
}

/// Tickets for people who lost their factors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tickets {
    /// Seconds a ticket holds, 300 to 604,800.
    pub ttl: u32,
    /// Whether a second administrator has to approve a recovery (ASVS 6.4.4).
    pub second_admin: bool,
}

/// Budgets of wrong answers. All are charged before anything is compared and outlive restarts, resends, new
/// challenges and changes of method (NIST SP 800-63B-4 2pd §3.2.2, §3.1.3.2). Each user has two sets of them, one
/// for trusted networks and devices and one for all others, so that a stranger cannot lock the owner out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attempts {
    /// Answers to one challenge, 1 to 20.
    pub per_challenge: u32,
    /// Wrong answers in a row before waiting begins, 1 to 100.
    pub free: u32,
    /// Seconds of waiting after the last free one, the next, and every further one.
    pub delays: [u32; 3],
    /// Wrong answers in a row with one method after which only an administrator unlocks it, up to 100.
    pub consecutive: u32,
    /// Wrong answers with all methods in 24 hours; success does not give them back.
    pub per_day: u32,
    /// Wrong answers from one network (IPv4 /24, IPv6 /48) in an hour, over all users.
    pub per_network_hour: u32,
    /// Wrong answers in the whole tenant in an hour.
    pub per_tenant_hour: u32,
}

/// Budgets of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sends {
    /// Seconds between two messages for one challenge.
    pub cooldown: u32,
    /// Seconds without messages after a user's daily number is exceeded; 0 waits for the day's end.
    pub lockout: u32,
    /// Whether an accepted answer gives a user's daily number of sign-in messages back.
    pub reset_on_success: bool,
    /// Messages to one address in 24 hours, over all users.
    pub per_address_day: u32,
    /// Messages of one kind in the whole tenant in 24 hours: the bound on what an attack costs.
    pub per_tenant_day: u32,
}

/// Whether several people may share one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedAccounts {
    /// They may; accepted answers carry a warning and the report marks the account.
    AllowWarn,
    /// An account marked as shared gets no further.
    Refuse,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            format: POLICY_FORMAT,
            enforcement: Enforcement::OptIn,
            applies_to: AppliesTo::All,
            managed_by: ManagedBy::Administrator,
            methods: [Method::Totp].into(),
            totp: Totp::default(),
            hotp: Hotp::default(),
            sms: Sms::default(),
            email: Email::default(),
            push: Push::default(),
            recovery: Recovery::default(),
            trust: Trust::default(),
            step_up: StepUp::default(),
            enrol: Enrol::default(),
            phone_change: PhoneChange::SelfService { ttl: 600 },
            disable: Disable::default(),
            invite: Invite::default(),
            tickets: Tickets::default(),
            attempts: Attempts::default(),
            sends: Sends::default(),
            challenge_ttl: 600,
            shared_accounts: SharedAccounts::AllowWarn,
            sso_exempt: false,
        }
    }
}

impl Default for Totp {
    fn default() -> Self {
        Self {
            digits: 6,
            period: 30,
            algorithm: Algorithm::Sha1,
            look_back: 1,
            look_ahead: 0,
            enrol_skew: 1,
            max_active: 3,
        }
    }
}

impl Default for Hotp {
    fn default() -> Self {
        Self { digits: 6, look_ahead: 5 }
    }
}

impl Default for Sms {
    fn default() -> Self {
        Self {
            digits: 6,
            ttl: 300,
            setup_sends_per_day: 10,
            login_sends_per_day: 10,
            country_allow: Vec::new(),
            country_deny: Vec::new(),
        }
    }
}

impl Default for Email {
    fn default() -> Self {
        Self { digits: 6, ttl: 600, setup_sends_per_day: 10, login_sends_per_day: 10, by_exception: false }
    }
}

impl Default for Push {
    fn default() -> Self {
        Self { digits: 6, ttl: 120, sends_per_day: 20 }
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            kind: RecoveryKind::Codes { count: 10 },
            // Signing in, and getting a new factor in place of the lost one (NIST SP 800-63B-4 2pd §4.2).
            usable_for: [Action::Login, Action::Enrol].into(),
            reissue_on_enrol: false,
            low_at: 2,
        }
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self { ip: None, device: false, max_age: 30 * 86_400, max_contexts: 10 }
    }
}

impl Default for StepUp {
    fn default() -> Self {
        Self { actions: [Action::ChangePassword, Action::ChangeEmail].into(), proof_ttl: 300 }
    }
}

impl Default for Enrol {
    fn default() -> Self {
        Self { preconditions: BTreeSet::new(), pending_ttl: 1_800, self_service: true }
    }
}

impl Default for Disable {
    fn default() -> Self {
        Self { self_service: true, allow_recovery: false }
    }
}

impl Default for Invite {
    fn default() -> Self {
        Self { phone_missing: PhoneMissing::Refuse, ttl: 7 * 86_400 }
    }
}

impl Default for Tickets {
    fn default() -> Self {
        Self { ttl: 86_400, second_admin: false }
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            per_challenge: 5,
            free: 5,
            delays: [60, 900, 3_600],
            consecutive: 20,
            per_day: 50,
            per_network_hour: 100,
            per_tenant_hour: 10_000,
        }
    }
}

impl Default for Sends {
    fn default() -> Self {
        Self {
            cooldown: 30,
            lockout: 0,
            reset_on_success: false,
            per_address_day: 30,
            per_tenant_day: 10_000,
        }
    }
}

mod algorithm {
    use keyhaven_otp::Algorithm;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(algorithm: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(algorithm.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        let text = String::deserialize(deserializer)?;
        Algorithm::from_spelling(&text).ok_or_else(|| {
            D::Error::custom(format!("algorithm {text:?}; SHA1, SHA256 and SHA512 are possible"))
        })
    }
}
