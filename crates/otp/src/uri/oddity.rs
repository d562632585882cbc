//! What is unusual about a URI that could be read nevertheless.

use crate::Algorithm;
use crate::compute::YandexSecretProblem;
use crate::percent;
use std::fmt;

/// A part of a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What stands between type and `?`.
    Label,
    /// The parameter of this name.
    Parameter(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label => f.write_str("the label"),
            Self::Parameter(name) => write!(f, "the parameter {name}"),
        }
    }
}

/// Something unusual: what, and (see [`Oddity::clause`]) the text it bends. `Display` gives one sentence for people.
/// No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// Label and `issuer` name different issuers; the parameter is taken, the other kept.
    DisagreeingIssuer {
        /// The label's issuer.
        label: String,
        /// The parameter's issuer.
        parameter: String,
    },
    /// The issuer stands in the label only.
    IssuerOnlyInLabel,
    /// No issuer anywhere.
    NoIssuer,
    /// No issuer, and a colon in the name (in a migration export, which has a field for the issuer): not split.
    AmbiguousName,
    /// No label.
    NoLabel,
    /// A character that ought to be percent-encoded stands as itself.
    Unencoded {
        /// The first such character.
        character: char,
    },
    /// The bytes of a part are not UTF-8; they were read as Latin-1, one character a byte.
    NotUtf8 {
        /// Which part.
        part: Part,
    },
    /// A `%` without two hexadecimal digits, taken as it stands.
    StrayPercent {
        /// Which part.
        part: Part,
    },
    /// A parameter's name in another spelling than usual.
    ParameterSpelling {
        /// As written.
        written: String,
        /// As meant.
        meant: &'static str,
    },
    /// A parameter stands more than once with one value.
    RepeatedParameter {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter without a value (or with the text `null`); the default is taken.
    EmptyParameter {
        /// Its name.
        parameter: &'static str,
    },
    /// A parameter that has no meaning here; it is kept.
    UnknownParameter {
        /// Its name as written.
        parameter: String,
    },
    /// The algorithm in another spelling than the format's.
    AlgorithmSpelling {
        /// As written.
        written: String,
        /// As understood.
        meant: Algorithm,
    },
    /// Another algorithm than SHA-1, which some authenticators ignore.
    OtherAlgorithm {
        /// Which.
        algorithm: Algorithm,
    },
    /// Another number of digits than 6.
    OtherDigits {
        /// How many.
        digits: u8,
    },
    /// Another period than the usual one.
    OtherPeriod {
        /// Seconds.
        period: u32,
    },
    /// HOTP without a counter; it starts at 0.
    NoCounter,
    /// The secret is shorter than 128 bits.
    ShortSecret {
        /// Its length in bits.
        bits: usize,
    },
    /// The secret's base32 text has left-over bits, which were dropped.
    LeftoverBits {
        /// How many.
        bits: u8,
    },
    /// The secret's base32 text is not upper case, unpadded and in one piece.
    SecretSpelling {
        /// Lower-case letters occur.
        lower_case: bool,
        /// Spaces or dashes occur.
        separators: bool,
        /// Padding occurs.
        padding: bool,
    },
    /// An mOTP secret other than 16 lower-case hexadecimal digits.
    MotpSecret,
    /// A Yandex secret of another length than 16 or 26 bytes; the first 16 are used.
    YandexSecretLength,
    /// A Yandex secret whose checksum does not match: probably a typing slip.
    YandexSecretChecksum,
    /// The PIN that codes need is not in the URI.
    NoPin,
    /// The PIN is written as base32 (Aegis, Ente).
    PinInBase32,
    /// `steam://` (Bitwarden, Proton Pass): no label at all.
    SteamScheme,
    /// `encoder=steam` (KeePassXC) makes a Steam account of a TOTP one.
    SteamEncoder,
    /// Issuer Steam and five digits, yet the type is totp: some exporters lose the type, and the codes are then wrong.
    LooksLikeSteam,
}

impl Oddity {
    pub(crate) fn yandex_secret(problem: YandexSecretProblem) -> Self {
        match problem {
            YandexSecretProblem::Length => Self::YandexSecretLength,
            YandexSecretProblem::Checksum => Self::YandexSecretChecksum,
        }
    }

