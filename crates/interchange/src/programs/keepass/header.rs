//! The outer header: ciphers, costs and seeds, before anything is done with them.

use super::broken;
use crate::ImportError;

/// Which key derivation, with its costs as the file has them.
#[derive(Debug)]
pub(super) enum Kdf {
    Aes { seed: Vec<u8>, rounds: u64 },
    Argon2 { id: bool, version: u32, salt: Vec<u8>, memory: u64, passes: u64, lanes: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes,
    Twofish,
    ChaCha20,
}

/// What KDBX 3 says in its outer header and KDBX 4 in its inner one.
#[derive(Debug, Default)]
pub(super) struct Version3 {
    pub stream_key: Vec<u8>,
    pub stream: u32,
    pub start: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Header {
    pub major: u16,
    pub cipher: Cipher,
    pub compressed: bool,
    pub master_seed: Vec<u8>,
    pub iv: Vec<u8>,
    pub kdf: Kdf,
    pub version3: Version3,
    /// Bytes of signature, version and fields.
    pub length: usize,
}

/// A cursor over bytes that never reads past their end.
pub(super) struct Bytes<'a> {
    pub rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }
}

fn little_endian(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

const AES: &[u8; 16] = b"\x31\xc1\xf2\xe6\xbf\x71\x43\x50\xbe\x58\x05\x21\x6a\xfc\x5a\xff";
const TWOFISH: &[u8; 16] = b"\xad\x68\xf2\x9f\x57\x6f\x4b\xb9\xa3\x6a\xd4\x7a\xf9\x65\x34\x6c";
const CHACHA20: &[u8; 16] = b"\xd6\x03\x8a\x2b\x8b\x6f\x4c\xb5\xa5\x24\x33\x9a\x31\xdb\xb5\x9a";
const AES_KDF: &[u8; 16] = b"\xc9\xd9\xf3\x9a\x62\x8a\x44\x60\xbf\x74\x0d\x08\xc1\x8a\x4f\xea";
/// AES-KDF as KDBX 4 names it.
const AES_KDF_4: &[u8; 16] = b"\x7c\x02\xbb\x82\x79\xa7\x4a\xc0\x92\x7d\x11\x4a\x00\x64\x82\x38";
const ARGON2D: &[u8; 16] = b"\xef\x63\x6d\xdf\x8c\x29\x44\x4b\x91\xf7\xa9\xa4\x03\xe3\x0a\x0c";
const ARGON2ID: &[u8; 16] = b"\x9e\x29\x8b\x19\x56\xdb\x47\x73\xb2\x3d\xfc\x3e\xc6\xf0\xa1\xe6";

pub(super) fn read(file: &[u8]) -> Result<Header, ImportError> {
    let cut_off = || broken("the header", "it is cut off");
    let mut bytes = Bytes { rest: file };
    bytes.take(8).ok_or_else(cut_off)?;
    let _minor = bytes.u16().ok_or_else(cut_off)?;
    let major = bytes.u16().ok_or_else(cut_off)?;
    if !(3..=4).contains(&major) {
        let what = "its version is neither KDBX 3 nor 4; save it with a current KeePassXC";
        return Err(ImportError::Unsupported { format: super::FORMAT, what });
    }
    let (mut cipher, mut compressed, mut master_seed, mut iv) = (None, false, Vec::new(), Vec::new());
    let mut kdf = None;
    let (mut aes_seed, mut aes_rounds) = (Vec::new(), None);
    let mut version3 = Version3::default();
    loop {
        let field = bytes.u8().ok_or_else(cut_off)?;
        let length = if major == 3 { bytes.u16().map(u32::from) } else { bytes.u32() }.ok_or_else(cut_off)?;
        let value = bytes.take(length as usize).ok_or_else(cut_off)?;
        match field {
            0 => break,
            2 => {
                cipher = Some(match value {
                    value if value == AES => Cipher::Aes,
                    value if value == TWOFISH => Cipher::Twofish,
                    value if value == CHACHA20 => Cipher::ChaCha20,
                    _ => return Err(broken("the header", "its cipher is not known")),
                });
            }
            3 => compressed = little_endian(value) == Some(1),
            4 => master_seed = value.to_vec(),
            5 => aes_seed = value.to_vec(),
            6 => aes_rounds = little_endian(value),
            7 => iv = value.to_vec(),
            8 => version3.stream_key = value.to_vec(),
            9 => version3.start = value.to_vec(),
            10 => version3.stream = little_endian(value).and_then(|id| u32::try_from(id).ok()).unwrap_or(0),
            11 => {
                kdf = Some(
                    read_kdf(value).ok_or_else(|| broken("the header", "its key derivation is not known"))?,
                )
            }
            _ => {} // comments, public data
        }
    }
    let kdf = match (kdf, aes_rounds) {
        (Some(kdf), _) => kdf,
        (None, Some(rounds)) => Kdf::Aes { seed: aes_seed, rounds },
        (None, None) => return Err(broken("the header", "it names no key derivation")),
    };
    let cipher = cipher.ok_or_else(|| broken("the header", "it names no cipher"))?;
    Ok(Header {
        major,
        cipher,
        compressed,
        master_seed,
        iv,
        kdf,
        version3,
        length: file.len() - bytes.rest.len(),
    })
}

/// A variant dictionary: version, then type, name and value, each with its length.
fn read_kdf(value: &[u8]) -> Option<Kdf> {
    let mut bytes = Bytes { rest: value };
    bytes.u16()?;
    let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
    loop {
        if bytes.u8()? == 0 {
            break;
        }
        let length = bytes.u32()? as usize;
        let name = bytes.take(length)?;
        let length = bytes.u32()? as usize;
        fields.push((name, bytes.take(length)?));
    }
    let get = |wanted: &[u8]| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let number = |wanted: &[u8]| get(wanted).and_then(little_endian);
    match get(b"$UUID")? {
        id if id == AES_KDF || id == AES_KDF_4 => {
            Some(Kdf::Aes { seed: get(b"S")?.to_vec(), rounds: number(b"R")? })
        }
        id if id == ARGON2D || id == ARGON2ID => Some(Kdf::Argon2 {
            id: id == ARGON2ID,
            version: u32::try_from(number(b"V")?).ok()?,
            salt: get(b"S")?.to_vec(),
            memory: number(b"M")? / 1024, // bytes
            passes: number(b"I")?,
            lanes: number(b"P")?,
        }),
        _ => None,
    }
}
