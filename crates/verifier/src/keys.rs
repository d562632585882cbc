//! Keys: one key-encryption key (KEK) outside the database, one data key for each tenant wrapped by it, and from that
//! the keys that seal records, tag codes and pepper recovery codes.
//!
//! Who copies a database without the KEK has no secret, cannot try codes, and cannot move a record to another user:
//! each is sealed for its place.

use crate::{
    Failure, Timestamp, Unavailable, random,
    record::{FormerKey, KeyRecord},
};
use chacha20poly1305::{
    Tag as CipherTag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use data_encoding::HEXLOWER;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use keyhaven_secret::{KEY_LENGTH, Key, SecretBytes, SecretText};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{collections::BTreeMap, fmt, future::Future};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
/// In front of a key's number, for all keys of a tenant but the first.
const NUMBERED: u8 = 2;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Where key-encryption keys are: an environment variable, a file, a command's output (a shell reads those,
/// [`LocalKeys::parse`] their text), or a service that never gives them out. Such a service is asked once for each tenant in a while
/// ([`crate::Verifier::with_key_cache`]). Implementations may write `async fn`.
pub trait KeyProvider: Send + Sync + 'static {
    /// The name of the key that wraps from now on.
    fn current(&self) -> &str;

    /// Wraps a tenant's key under the current key.
    ///
    /// # Errors
    /// The provider does not answer.
    fn wrap(&self, key: &Key, associated: &[u8])
    -> impl Future<Output = Result<Vec<u8>, Unavailable>> + Send;

    /// Unwraps a tenant's key that key `name` wrapped.
    ///
    /// # Errors
    /// The provider does not answer, has no such key, or the wrapping is not its own.
    fn unwrap(
        &self,
        name: &str,
        wrapped: &[u8],
        associated: &[u8],
    ) -> impl Future<Output = Result<Key, Unavailable>> + Send;
}

/// Key-encryption keys held in memory, by name. The current one wraps; the others still unwrap, for as long as
/// [`crate::Verifier::rewrap`] has not reached every tenant.
pub struct LocalKeys {
    current: String,
    keys: BTreeMap<String, Key>,
}

impl LocalKeys {
    /// One key.
    pub fn new(name: impl Into<String>, key: Key) -> Self {
        let current = name.into();
        Self { keys: BTreeMap::from([(current.clone(), key)]), current }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys.contains_key(name)
    }

    /// Adds an older key, to unwrap with.
    #[must_use]
    pub fn with_former(mut self, name: impl Into<String>, key: Key) -> Self {
        // The current key's name cannot be taken over: it would then wrap with one key and unwrap with another.
        self.keys.entry(name.into()).or_insert(key);
        self
    }
}

impl KeyProvider for LocalKeys {
    fn current(&self) -> &str {
        &self.current
    }

    async fn wrap(&self, key: &Key, associated: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let kek = self.keys.get(&self.current).ok_or_else(|| no_key(&self.current))?;
        seal(kek, associated, key.expose())
    }

    async fn unwrap(&self, name: &str, wrapped: &[u8], associated: &[u8]) -> Result<Key, Unavailable> {
        let kek = self.keys.get(name).ok_or_else(|| no_key(name))?;
        open(kek, associated, wrapped)
            .and_then(|key| Key::from_slice(key.expose()))
            .ok_or_else(|| Unavailable::new("the key provider", format!("key {name:?} did not wrap this")))
    }
}

fn no_key(name: &str) -> Unavailable {
    Unavailable::new("the key provider", format!("there is no key {name:?}"))
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKeys").field("current", &self.current).finish_non_exhaustive()
    }
}

/// A 256-bit HMAC of something secret (a code, a token, an address): equal for equal things, tells nothing without the
/// tenant's key. `==` takes the same time wherever two differ.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// The tag as text, for stores.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what [`Tag::as_str`] wrote.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
impl Eq for Tag {}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(…)")
    }
}

/// What a tag is for: equal inputs have different tags for different purposes.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// A code by text message or e-mail, or a push number, with its challenge.
    Code,
    Session,
    Network,
    Device,
    Address,
    Proof,
    Ticket,
    /// A request with a name, to know it again.
    Request,
    /// The key of what a named request came to.
    Reply,
}

