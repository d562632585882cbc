//! Ready policies: one for each system whose pages the specification quotes, three for published standards.

use super::{
    AppliesTo, Attempts, Disable, Email, Enforcement, Enrol, Invite, IpMatch, ManagedBy, PhoneChange,
    PhoneMissing, Policy, Precondition, Recovery, RecoveryKind, Sends, Sms, StepUp, Tickets, Totp, Trust,
};
use crate::{Action, Method};
use keyhaven_otp::Algorithm;

/// A ready policy. What a page leaves open is chosen strictly; `docs/verifier.md` gives the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    /// A portal that asks when the network or the password changes, with 15 messages a day to set up and 20 to sign
    /// in (T1 to T22).
    Portal15x20,
    /// New invitations bring the second factor; without a number codes go by e-mail (E1 to E8).
    InviteFallback,
    /// A verified e-mail address, one recovery key, an authenticator app beside it (B1 to B13).
    RecoveryKey,
    /// An authenticator app and six recovery codes (H1 to H10).
    SixCodes,
    /// The operator forces or offers it; one registered device, replaced by an administrator (A1 to A8).
    ForcedOptIn,
    /// NIST SP 800-63B-4 (second public draft), AAL2.
    Nist63b4Aal2,
    /// OWASP ASVS 5.0 level 2.
    Asvs5L2,
    /// OWASP ASVS 5.0 level 3.
    Asvs5L3,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 8] = [
        Self::Portal15x20,
        Self::InviteFallback,
        Self::RecoveryKey,
        Self::SixCodes,
        Self::ForcedOptIn,
        Self::Nist63b4Aal2,
        Self::Asvs5L2,
        Self::Asvs5L3,
    ];

    /// The policy, ready to be changed.
    pub fn policy(self) -> Policy {
        let base = Policy::default();
        let forced = Enforcement::Forced { grace: 0 };
        match self {
            Self::Portal15x20 => Policy {
                enforcement: forced,
                methods: [Method::Sms, Method::Push, Method::Email].into(),
                sms: Sms { setup_sends_per_day: 15, login_sends_per_day: 20, ..base.sms },
                email: Email { by_exception: true, ..base.email },
                recovery: Recovery { kind: RecoveryKind::None, ..base.recovery },
                trust: Trust { ip: Some(IpMatch::Exact), ..base.trust },
                step_up: StepUp { actions: [Action::ChangePassword].into(), ..base.step_up },
                phone_change: PhoneChange::AdminLink,
                // What sign-ins give back (T17) has its end here: an address gets so many messages a day, no more.
                sends: Sends { lockout: 86_400, reset_on_success: true, per_address_day: 100, ..base.sends },
                ..base
            },
            Self::InviteFallback => Policy {
                enforcement: forced,
                applies_to: AppliesTo::NewInvites,
                methods: [Method::Sms, Method::Email].into(),
                recovery: Recovery { kind: RecoveryKind::None, ..base.recovery },
                invite: Invite { phone_missing: PhoneMissing::FallbackEmail, ..base.invite },
                ..base
            },
            Self::RecoveryKey => Policy {
                methods: [Method::Email, Method::Totp].into(),
                recovery: Recovery { kind: RecoveryKind::SingleKey, reissue_on_enrol: true, ..base.recovery },
                enrol: Enrol { preconditions: [Precondition::VerifiedEmail].into(), ..base.enrol },
                ..base
            },
            Self::SixCodes => Policy {
                recovery: Recovery {
                    kind: RecoveryKind::Codes { count: 6 },
                    usable_for: [Action::Login, Action::Enrol, Action::ChangePassword, Action::ChangeEmail]
                        .into(),
                    ..base.recovery
                },
                enrol: Enrol { preconditions: [Precondition::RecentPassword].into(), ..base.enrol },
                tickets: Tickets { second_admin: true, ..base.tickets },
                ..base
            },
            Self::ForcedOptIn => Policy {
                enforcement: forced,
                managed_by: ManagedBy::Operator,
                totp: Totp { max_active: 1, ..base.totp },
                recovery: Recovery { kind: RecoveryKind::None, ..base.recovery },
                enrol: Enrol { self_service: false, ..base.enrol },
                disable: Disable { self_service: false, ..base.disable },
                ..base
            },
            Self::Nist63b4Aal2 => Policy {
                enforcement: forced,
                methods: [Method::Totp, Method::Push].into(),
                tickets: Tickets { second_admin: true, ..base.tickets },
                ..base
            },
            Self::Asvs5L2 => Policy {
                enforcement: forced,
                methods: [Method::Totp, Method::Push].into(),
                push: super::Push { digits: 7, ..base.push },
                tickets: Tickets { second_admin: true, ..base.tickets },
                ..base
            },
            Self::Asvs5L3 => Policy {
                enforcement: forced,
                methods: [Method::Totp, Method::Push].into(),
                push: super::Push { digits: 7, ..base.push },
                totp: Totp { algorithm: Algorithm::Sha256, ..base.totp },
                enrol: Enrol { preconditions: [Precondition::RecentPassword].into(), ..base.enrol },
                tickets: Tickets { second_admin: true, ..base.tickets },
                attempts: Attempts { per_day: 20, ..base.attempts },
                ..base
            },
        }
    }
}
