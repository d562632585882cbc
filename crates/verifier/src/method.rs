//! The ways to answer and the things an answer is for.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to prove presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Time-based one-time codes (RFC 6238).
    Totp,
    /// Counter-based one-time codes (RFC 4226).
    Hotp,
    /// An authenticator that types back the number shown on the sign-in page.
    Push,
    /// A code by text message. A restricted authenticator (NIST SP 800-63B-4 2pd §3.1.3.3).
    Sms,
    /// A code by e-mail. Not an out-of-band authenticator by NIST SP 800-63B-4 2pd §3.1.3.1.
    Email,
    /// A recovery code.
    Recovery,
}

impl Method {
    /// Every method, in the order of preference: what resists most comes first.
    pub const ALL: [Self; 6] = [Self::Push, Self::Totp, Self::Hotp, Self::Sms, Self::Email, Self::Recovery];

    /// The stable name in policies, audit events and stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Hotp => "hotp",
            Self::Push => "push",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Recovery => "recovery",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a challenge is for. An answer to one action proves nothing for another (verifier specification R12).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Signing in.
    Login,
    /// Changing the password.
    ChangePassword,
    /// Changing the e-mail address.
    ChangeEmail,
    /// Changing the telephone number codes go to.
    ChangePhone,
    /// Adding a factor to those already there.
    Enrol,
    /// Removing every factor.
    DisableMfa,
    /// Replacing the recovery codes.
    RegenerateRecovery,
    /// Whatever else the application guards, by its own name. It wants an answer of whoever has a factor, whatever the
    /// policy lists.
    Custom(String),
}

impl Action {
    /// The stable name: `login`, `change_password` …, `custom:` and the name.
    pub fn name(&self) -> String {
        match self {
            Self::Login => "login".to_owned(),
            Self::ChangePassword => "change_password".to_owned(),
            Self::ChangeEmail => "change_email".to_owned(),
            Self::ChangePhone => "change_phone".to_owned(),
            Self::Enrol => "enrol".to_owned(),
            Self::DisableMfa => "disable_mfa".to_owned(),
            Self::RegenerateRecovery => "regenerate_recovery".to_owned(),
            Self::Custom(name) => format!("custom:{name}"),
        }
    }

    /// Whether `step_up.actions` decides if it wants an answer: of those that every application has. What an application
    /// guards by a name of its own always wants one: a name that a policy lacks, or spells otherwise, guards all the same.
    pub fn is_by_policy(&self) -> bool {
        matches!(self, Self::ChangePassword | Self::ChangeEmail)
    }
}
