//! Battle.net Authenticator: preferences of a rooted phone, masked by XOR with bytes that every copy of the app has.
//!
//! The mask is public knowledge (Aegis, WinAuth). Codes are TOTP with eight digits.

use super::Source;
use crate::entry::{Draft, Secret};
use crate::prefs::Preferences;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};
use keyhaven_secret::SecretBytes;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::BattleNet;
const SECRET: &str = "com.blizzard.messenger.AUTHENTICATOR_DEVICE_SECRET";
const SERIAL: &str = "com.blizzard.messenger.AUTHENTICATOR_SERIAL";
const MASK: &[u8; 57] = &[
    0x39, 0x8e, 0x27, 0xfc, 0x50, 0x27, 0x6a, 0x65, 0x60, 0x65, 0xb0, 0xe5, 0x25, 0xf4, 0xc0, 0x6c, 0x04,
    0xc6, 0x10, 0x75, 0x28, 0x6b, 0x8e, 0x7a, 0xed, 0xa5, 0x9d, 0xa9, 0x81, 0x3b, 0x5d, 0xd6, 0xc8, 0x0d,
    0x2f, 0xb3, 0x80, 0x68, 0x77, 0x3f, 0xa5, 0x9b, 0xa4, 0x7c, 0x17, 0xca, 0x6c, 0x64, 0x79, 0x01, 0x5c,
    0x1d, 0x5b, 0x8b, 0x8f, 0x6b, 0x9a,
];

fn detect(sample: &Sample<'_>) -> Confidence {
    let mark = |text: &str| text.contains("com.blizzard.messenger.");
    Confidence::sure_if(sample.is_preferences() && sample.text().is_some_and(mark))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let text = sample.text().ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it is no text" })?;
    let preferences = Preferences::read(text, FORMAT)?;
    let mut import = Import::new(FORMAT);
    let Some(secret) = preferences.get(SECRET) else {
        import.add(|| "Battle.net".to_owned(), Err(Reason::NoSecret));
        return Ok(import);
    };
    let serial = preferences.get(SERIAL).and_then(unmask);
    let serial =
        serial.and_then(|serial| String::from_utf8(serial.expose().to_vec()).ok()).unwrap_or_default();
    let title = if serial.is_empty() { "Battle.net".to_owned() } else { format!("Battle.net: {serial}") };
    import.add(|| title, read_secret(secret, &serial));
    Ok(import)
}

fn read_secret(masked: &str, serial: &str) -> Result<Imported, Reason> {
    // What is under the mask is hexadecimal text.
    let secret =
        unmask(masked).and_then(|text| data_encoding::HEXLOWER_PERMISSIVE.decode(text.expose()).ok());
    let secret =
        secret.map(SecretBytes::new).ok_or(Reason::Encoding { encoding: "masked as Battle.net masks it" })?;
    Draft { digits: Some(8), ..Draft::totp("Battle.net", serial, Secret::Bytes(secret)) }.finish()
}

fn unmask(text: &str) -> Option<SecretBytes> {
    let masked = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok()?;
    (masked.len() <= MASK.len())
        .then(|| SecretBytes::new(masked.iter().zip(MASK).map(|(byte, mask)| byte ^ mask).collect()))
}
