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

/// Adds every code of an entry: an entry may have more than one kind of field.
pub(super) fn read(entry: &Entry, place: usize, import: &mut Import) {
    let issuer = entry.get("Title").unwrap_or_default().trim().to_owned();
    let name = entry.get("UserName").unwrap_or_default().trim().to_owned();
    let mut codes = Vec::new();
    // KeePassXC numbers further URIs `otp_1`, `otp_2` …
    for (field, value) in &entry.fields {
        let value = value.expose();
        let is_code = field == "otp" || field.starts_with("otp_") && value.contains("://");
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

/// KeePassXC's URI, or KeeOtp's `key=BASE32&step=30&size=6`.
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
    let secret = SecretText::new(parameter("key").unwrap_or_default().replace("%3D", "").replace("%3d", ""));
    let counter = number("counter", "counter")?;
    let hotp = parameter("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hotp"));
    Draft {
        kind: if hotp { "hotp" } else { "totp" },
        algorithm: parameter("otpHashMode"),
        digits: number("size", "digits")?,
        period: number("step", "period")?,
        counter,
        ..Draft::totp(issuer, name, Secret::Base32(secret.expose()))
    }
    .finish()
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
        let hex =
            |text: &str| data_encoding::HEXLOWER_PERMISSIVE.decode(text.replace(' ', "").as_bytes()).ok();
        let secret = if let Some(text) = self.get(entry, "Secret-Base32") {
            Ok(Secret::Base32(text))
        } else if let Some(text) = self.get(entry, "Secret-Hex") {
            hex(text).map(|bytes| Secret::Bytes(SecretBytes::new(bytes))).ok_or("hexadecimal")
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
