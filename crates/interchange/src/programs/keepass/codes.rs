//! The fields in which KeePass, its plug-ins and KeePassXC keep one-time codes.

use super::xml::Entry;
use crate::entry::{Draft, Secret, from_field, shortened, title};
use crate::import::decode_base64;
use crate::{Import, Imported, Reason};
use keyhaven_secret::{SecretBytes, SecretText};

/// Group names out of a path (`Root/Internet/Mail`), without the root.
pub(super) fn tags_of_path(path: &str) -> Vec<String> {
    let names = path.split('/').skip(1).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether one of the entry's fields is of those that hold codes.
pub(super) fn may_hold_code(entry: &Entry) -> bool {
    let families = [TIME, COUNTER].map(|family| family.prefix);
    entry.fields.iter().any(|(field, _)| {
        is_otp_field(field) || field == "TOTP Seed" || families.iter().any(|prefix| field.starts_with(prefix))
    })
}

/// KeePassXC numbers further URIs `otp_1`, `otp_2` …
fn is_otp_field(field: &str) -> bool {
    field == "otp" || field.starts_with("otp_")
}

/// Adds every code of an entry: an entry may have more than one kind of field.
pub(super) fn read(entry: &Entry, place: usize, import: &mut Import) {
    let issuer = entry.get("Title").unwrap_or_default().trim().to_owned();
    let name = entry.get("UserName").unwrap_or_default().trim().to_owned();
    let mut codes = Vec::new();
    for (field, value) in &entry.fields {
        let value = value.expose();
        let is_code = is_otp_field(field) && (field == "otp" || value.contains("://"));
        if is_code && !value.trim().is_empty() {
            codes.push(read_otp(value, &issuer, &name));
        }
    }
    if let Some(seed) = entry.get("TOTP Seed") {
        codes.push(read_tray_totp(seed, entry.get("TOTP Settings").unwrap_or_default(), &issuer, &name));
    }
    for family in [TIME, COUNTER] {
        codes.extend(family.read(entry, &issuer, &name));
    }
    for code in codes {
        let code = code.map(|mut imported| {
            imported.set_note(entry.get("Notes"));
            imported.tags = entry.groups.clone();
            let tags = entry.tags.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty());
            imported.tags.extend(tags.map(str::to_owned));
            imported.trashed = entry.trashed;
            imported
        });
        import.add(|| title(&issuer, &name, place), code);
    }
}

/// KeePassXC's URI, or KeeOtp's `key=BASE32&step=30&size=6`, where `type` and `encoding` stand if they are not Totp
/// and Base32 (KeeOtp2, `OtpAuthUtils.cs`).
fn read_otp(text: &str, issuer: &str, name: &str) -> Result<Imported, Reason> {
    let text = text.trim();
    if text.contains("://") || !text.contains("key=") {
        return from_field(text, issuer, name);
    }
    let parameter = |wanted: &str| {
        let parameters = text.split('&').filter_map(|parameter| parameter.split_once('='));
        parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let number = |wanted, parameter_name| match parameter(wanted) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Reason::NotANumber { parameter: parameter_name }),
    };
    let key = SecretText::new(parameter("key").unwrap_or_default().replace("%3D", "=").replace("%3d", "="));
    let key = key.expose();
    let hotp = parameter("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hotp"));
    // Left out where it is 0.
    let counter = number("counter", "counter")?.or(hotp.then_some(0));
    let encoding = parameter("encoding").unwrap_or_default().to_ascii_lowercase();
    let secret = match encoding.as_str() {
        "" | "base32" => Secret::Base32(key),
        "base64" => Secret::Bytes(decode_base64(key).ok_or(Reason::Encoding { encoding: "base64" })?),
        "hex" => Secret::Bytes(decode_hex(key).ok_or(Reason::Encoding { encoding: "hexadecimal" })?),
        "utf8" => Secret::Bytes(SecretBytes::new(key.as_bytes().to_vec())),
        _ => return Err(Reason::Shape { what: "its key is in an encoding that KeeOtp does not know" }),
    };
    Draft {
        kind: parameter("type").filter(|kind| !kind.is_empty()).unwrap_or("totp"),
        algorithm: parameter("otpHashMode"),
        digits: number("size", "digits")?,
        period: number("step", "period")?,
        counter,
        ..Draft::totp(issuer, name, secret)
    }
    .finish()
}

fn decode_hex(text: &str) -> Option<SecretBytes> {
    let plain = SecretText::new(text.replace(' ', ""));
    data_encoding::HEXLOWER_PERMISSIVE.decode(plain.expose().as_bytes()).ok().map(SecretBytes::new)
}

