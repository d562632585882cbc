//! FreeOTP 2: a Java-serialised map of JSON texts, each secret under a master key under the password.
//!
//! Format: freeotp/freeotp-android, `TokenPersistence.java`, `encryptor/`; Java Object Serialization Specification §6.

use super::freeotp::{Next, names, read_token_with, signed_bytes};
use super::{Source, password};
use crate::entry::title;
use crate::json::{Document, Fields};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_secret::{Key, SecretBytes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::FreeOtp2;
/// STREAM_MAGIC and STREAM_VERSION.
const MAGIC: &[u8] = &[0xac, 0xed, 0, 5];
const TOKEN: &str = "-token";
/// Names in the map that are no token's.
const NO_TOKENS: [&str; 2] = ["masterKey", "tokenOrder"];

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
    let tokens = map.iter().filter_map(|(id, token)| Some((id.strip_suffix(TOKEN)?, token)));
    for (place, (id, token)) in tokens.enumerate() {
        let Ok(token) = Document::parse(token) else {
            import.add(|| format!("entry {}", place + 1), Err(Reason::Shape { what: "it is no JSON" }));
            continue;
        };
        let (issuer, name) = names(&token);
        let sealed = map.get(id).map(|sealed| &**sealed);
        import.add(|| title(&issuer, &name, place + 1), read_entry(&token, sealed, &master_key));
    }
    // A secret without its token: its algorithm, digits and kind are not known.
    let alone = map.keys().filter(|id| !id.ends_with(TOKEN) && !NO_TOKENS.contains(&&***id));
    for id in alone.filter(|id| !map.contains_key(&*format!("{id}{TOKEN}"))) {
        let reason = Reason::Shape { what: "its secret is there, and what belongs to it is not" };
        import.add(|| format!("entry {}", id.chars().take(40).collect::<String>()), Err(reason));
    }
    Ok(import)
}

fn read_entry(token: &Value, sealed: Option<&str>, master: &Key) -> Result<Imported, Reason> {
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
fn read_map(bytes: &[u8]) -> Result<BTreeMap<Rc<str>, Rc<str>>, usize> {
    let mut stream = Stream { bytes, place: MAGIC.len(), texts: Vec::new() };
    stream.map().ok_or(stream.place)
}

/// Java's modified UTF-8 (Java Virtual Machine Specification §4.4.7): a character beyond the first plane, every emoji
/// for one, is its two surrogates of three bytes each, and NUL is two bytes.
fn modified_utf8(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let low = |byte: u8| (byte & 0xc0 == 0x80).then_some(u16::from(byte & 0x3f));
    while let [first, others @ ..] = rest {
        let (unit, length) = match (first, others) {
            (0..=0x7f, _) => (u16::from(*first), 1),
            (0xc0..=0xdf, [second, ..]) => (u16::from(first & 0x1f) << 6 | low(*second)?, 2),
            (0xe0..=0xef, [second, third, ..]) => {
                (u16::from(first & 0x0f) << 12 | low(*second)? << 6 | low(*third)?, 3)
            }
            _ => return None,
        };
        units.push(unit);
        rest = rest.get(length..)?;
    }
    String::from_utf16(&units).ok()
}

/// As much of Java's serialisation as a `HashMap<String, String>` takes.
struct Stream<'a> {
    bytes: &'a [u8],
    place: usize,
    /// What a back reference may mean, by handle; `None` for what is no text. Shared: references cost no copies.
    texts: Vec<Option<Rc<str>>>,
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

    fn utf(&mut self, length_bytes: usize) -> Option<Rc<str>> {
        let length = self.number(length_bytes)?;
        modified_utf8(self.take(length)?).map(Rc::from)
    }

    /// TC_STRING, TC_LONGSTRING or TC_REFERENCE.
    fn text(&mut self) -> Option<Rc<str>> {
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

    fn map(&mut self) -> Option<BTreeMap<Rc<str>, Rc<str>>> {
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
