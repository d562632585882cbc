//! Stratum, formerly Authenticator Pro: JSON, plain or in one of two sealed generations, and its HTML backup.
//!
//! Format: stratumauth/app, `doc/BACKUP_FORMAT.md`.

use super::{Source, json, opened_json, password};
use crate::entry::{Draft, Secret, from_uri, title};
use crate::import::decode_base64;
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };
pub(super) const HTML: Source = Source { format: Format::StratumHtml, detect: detect_html, read: read_html };

const FORMAT: Format = Format::Stratum;
const STRONG: &[u8] = b"AUTHENTICATORPRO";
const LEGACY: &[u8] = b"AuthenticatorPro";
const STRONG_COST: crypto::Cost = crypto::Cost { memory: 65_536, passes: 3, lanes: 4 };
const LEGACY_ROUNDS: u64 = 64_000;

fn detect(sample: &Sample<'_>) -> Confidence {
    let plain = sample.json().is_some_and(|json| json.get("Authenticators").is_some_and(Value::is_array));
    Confidence::sure_if(plain || sample.bytes.starts_with(STRONG) || sample.bytes.starts_with(LEGACY))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if let Some(sealed) = sample.bytes.strip_prefix(STRONG) {
        return read_backup(&*opened_json(&open_strong(sealed, request)?, FORMAT)?);
    }
    if let Some(sealed) = sample.bytes.strip_prefix(LEGACY) {
        let opened = open_legacy(sealed, request)?;
        // The only check that this generation allows is whether JSON came out.
        let backup = opened_json(&opened, FORMAT)
            .map_err(|_| ImportError::WrongPassword { format: FORMAT, certain: false })?;
        return read_backup(&backup);
    }
    read_backup(json(sample, FORMAT)?)
}

fn cut_off() -> ImportError {
    ImportError::broken(FORMAT, "the header", "it is cut off")
}

fn open_strong(sealed: &[u8], request: &Request<'_>) -> Result<SecretBytes, ImportError> {
    let (salt, rest) = sealed.split_at_checked(16).ok_or_else(cut_off)?;
    let (nonce, text) = rest.split_at_checked(12).ok_or_else(cut_off)?;
    let password = password(request, FORMAT)?.expose().as_bytes();
    let key = crypto::argon2(request, crypto::Argon2Variant::Id, false, password, salt, STRONG_COST)?
        .ok_or_else(cut_off)?;
    crypto::open_aes_gcm(&key, nonce, b"", text)
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })
}

fn open_legacy(sealed: &[u8], request: &Request<'_>) -> Result<SecretBytes, ImportError> {
    let (salt, rest) = sealed.split_at_checked(20).ok_or_else(cut_off)?;
    let (iv, text) = rest.split_at_checked(16).ok_or_else(cut_off)?;
    let password = password(request, FORMAT)?.expose().as_bytes();
    let key = crypto::pbkdf2_sha1(request, password, salt, LEGACY_ROUNDS, 32)?;
    Key::from_slice(key.expose())
        .and_then(|key| crypto::open_aes_cbc(&key, iv, text))
        .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })
}

fn read_backup(backup: &Value) -> Result<Import, ImportError> {
    let entries = backup
        .get("Authenticators")
        .and_then(Value::as_array)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no list of Authenticators" })?;
    let mut import = Import::new(FORMAT);
    let parts = Parts::of(backup);
    let mut ordered: Vec<_> = entries.iter().enumerate().collect();
    ordered.sort_by_key(|(_, entry)| entry["Ranking"].as_i64().unwrap_or(i64::MAX));
    for (place, entry) in ordered {
        let read = read_entry(entry).map(|mut imported| {
            imported.tags = parts.categories(entry.text("Secret").unwrap_or_default());
            imported.icon = parts.icon(entry.text("Icon"));
            imported
        });
        import.add(|| title(&entry.words("Issuer"), &entry.words("Username"), place + 1), read);
    }
    Ok(import)
}

/// What entries refer to.
struct Parts<'b> {
    /// Names of categories by the secret they hang on.
    categories: HashMap<&'b str, Vec<&'b str>>,
    /// Icons of the user's own, in base64, by their identifier.
    icons: HashMap<&'b str, &'b str>,
}

