//! From the key to the XML: integrity, cipher, compression, and the stream over protected values.

use super::broken;
use super::header::{Bytes, Cipher, Header};
use crate::{ImportError, crypto};
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, StreamCipher};
use flate2::read::GzDecoder;
use keyhaven_secret::{Key, SecretBytes};
use sha2::{Digest, Sha256, Sha512};
use std::io::Read;
use subtle::ConstantTimeEq;

/// Largest document, unpacked (256 MiB): attachments are in it in KDBX 3.
const MAX_XML: u64 = 256 << 20;

pub(super) struct Body {
    pub xml: SecretBytes,
    pub stream: Stream,
}

/// The key stream over protected values, in the order they stand in the document.
pub(super) enum Stream {
    None,
    Salsa20(Box<salsa20::Salsa20>),
    ChaCha20(Box<chacha20::ChaCha20>),
}

impl Stream {
    pub fn new(id: u32, key: &[u8]) -> Option<Self> {
        match id {
            0 => Some(Self::None),
            2 => {
                let key: [u8; 32] = Sha256::digest(key).into();
                // The nonce is the same in every file; the key is not.
                let nonce = [0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a];
                Some(Self::Salsa20(Box::new(salsa20::Salsa20::new(&key.into(), &nonce.into()))))
            }
            3 => {
                let hash: [u8; 64] = Sha512::digest(key).into();
                let cipher = chacha20::ChaCha20::new_from_slices(&hash[..32], &hash[32..44]).ok()?;
                Some(Self::ChaCha20(Box::new(cipher)))
            }
            _ => None,
        }
    }

    /// Takes the stream off the next value. `false` when the stream is used up, which no file of this size does.
    pub fn apply(&mut self, value: &mut [u8]) -> bool {
        match self {
            Self::None => true,
            Self::Salsa20(cipher) => cipher.try_apply_keystream(value).is_ok(),
            Self::ChaCha20(cipher) => cipher.try_apply_keystream(value).is_ok(),
        }
    }
}

fn wrong_password(certain: bool) -> ImportError {
    ImportError::WrongPassword { format: super::FORMAT, certain }
}

fn cut_off() -> ImportError {
    broken("the body", "it is cut off")
}

pub(super) fn open(file: &[u8], header: &Header, transformed: &Key) -> Result<Body, ImportError> {
    if header.master_seed.len() != 32 {
        return Err(broken("the header", "its master seed has not 32 bytes"));
    }
    let (plain_header, body) = file.split_at_checked(header.length).ok_or_else(cut_off)?;
    let key = crypto::sha256_key(&[&header.master_seed, transformed.expose()]);
    match header.major {
        3 => open_3(header, body, &key),
        _ => open_4(header, plain_header, body, &key, transformed),
    }
}

fn decipher(header: &Header, key: &Key, sealed: &[u8]) -> Option<SecretBytes> {
    match header.cipher {
        Cipher::Aes => crypto::open_aes_cbc(key, &header.iv, sealed),
        Cipher::Twofish => {
            let cipher =
                cbc::Decryptor::<twofish::Twofish>::new_from_slices(key.expose(), &header.iv).ok()?;
            cipher.decrypt_padded_vec::<Pkcs7>(sealed).ok().map(SecretBytes::new)
        }
        Cipher::ChaCha20 => {
            let mut cipher = chacha20::ChaCha20::new_from_slices(key.expose(), &header.iv).ok()?;
            let mut opened = sealed.to_vec();
            cipher.try_apply_keystream(&mut opened).ok()?;
            Some(SecretBytes::new(opened))
        }
    }
}

fn unpack(compressed: bool, bytes: SecretBytes) -> Result<SecretBytes, ImportError> {
    if !compressed {
        return Ok(bytes);
    }
    // gzip ends with the length of what it holds (RFC 1952 §2.3.1): in one allocation, which leaves no copies behind.
    let length = bytes.expose().last_chunk().map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
    let mut unpacked = Vec::with_capacity(usize::try_from(length.min(MAX_XML)).unwrap_or(0) + 1);
    let read = GzDecoder::new(bytes.expose()).take(MAX_XML + 1).read_to_end(&mut unpacked);
    let unpacked = SecretBytes::new(unpacked);
    match read {
        Ok(length) if length as u64 > MAX_XML => Err(ImportError::TooDemanding {
            what: "bytes or more, unpacked",
            asked: length as u64,
            most: MAX_XML,
        }),
        Ok(_) => Ok(unpacked),
        Err(_) => Err(broken("the body", "its compressed contents are damaged")),
    }
}

