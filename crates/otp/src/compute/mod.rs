//! From key and counter to a code. totp-rs computes the HMACs; truncation and presentation are ours, because their
//! intermediate values are shown (`explain`) and ten digits do not fit into totp-rs' 32-bit modulus.

mod motp;
mod yandex;

use crate::{Account, Algorithm, CodeError, DIGITS, Kind, PERIODS};
use keyhaven_secret::{SecretBytes, SecretText};

pub(crate) use yandex::{SecretProblem as YandexSecretProblem, problem as yandex_secret_problem};

/// Steam's alphabet: no vowels, nothing that looks like something else. Checked against codes of the real Steam app
/// as published in KeePassXC's tests/TestTotp.cpp.
const STEAM_ALPHABET: &[u8; 26] = b"23456789BCDFGHJKMNPQRTVWXY";

/// Every value on the way to one code.
pub(crate) struct Steps {
    /// HMAC (or, for mOTP, MD5) output; the first `mac_length` bytes count.
    mac: [u8; 64],
    mac_length: usize,
    /// Where truncation starts (RFC 4226 §5.3), `None` for mOTP.
    pub offset: Option<u8>,
    /// The truncated value before the modulus: 31 bits, 63 for Yandex, `None` for mOTP.
    pub truncated: Option<u64>,
    pub text: String,
}

impl Steps {
    pub fn mac(&self) -> &[u8] {
        &self.mac[..self.mac_length]
    }
}

/// An account's method with its key prepared, for as many counters as wanted.
pub(crate) enum Engine<'a> {
    Hmac { totp: totp_rs::Totp, presentation: Presentation },
    Motp { secret: &'a SecretBytes, pin: &'a SecretText, digits: u8 },
}

#[derive(Clone, Copy)]
pub(crate) enum Presentation {
    Decimal(u8),
    Steam,
    Yandex,
}

impl<'a> Engine<'a> {
    pub fn new(account: &'a Account) -> Result<Self, CodeError> {
        let secret = &account.secret;
        if secret.is_empty() {
            return Err(CodeError::EmptySecret);
        }
        let digits = account.kind.digits();
        if !DIGITS.contains(&digits) {
            return Err(CodeError::Digits { digits });
        }
        if let Some(period) = account.kind.period().filter(|period| !PERIODS.contains(period)) {
            return Err(CodeError::Period { period });
        }
        Ok(match &account.kind {
            Kind::Totp { algorithm, .. } | Kind::Hotp { algorithm, .. } => {
                Self::hmac(*algorithm, secret.expose(), Presentation::Decimal(digits))
            }
            Kind::Steam => Self::hmac(Algorithm::Sha1, secret.expose(), Presentation::Steam),
            Kind::Motp { pin, .. } | Kind::Yandex { pin } if pin.is_empty() => {
                return Err(CodeError::PinMissing { kind: account.kind.name() });
            }
            Kind::Motp { pin, .. } => Self::Motp { secret, pin, digits },
            Kind::Yandex { pin } => {
                Self::hmac(Algorithm::Sha256, yandex::key(secret, pin).expose(), Presentation::Yandex)
            }
        })
    }

    fn hmac(algorithm: Algorithm, key: &[u8], presentation: Presentation) -> Self {
        let algorithm = match algorithm {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        };
        // A step of one second makes totp-rs' time our counter, so that HOTP and any period go one way.
        // "Noncompliant" only skips its length and digit checks: short secrets exist, and digits are checked above.
        let totp = totp_rs::Builder::new()
            .with_algorithm(algorithm)
            .with_step_duration(1)
            .with_secret(key)
            .build_noncompliant();
        Self::Hmac { totp, presentation }
    }

    pub fn run(&self, counter: u64) -> Steps {
        let (totp, presentation) = match self {
            Self::Hmac { totp, presentation } => (totp, presentation),
            Self::Motp { secret, pin, digits } => return motp::run(secret, pin, *digits, counter),
        };
        let signature = totp.sign(counter);
        let signature = signature.as_ref();
        let mut mac = [0; 64];
        mac[..signature.len()].copy_from_slice(signature);
        let offset = signature.last().map_or(0, |last| last & 0x0f);
        let width = if matches!(presentation, Presentation::Yandex) { 8 } else { 4 };
        // Offset ≤ 15 and width ≤ 8 stay within SHA-256's 32 bytes; SHA-1's 20 bytes meet width 4 only.
        let window = signature.iter().skip(usize::from(offset)).take(width);
        let value = window.fold(0, |value: u64, &byte| value << 8 | u64::from(byte));
        // RFC 4226 §5.3: the top bit goes, to be free of sign confusion.
        let truncated = value & (u64::MAX >> (64 - width * 8 + 1));
        let text = match presentation {
            Presentation::Decimal(digits) => decimal(truncated, *digits),
            Presentation::Steam => steam(truncated),
            Presentation::Yandex => yandex::letters(truncated),
        };
        Steps { mac, mac_length: signature.len(), offset: Some(offset), truncated: Some(truncated), text }
    }
}

/// RFC 4226 §5.3: the value modulo 10^digits, with leading zeros.
fn decimal(truncated: u64, digits: u8) -> String {
    format!("{:0width$}", truncated % 10_u64.pow(u32::from(digits)), width = usize::from(digits))
}

fn steam(mut value: u64) -> String {
    (0..5)
        .map(|_| {
            let character = STEAM_ALPHABET[(value % 26) as usize];
            value /= 26;
            char::from(character)
        })
        .collect()
}
