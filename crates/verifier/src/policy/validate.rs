//! What a policy cannot say.

use super::{Enforcement, IpMatch, POLICY_FORMAT, PhoneChange, Policy, RecoveryKind};
use crate::Method;
use std::ops::RangeInclusive;
use thiserror::Error;

const YEAR: u32 = 366 * 86_400;

/// Why a policy document is not taken. Each names the field by its path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// Not JSON, or with a field or value that does not exist.
    #[error("the policy cannot be read: {0}")]
    Syntax(String),
    /// A later format than this crate knows.
    #[error("policy format {found}; {POLICY_FORMAT} is known")]
    Format {
        /// What the document says.
        found: u32,
    },
    /// A number outside its range.
    #[error("{field} is {value}; {least} to {most} are possible")]
    Range {
        /// The field's path.
        field: &'static str,
        /// What the document says.
        value: u64,
        /// The smallest possible.
        least: u64,
        /// The largest possible.
        most: u64,
    },
    /// `methods` names `recovery`, which goes by `recovery.kind`.
    #[error("methods names recovery; recovery codes go by recovery.kind")]
    RecoveryAsMethod,
    /// Everyone has to enrol and there is nothing to enrol.
    #[error("enforcement is forced and methods is empty: nobody could sign in")]
    ForcedWithoutMethod,
    /// A country prefix that no number begins with.
    #[error("{field} has {prefix:?}; a prefix is + and 1 to 7 digits")]
    CountryPrefix {
        /// The field's path.
        field: &'static str,
        /// What the document says.
        prefix: String,
    },
}

impl Policy {
    /// Reads and validates a document.
    ///
    /// # Errors
    /// The first problem found.
    pub fn from_json(json: &str) -> Result<Self, PolicyProblem> {
        let policy: Self =
            serde_json::from_str(json).map_err(|error| PolicyProblem::Syntax(error.to_string()))?;
        policy.validate()?;
        Ok(policy)
    }

    /// The whole document, defaults included.
    pub fn to_json(&self) -> String {
        // Every key is a string or a unit-like name, so there is nothing JSON could not hold; an empty document
        // would be read as the defaults, so the impossible case says it is none.
        serde_json::to_string(self).unwrap_or_else(|error| format!("not serialisable: {error}"))
    }

    /// Checks every range.
    ///
    /// # Errors
    /// The first problem found, in the order of the fields.
    pub fn validate(&self) -> Result<(), PolicyProblem> {
        if self.format != POLICY_FORMAT {
            return Err(PolicyProblem::Format { found: self.format });
        }
        if self.methods.contains(&Method::Recovery) {
            return Err(PolicyProblem::RecoveryAsMethod);
        }
        if matches!(self.enforcement, Enforcement::Forced { .. }) && self.methods.is_empty() {
            return Err(PolicyProblem::ForcedWithoutMethod);
        }
        for (field, value, possible) in self.ranges() {
            if !possible.contains(&value) {
                let (least, most) = (u64::from(*possible.start()), u64::from(*possible.end()));
                return Err(PolicyProblem::Range { field, value: u64::from(value), least, most });
            }
        }
        for (field, prefixes) in
            [("sms.country_allow", &self.sms.country_allow), ("sms.country_deny", &self.sms.country_deny)]
        {
            for prefix in prefixes {
                let digits = prefix.strip_prefix('+').unwrap_or_default();
                if !(1..=7).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(PolicyProblem::CountryPrefix { field, prefix: prefix.clone() });
                }
            }
        }
        Ok(())
    }

    fn ranges(&self) -> Vec<(&'static str, u32, RangeInclusive<u32>)> {
        let some = 1..=1_000_000;
        let mut ranges = vec![
            ("totp.digits", self.totp.digits.into(), 6..=8),
            ("totp.period", self.totp.period, 15..=120),
            ("totp.look_back", self.totp.look_back.into(), 0..=10),
            ("totp.look_ahead", self.totp.look_ahead.into(), 0..=10),
            ("totp.enrol_skew", self.totp.enrol_skew.into(), 0..=10),
            ("totp.max_active", self.totp.max_active.into(), 1..=10),
            ("hotp.digits", self.hotp.digits.into(), 6..=8),
            ("hotp.look_ahead", self.hotp.look_ahead.into(), 0..=50),
            ("sms.digits", self.sms.digits.into(), 6..=10),
            ("sms.ttl", self.sms.ttl, 30..=600),
            ("sms.setup_sends_per_day", self.sms.setup_sends_per_day, some.clone()),
            ("sms.login_sends_per_day", self.sms.login_sends_per_day, some.clone()),
            ("email.digits", self.email.digits.into(), 6..=10),
            ("email.ttl", self.email.ttl, 30..=600),
            ("email.setup_sends_per_day", self.email.setup_sends_per_day, some.clone()),
            ("email.login_sends_per_day", self.email.login_sends_per_day, some.clone()),
            ("push.digits", self.push.digits.into(), 2..=8),
            ("push.ttl", self.push.ttl, 30..=600),
            ("push.sends_per_day", self.push.sends_per_day, some.clone()),
            ("trust.max_age", self.trust.max_age, 60..=YEAR),
            ("trust.max_contexts", self.trust.max_contexts.into(), 1..=50),
            ("step_up.proof_ttl", self.step_up.proof_ttl, 10..=300),
            ("enrol.pending_ttl", self.enrol.pending_ttl, 60..=86_400),
            ("invite.ttl", self.invite.ttl, 300..=30 * 86_400),
            ("tickets.ttl", self.tickets.ttl, 300..=604_800),
            ("attempts.per_challenge", self.attempts.per_challenge, 1..=20),
            ("attempts.free", self.attempts.free, 1..=100),
            ("attempts.consecutive", self.attempts.consecutive, 1..=100),
            ("attempts.per_day", self.attempts.per_day, some.clone()),
            ("attempts.per_network_hour", self.attempts.per_network_hour, some.clone()),
            ("attempts.per_tenant_hour", self.attempts.per_tenant_hour, 1..=u32::MAX),
            ("sends.cooldown", self.sends.cooldown, 0..=3_600),
            ("sends.lockout", self.sends.lockout, 0..=YEAR),
            ("sends.per_address_day", self.sends.per_address_day, some.clone()),
            ("sends.per_tenant_day", self.sends.per_tenant_day, 1..=u32::MAX),
            ("challenge_ttl", self.challenge_ttl, 30..=3_600),
        ];
        ranges.extend(self.attempts.delays.iter().map(|delay| ("attempts.delays", *delay, 0..=YEAR)));
        if let RecoveryKind::Codes { count } = self.recovery.kind {
            ranges.push(("recovery.kind.codes.count", count.into(), 1..=20));
        }
        if let Enforcement::Forced { grace } = self.enforcement {
            ranges.push(("enforcement.forced.grace", grace, 0..=YEAR));
        }
        if let PhoneChange::SelfService { ttl } = self.phone_change {
            ranges.push(("phone_change.self_service.ttl", ttl, 60..=3_600));
        }
        if let Some(IpMatch::Prefix { v4, v6 }) = self.trust.ip {
            ranges.push(("trust.ip.prefix.v4", v4.into(), 8..=32));
            ranges.push(("trust.ip.prefix.v6", v6.into(), 32..=128));
        }
        ranges
    }
}
