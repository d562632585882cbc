//! Which clauses a policy breaks, and what it costs in numbers.
//!
//! NIST clauses are those of the second public draft of SP 800-63B-4 (August 2024); ASVS is 5.0.

use super::{AppliesTo, Enforcement, Policy, RecoveryKind, SharedAccounts};
use crate::Method;
use serde::Serialize;

/// Where a clause comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Standard {
    /// NIST SP 800-63B-4, second public draft.
    #[serde(rename = "NIST SP 800-63B-4 2pd")]
    Nist,
    /// OWASP ASVS 5.0.
    #[serde(rename = "OWASP ASVS 5.0")]
    Asvs,
    /// RFC 6238.
    #[serde(rename = "RFC 6238")]
    Rfc6238,
}

/// One clause that the policy breaks or leans on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The policy's field.
    pub field: &'static str,
    /// Where the clause comes from.
    pub standard: Standard,
    /// Its number.
    pub clause: &'static str,
    /// What is wrong, in one sentence.
    pub says: String,
}

/// What the policy costs, the attacker and the owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The chance that one guess at a method's code is right: the weakest method, with as many factors as may be.
    pub guess: f64,
    /// Guesses at one user that are compared in one window of a day at most, trusted and other networks together. A window
    /// opens with its first guess, so any 24 hours can hold the end of one and the beginning of the next: twice as many.
    pub guesses_per_day: u64,
    /// The chance that one of a day's guesses is right: 1−(1−p)^n (RFC 4226 Appendix A, Sec = s·v/10^d).
    pub guessed_per_day: f64,
    /// The same over 365 days.
    pub guessed_per_year: f64,
    /// Wrong answers after which a method waits before the next is compared, for all networks that are not trusted.
    pub wrong_answers_to_wait: u32,
    /// Wrong answers after which a stranger has locked a method for all networks that are not trusted.
    pub wrong_answers_to_lock: u32,
    /// Whether the owner has budgets that no stranger can use up: those of trusted networks or devices.
    pub owner_is_apart: bool,
    /// Text messages that can be caused for one user in one window of a day: where success gives them back
    /// (`sends.reset_on_success`), as many as one number takes (`sends.per_address_day`).
    pub sms_per_user_day: u64,
    /// Messages of each kind that can be caused in the tenant in 24 hours.
    pub messages_per_tenant_day: u64,
}

/// The outcome of [`Policy::lint`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lint {
    /// Clauses, in the order of the policy's fields.
    pub findings: Vec<Finding>,
    /// Numbers.
    pub cost: Cost,
}

/// 1−(1−p)^n without losing small p.
fn at_least_one(p: f64, n: u64) -> f64 {
    -(n as f64 * (-p).ln_1p()).exp_m1()
}

impl Policy {
    /// Says which clauses this policy breaks, and what it costs.
    pub fn lint(&self) -> Lint {
        Lint { findings: self.findings(), cost: self.cost() }
    }

