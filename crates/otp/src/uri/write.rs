//! An account as a URI.

use crate::percent::encode_into;
use crate::{Account, Algorithm, Kind, label};
use keyhaven_secret::SecretText;
use std::fmt::Write;
use zeroize::Zeroizing;

/// Characters besides the unreserved that stay readable in a label: harmless in a path (RFC 3986 §3.3).
const LABEL: &[u8] = b"@";

pub(crate) fn write(account: &Account) -> SecretText {
    // Room for everything encoded, so that growing leaves no copy of the secret behind.
    let names =
        account.issuer.len() * 2 + account.name.len() + account.label_issuer.as_ref().map_or(0, String::len);
    let unknown: usize = account.unknown.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut out = Zeroizing::new(String::with_capacity(3 * (names + unknown + account.secret.len()) + 512));

    out.push_str(match &account.kind {
        Kind::Totp { .. } => "otpauth://totp/",
        Kind::Hotp { .. } => "otpauth://hotp/",
        Kind::Steam => "otpauth://steam/",
        Kind::Yandex { .. } => "otpauth://yaotp/",
        Kind::Motp { .. } => "motp://",
    });
    let name = account.name.trim();
    if let Some(prefix) = label::prefix(&account.issuer, name, account.label_issuer.as_deref()) {
        encode_into(&mut out, prefix.as_bytes(), LABEL);
        out.push(':');
    }
    encode_into(&mut out, name.as_bytes(), LABEL);

    out.push_str("?secret=");
    match &account.kind {
        Kind::Motp { .. } => encode_into(&mut out, account.secret.expose(), b""),
        _ => out.push_str(account.secret_base32().expose()),
    }
    parameter(&mut out, "issuer", account.issuer.trim());
    match &account.kind {
        Kind::Totp { algorithm, digits, period } => {
            hash(&mut out, *algorithm);
            number(&mut out, "digits", u64::from(*digits), 6);
            number(&mut out, "period", u64::from(*period), 30);
        }
        Kind::Hotp { algorithm, digits, counter } => {
            hash(&mut out, *algorithm);
            number(&mut out, "digits", u64::from(*digits), 6);
            let _ = write!(out, "&counter={counter}"); // required by the format, so written even when 0
        }
        Kind::Steam => {}
        Kind::Motp { pin, digits, period } => {
            number(&mut out, "digits", u64::from(*digits), 6);
            number(&mut out, "period", u64::from(*period), 10);
            parameter(&mut out, "pin", pin.expose());
        }
        Kind::Yandex { pin } => parameter(&mut out, "pin", pin.expose()),
    }
    for (name, value) in &account.unknown {
        out.push('&');
        encode_into(&mut out, name.as_bytes(), b"");
        out.push('=');
        encode_into(&mut out, value.as_bytes(), b"");
    }
    out.into()
}

fn parameter(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        out.push('&');
        out.push_str(name);
        out.push('=');
        encode_into(out, value.as_bytes(), b"");
    }
}

fn hash(out: &mut String, algorithm: Algorithm) {
    if algorithm != Algorithm::Sha1 {
        parameter(out, "algorithm", algorithm.name());
    }
}

fn number(out: &mut String, name: &str, value: u64, default: u64) {
    if value != default {
        let _ = write!(out, "&{name}={value}"); // writing to a String cannot fail
    }
}