    /// The text that is bent, for looking it up.
    pub fn clause(&self) -> &'static str {
        match self {
            Self::DisagreeingIssuer { .. } | Self::IssuerOnlyInLabel | Self::NoIssuer => {
                "Key URI Format, parameter issuer"
            }
            Self::NoLabel | Self::AmbiguousName => "Key URI Format, label",
            Self::Unencoded { .. } => "RFC 3986 §2",
            Self::NotUtf8 { .. } => "RFC 3986 §2.5",
            Self::StrayPercent { .. } => "RFC 3986 §2.1",
            Self::ParameterSpelling { .. }
            | Self::RepeatedParameter { .. }
            | Self::EmptyParameter { .. }
            | Self::UnknownParameter { .. } => "Key URI Format, parameters",
            Self::AlgorithmSpelling { .. } => "Key URI Format, parameter algorithm",
            Self::OtherAlgorithm { .. } => "RFC 6238 §1.2",
            Self::OtherDigits { .. } => "RFC 4226 §5.3",
            Self::OtherPeriod { .. } => "RFC 6238 §5.2",
            Self::NoCounter => "Key URI Format, parameter counter",
            Self::ShortSecret { .. } => "RFC 4226 §4 R6",
            Self::LeftoverBits { .. } => "RFC 4648 §3.5 and §6",
            Self::SecretSpelling { .. } => "Key URI Format, parameter secret",
            Self::MotpSecret => "Mobile-OTP, init secret",
            Self::YandexSecretLength | Self::YandexSecretChecksum => "Yandex ID, secret",
            Self::NoPin | Self::PinInBase32 => "no standard: PIN of mOTP and Yandex URIs",
            Self::SteamScheme | Self::SteamEncoder | Self::LooksLikeSteam => "no standard: Steam Guard URIs",
        }
    }

    /// Whether this may lead to wrong codes, a wrong name or a weak account, instead of being a matter of spelling.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::DisagreeingIssuer { .. }
                | Self::NotUtf8 { .. }
                | Self::StrayPercent { .. }
                | Self::NoCounter
                | Self::ShortSecret { .. }
                | Self::LeftoverBits { .. }
                | Self::YandexSecretLength
                | Self::YandexSecretChecksum
                | Self::NoPin
                | Self::LooksLikeSteam
        )
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DisagreeingIssuer { label, parameter } => {
                write!(
                    f,
                    "the label says {label:?}, the parameter issuer {parameter:?}; the parameter counts"
                )
            }
            Self::IssuerOnlyInLabel => f.write_str("the issuer stands in the label only"),
            Self::NoIssuer => f.write_str("there is no issuer"),
            Self::AmbiguousName => {
                f.write_str("the name holds a colon and there is no issuer; it was not split")
            }
            Self::NoLabel => f.write_str("there is no label"),
            Self::Unencoded { character } => write!(f, "the character {character:?} is not percent-encoded"),
            Self::NotUtf8 { part } => write!(f, "{part} is not UTF-8; it was read as Latin-1"),
            Self::StrayPercent { part } => {
                write!(f, "{part} has a % without two hexadecimal digits; it was taken as it stands")
            }
            Self::ParameterSpelling { written, meant } => {
                write!(f, "the parameter {meant} is spelt {written:?}")
            }
            Self::RepeatedParameter { parameter } => {
                write!(f, "the parameter {parameter} stands more than once")
            }
            Self::EmptyParameter { parameter } => {
                write!(f, "the parameter {parameter} has no value; the default is taken")
            }
            Self::UnknownParameter { parameter } => {
                write!(f, "the parameter {parameter:?} has no meaning here; it is kept")
            }
            Self::AlgorithmSpelling { written, meant } => {
                write!(f, "the algorithm is spelt {written:?}; {meant} is meant")
            }
            Self::OtherAlgorithm { algorithm } => {
                write!(f, "the algorithm is {algorithm}; some authenticators ignore that and use SHA1")
            }
            Self::OtherDigits { digits: digits @ 6..=8 } => {
                write!(f, "codes have {digits} digits; some authenticators ignore that and show 6")
            }
            Self::OtherDigits { digits } => {
                write!(f, "codes have {digits} digits; the standard knows 6 to 8")
            }
            Self::OtherPeriod { period } => {
                write!(f, "codes last {period} s; some authenticators ignore that")
            }
            Self::NoCounter => f.write_str("there is no counter; it starts at 0"),
            Self::ShortSecret { bits } => write!(f, "the secret has {bits} bits; at least 128 are required"),
            Self::LeftoverBits { bits } => {
                write!(f, "the secret's base32 text has {bits} left-over bits, which were dropped")
            }
            Self::SecretSpelling { lower_case, separators, padding } => {
                let found: Vec<_> =
                    [(lower_case, "lower case"), (separators, "spaces or dashes"), (padding, "padding")]
                        .into_iter()
                        .filter_map(|(present, name)| present.then_some(name))
                        .collect();
                write!(f, "the secret's base32 text has {}", found.join(", "))
            }
            Self::MotpSecret => f.write_str(
                "the mOTP secret is not 16 lower-case hexadecimal digits; it is hashed as written",
            ),
            Self::YandexSecretLength => {
                f.write_str("a Yandex secret has 16 or 26 bytes; the first 16 are used")
            }
            Self::YandexSecretChecksum => {
                f.write_str("the Yandex secret's checksum does not match: look for a typing slip")
            }
            Self::NoPin => f.write_str("there is no PIN, and codes need it"),
            Self::PinInBase32 => f.write_str("the PIN is written as base32"),
            Self::SteamScheme => f.write_str("a steam:// URI names neither issuer nor account"),
            Self::SteamEncoder => f.write_str("encoder=steam makes this a Steam account"),
            Self::LooksLikeSteam => {
                f.write_str("issuer Steam with five digits: perhaps a Steam account whose type was lost")
            }
        }
    }
}

/// Tells what was unusual in decoding `part`.
pub(super) fn note_decoding(decoded: &percent::Decoded, part: Part, oddities: &mut Vec<Oddity>) {
    if decoded.latin1 {
        oddities.push(Oddity::NotUtf8 { part: part.clone() });
    }
    if decoded.stray_percent {
        oddities.push(Oddity::StrayPercent { part });
    }
}
