//! FreeOTP 2: a Java-serialised map of JSON texts, each secret under a master key under the password.
//!
//! Format: freeotp/freeotp-android, `TokenPersistence.java`, `encryptor/`; Java Object Serialization Specification §6.

use super::freeotp::{Next, names, read_token_with, signed_bytes};
use super::{Source, password};
use crate::entry::title;
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Problem, Reason, Request, crypto};
use keyhaven_secret::{Key, SecretBytes};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::FreeOtp2;
/// STREAM_MAGIC and STREAM_VERSION.
const MAGIC: &[u8] = &[0xac, 0xed, 0, 5];
const TOKEN: &str = "-token";

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.bytes.starts_with(MAGIC))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let broken = |place: &str, what| ImportError::broken(FORMAT, place, what);
    let map = read_map(sample.bytes)
        .map_err(|place| broken(&format!("byte {place}"), "it is no serialised map of texts"))?;
    let master = map.get("masterKey").ok_or_else(|| broken("the map", "it has no masterKey"))?;
    let master = Document::parse(master).map_err(|_| broken("masterKey", "it is no JSON"))?;
    let master_key = open_master(&master, request)?;
    let mut import = Import::new(FORMAT);
    for (place, (id, token)) in map.iter().filter(|(id, _)| id.ends_with(TOKEN)).enumerate() {
        let Ok(token) = Document::parse(token) else {
            let reason = Reason::Shape { what: "it is no JSON" };
            import.problems.push(Problem { entry: format!("entry {}", place + 1), reason });
            continue;
        };
        let (issuer, name) = names(&token);
        let sealed = map.get(id.trim_end_matches(TOKEN));
        import.add(|| title(&issuer, &name, place + 1), read_entry(&token, sealed, &master_key));
    }
    Ok(import)
}

fn read_entry(token: &Value, sealed: Option<&String>, master: &Key) -> Result<Imported, Reason> {
    let sealed = sealed.and_then(|sealed| Document::parse(sealed).ok()).ok_or(Reason::NoSecret)?;
    let key = sealed.text("key").and_then(|key| Document::parse(key).ok()).ok_or(Reason::NoSecret)?;
    let secret = unseal(master, &key).ok_or(Reason::Encoding { encoding: "sealed as FreeOTP seals it" })?;
    read_token_with(token, secret, Next::Stored)
}

fn open_master(master: &Value, request: &Request<'_>) -> Result<Key, ImportError> {
    let broken = |place: &str, what| ImportError::broken(FORMAT, place, what);
    let rounds = master
        .number("mIterations")
        .ok()
        .flatten()
        .ok_or_else(|| broken("mIterations", "it is no number"))?;
    let salt = signed_bytes(master.list("mSalt")).ok_or_else(|| broken("mSalt", "it is no list of bytes"))?;
    let password = password(request, FORMAT)?.expose().as_bytes();
    let key = match master.text("mAlgorithm") {
        Some("PBKDF2withHmacSHA512") => crypto::pbkdf2_sha512(request, password, salt.expose(), rounds, 32),
        Some("PBKDF2withHmacSHA1") => crypto::pbkdf2_sha1(request, password, salt.expose(), rounds, 32),
        _ => return Err(broken("mAlgorithm", "its key derivation is not known")),
    }?;
    let opened = Key::from_slice(key.expose()).and_then(|key| unseal(&key, &master["mEncryptedKey"]));
    let opened = opened.ok_or(ImportError::WrongPassword { format: FORMAT, certain: true })?;
    Key::from_slice(opened.expose()).ok_or_else(|| broken("mEncryptedKey", "it has not 32 bytes"))
}

/// AES-256-GCM with the algorithm's name as associated data.
fn unseal(key: &Key, sealed: &Value) -> Option<SecretBytes> {
    let text = signed_bytes(sealed.list("mCipherText"))?;
    let parameters = signed_bytes(sealed.list("mParameters"))?;
    let nonce = nonce_of(parameters.expose())?;
    crypto::open_aes_gcm(key, nonce, sealed.text("mToken")?.as_bytes(), text.expose())
}

/// The nonce in DER: an OCTET STRING, alone or first in a SEQUENCE (GCMParameters, RFC 5084 §3.2).
fn nonce_of(der: &[u8]) -> Option<&[u8]> {
    let content = |der: &'_ [u8]| -> Option<(usize, usize)> {
        let length = usize::from(*der.get(1)?);
        (length < 128 && der.len() >= 2 + length).then_some((2, 2 + length))
    };
    let (start, end) = content(der)?;
    match der.first()? {
        0x30 => nonce_of(der.get(start..end)?),
        0x04 => der.get(start..end),
        _ => None,
    }
}

/// The map's texts; `Err` gives the byte where it is no such map.
fn read_map(bytes: &[u8]) -> Result<BTreeMap<String, String>, usize> {
    let mut stream = Stream { bytes, place: MAGIC.len(), texts: Vec::new() };
    stream.map().ok_or(stream.place)
}

/// As much of Java's serialisation as a `HashMap<String, String>` takes.
struct Stream<'a> {
    bytes: &'a [u8],
    place: usize,
    /// What a back reference may mean, by handle; `None` for what is no text.
    texts: Vec<Option<String>>,
}

impl<'a> Stream<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.place..self.place.checked_add(count)?)?;
        self.place += count;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        usize::try_from(taken.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))).ok()
    }

    fn utf(&mut self, length_bytes: usize) -> Option<String> {
        let length = self.number(length_bytes)?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    /// TC_STRING, TC_LONGSTRING or TC_REFERENCE.
    fn text(&mut self) -> Option<String> {
        let text = match self.byte()? {
            0x74 => self.utf(2)?,
            0x7c => self.utf(8)?,
            0x71 => {
                let handle = self.number(4)?.checked_sub(0x7e_0000)?;
                return self.texts.get(handle)?.clone();
            }
            _ => return None,
        };
        self.texts.push(Some(text.clone()));
        Some(text)
    }

    fn map(&mut self) -> Option<BTreeMap<String, String>> {
        (self.take(2)? == [0x73, 0x72]).then_some(())?; // TC_OBJECT, TC_CLASSDESC
        (self.utf(2)?.ends_with("HashMap")).then_some(())?;
        self.take(9)?; // serialVersionUID, flags
        self.texts.push(None); // the class has a handle
        let mut width = 0;
        for _ in 0..self.number(2)? {
            let kind = self.byte()?;
            self.utf(2)?;
            width += match kind {
                b'B' | b'Z' => 1,
                b'C' | b'S' => 2,
                b'F' | b'I' => 4,
                b'D' | b'J' => 8,
                _ => return None, // an object: no field of a HashMap is one
            };
        }
        (self.take(2)? == [0x78, 0x70]).then_some(())?; // TC_ENDBLOCKDATA, no superclass
        self.texts.push(None); // the map has a handle
        self.take(width)?;
        (self.take(2)? == [0x77, 8]).then_some(())?; // TC_BLOCKDATA: capacity and size
        self.take(4)?;
        let size = self.number(4)?;
        let mut map = BTreeMap::new();
        for _ in 0..size {
            let name = self.text()?;
            map.insert(name, self.text()?);
        }
        Some(map)
    }
}
