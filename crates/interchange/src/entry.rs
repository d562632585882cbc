//! Fields of another program's entry to an account: one place that knows what may be in them.

use crate::Imported;
use keyhaven_otp::{
    Account, Algorithm, Base32Error, DIGITS, Kind, Oddity, PERIODS, UriError, decode_base32, migration,
    parse_uri,
};
use keyhaven_secret::{SecretBytes, SecretText};

/// Why an entry gives no account. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A kind that is not known.
    #[error("its kind is {word:?}; accepted are totp, hotp, steam, motp and yandex")]
    Kind {
        /// As the file has it, shortened.
        word: String,
    },
    /// An algorithm that is not known.
    #[error("its algorithm is {word:?}; accepted are SHA1, SHA256 and SHA512")]
    Algorithm {
        /// As the file has it, shortened.
        word: String,
    },
    /// No secret.
    #[error("it has no secret")]
    NoSecret,
    /// A secret that is no base32.
    #[error("its secret cannot be read: {0}")]
    Base32(#[source] Base32Error),
    /// A secret in another encoding that cannot be read.
    #[error("its secret is not {encoding}")]
    Encoding {
        /// What it should be.
        encoding: &'static str,
    },
    /// A field that takes a number holds something else.
    #[error("its {parameter} is not a number from 0")]
    NotANumber {
        /// Which.
        parameter: &'static str,
    },
    /// A number out of range.
    #[error("its {parameter} is {value}; it takes {least} to {most}")]
    OutOfRange {
        /// Which.
        parameter: &'static str,
        /// As the file has it.
        value: u64,
        /// Least accepted.
        least: u64,
        /// Most accepted.
        most: u64,
    },
    /// A URI that cannot be read.
    #[error("{0}")]
    Uri(#[source] UriError),
    /// A Google Authenticator export that cannot be read.
    #[error("{0}")]
    Migration(#[source] migration::MigrationError),
    /// An entry of a Google Authenticator export that cannot be used.
    #[error("{0}")]
    MigrationEntry(#[source] migration::EntryError),
    /// Other parts of a Google Authenticator export were not in the file.
    #[error(
        "parts {missing:?} of {size} of this Google Authenticator export are missing; what is here was read"
    )]
    MissingBatches {
        /// Which, from 1.
        missing: Vec<u32>,
        /// Of how many.
        size: u32,
    },
    /// An entry that confirms sign-ins by push and has no secret in the file.
    #[error("it confirms sign-ins by push: its key stays on the phone, so set it up anew with the service")]
    Push,
    /// The entry's secret is under a key that is not in the file.
    #[error("its secret is encrypted under a key that is not in the file")]
    Sealed,
    /// The password does not open this entry, though it opens others.
    #[error("its secret does not open with the password")]
    WrongPassword,
    /// An entry that is not built as its program builds it.
    #[error("it is not built as expected: {what}")]
    Shape {
        /// What is wrong.
        what: &'static str,
    },
    /// Not an entry that failed, but something to be told about an account that was read.
    #[error("{what}")]
    Told {
        /// What.
        what: &'static str,
    },
    /// A line that is nothing known.
    #[error("it is no otpauth URI")]
    NotAUri,
}

/// Text of the file made short enough to be told. Used for words that are no secret in their place; a long word might
/// still be one that was put there by mistake, so it is cut.
pub(crate) fn shortened(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(24).collect()
}

/// Issuer and name in one line, or the place when there is neither.
pub(crate) fn title(issuer: &str, name: &str, place: usize) -> String {
    match (issuer.trim(), name.trim()) {
        ("", "") => format!("entry {place}"),
        ("", name) => name.chars().take(200).collect(),
        (issuer, "") => issuer.chars().take(200).collect(),
        (issuer, name) => format!("{issuer}: {name}").chars().take(200).collect(),
    }
}

/// A secret as a file has it.
pub(crate) enum Secret<'a> {
    Base32(&'a str),
    /// Text whose bytes the mOTP algorithm hashes.
    Text(&'a str),
    Bytes(SecretBytes),
}

/// An entry's fields, not yet judged.
pub(crate) struct Draft<'a> {
    pub kind: &'a str,
    pub issuer: &'a str,
    pub name: &'a str,
    pub secret: Secret<'a>,
    pub algorithm: Option<&'a str>,
    pub digits: Option<u64>,
    pub period: Option<u64>,
    pub counter: Option<u64>,
    pub pin: Option<&'a str>,
}

impl<'a> Draft<'a> {
    /// TOTP with every parameter at its default.
    pub fn totp(issuer: &'a str, name: &'a str, secret: Secret<'a>) -> Self {
        Self {
            kind: "totp",
            issuer,
            name,
            secret,
            algorithm: None,
            digits: None,
            period: None,
            counter: None,
            pin: None,
        }
    }

    pub fn finish(self) -> Result<Imported, Reason> {
        let kind = self.read_kind()?;
        let mut oddities = Vec::new();
        let mut spelling = None;
        let secret = match self.secret {
            Secret::Bytes(bytes) => bytes,
            Secret::Text(text) => {
                spelling = Some(SecretText::new(text.trim().to_owned()));
                SecretBytes::new(text.trim().as_bytes().to_vec())
            }
            Secret::Base32(text) => {
                let decoded = decode_base32(text).map_err(Reason::Base32)?;
                if decoded.leftover_bits > 0 {
                    oddities.push(Oddity::LeftoverBits { bits: decoded.leftover_bits });
                    spelling = Some(canonical(text));
                }
                decoded.bytes
            }
        };
        if secret.is_empty() {
            return Err(Reason::NoSecret);
        }
        note_unusual(&kind, &secret, &mut oddities);
        if matches!(kind, Kind::Hotp { .. }) && self.counter.is_none() {
            oddities.push(Oddity::NoCounter);
        }
        let account = Account::new(self.issuer.trim(), self.name.trim(), secret, kind);
        Ok(Imported { spelling, oddities, ..Imported::new(account) })
    }

    fn read_kind(&self) -> Result<Kind, Reason> {
        let pin = || SecretText::new(self.pin.unwrap_or_default().trim().to_owned());
        Ok(match self.kind.trim().to_ascii_lowercase().as_str() {
            "totp" => Kind::Totp {
                algorithm: self.read_algorithm()?,
                digits: self.read_digits()?,
                period: self.read_period(30)?,
            },
            "hotp" => Kind::Hotp {
                algorithm: self.read_algorithm()?,
                digits: self.read_digits()?,
                counter: self.counter.unwrap_or(0),
            },
            "steam" | "steamtotp" => Kind::Steam,
            "motp" => Kind::Motp { pin: pin(), digits: self.read_digits()?, period: self.read_period(10)? },
            "yandex" | "yaotp" => Kind::Yandex { pin: pin() },
            _ => return Err(Reason::Kind { word: shortened(self.kind) }),
        })
    }

    fn read_algorithm(&self) -> Result<Algorithm, Reason> {
        match self.algorithm.map(str::trim) {
            None | Some("") => Ok(Algorithm::Sha1),
            Some(word) => {
                Algorithm::from_spelling(word).ok_or_else(|| Reason::Algorithm { word: shortened(word) })
            }
        }
    }

    fn read_digits(&self) -> Result<u8, Reason> {
        let (least, most) = (u64::from(*DIGITS.start()), u64::from(*DIGITS.end()));
        let digits = within("digits", self.digits.unwrap_or(6), least, most)?;
        Ok(digits as u8) // within DIGITS
    }

    fn read_period(&self, default: u64) -> Result<u32, Reason> {
        let (least, most) = (u64::from(*PERIODS.start()), u64::from(*PERIODS.end()));
        let period = within("period", self.period.unwrap_or(default), least, most)?;
        Ok(period as u32) // within PERIODS
    }
}

fn within(parameter: &'static str, value: u64, least: u64, most: u64) -> Result<u64, Reason> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(Reason::OutOfRange { parameter, value, least, most })
    }
}

