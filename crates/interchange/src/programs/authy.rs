//! Authy: preferences of a rooted phone, or the JSON that its servers give; secrets plain or under the backup password.
//!
//! Key derivation as beemdevelopment/Aegis' `AuthyImporter` and Authy's own app have it: PBKDF2-HMAC-SHA-1 over the
//! salt's text, AES-256-CBC without any check of integrity, so what comes out has to be base32.

use super::{Source, json};
use crate::entry::{Draft, Secret, title};
use crate::import::decode_base64;
use crate::json::{Document, Fields};
use crate::prefs::Preferences;
use crate::sample::{Confidence, Sample};
use crate::{Format, Icon, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_otp::decode_base32;
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Authy;
const TOKENS: &str = "com.authy.storage.tokens.authenticator.key";
/// Tokens of Authy's own kind: seven digits, ten seconds.
const OWN_TOKENS: &str = "com.authy.storage.tokens.authy.key";
/// Lists in the servers' answers, and in what tools make of them.
const LISTS: [&str; 4] = ["authenticator_tokens", "decrypted_authenticator_tokens", "tokens", "apps"];
const ROUNDS: u64 = 1_000;

fn detect(sample: &Sample<'_>) -> Confidence {
    if let Some(json) = sample.json() {
        let mark = |token: &Value| {
            ["encryptedSecret", "decryptedSecret", "encrypted_seed", "decrypted_seed", "decryptedSeed"]
                .iter()
                .any(|field| token.has(field))
        };
        let lists =
            LISTS.iter().flat_map(|list| json.list(list)).chain(json.as_array().into_iter().flatten());
        return Confidence::sure_if(lists.take(1000).any(mark));
    }
    Confidence::sure_if(
        sample.is_preferences() && sample.text().is_some_and(|text| text.contains("com.authy.storage.")),
    )
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let mut import = Import::new(FORMAT);
    if !sample.is_preferences() {
        let export = json(sample, FORMAT)?;
        let own = export.as_array().into_iter().flatten();
        let tokens: Vec<_> = LISTS.iter().flat_map(|list| export.list(list)).chain(own).collect();
        read_tokens(&tokens, request, &mut import)?;
        return Ok(import);
    }
    let preferences = Preferences::read(sample.text().unwrap_or_default(), FORMAT)?;
    for name in [TOKENS, OWN_TOKENS] {
        let Some(list) = preferences.get(name) else { continue };
        let list = Document::parse(list).map_err(|_| ImportError::broken(FORMAT, name, "it is no JSON"))?;
        let tokens: Vec<_> = list
            .as_array()
            .ok_or_else(|| ImportError::broken(FORMAT, name, "it is no list"))?
            .iter()
            .collect();
        read_tokens(&tokens, request, &mut import)?;
    }
    Ok(import)
}

/// One of two spellings of a field: the app's and the servers'.
fn either<'v>(token: &'v Value, app: &str, server: &str) -> Option<&'v str> {
    token.text(app).or_else(|| token.text(server)).filter(|text| !text.is_empty())
}

