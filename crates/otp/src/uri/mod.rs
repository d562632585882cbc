//! `otpauth://`, `steam://` and `motp://` URIs, as they are in the wild.
//!
//! The format is Google's Key URI Format (github.com/google/google-authenticator/wiki/Key-Uri-Format). A general URL
//! parser is of no use here: labels hold raw `#`, `?` never, and `+` means different things in label and query.

mod error;
mod oddity;
mod query;
mod write;

pub use error::UriError;
pub use oddity::{Oddity, Part};
pub(crate) use write::write;

use crate::compute::yandex_secret_problem;
use crate::percent::{self, Plus};
use crate::{Account, Algorithm, DIGITS, Kind, PERIODS, decode_base32, label};
use keyhaven_secret::{SecretBytes, SecretText};
use query::Query;
use zeroize::Zeroizing;

/// Longest URI read, in bytes: many times what a QR code holds (2,953), with room for notes that exporters add.
pub const MAX_URI_LENGTH: usize = 64 * 1024;

/// An account and what is unusual about the URI it came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The account, every parameter kept.
    pub account: Account,
    /// What is unusual, in the order it was noticed.
    pub oddities: Vec<Oddity>,
}

/// Reads one `otpauth://`, `steam://` or `motp://` URI. White space around it does not count.
///
/// # Errors
/// What cannot be read as one account, naming parameter and accepted range; never showing the secret.
pub fn parse_uri(text: &str) -> Result<Parsed, UriError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UriError::Empty);
    }
    if text.len() > MAX_URI_LENGTH {
        return Err(UriError::TooLong { length: text.len() });
    }
    let (scheme, rest) = text.split_once("://").ok_or(UriError::Scheme)?;
    let mut oddities = Vec::new();
    oddities.extend(
        text.chars().find(|c| !is_uri_character(*c)).map(|character| Oddity::Unencoded { character }),
    );
    // Split by hand at the first `?`: a `#` belongs to the label.
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, label, secret_in_path) = match scheme.to_ascii_lowercase().as_str() {
        "otpauth" => {
            let (kind, label) = path.split_once('/').unwrap_or((path, ""));
            (UriKind::from_type(kind).ok_or_else(|| UriError::unknown_type(kind))?, label, None)
        }
        "motp" => (UriKind::Motp, path.trim_start_matches('/'), None),
        "steam" => (UriKind::Steam, "", Some(path.trim_matches('/'))),
        "otpauth-migration" => return Err(UriError::Migration),
        _ => return Err(UriError::Scheme),
    };
    let mut query = Query::parse(query, &mut oddities);
    let label = {
        let decoded = percent::decode(label, Plus::Plus);
        oddity::note_decoding(&decoded, Part::Label, &mut oddities);
        decoded.text
    };
    let account = match secret_in_path {
        Some(secret) => {
            oddities.push(Oddity::SteamScheme);
            let secret = read_base32(&percent::decode(secret, Plus::Space).text, &mut oddities)?;
            // Said again in the query, it would be two in the URI that is written.
            if query.take(&["secret"], &mut oddities)?.is_some() {
                return Err(UriError::Repeated { parameter: "secret" });
            }
            let issuer =
                query.take(&["issuer"], &mut oddities)?.map(|issuer| label::settle("", &issuer).issuer);
            query.take_fixed(Algorithm::Sha1, 5, 30);
            Account::new(issuer.unwrap_or_else(|| "Steam".into()), "", secret, Kind::Steam)
        }
        None => read_account(kind, &label, &mut query, &mut oddities)?,
    };
    Ok(Parsed { account: Account { unknown: query.into_rest(&mut oddities), ..account }, oddities })
}

/// The type that a URI names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UriKind {
    Totp,
    Hotp,
    Steam,
    Motp,
    Yandex,
}

impl UriKind {
    fn from_type(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "totp" => Self::Totp,
            "hotp" => Self::Hotp,
            "steam" => Self::Steam,
            "motp" => Self::Motp,
            "yaotp" => Self::Yandex,
            _ => return None,
        })
    }
}

fn read_account(
    mut kind: UriKind,
    label: &str,
    query: &mut Query,
    oddities: &mut Vec<Oddity>,
) -> Result<Account, UriError> {
    if kind == UriKind::Totp && query.take_if("encoder", |value| value.eq_ignore_ascii_case("steam")) {
        oddities.push(Oddity::SteamEncoder);
        kind = UriKind::Steam;
    }
    let secret = query.take(&["secret"], oddities)?.ok_or(UriError::Missing { parameter: "secret" })?;
    let secret = match kind {
        UriKind::Motp => read_motp_secret(&secret, oddities)?,
        _ => read_base32(&secret, oddities)?,
    };
    let issuer = query.take(&["issuer"], oddities)?.unwrap_or_default();
    let names = label::settle(label, &issuer);
    if label.trim().is_empty() {
        oddities.push(Oddity::NoLabel);
    }
    if names.only_in_label {
        oddities.push(Oddity::IssuerOnlyInLabel);
    } else if names.issuer.is_empty() {
        oddities.push(Oddity::NoIssuer);
    }
    if let Some(prefix) = &names.label_issuer {
        oddities.push(Oddity::DisagreeingIssuer { label: prefix.clone(), parameter: names.issuer.clone() });
    }
    if matches!(kind, UriKind::Totp | UriKind::Hotp) && secret.len() < 16 {
        oddities.push(Oddity::ShortSecret { bits: secret.len() * 8 });
    }
    let kind = read_kind(kind, &secret, query, oddities)?;
    if matches!(kind, Kind::Totp { digits: 5, period: 30, algorithm: Algorithm::Sha1 })
        && names.issuer.eq_ignore_ascii_case("steam")
    {
        oddities.push(Oddity::LooksLikeSteam);
    }
    Ok(Account {
        issuer: names.issuer,
        name: names.name,
        label_issuer: names.label_issuer,
        secret,
        kind,
        unknown: Vec::new(),
    })
}