/// KeeTrayTOTP and KeePassXC before 2.4: `30;6`, or `30;S` for Steam.
fn read_tray_totp(seed: &str, settings: &str, issuer: &str, name: &str) -> Result<Imported, Reason> {
    let mut parts = settings.split(';').map(str::trim);
    let period = match parts.next() {
        None | Some("") => None,
        Some(period) => Some(period.parse().map_err(|_| Reason::NotANumber { parameter: "period" })?),
    };
    let digits = match parts.next() {
        Some("S" | "s") => {
            return Draft { kind: "steam", ..Draft::totp(issuer, name, Secret::Base32(seed)) }.finish();
        }
        None | Some("") => None,
        Some(digits) => Some(digits.parse().map_err(|_| Reason::NotANumber { parameter: "digits" })?),
    };
    Draft { period, digits, ..Draft::totp(issuer, name, Secret::Base32(seed)) }.finish()
}

/// KeePass 2.47 and later: `TimeOtp-Secret…` and `HmacOtp-Secret…` (keepass.info/help/base/placeholders.html#otp).
struct Family {
    kind: &'static str,
    prefix: &'static str,
}

const TIME: Family = Family { kind: "totp", prefix: "TimeOtp-" };
const COUNTER: Family = Family { kind: "hotp", prefix: "HmacOtp-" };

impl Family {
    fn get<'e>(&self, entry: &'e Entry, name: &str) -> Option<&'e str> {
        entry.get(&format!("{}{name}", self.prefix)).map(str::trim)
    }

    fn read(&self, entry: &Entry, issuer: &str, name: &str) -> Option<Result<Imported, Reason>> {
        let secret = if let Some(text) = self.get(entry, "Secret-Base32") {
            Ok(Secret::Base32(text))
        } else if let Some(text) = self.get(entry, "Secret-Hex") {
            decode_hex(text).map(Secret::Bytes).ok_or("hexadecimal")
        } else if let Some(text) = self.get(entry, "Secret-Base64") {
            decode_base64(text).map(Secret::Bytes).ok_or("base64")
        } else {
            // Without a suffix it is the text's own bytes.
            Ok(Secret::Bytes(SecretBytes::new(self.get(entry, "Secret")?.as_bytes().to_vec())))
        };
        Some(self.read_with(entry, secret, issuer, name))
    }

    fn read_with(
        &self,
        entry: &Entry,
        secret: Result<Secret<'_>, &'static str>,
        issuer: &str,
        name: &str,
    ) -> Result<Imported, Reason> {
        let number = |field: &str, parameter| match self.get(entry, field) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Reason::NotANumber { parameter }),
        };
        let algorithm = self.get(entry, "Algorithm").map(shortened);
        Draft {
            kind: self.kind,
            algorithm: algorithm.as_deref(),
            digits: number("Length", "digits")?,
            period: number("Period", "period")?,
            counter: number("Counter", "counter")?,
            ..Draft::totp(issuer, name, secret.map_err(|encoding| Reason::Encoding { encoding })?)
        }
        .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;
    use keyhaven_otp::{Algorithm, Kind};

    fn of(fields: &[(&str, &str)]) -> Import {
        let fields =
            fields.iter().map(|(name, value)| ((*name).to_owned(), SecretText::new((*value).into())));
        let entry = Entry { fields: fields.collect(), ..Entry::default() };
        assert!(may_hold_code(&entry));
        let mut import = Import::new(Format::KeePass);
        read(&entry, 1, &mut import);
        import
    }

    /// Found when `type=Steam` gave six digits and `encoding` was not looked at.
    #[test]
    fn keeotp_says_which_codes_and_how_the_key_is_written() {
        let one = |otp: &str| {
            let mut import = of(&[("otp", otp)]);
            assert!(import.problems.is_empty(), "{:?}", import.problems);
            import.accounts.remove(0).account
        };
        assert_eq!(one("key=GEZDGNBV&type=Steam&size=5").kind, Kind::Steam);
        let hotp = one("key=GEZDGNBV&type=Hotp&counter=7&otpHashMode=Sha256");
        assert_eq!(hotp.kind, Kind::Hotp { algorithm: Algorithm::Sha256, digits: 6, counter: 7 });
        for otp in ["key=GEZDGNBV", "key=MTIzNDU%3d&encoding=Base64", "key=3132333435&encoding=Hex"] {
            assert_eq!(one(otp).secret.expose(), b"12345", "{otp}");
        }
        assert_eq!(one("key=12345&encoding=UTF8").secret.expose(), b"12345");
        for otp in ["key=GEZDGNBV&type=Other", "key=GEZDGNBV&encoding=Base58"] {
            assert_eq!(of(&[("otp", otp)]).problems.len(), 1, "{otp}");
        }
    }
}
