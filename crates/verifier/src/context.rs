//! What the caller knows about a request.

use crate::{DeviceToken, IpMatch, Timestamp};
use keyhaven_secret::SecretText;
use std::net::IpAddr;

/// How the user came as far as the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstFactor {
    /// By a password, typed at this moment.
    Password {
        /// When it was typed.
        at: Timestamp,
    },
    /// By single sign-on.
    Sso,
    /// Not in this request: the session goes on.
    Session,
}

/// One request. Nothing in it is trusted beyond what its fields say.
#[derive(Debug)]
pub struct Context {
    /// What time it is.
    pub now: Timestamp,
    /// The session's identifier. Challenges and proofs of one session are worth nothing in another.
    pub session: SecretText,
    /// Where the request comes from, as the caller's own socket or its list of trusted proxies says; never a header
    /// of the client's choice. `None`: nobody knows. Then no network is trusted, and a wrong answer is counted for no
    /// network: `attempts.per_network_hour` holds nobody back, all other budgets do.
    pub ip: Option<IpAddr>,
    /// The device's token, if it showed one.
    pub device: Option<DeviceToken>,
    /// Whether the user asked that this device be remembered.
    pub remember_device: bool,
    /// How the user came here.
    pub first_factor: FirstFactor,
    /// A name for this request by which a repetition is known again (an idempotency key). The same call with the same
    /// arguments, in the same session and under the same name, comes to the same for a while ([`REPEAT`] seconds for
    /// [`crate::Verifier::answer`], [`REPEAT_SHOWN`] for every other call), once-shown things included, and uses nothing up
    /// a second time. Without a name, what is repeated is a second request: a used code, a used proof.
    pub request: Option<String>,
}

/// Seconds in which a named answer that is asked for again gets the decision that it got.
pub const REPEAT: u64 = 30;
/// Seconds in which every other named request that is asked again comes to what it came to.
pub const REPEAT_SHOWN: u64 = 60;

impl Context {
    /// A request that brings the password itself: it was typed at `now`.
    pub fn with_password(now: Timestamp, session: SecretText) -> Self {
        Self::by(FirstFactor::Password { at: now }, now, session)
    }

    /// A request of somebody who typed the password at `typed`.
    pub fn after_password(now: Timestamp, session: SecretText, typed: Timestamp) -> Self {
        Self::by(FirstFactor::Password { at: typed }, now, session)
    }

    /// A request of somebody who came by single sign-on.
    pub fn with_sso(now: Timestamp, session: SecretText) -> Self {
        Self::by(FirstFactor::Sso, now, session)
    }

    /// A request of a session that goes on: who asks was let in earlier, and typed nothing now.
    pub fn in_session(now: Timestamp, session: SecretText) -> Self {
        Self::by(FirstFactor::Session, now, session)
    }

    fn by(first_factor: FirstFactor, now: Timestamp, session: SecretText) -> Self {
        Self { now, session, ip: None, device: None, remember_device: false, first_factor, request: None }
    }

    /// The same under a name, by which a repetition is known again.
    #[must_use]
    pub fn named(mut self, request: impl Into<String>) -> Self {
        self.request = Some(request.into());
        self
    }

    /// The same from an address.
    #[must_use]
    pub fn from_ip(mut self, ip: IpAddr) -> Self {
        self.ip = Some(ip);
        self
    }
}

/// Who administers, as the caller authenticated them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Their name, for the audit chain.
    pub name: String,
    /// What they are.
    pub role: Role,
}

/// What an [`Actor`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Of the tenant.
    Administrator,
    /// Of the service.
    Operator,
}

impl Actor {
    /// An administrator of the tenant.
    pub fn administrator(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: Role::Administrator }
    }

    /// The operator of the service.
    pub fn operator(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: Role::Operator }
    }
}

/// The network of an address, as text: addresses of one network give one text. An IPv4 address in IPv6 clothes
/// (`::ffff:192.0.2.1`) is the IPv4 address.
pub(crate) fn network(ip: IpAddr, rule: IpMatch) -> String {
    let (v4, v6) = match rule {
        IpMatch::Exact => (32, 128),
        IpMatch::Prefix { v4, v6 } => (v4, v6),
    };
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let kept = u32::from(v4.min(32));
            let mask = u32::MAX.checked_shl(32 - kept).unwrap_or(0);
            format!("4/{kept}/{:08x}", ip.to_bits() & mask)
        }
        IpAddr::V6(ip) => {
            let kept = u32::from(v6.min(128));
            let mask = u128::MAX.checked_shl(128 - kept).unwrap_or(0);
            format!("6/{kept}/{:032x}", ip.to_bits() & mask)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(rule: IpMatch, a: &str, b: &str) -> bool {
        network(a.parse().unwrap(), rule) == network(b.parse().unwrap(), rule)
    }

    #[test]
    fn networks() {
        let prefix = IpMatch::Prefix { v4: 24, v6: 48 };
        assert!(same(IpMatch::Exact, "192.0.2.1", "192.0.2.1"));
        assert!(!same(IpMatch::Exact, "192.0.2.1", "192.0.2.2"));
        assert!(same(prefix, "192.0.2.1", "192.0.2.254"));
        assert!(!same(prefix, "192.0.2.1", "192.0.3.1"));
        assert!(same(prefix, "2001:db8:1::1", "2001:db8:1:ffff::1"));
        assert!(!same(prefix, "2001:db8:1::1", "2001:db8:2::1"));
        assert!(same(IpMatch::Exact, "::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same(IpMatch::Prefix { v4: 32, v6: 32 }, "0.0.0.0", "::"));
    }
}
