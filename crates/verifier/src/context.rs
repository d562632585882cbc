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
    /// of the client's choice.
    pub ip: Option<IpAddr>,
    /// The device's token, if it showed one.
    pub device: Option<DeviceToken>,
    /// Whether the user asked that this device be remembered.
    pub remember_device: bool,
    /// How the user came here.
    pub first_factor: FirstFactor,
    /// A name for this request by which a repetition is known again (an idempotency key): for 30 seconds the same
    /// answer under the same name gets the same decision. Without one, a repeated answer is a used one.
    pub request: Option<String>,
}

impl Context {
    /// A request of a session at a moment, by password.
    pub fn new(now: Timestamp, session: SecretText) -> Self {
        Self {
            now,
            session,
            ip: None,
            device: None,
            remember_device: false,
            first_factor: FirstFactor::Password { at: now },
            request: None,
        }
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
