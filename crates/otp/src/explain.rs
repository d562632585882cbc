//! Every value on the way to a code, for people who have to find out why two programs disagree.

use crate::code::Neighbour;
use crate::compute::Engine;
use crate::{Account, CodeError, Kind};
use data_encoding::HEXLOWER;

/// How one code comes about. Holds no secret: an HMAC does not give its key away. Serialises as a flat object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// [`Kind::name`].
    pub kind: &'static str,
    /// The function applied to the message: `HMAC-SHA1`, `HMAC-SHA256`, `HMAC-SHA512` or `MD5`.
    pub function: &'static str,
    /// How the code is made, in one line.
    pub method: String,
    /// The moment explained (Unix seconds).
    pub unix_seconds: u64,
    /// Seconds a code lasts; `None` for HOTP.
    pub period: Option<u32>,
    /// RFC 6238 §4.2: `unix_seconds / period`; the account's counter for HOTP.
    pub counter: u64,
    /// Hexadecimal: the eight bytes of the counter, most significant first (RFC 4226 §5.1); for mOTP the counter in
    /// decimal ASCII, which secret and PIN follow (not shown).
    pub message: String,
    /// Hexadecimal: what the function gives.
    pub hmac: String,
    /// RFC 4226 §5.3: the low four bits of the last byte; `None` for mOTP.
    pub offset: Option<u8>,
    /// Hexadecimal: the bytes at the offset (4; 8 for Yandex).
    pub selected: Option<String>,
    /// The selected bytes as a number, without their top bit.
    pub truncated: Option<u64>,
    /// What the truncated value is reduced by: 10^digits, 26^5 for Steam, 26^8 for Yandex.
    pub modulus: Option<u64>,
    /// Characters of the code.
    pub digits: u8,
    /// The code.
    pub code: String,
    /// First second the code is valid (Unix time); `None` for HOTP.
    pub valid_from: Option<u64>,
    /// First second it is valid no more.
    pub valid_until: Option<u64>,
    /// Seconds until then, 1 to `period`.
    pub seconds_left: Option<u64>,
    /// The codes from −2 to +2 steps, this one included, as far as they exist.
    pub neighbours: Vec<Neighbour>,
}

/// Explains the code of a moment (Unix seconds).
///
/// # Errors
/// As [`Account::code_at`].
pub fn explain(account: &Account, unix_seconds: u64) -> Result<Explanation, CodeError> {
    let counter = account.counter_at(unix_seconds);
    let steps = Engine::new(account)?.run(counter);
    let kind = &account.kind;
    let digits = kind.digits();
    let width = if matches!(kind, Kind::Yandex { .. }) { 8 } else { 4 };
    let selected = steps.offset.map(|offset| {
        let window: Vec<u8> = steps.mac().iter().skip(usize::from(offset)).take(width).copied().collect();
        HEXLOWER.encode(&window)
    });
    let (offset, truncated, hmac) = (steps.offset, steps.truncated, HEXLOWER.encode(steps.mac()));
    let code = account.code_of(steps, counter);
    Ok(Explanation {
        kind: kind.name(),
        function: match kind.algorithm() {
            None => "MD5",
            Some(crate::Algorithm::Sha1) => "HMAC-SHA1",
            Some(crate::Algorithm::Sha256) => "HMAC-SHA256",
            Some(crate::Algorithm::Sha512) => "HMAC-SHA512",
        },
        method: method(kind),
        unix_seconds,
        period: kind.period(),
        counter,
        message: match kind {
            Kind::Motp { .. } => HEXLOWER.encode(counter.to_string().as_bytes()),
            _ => HEXLOWER.encode(&counter.to_be_bytes()),
        },
        hmac,
        offset,
        selected,
        truncated,
        modulus: match kind {
            Kind::Motp { .. } => None,
            Kind::Steam => Some(26_u64.pow(5)),
            Kind::Yandex { .. } => Some(26_u64.pow(8)),
            _ => Some(10_u64.pow(u32::from(digits))),
        },
        digits,
        valid_from: code.valid_from,
        valid_until: code.valid_until,
        seconds_left: code.valid_until.map(|until| until.saturating_sub(unix_seconds)),
        code: code.text,
        neighbours: account.codes_around(unix_seconds, 2)?,
    })
}

fn method(kind: &Kind) -> String {
    match kind {
        Kind::Totp { digits, .. } => {
            format!("RFC 6238: counter = time / period; the {digits} last decimal digits of the truncated HMAC")
        }
        Kind::Hotp { digits, .. } => {
            format!("RFC 4226: the account's counter; the {digits} last decimal digits of the truncated HMAC")
        }
        Kind::Steam => {
            "Steam Guard: as RFC 6238; the truncated HMAC in base 26, five characters of 23456789BCDFGHJKMNPQRTVWXY, \
             least significant first"
                .into()
        }
        Kind::Motp { digits, .. } => {
            format!("Mobile-OTP: the first {digits} hexadecimal digits of MD5(time / period in decimal, secret, PIN)")
        }
        Kind::Yandex { .. } => {
            "Yandex ID: key = SHA-256(PIN, first 16 bytes of the secret) without a leading zero byte; 63 bits at the \
             offset in base 26, eight letters a–z, most significant first"
                .into()
        }
    }
}