impl Purpose {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Code => b"code",
            Self::Session => b"session",
            Self::Network => b"network",
            Self::Device => b"device",
            Self::Address => b"address",
            Self::Proof => b"proof",
            Self::Ticket => b"ticket",
            Self::Request => b"request",
            Self::Reply => b"reply",
        }
    }
}

/// The keys of one tenant: the one that seals, tags and peppers, and those before it, which still open and compare.
pub(crate) struct TenantKeys {
    current: Derived,
    former: Vec<Derived>,
}

/// What follows from one key of a tenant.
struct Derived {
    number: u32,
    seal: Key,
    tag: Key,
    pepper: Key,
}

impl TenantKeys {
    /// Makes a tenant's first key.
    pub fn first() -> Result<(Key, Self), Unavailable> {
        let key = fresh_key()?;
        let current = Derived::from(1, &key);
        Ok((key, Self { current, former: Vec::new() }))
    }

    /// Makes a tenant's first key and wraps it, for the store.
    pub async fn create(provider: &impl KeyProvider, tenant: &str) -> Result<(KeyRecord, Self), Unavailable> {
        let (key, keys) = Self::first()?;
        let wrapped = provider.wrap(&key, &wrapping(tenant)).await?;
        let kek = provider.current().to_owned();
        Ok((KeyRecord { kek, number: 1, wrapped, former: Vec::new() }, keys))
    }

    pub async fn unwrap(
        provider: &impl KeyProvider,
        tenant: &str,
        keys: &KeyRecord,
    ) -> Result<Self, Unavailable> {
        let associated = wrapping(tenant);
        let current = provider.unwrap(&keys.kek, &keys.wrapped, &associated).await?;
        let mut former = Vec::with_capacity(keys.former.len());
        for replaced in &keys.former {
            let key = provider.unwrap(&keys.kek, &replaced.wrapped, &associated).await?;
            former.push(Derived::from(replaced.number, &key));
        }
        Ok(Self { current: Derived::from(keys.number, &current), former })
    }

    /// Wraps the same keys under the provider's current key-encryption key.
    pub async fn rewrap(
        provider: &impl KeyProvider,
        tenant: &str,
        keys: &KeyRecord,
    ) -> Result<KeyRecord, Unavailable> {
        let associated = wrapping(tenant);
        let anew = async |wrapped: &[u8]| {
            let key = provider.unwrap(&keys.kek, wrapped, &associated).await?;
            provider.wrap(&key, &associated).await
        };
        let mut former = Vec::with_capacity(keys.former.len());
        for replaced in &keys.former {
            former.push(FormerKey { wrapped: anew(&replaced.wrapped).await?, ..replaced.clone() });
        }
        let (kek, wrapped) = (provider.current().to_owned(), anew(&keys.wrapped).await?);
        Ok(KeyRecord { kek, number: keys.number, wrapped, former })
    }

    /// A new key in the place of the current one, which becomes a former one.
    pub async fn rotate(
        provider: &impl KeyProvider,
        tenant: &str,
        keys: &KeyRecord,
        now: Timestamp,
    ) -> Result<KeyRecord, Unavailable> {
        let mut rotated = Self::rewrap(provider, tenant, keys).await?;
        let wrapped = provider.wrap(&fresh_key()?, &wrapping(tenant)).await?;
        let replaced = FormerKey {
            number: rotated.number,
            wrapped: std::mem::replace(&mut rotated.wrapped, wrapped),
            until: now,
        };
        rotated.former.push(replaced);
        rotated.number = rotated.number.saturating_add(1);
        Ok(rotated)
    }