/// KDBX 3: 32 known bytes tell a wrong password, then blocks with their SHA-256.
fn open_3(header: &Header, body: &[u8], key: &Key) -> Result<Body, ImportError> {
    let opened = decipher(header, key, body).ok_or_else(|| wrong_password(false))?;
    let start = &header.version3.start;
    let (known, blocks) =
        opened.expose().split_at_checked(start.len()).ok_or_else(|| wrong_password(false))?;
    if start.is_empty() || !bool::from(known.ct_eq(start)) {
        return Err(wrong_password(true));
    }
    let mut bytes = Bytes { rest: blocks };
    let mut joined = Vec::with_capacity(blocks.len());
    loop {
        bytes.u32().ok_or_else(cut_off)?; // the block's number
        let hash = bytes.take(32).ok_or_else(cut_off)?;
        let length = bytes.u32().ok_or_else(cut_off)? as usize;
        if length == 0 {
            break;
        }
        let block = bytes.take(length).ok_or_else(cut_off)?;
        if Sha256::digest(block)[..] != *hash {
            return Err(broken("the body", "a block does not match its hash"));
        }
        joined.extend_from_slice(block);
    }
    let xml = unpack(header.compressed, SecretBytes::new(joined))?;
    let stream = Stream::new(header.version3.stream, &header.version3.stream_key)
        .ok_or_else(|| broken("the header", "the cipher of its protected values is not known"))?;
    Ok(Body { xml, stream })
}

/// KDBX 4: hash and HMAC of the header, then blocks with their HMAC around one ciphertext.
fn open_4(
    header: &Header,
    plain_header: &[u8],
    body: &[u8],
    key: &Key,
    transformed: &Key,
) -> Result<Body, ImportError> {
    let mut bytes = Bytes { rest: body };
    let hash = bytes.take(32).ok_or_else(cut_off)?;
    if Sha256::digest(plain_header)[..] != *hash {
        return Err(broken("the header", "it does not match its hash"));
    }
    let mut base = Sha512::new();
    base.update(&header.master_seed);
    base.update(transformed.expose());
    base.update([1]);
    let base = SecretBytes::new(base.finalize().to_vec());
    let block_key = |index: u64| {
        let mut key = Sha512::new();
        key.update(index.to_le_bytes());
        key.update(base.expose());
        SecretBytes::new(key.finalize().to_vec())
    };
    let mac = bytes.take(32).ok_or_else(cut_off)?;
    if !crypto::hmac_sha256_matches(block_key(u64::MAX).expose(), &[plain_header], mac) {
        return Err(wrong_password(true));
    }
    let mut sealed = Vec::with_capacity(body.len());
    for index in 0u64.. {
        let mac = bytes.take(32).ok_or_else(cut_off)?;
        let length = bytes.u32().ok_or_else(cut_off)?;
        let block = bytes.take(length as usize).ok_or_else(cut_off)?;
        let parts = [&index.to_le_bytes()[..], &length.to_le_bytes()[..], block];
        if !crypto::hmac_sha256_matches(block_key(index).expose(), &parts, mac) {
            return Err(broken(format!("block {index} of the body"), "it was changed"));
        }
        if length == 0 {
            break;
        }
        sealed.extend_from_slice(block);
    }
    let opened = decipher(header, key, &sealed).ok_or_else(|| broken("the body", "its padding is wrong"))?;
    let opened = unpack(header.compressed, opened)?;
    let (stream, inner) =
        inner_header(opened.expose()).ok_or_else(|| broken("the inner header", "it is cut off"))?;
    let stream = stream
        .ok_or_else(|| broken("the inner header", "the cipher of its protected values is not known"))?;
    Ok(Body { xml: SecretBytes::new(opened.expose()[inner..].to_vec()), stream })
}

/// The stream and where the XML begins.
fn inner_header(bytes: &[u8]) -> Option<(Option<Stream>, usize)> {
    let mut rest = Bytes { rest: bytes };
    let (mut id, mut key) = (0, &[][..]);
    loop {
        let field = rest.u8()?;
        let length = rest.u32()? as usize;
        let value = rest.take(length)?;
        match field {
            0 => break,
            1 => id = u32::from_le_bytes(value.try_into().ok()?),
            2 => key = value,
            _ => {} // attachments
        }
    }
    Some((Stream::new(id, key), bytes.len() - rest.rest.len()))
}
