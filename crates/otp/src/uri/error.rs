//! Why a text is not an account's URI.

use crate::Base32Error;

/// Why a text could not be read as one account. No variant holds the secret, nor a value that could be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// There is no text.
    #[error("the URI is empty")]
    Empty,
    /// Longer than [`crate::MAX_URI_LENGTH`].
    #[error("the URI is {length} bytes long; at most 65536 are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Another scheme, or none.
    #[error("this is no account URI: the scheme must be otpauth://, steam:// or motp://")]
    Scheme,
    /// A Google Authenticator export, which [`crate::migration`] reads.
    #[error("this is a Google Authenticator export (otpauth-migration://), which holds several accounts")]
    Migration,
    /// A type that is not known.
    #[error("the type{} is not known; accepted are totp, hotp, steam, yaotp and motp", quoted(.shown))]
    Type {
        /// The type, when it is certainly no secret.
        shown: Option<String>,
    },
    /// A parameter that has to be there is not.
    #[error("the parameter {parameter} is missing")]
    Missing {
        /// Its name.
        parameter: &'static str,
    },
    /// The secret is there and holds not one byte.
    #[error("the parameter secret is empty; it takes base32 text of at least two characters")]
    EmptySecret,
    /// The secret is no base32 text.
    #[error("the parameter secret cannot be read: {0}")]
    Secret(#[source] Base32Error),
    /// A parameter that takes a number holds something else.
    #[error("the parameter {parameter} is not a number; it takes {least} to {most}")]
    NotANumber {
        /// Its name.
        parameter: &'static str,
        /// Least value accepted.
        least: u64,
        /// Greatest value accepted.
        most: u64,
    },
    /// A number out of range.
    #[error("the parameter {parameter} is {value}; it takes {least} to {most}")]
    OutOfRange {
        /// Its name.
        parameter: &'static str,
        /// The number as written.
        value: String,
        /// Least value accepted.
        least: u64,
        /// Greatest value accepted.
        most: u64,
    },
    /// A hash that is not known.
    #[error("the parameter algorithm{} is not known; it takes SHA1, SHA256 or SHA512", quoted(.shown))]
    Algorithm {
        /// The value, when it is certainly no secret.
        shown: Option<String>,
    },
    /// A parameter stands twice with different values.
    #[error("the parameter {parameter} stands twice with different values")]
    Repeated {
        /// Its name.
        parameter: &'static str,
    },
}

impl UriError {
    /// The type is shown if it is a short lower-case word: a secret pasted into the wrong place is not.
    pub(super) fn unknown_type(text: &str) -> Self {
        let harmless = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_lowercase());
        Self::Type { shown: (harmless && !text.is_empty()).then(|| text.into()) }
    }

    /// The value is shown if it begins like the name of a hash and is short.
    pub(super) fn unknown_algorithm(text: &str) -> Self {
        let upper = text.to_ascii_uppercase();
        let harmless =
            text.len() <= 12 && ["SHA", "MD", "HMAC", "BLAKE"].iter().any(|hash| upper.starts_with(hash));
        Self::Algorithm { shown: harmless.then(|| text.into()) }
    }
}

fn quoted(value: &Option<String>) -> String {
    value.as_ref().map_or_else(String::new, |value| format!(" {value:?}"))
}