    fn find(&self, number: u32) -> Option<&Derived> {
        std::iter::once(&self.current).chain(&self.former).find(|keys| keys.number == number)
    }

    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let sealed = seal(&self.current.seal, &joined(place), plain)?;
        if self.current.number == 1 {
            return Ok(sealed);
        }
        let mut numbered = vec![NUMBERED];
        numbered.extend_from_slice(&self.current.number.to_be_bytes());
        numbered.extend_from_slice(&sealed);
        Ok(numbered)
    }

    pub fn open(&self, what: &'static str, place: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, Failure> {
        let (number, sealed) = numbered(sealed);
        self.find(number)
            .and_then(|keys| open(&keys.seal, &joined(place), sealed))
            .ok_or(Failure::Sealed { what })
    }

    /// Seals for whoever can say `secret` again: the key follows from the tenant's and from it, and no store has either.
    pub fn seal_for(&self, secret: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let sealed = seal(&self.current.key(Purpose::Reply, secret), &[], plain)?;
        Ok([&[NUMBERED][..], &self.current.number.to_be_bytes(), &sealed].concat())
    }

    /// Opens what [`TenantKeys::seal_for`] sealed.
    pub fn open_for(
        &self,
        what: &'static str,
        secret: &[&[u8]],
        sealed: &[u8],
    ) -> Result<SecretBytes, Failure> {
        let (number, sealed) = numbered(sealed);
        self.find(number)
            .and_then(|keys| open(&keys.key(Purpose::Reply, secret), &[], sealed))
            .ok_or(Failure::Sealed { what })
    }

    /// Whether a record is sealed by a key that another has replaced.
    pub fn is_former(&self, sealed: &[u8]) -> bool {
        numbered(sealed).0 != self.current.number
    }

    pub fn tag(&self, purpose: Purpose, parts: &[&[u8]]) -> Tag {
        self.current.tag(purpose, parts)
    }

    /// Whether `tag` is that of these parts, under the current key or one before it.
    pub fn is(&self, tag: &Tag, purpose: Purpose, parts: &[&[u8]]) -> bool {
        std::iter::once(&self.current).chain(&self.former).any(|keys| keys.tag(purpose, parts) == *tag)
    }

    /// The current pepper, and the number of its key.
    pub fn pepper(&self) -> (u32, &Key) {
        (self.current.number, &self.current.pepper)
    }

    pub fn pepper_of(&self, number: u32) -> Option<&Key> {
        self.find(number).map(|keys| &keys.pepper)
    }
}

impl Derived {
    fn from(number: u32, key: &Key) -> Self {
        // RFC 5869 §3.3: the tenant's key is uniformly random, so nothing has to be extracted.
        let expand = |info: &[u8]| -> Key {
            let mut output = Zeroizing::new([0; KEY_LENGTH]);
            let hkdf = Hkdf::<Sha256>::new(None, key.expose());
            hkdf.expand(info, output.as_mut_slice())
                .expect("32 bytes are fewer than 255 × 32 (RFC 5869 §2.3)");
            Key::from_slice(output.as_slice()).expect("the array is one key long")
        };
        Self {
            number,
            seal: expand(b"keyhaven verifier v1: seal"),
            tag: expand(b"keyhaven verifier v1: tag"),
            pepper: expand(b"keyhaven verifier v1: pepper"),
        }
    }

    fn tag(&self, purpose: Purpose, parts: &[&[u8]]) -> Tag {
        Tag(HEXLOWER.encode(self.mac(purpose, parts).as_slice()))
    }

