//! Names: of tenants and their users (given by the caller), of factors, challenges and the like (random, 128 bits).

use crate::{Unavailable, random};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest name of a tenant or user, in bytes.
pub const MAX_NAME: usize = 256;

/// Whose factors, challenges and budgets these are: a user of one tenant. Nothing is ever looked up without both
/// (verifier specification R17: composite keys, never a flat key space).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    tenant: String,
    user: String,
}

/// A tenant or user name that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {which} name has {length} bytes; 1 to {MAX_NAME} are possible")]
pub struct NameError {
    /// `tenant` or `user`.
    pub which: &'static str,
    /// Its length in bytes.
    pub length: usize,
}

pub(crate) fn check_name(which: &'static str, name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(NameError { which, length: name.len() });
    }
    Ok(())
}

impl Subject {
    /// The user `user` of tenant `tenant`. Both are taken as they are, compared byte by byte.
    ///
    /// # Errors
    /// A name that is empty or longer than [`MAX_NAME`].
    pub fn new(tenant: &str, user: &str) -> Result<Self, NameError> {
        check_name("tenant", tenant)?;
        check_name("user", user)?;
        Ok(Self { tenant: tenant.to_owned(), user: user.to_owned() })
    }

    /// The tenant's name.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The user's name within the tenant.
    pub fn user(&self) -> &str {
        &self.user
    }
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub(crate) fn random() -> Result<Self, Unavailable> {
                Ok(Self(HEXLOWER.encode(random::bytes::<16>()?.as_slice())))
            }

            /// Reads what [`Self::as_str`] wrote: 32 lower-case hexadecimal digits; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
                    .then(|| Self(text.to_owned()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One factor of a subject. Never used again after it was revoked.
    FactorId;
    /// One question to a subject.
    ChallengeId;
    /// One decision, for `explain`.
    DecisionId;
    /// One ticket an administrator or an invitation gave out.
    TicketId;
    /// One trusted network or device.
    TrustId;
    /// One recovery code of a set.
    RecoveryCodeId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_256_bytes() {
        let long = "x".repeat(MAX_NAME);
        assert!(Subject::new(&long, "u").is_ok() && Subject::new("t", &long).is_ok());
        for length in [0, MAX_NAME + 1, 1_000] {
            let name = "x".repeat(length);
            assert_eq!(Subject::new(&name, "u"), Err(NameError { which: "tenant", length }));
            assert_eq!(Subject::new("t", &name), Err(NameError { which: "user", length }));
        }
    }
}