impl<'b> Parts<'b> {
    fn of(backup: &'b Value) -> Self {
        let mut names = HashMap::new();
        for category in backup.list("Categories") {
            names.entry(category["Id"].to_string()).or_insert_with(|| category.text("Name"));
        }
        let mut categories: HashMap<_, Vec<_>> = HashMap::new();
        let mut seen = HashSet::new();
        for bound in backup.list("AuthenticatorCategories") {
            let id = bound["CategoryId"].to_string();
            let name = names.get(&id).copied().flatten().map(str::trim);
            if let (Some(secret), Some(name)) = (bound.text("AuthenticatorSecret"), name)
                && seen.insert((secret, id))
            {
                categories.entry(secret).or_default().push(name);
            }
        }
        let mut icons = HashMap::new();
        for icon in backup.list("CustomIcons") {
            if let (Some(id), Some(data)) = (icon.text("Id"), icon.text("Data")) {
                icons.entry(id).or_insert(data);
            }
        }
        Self { categories, icons }
    }

    fn categories(&self, secret: &str) -> Vec<String> {
        self.categories.get(secret).into_iter().flatten().map(|name| (*name).to_owned()).collect()
    }

    fn icon(&self, name: Option<&str>) -> Option<Icon> {
        let name = name.filter(|name| !name.is_empty())?;
        let Some(id) = name.strip_prefix('@') else { return Some(Icon::Named(name.to_owned())) };
        decode_base64(self.icons.get(id)?).map(|icon| Icon::Picture(icon.expose().to_vec()))
    }
}

fn read_entry(entry: &Value) -> Result<Imported, Reason> {
    let kind = match entry.number("Type")? {
        Some(1) => "hotp",
        Some(2) => "totp",
        Some(3) => "motp",
        Some(4) => "steam",
        Some(5) => "yandex",
        Some(other) => return Err(Reason::Kind { word: other.to_string() }),
        None => return Err(Reason::Shape { what: "it has no type" }),
    };
    let algorithm = match entry.number("Algorithm")? {
        None | Some(0) => "SHA1",
        Some(1) => "SHA256",
        Some(2) => "SHA512",
        Some(other) => return Err(Reason::Algorithm { word: other.to_string() }),
    };
    let (issuer, name) = (entry.words("Issuer"), entry.words("Username"));
    let secret = entry.text("Secret").unwrap_or_default();
    Draft {
        kind,
        issuer: &issuer,
        name: &name,
        secret: if kind == "motp" { Secret::Text(secret) } else { Secret::Base32(secret) },
        algorithm: Some(algorithm),
        digits: entry.number("Digits")?,
        period: entry.number("Period")?.filter(|period| kind != "hotp" || *period != 0),
        counter: entry.number("Counter")?,
        pin: entry.text("Pin"),
    }
    .finish()
}

fn detect_html(sample: &Sample<'_>) -> Confidence {
    let html = |text: &str| {
        text.trim_start().starts_with('<')
            && (text.contains("<code>otpauth://") || text.contains("<code>motp://"))
    };
    Confidence::sure_if(sample.text().is_some_and(html))
}

/// The page is no well-formed XML, so each `<code>` is cut out as it stands.
fn read_html(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let format = Format::StratumHtml;
    let text = sample.text().ok_or(ImportError::NotThisFormat { format, why: "it is no text" })?;
    let mut import = Import::new(format);
    for (place, cell) in text.split("<code>").skip(1).enumerate() {
        let Some((cell, _)) = cell.split_once("</code>") else {
            return Err(ImportError::broken(format, format!("row {}", place + 1), "it is cut off"));
        };
        let read = from_uri(without_entities(cell).expose());
        import.add(|| format!("row {}", place + 1), read);
    }
    Ok(import)
}

/// HTML's entities as characters. A `&` that begins none stands for itself: not every version encodes it.
fn without_entities(text: &str) -> SecretText {
    const NAMED: [(&str, char); 5] =
        [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\'')];
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let named = NAMED.iter().find_map(|(name, character)| Some((*character, part.strip_prefix(name)?)));
        match named.or_else(|| numbered(part)) {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => {
                plain.push('&');
                plain.push_str(part);
            }
        }
    }
    SecretText::new(plain)
}

/// The character of `#39;` or `#x27;`, and what follows.
fn numbered(part: &str) -> Option<(char, &str)> {
    let (number, rest) = part.strip_prefix('#')?.split_once(';')?;
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    Some((char::from_u32(number.ok()?)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_characters_and_other_ampersands_stay() {
        let plain = |text| without_entities(text).expose().to_owned();
        assert_eq!(plain("a&amp;b&b=c&#39;&#x41;"), "a&b&b=c'A");
        assert_eq!(plain("&#xffffffff;&#;&amp"), "&#xffffffff;&#;&amp");
    }
}