    /// A key that follows from this one and from `parts`: HMAC is a pseudorandom function of both (RFC 5869 §2.3).
    fn key(&self, purpose: Purpose, parts: &[&[u8]]) -> Key {
        Key::from_slice(self.mac(purpose, parts).as_slice()).expect("HMAC-SHA-256 is one key long")
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Zeroizing<[u8; KEY_LENGTH]> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.tag.expose()).expect("HMAC takes a key of any length");
        mac.update(&joined(&[purpose.name()]));
        mac.update(&joined(parts));
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

fn fresh_key() -> Result<Key, Unavailable> {
    let random = random::bytes::<KEY_LENGTH>()?;
    Key::try_fill(|bytes| {
        bytes.copy_from_slice(random.as_slice());
        Ok::<(), Unavailable>(())
    })
}

/// The number of the key that sealed a record, and what it sealed. Records of the first key carry no number.
fn numbered(sealed: &[u8]) -> (u32, &[u8]) {
    let behind = sealed.strip_prefix(&[NUMBERED]).and_then(|rest| rest.split_first_chunk::<4>());
    behind.map_or((1, sealed), |(number, rest)| (u32::from_be_bytes(*number), rest))
}

/// The number of the key that sealed a record.
pub(crate) fn key_of(sealed: &[u8]) -> u32 {
    numbered(sealed).0
}

fn wrapping(tenant: &str) -> Vec<u8> {
    joined(&[b"keyhaven verifier tenant key", tenant.as_bytes()])
}

/// The parts, each behind its length: no two lists of parts give the same bytes.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// Format, nonce, ciphertext, tag.
fn seal(key: &Key, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unavailable> {
    let nonce = *random::bytes::<NONCE>()?;
    let mut sealed = Vec::with_capacity(1 + NONCE + plain.len() + TAG);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = XChaCha20Poly1305::new(key.expose().into())
        .encrypt_inout_detached(&XNonce::from(nonce), associated, (&mut sealed[1 + NONCE..]).into())
        .expect("a record is far below the cipher's 256 GiB (RFC 8439 §2.8)");
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

fn open(key: &Key, associated: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let sealed = sealed.strip_prefix(&[FORMAT])?;
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (cipher, tag) = rest.split_last_chunk::<TAG>()?;
    let mut plain = Zeroizing::new(cipher.to_vec());
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            associated,
            plain.as_mut_slice().into(),
            &CipherTag::from(*tag),
        )
        .ok()?;
    Some(SecretBytes::new(std::mem::take(&mut *plain)))
}

/// The answer of an authenticator to a push: HMAC-SHA-256 under its key over the challenge and the number that was
/// typed, as 64 hexadecimal digits. For authenticators; the verifier computes the same.
pub fn push_response(key: &SecretBytes, challenge: &str, number: &str) -> SecretText {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length");
    mac.update(&joined(&[b"keyhaven push v1", challenge.as_bytes(), number.as_bytes()]));
    SecretText::new(HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kek(byte: u8) -> Key {
        Key::from_slice(&[byte; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_for_a_caller_opens_for_that_caller_only() {
        let (_, keys) = TenantKeys::first().unwrap();
        let (_, others) = TenantKeys::first().unwrap();
        let sealed = keys.seal_for(&[b"session", b"name"], b"codes").unwrap();
        assert_eq!(keys.open_for("reply", &[b"session", b"name"], &sealed).unwrap().expose(), b"codes");
        let foreign = others.open_for("reply", &[b"session", b"name"], &sealed);
        assert_eq!(foreign, Err(Failure::Sealed { what: "reply" }));
        for secret in [&[&b"session"[..], b"other"][..], &[b"sessionname"], &[]] {
            assert!(keys.open_for("reply", secret, &sealed).is_err());
        }
        // What a store holds beside it, the tag of the same parts, is not the key.
        assert_ne!(
            keys.current.tag(Purpose::Request, &[b"session"]),
            keys.current.tag(Purpose::Reply, &[b"session"])
        );
    }

    #[test]
    fn a_record_opens_in_its_place_only() {
        let (_, keys) = TenantKeys::first().unwrap();
        let sealed = keys.seal(&[b"acme", b"ann"], b"secret").unwrap();
        assert_eq!(keys.open("factor", &[b"acme", b"ann"], &sealed).unwrap().expose(), b"secret");
        for place in [&[&b"acme"[..], b"bob"][..], &[b"acmeann"], &[b"acm", b"eann"], &[]] {
            assert!(keys.open("factor", place, &sealed).is_err());
        }
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(keys.open("factor", &[b"acme", b"ann"], &changed).is_err(), "byte {index}");
            assert!(keys.open("factor", &[b"acme", b"ann"], &sealed[..index]).is_err(), "length {index}");
        }
    }

    #[tokio::test]
    async fn a_tenants_key_unwraps_for_that_tenant_and_survives_a_new_kek() {
        let old = LocalKeys::new("k1", kek(1));
        let (wrapped, keys) = TenantKeys::create(&old, "acme").await.unwrap();
        let sealed = keys.seal(&[], b"secret").unwrap();
        assert!(TenantKeys::unwrap(&old, "other", &wrapped).await.is_err());
        let both = LocalKeys::new("k2", kek(2)).with_former("k1", kek(1));
        let rewrapped = TenantKeys::rewrap(&both, "acme", &wrapped).await.unwrap();
        let new = LocalKeys::new("k2", kek(2));
        let keys = TenantKeys::unwrap(&new, "acme", &rewrapped).await.unwrap();
        assert_eq!(keys.open("factor", &[], &sealed).unwrap().expose(), b"secret");
        let missing = TenantKeys::unwrap(&new, "acme", &wrapped).await.err().unwrap();
        assert_eq!(missing.to_string(), "the key provider did not answer: there is no key \"k1\"");
    }

    #[tokio::test]
    async fn a_replaced_key_opens_and_compares_until_it_is_gone() {
        let old = LocalKeys::new("k1", kek(1));
        let (first, keys) = TenantKeys::create(&old, "acme").await.unwrap();
        let sealed = keys.seal(&[b"p"], b"secret").unwrap();
        let tag = keys.tag(Purpose::Code, &[b"c"]);
        // The new key is wrapped by the newest key-encryption key, and so are those before it.
        let both = LocalKeys::new("k2", kek(2)).with_former("k1", kek(1));
        let second = TenantKeys::rotate(&both, "acme", &first, 9.into()).await.unwrap();
        assert_eq!((second.number, second.kek.as_str()), (2, "k2"));
        let kept: Vec<_> = second.former.iter().map(|key| (key.number, key.until)).collect();
        assert_eq!(kept, [(1, 9.into())]);
        let third = TenantKeys::rotate(&both, "acme", &second, 10.into()).await.unwrap();
        let keys = TenantKeys::unwrap(&LocalKeys::new("k2", kek(2)), "acme", &third).await.unwrap();
        assert_eq!(keys.open("factor", &[b"p"], &sealed).unwrap().expose(), b"secret");
        assert!(keys.is_former(&sealed));
        assert!(keys.is(&tag, Purpose::Code, &[b"c"]));
        assert!(!keys.is(&tag, Purpose::Code, &[b"d"]));
        assert_ne!(keys.tag(Purpose::Code, &[b"c"]), tag);
        let again = keys.seal(&[b"p"], b"secret").unwrap();
        assert_eq!((key_of(&sealed), key_of(&again)), (1, 3));
        assert!(!keys.is_former(&again));
        assert_eq!(keys.open("factor", &[b"p"], &again).unwrap().expose(), b"secret");
        assert!(keys.open("factor", &[b"q"], &again).is_err());
        for index in 0..again.len() {
            let mut changed = again.clone();
            changed[index] ^= 1;
            assert!(keys.open("factor", &[b"p"], &changed).is_err(), "byte {index}");
        }
        let gone = KeyRecord { former: third.former[1..].to_vec(), ..third };
        let keys = TenantKeys::unwrap(&both, "acme", &gone).await.unwrap();
        assert!(keys.open("factor", &[b"p"], &sealed).is_err());
        assert!(!keys.is(&tag, Purpose::Code, &[b"c"]));
        assert!(keys.pepper_of(1).is_none() && keys.pepper_of(2).is_some());
    }

    /// The work that goes through all tenants reaches every key of one, those that were replaced too.
    #[tokio::test]
    async fn replaced_keys_survive_a_new_kek() {
        let old = LocalKeys::new("k1", kek(1));
        let (first, keys) = TenantKeys::create(&old, "acme").await.unwrap();
        let sealed = keys.seal(&[b"p"], b"secret").unwrap();
        let second = TenantKeys::rotate(&old, "acme", &first, 9.into()).await.unwrap();
        let both = LocalKeys::new("k2", kek(2)).with_former("k1", kek(1));
        let rewrapped = TenantKeys::rewrap(&both, "acme", &second).await.unwrap();
        let keys = TenantKeys::unwrap(&LocalKeys::new("k2", kek(2)), "acme", &rewrapped).await.unwrap();
        assert_eq!(keys.open("factor", &[b"p"], &sealed).unwrap().expose(), b"secret");
    }

    #[test]
    fn tags_are_bound_to_purpose_and_parts_and_show_nothing() {
        let (_, keys) = TenantKeys::first().unwrap();
        let tag = keys.tag(Purpose::Code, &[b"c", b"123456"]);
        assert_eq!(tag, keys.tag(Purpose::Code, &[b"c", b"123456"]));
        assert_ne!(tag, keys.tag(Purpose::Proof, &[b"c", b"123456"]));
        assert_ne!(tag, keys.tag(Purpose::Code, &[b"c1", b"23456"]));
        assert_eq!(format!("{tag:?}"), "Tag(…)");
        assert_eq!(format!("{:?}", LocalKeys::new("k", kek(1))), "LocalKeys { current: \"k\", .. }");
    }
}