/// What other authenticators may ignore.
fn note_unusual(kind: &Kind, secret: &SecretBytes, oddities: &mut Vec<Oddity>) {
    if let Kind::Totp { algorithm, digits, .. } | Kind::Hotp { algorithm, digits, .. } = kind {
        if *algorithm != Algorithm::Sha1 {
            oddities.push(Oddity::OtherAlgorithm { algorithm: *algorithm });
        }
        if *digits != 6 {
            oddities.push(Oddity::OtherDigits { digits: *digits });
        }
        if secret.len() < 16 {
            oddities.push(Oddity::ShortSecret { bits: secret.len() * 8 });
        }
    }
    if let Kind::Totp { period, .. } = kind
        && *period != 30
    {
        oddities.push(Oddity::OtherPeriod { period: *period });
    }
    if let Kind::Motp { pin, .. } | Kind::Yandex { pin } = kind
        && pin.is_empty()
    {
        oddities.push(Oddity::NoPin);
    }
}

/// Base32 text without separators and padding, in upper case.
fn canonical(text: &str) -> SecretText {
    let mut plain = String::with_capacity(text.len());
    plain.extend(text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()));
    SecretText::new(plain)
}

/// An account's URI; with the secret's own spelling where it has left-over bits.
pub(crate) fn from_uri(uri: &str) -> Result<Imported, Reason> {
    let parsed = parse_uri(uri).map_err(Reason::Uri)?;
    let mut imported = Imported::new(parsed.account);
    imported.spelling = match &imported.account.kind {
        Kind::Motp { .. } => std::str::from_utf8(imported.account.secret.expose())
            .ok()
            .map(|text| SecretText::new(text.to_owned())),
        _ if parsed.oddities.iter().any(|oddity| matches!(oddity, Oddity::LeftoverBits { .. })) => {
            secret_in(uri)
        }
        _ => None,
    };
    imported.oddities = parsed.oddities;
    Ok(imported)
}

/// The secret's text in a URI that was read already. Base32 needs no percent-encoding, and its separators go away.
fn secret_in(uri: &str) -> Option<SecretText> {
    let uri = uri.trim();
    let text = match uri.split_once('?') {
        Some((_, query)) if !uri.to_ascii_lowercase().starts_with("steam://") => query
            .split('&')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("secret"))
            .map(|(_, value)| value)?,
        _ => uri.split_once("://")?.1.split('?').next()?,
    };
    let plain = SecretText::new(text.replace("%3D", "").replace("%3d", "").replace("%20", ""));
    (!plain.expose().contains('%')).then(|| canonical(plain.expose()))
}

/// What password managers keep in a field for one-time codes: a URI, or a bare secret.
///
/// A URI names its account itself where it can; `issuer` and `name` (of the item around it) fill what it leaves open,
/// and name what a bare secret or `steam://` is for.
pub(crate) fn from_field(text: &str, issuer: &str, name: &str) -> Result<Imported, Reason> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Reason::NoSecret);
    }
    if !text.contains("://") {
        return Draft::totp(issuer, name, Secret::Base32(text)).finish();
    }
    let mut imported = from_uri(text)?;
    let account = &mut imported.account;
    if text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("steam://")) {
        account.issuer.clear();
    }
    for (own, around) in [(&mut account.issuer, issuer), (&mut account.name, name)] {
        if own.is_empty() {
            *own = around.trim().into();
        }
    }
    Ok(imported)
}