    fn findings(&self) -> Vec<Finding> {
        use Standard::{Asvs, Nist, Rfc6238};
        let mut findings = Vec::new();
        let mut add = |field, standard, clause, says: &str| {
            findings.push(Finding { field, standard, clause, says: says.to_owned() });
        };
        let allows = |method| self.methods.contains(&method);
        if self.enforcement == Enforcement::OptIn {
            add("enforcement", Asvs, "6.3.3", "a second factor is left to each user's choice");
        }
        if allows(Method::Email) {
            add("methods", Nist, "3.1.3.1", "e-mail is no out-of-band authenticator");
            add("methods", Asvs, "6.3.6", "level 3 does not take codes by e-mail");
        }
        if allows(Method::Sms) {
            add("methods", Nist, "3.1.3.3", "the telephone network is a restricted authenticator");
            add(
                "methods",
                Asvs,
                "6.6.1",
                "text messages want a stronger method beside them, and not at level 3",
            );
        }
        if matches!(self.enforcement, Enforcement::Forced { grace } if grace > 0) {
            add("enforcement.forced.grace", Asvs, "6.3.3", "for a while users sign in with a password alone");
        }
        if self.applies_to == AppliesTo::NewInvites {
            add("applies_to", Asvs, "6.3.3", "users of before are not asked for a second factor");
        }
        let rows = self
            .attempts
            .consecutive
            .saturating_mul(self.budget_sets())
            .saturating_mul(u32::try_from(self.methods.len()).unwrap_or(u32::MAX));
        if rows > 100 {
            let says =
                format!("{rows} wrong answers in a row, over all methods, are compared for one account");
            add("attempts.consecutive", Nist, "3.2.2", &says);
        }
        if allows(Method::Totp) && (self.totp.look_back > 1 || self.totp.look_ahead > 1) {
            add("totp", Rfc6238, "5.2", "more than one time step of delay is accepted");
        }
        let steps = 1 + u32::from(self.totp.look_back) + u32::from(self.totp.look_ahead);
        if allows(Method::Totp) && steps.saturating_mul(self.totp.period) > 120 {
            add("totp.look_back", Nist, "3.1.4.2", "a code holds longer than two minutes");
        }
        if allows(Method::Totp) && self.totp.period > 30 {
            add("totp.period", Asvs, "6.5.5", "a time-based code holds longer than 30 seconds");
        }
        for (method, field, digits) in [
            (Method::Sms, "sms.digits", self.sms.digits),
            (Method::Email, "email.digits", self.email.digits),
            (Method::Push, "push.digits", self.push.digits),
        ] {
            if allows(method) && digits < 7 {
                // 10^6 is 19.93 bits.
                add(field, Asvs, "6.5.4", &format!("{digits} digits have fewer than 20 bits"));
            }
        }
        if self.recovery.kind == RecoveryKind::None {
            add(
                "recovery.kind",
                Nist,
                "4.2",
                "a user who loses the factor has no way back but an administrator",
            );
        }
        if self.disable.allow_recovery {
            add("disable.allow_recovery", Asvs, "6.4.3", "a found recovery code removes every factor");
        }
        if !self.tickets.second_admin {
            add(
                "tickets.second_admin",
                Asvs,
                "6.4.4",
                "one administrator alone can recover a user's account",
            );
        }
        if self.shared_accounts == SharedAccounts::AllowWarn {
            add("shared_accounts", Nist, "3", "an account of several people tells nobody apart");
        }
        findings
    }

    /// Budgets of wrong answers that one user has side by side: that of strangers, and that of trusted contexts.
    fn budget_sets(&self) -> u32 {
        if self.trust.ip.is_some() || self.trust.device { 2 } else { 1 }
    }

    fn cost(&self) -> Cost {
        let ten = |digits: u8| 10_f64.powi(i32::from(digits));
        let guess = self
            .methods
            .iter()
            .map(|method| match method {
                // Each authenticator a user may have is one more that a guess can hit.
                Method::Totp => {
                    f64::from(1 + u32::from(self.totp.look_back) + u32::from(self.totp.look_ahead))
                        * f64::from(self.totp.max_active)
                        / ten(self.totp.digits)
                }
                Method::Hotp => f64::from(1 + u32::from(self.hotp.look_ahead)) / ten(self.hotp.digits),
                Method::Sms => 1.0 / ten(self.sms.digits),
                Method::Email => 1.0 / ten(self.email.digits),
                // The answer carries a tag under the device's key: a number alone is worth nothing. What is
                // counted is a user who types the number of somebody else's sign-in.
                Method::Push => 1.0 / ten(self.push.digits),
                Method::Recovery => 0.0,
            })
            .fold(0.0, f64::max);
        let guesses_per_day = u64::from(self.attempts.per_day) * u64::from(self.budget_sets());
        Cost {
            guess,
            guesses_per_day,
            guessed_per_day: at_least_one(guess, guesses_per_day),
            guessed_per_year: at_least_one(guess, guesses_per_day * 365),
            wrong_answers_to_wait: self.attempts.free,
            owner_is_apart: self.budget_sets() > 1,
            wrong_answers_to_lock: self.attempts.consecutive.min(self.attempts.per_day),
            sms_per_user_day: if self.methods.contains(&Method::Sms) {
                let sends = u64::from(self.sms.setup_sends_per_day) + u64::from(self.sms.login_sends_per_day);
                let by_reset = if self.sends.reset_on_success { self.sends.per_address_day } else { 0 };
                sends.max(by_reset.into()).min(self.sends.per_tenant_day.into())
            } else {
                0
            },
            messages_per_tenant_day: self.sends.per_tenant_day.into(),
        }
    }
}