fn read_tokens(tokens: &[&Value], request: &Request<'_>, import: &mut Import) -> Result<(), ImportError> {
    // Every token may ask for a key of its own.
    let rounds = tokens.iter().filter(|token| is_sealed(token));
    let rounds = rounds.map(|token| rounds_of(token)).fold(0u64, u64::saturating_add);
    crypto::check_pbkdf2_rounds(rounds)?;
    let mut opened_any = false;
    let mut refused_any = false;
    for (place, token) in tokens.iter().enumerate() {
        let (issuer, name) = names(token);
        let plain =
            either(token, "decryptedSecret", "decrypted_seed").or_else(|| token.text("decryptedSeed"));
        let read = if let Some(secret) = plain {
            read_token(token, Secret::Base32(secret))
        } else if let Some(seed) = either(token, "secretSeed", "secret_seed") {
            match data_encoding::HEXLOWER_PERMISSIVE.decode(seed.trim().as_bytes()) {
                Ok(bytes) => read_own(token, SecretBytes::new(bytes)),
                Err(_) => Err(Reason::Encoding { encoding: "hexadecimal" }),
            }
        } else if let Some(sealed) = either(token, "encryptedSecret", "encrypted_seed") {
            match unseal(token, sealed, request)? {
                Some(secret) => {
                    opened_any = true;
                    read_token(token, Secret::Base32(secret.expose()))
                }
                None => {
                    refused_any = true;
                    Err(Reason::WrongPassword)
                }
            }
        } else {
            Err(Reason::NoSecret)
        };
        import.add(|| title(&issuer, &name, place + 1), read);
    }
    if refused_any && !opened_any {
        return Err(ImportError::WrongPassword { format: FORMAT, certain: false });
    }
    Ok(())
}

/// `Issuer: Name` in one field, the issuer perhaps in another.
fn names(token: &Value) -> (String, String) {
    let issuer = either(token, "originalIssuer", "original_issuer").or_else(|| token.text("issuer"));
    let issuer = issuer.unwrap_or_default().trim().to_owned();
    let mut name = token.words("name");
    if name.is_empty() {
        name = either(token, "originalName", "original_name").unwrap_or_default().trim().to_owned();
    }
    match name.split_once(':') {
        Some((prefix, rest)) if issuer.is_empty() || prefix.trim() == issuer => {
            (prefix.trim().to_owned(), rest.trim().to_owned())
        }
        _ => (issuer, name),
    }
}

fn read_token(token: &Value, secret: Secret<'_>) -> Result<Imported, Reason> {
    let (issuer, name) = names(token);
    let digits = token.number("digits")?;
    let period = token.number("period")?.filter(|period| *period != 0);
    let mut imported = Draft { digits, period, ..Draft::totp(&issuer, &name, secret) }.finish()?;
    imported.icon =
        token.text("logo").filter(|logo| !logo.is_empty()).map(|logo| Icon::Named(logo.to_owned()));
    Ok(imported)
}

fn read_own(token: &Value, secret: SecretBytes) -> Result<Imported, Reason> {
    let (issuer, name) = names(token);
    let digits = token.number("digits")?.or(Some(7));
    Draft { digits, period: Some(10), ..Draft::totp(&issuer, &name, Secret::Bytes(secret)) }.finish()
}

fn is_sealed(token: &Value) -> bool {
    either(token, "encryptedSecret", "encrypted_seed").is_some()
}

fn rounds_of(token: &Value) -> u64 {
    token.number("key_derivation_iterations").ok().flatten().unwrap_or(ROUNDS)
}

fn unseal(token: &Value, sealed: &str, request: &Request<'_>) -> Result<Option<SecretText>, ImportError> {
    let password = super::password(request, FORMAT)?.expose().as_bytes();
    let rounds = rounds_of(token);
    let salt = token.text("salt").unwrap_or_default().as_bytes();
    let key = crypto::pbkdf2_sha1(request, password, salt, rounds, 32)?;
    // Newer answers carry an IV of their own; before it was sixteen zeros.
    let iv = either(token, "uniqueIv", "unique_iv")
        .and_then(|iv| data_encoding::HEXLOWER_PERMISSIVE.decode(iv.as_bytes()).ok());
    let iv = iv.unwrap_or_else(|| vec![0; 16]);
    let opened = Key::from_slice(key.expose())
        .zip(decode_base64(sealed))
        .and_then(|(key, sealed)| crypto::open_aes_cbc(&key, &iv, sealed.expose()));
    let text =
        opened.and_then(|opened| String::from_utf8(opened.expose().to_vec()).ok()).map(SecretText::new);
    Ok(text.filter(|text| decode_base32(text.expose()).is_ok_and(|decoded| !decoded.bytes.is_empty())))
}