fn read_kind(
    kind: UriKind,
    secret: &SecretBytes,
    query: &mut Query,
    oddities: &mut Vec<Oddity>,
) -> Result<Kind, UriError> {
    Ok(match kind {
        UriKind::Totp => Kind::Totp {
            algorithm: read_algorithm(query, oddities)?,
            digits: read_digits(query, oddities)?,
            period: read_period(query, 30, oddities)?,
        },
        UriKind::Hotp => Kind::Hotp {
            algorithm: read_algorithm(query, oddities)?,
            digits: read_digits(query, oddities)?,
            counter: query.take_number("counter", 0, u64::MAX, oddities)?.unwrap_or_else(|| {
                oddities.push(Oddity::NoCounter);
                0
            }),
        },
        UriKind::Steam => {
            query.take_fixed(Algorithm::Sha1, 5, 30);
            Kind::Steam
        }
        UriKind::Motp => {
            query.take_if("algorithm", |value| value.eq_ignore_ascii_case("MD5"));
            Kind::Motp {
                digits: read_digits(query, oddities)?,
                period: read_period(query, 10, oddities)?,
                pin: read_pin(query, oddities)?,
            }
        }
        UriKind::Yandex => {
            query.take_fixed(Algorithm::Sha256, 8, 30);
            if let Some(problem) = yandex_secret_problem(secret) {
                oddities.push(Oddity::yandex_secret(problem));
            }
            Kind::Yandex { pin: read_pin(query, oddities)? }
        }
    })
}

fn read_base32(text: &str, oddities: &mut Vec<Oddity>) -> Result<SecretBytes, UriError> {
    let decoded = decode_base32(text).map_err(UriError::Secret)?;
    if decoded.bytes.is_empty() {
        return Err(UriError::EmptySecret);
    }
    if decoded.leftover_bits > 0 {
        oddities.push(Oddity::LeftoverBits { bits: decoded.leftover_bits });
    }
    if decoded.lower_case || decoded.separators || decoded.padding {
        oddities.push(Oddity::SecretSpelling {
            lower_case: decoded.lower_case,
            separators: decoded.separators,
            padding: decoded.padding,
        });
    }
    Ok(decoded.bytes)
}

/// mOTP hashes the secret's text, so the text is the secret: neither its case nor its length is touched.
fn read_motp_secret(text: &str, oddities: &mut Vec<Oddity>) -> Result<SecretBytes, UriError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UriError::EmptySecret);
    }
    if text.len() != 16 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        oddities.push(Oddity::MotpSecret);
    }
    Ok(SecretBytes::new(text.as_bytes().to_vec()))
}

fn read_algorithm(query: &mut Query, oddities: &mut Vec<Oddity>) -> Result<Algorithm, UriError> {
    let Some(text) = query.take(&["algorithm", "algo"], oddities)? else { return Ok(Algorithm::Sha1) };
    let text = text.trim();
    if query::is_absent(text) {
        oddities.push(Oddity::EmptyParameter { parameter: "algorithm" });
        return Ok(Algorithm::Sha1);
    }
    let algorithm = Algorithm::from_spelling(text).ok_or_else(|| UriError::unknown_algorithm(text))?;
    if text != algorithm.name() {
        oddities.push(Oddity::AlgorithmSpelling { written: text.into(), meant: algorithm });
    }
    if algorithm != Algorithm::Sha1 {
        oddities.push(Oddity::OtherAlgorithm { algorithm });
    }
    Ok(algorithm)
}

fn read_digits(query: &mut Query, oddities: &mut Vec<Oddity>) -> Result<u8, UriError> {
    let (least, most) = (u64::from(*DIGITS.start()), u64::from(*DIGITS.end()));
    let Some(digits) = query.take_number("digits", least, most, oddities)? else { return Ok(6) };
    let digits = digits as u8; // within DIGITS
    if digits != 6 {
        oddities.push(Oddity::OtherDigits { digits });
    }
    Ok(digits)
}

fn read_period(query: &mut Query, default: u32, oddities: &mut Vec<Oddity>) -> Result<u32, UriError> {
    let (least, most) = (u64::from(*PERIODS.start()), u64::from(*PERIODS.end()));
    let Some(period) = query.take_number("period", least, most, oddities)? else { return Ok(default) };
    let period = period as u32; // within PERIODS
    if period != default {
        oddities.push(Oddity::OtherPeriod { period });
    }
    Ok(period)
}

/// The PIN, empty when there is none. Aegis and Ente write it as base32; the digits of a PIN begin with G or H there,
/// so the two spellings cannot be mistaken for each other.
fn read_pin(query: &mut Query, oddities: &mut Vec<Oddity>) -> Result<SecretText, UriError> {
    let pin = query.take(&["pin"], oddities)?.unwrap_or_default();
    if pin.is_empty() {
        oddities.push(Oddity::NoPin);
    }
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if !is_number(pin.as_bytes())
        && let Ok(decoded) = decode_base32(&pin)
        && is_number(decoded.bytes.expose())
    {
        oddities.push(Oddity::PinInBase32);
        let text: Zeroizing<String> =
            Zeroizing::new(decoded.bytes.expose().iter().map(|&b| char::from(b)).collect());
        return Ok(text.into());
    }
    Ok(pin.into())
}

/// Characters that RFC 3986 §2 lets stand in a URI, `#` excepted.
fn is_uri_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=%".contains(character)
}
