//! What an authenticator knows about one account.

use keyhaven_secret::{SecretBytes, SecretText};
use std::fmt;

/// The hash under the HMAC (RFC 6238 §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
pub enum Algorithm {
    /// HMAC-SHA-1, the default everywhere.
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    /// HMAC-SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// HMAC-SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

impl Algorithm {
    /// The spelling of the Key URI Format: `SHA1`, `SHA256`, `SHA512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads a spelling found in the wild (`sha-256`, `HmacSHA1`, `HMAC_SHA512`); `None` for any other algorithm.
    pub fn from_spelling(text: &str) -> Option<Self> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | '_' | ' ' | '/'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        match plain.strip_prefix("HMAC").unwrap_or(&plain) {
            "SHA1" | "SHA" => Some(Self::Sha1),
            "SHA256" | "SHA2256" => Some(Self::Sha256),
            "SHA512" | "SHA2512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an account's codes are computed, with the parameters of that method.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// Time-based (RFC 6238), T0 = 0.
    Totp {
        /// The hash under the HMAC.
        algorithm: Algorithm,
        /// Digits of a code, [`crate::DIGITS`].
        digits: u8,
        /// Seconds a code lasts, [`crate::PERIODS`].
        period: u32,
    },
    /// Counter-based (RFC 4226).
    Hotp {
        /// The hash under the HMAC (RFC 4226 knows SHA-1 only).
        algorithm: Algorithm,
        /// Digits of a code, [`crate::DIGITS`].
        digits: u8,
        /// The counter of the next code.
        counter: u64,
    },
    /// Steam Guard: TOTP with SHA-1 and 30 s, written as five characters of Steam's own alphabet.
    Steam,
    /// Mobile-OTP: MD5 over time, secret and PIN. The account's secret is the text as hashed (usually 16 hex digits).
    Motp {
        /// The PIN; empty when it is not known (some exports leave it out), and then there are no codes.
        pin: SecretText,
        /// Hexadecimal digits of a code, [`crate::DIGITS`]; 6 by custom.
        digits: u8,
        /// Seconds a code lasts, [`crate::PERIODS`]; 10 by custom.
        period: u32,
    },
    /// Yandex ID: HMAC-SHA-256 under a key made of PIN and secret, 30 s, eight letters. Only the secret's first
    /// 16 bytes are key; a secret typed from Yandex' pages goes on with a user number and a checksum.
    Yandex {
        /// The PIN; empty when it is not known (Yandex' own QR code leaves it out), and then there are no codes.
        pin: SecretText,
    },
}

impl Kind {
    /// TOTP with the defaults of the Key URI Format: SHA-1, 6 digits, 30 s.
    pub fn totp() -> Self {
        Self::Totp { algorithm: Algorithm::Sha1, digits: 6, period: 30 }
    }

    /// A short name: `totp`, `hotp`, `steam`, `motp` or `yandex`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Totp { .. } => "totp",
            Self::Hotp { .. } => "hotp",
            Self::Steam => "steam",
            Self::Motp { .. } => "motp",
            Self::Yandex { .. } => "yandex",
        }
    }

    /// Seconds a code lasts; `None` where codes go by a counter.
    pub fn period(&self) -> Option<u32> {
        match self {
            Self::Totp { period, .. } | Self::Motp { period, .. } => Some(*period),
            Self::Hotp { .. } => None,
            Self::Steam | Self::Yandex { .. } => Some(30),
        }
    }

    /// Characters of a code.
    pub fn digits(&self) -> u8 {
        match self {
            Self::Totp { digits, .. } | Self::Hotp { digits, .. } | Self::Motp { digits, .. } => *digits,
            Self::Steam => 5,
            Self::Yandex { .. } => 8,
        }
    }

    /// The hash under the HMAC; `None` for mOTP, which uses plain MD5.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Totp { algorithm, .. } | Self::Hotp { algorithm, .. } => Some(*algorithm),
            Self::Steam => Some(Algorithm::Sha1),
            Self::Yandex { .. } => Some(Algorithm::Sha256),
            Self::Motp { .. } => None,
        }
    }

    /// A second value, PIN included. Named, because every copy of a PIN is one more thing to wipe.
    pub fn duplicate(&self) -> Self {
        match self {
            Self::Totp { algorithm, digits, period } => {
                Self::Totp { algorithm: *algorithm, digits: *digits, period: *period }
            }
            Self::Hotp { algorithm, digits, counter } => {
                Self::Hotp { algorithm: *algorithm, digits: *digits, counter: *counter }
            }
            Self::Steam => Self::Steam,
            Self::Motp { pin, digits, period } => {
                Self::Motp { pin: pin.duplicate(), digits: *digits, period: *period }
            }
            Self::Yandex { pin } => Self::Yandex { pin: pin.duplicate() },
        }
    }
}

/// One account: whose it is, its secret, and how its codes are computed. Not `Clone`; `Debug` shows no secret.
#[derive(PartialEq, Eq)]
pub struct Account {
    /// Who issued the account ("GitHub"); empty when unknown.
    pub issuer: String,
    /// The account's name with the issuer ("me@example.org"); may be empty.
    pub name: String,
    /// The issuer that the label names, when it is another than [`Account::issuer`]. Never holds a colon.
    pub label_issuer: Option<String>,
    /// The shared secret; for [`Kind::Motp`] the bytes of the text that is hashed.
    pub secret: SecretBytes,
    /// How codes are computed.
    pub kind: Kind,
    /// Parameters this crate gives no meaning to, name and decoded value, in the order they came.
    pub unknown: Vec<(String, String)>,
}

impl Account {
    /// An account without extras.
    pub fn new(issuer: impl Into<String>, name: impl Into<String>, secret: SecretBytes, kind: Kind) -> Self {
        Self {
            issuer: issuer.into(),
            name: name.into(),
            label_issuer: None,
            secret,
            kind,
            unknown: Vec::new(),
        }
    }

    /// A second value, secret included. Named, because every copy is one more thing to wipe.
    pub fn duplicate(&self) -> Self {
        Self {
            issuer: self.issuer.clone(),
            name: self.name.clone(),
            label_issuer: self.label_issuer.clone(),
            secret: self.secret.duplicate(),
            kind: self.kind.duplicate(),
            unknown: self.unknown.clone(),
        }
    }

    /// The secret as base32 without padding, in upper case (RFC 4648 §6).
    pub fn secret_base32(&self) -> SecretText {
        SecretText::new(data_encoding::BASE32_NOPAD.encode(self.secret.expose()))
    }

    /// The account as a URI that [`crate::parse_uri`] reads back to an equal account. Parameters that have their
    /// default value are left out, which keeps the QR code small. Names are trimmed.
    pub fn to_uri(&self) -> SecretText {
        crate::uri::write(self)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of unknown parameters stay out: nobody knows what they are.
        f.debug_struct("Account")
            .field("issuer", &self.issuer)
            .field("name", &self.name)
            .field("label_issuer", &self.label_issuer)
            .field("kind", &self.kind)
            .field("unknown", &self.unknown.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
