//! libsodium's `crypto_secretstream_xchacha20poly1305`, for streams of exactly one message, which is all Ente writes.
//!
//! Layout and quirks: libsodium, `crypto_secretstream_xchacha20poly1305.c`.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use keyhaven_secret::{Key, SecretBytes};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that the one message is longer than its text: a tag byte and the MAC.
const OVERHEAD: usize = 17;
/// `TAG_MESSAGE` and `TAG_FINAL`: the two that a single message may carry.
const TAGS: [u8; 2] = [0, 3];

/// The tag of a stream's last message.
const TAG_FINAL: u8 = 3;

/// Opens the stream's only message. `None` when key, header or bytes are not right.
pub(crate) fn open_single(key: &Key, header: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let length = sealed.len().checked_sub(OVERHEAD)?;
    let (message, mac) = sealed.split_at(1 + length);
    let mut first = First::new(key, header.try_into().ok()?)?;
    let (tag, block) = first.tag_block(message[0], Direction::Open)?;
    if !bool::from(first.mac(&block, &message[1..]).as_slice().ct_eq(mac)) || !TAGS.contains(&tag) {
        return None;
    }
    let mut text = message[1..].to_vec();
    first.apply(&mut text)?;
    Some(SecretBytes::new(text))
}

/// Seals one message as a stream of its own. The caller never uses a header twice with one key.
pub(crate) fn seal_single(key: &Key, header: &[u8; 24], text: &[u8]) -> Option<Vec<u8>> {
    let mut first = First::new(key, header)?;
    let (tag, block) = first.tag_block(TAG_FINAL, Direction::Seal)?;
    let mut sealed = Vec::with_capacity(text.len() + OVERHEAD);
    sealed.push(tag);
    sealed.extend_from_slice(text);
    first.apply(&mut sealed[1..])?;
    let mac = first.mac(&block, &sealed[1..]);
    sealed.extend_from_slice(&mac);
    Some(sealed)
}

enum Direction {
    Open,
    Seal,
}

/// A stream at its first message.
struct First {
    stream: ChaCha20,
    poly: Poly1305,
}

impl First {
    fn new(key: &Key, header: &[u8; 24]) -> Option<Self> {
        // The subkey from the header's first 16 bytes (draft-irtf-cfrg-xchacha-03 §2.2); the nonce is the message
        // counter, which begins at 1, and the header's last 8 bytes.
        let input = header[..16].try_into().ok()?;
        let mut subkey = chacha20::hchacha::<chacha20::R20>(key.expose().into(), input);
        let mut nonce = [0; 12];
        nonce[0] = 1;
        nonce[4..].copy_from_slice(&header[16..]);
        let mut stream = ChaCha20::new(&subkey, &nonce.into());
        zeroize::Zeroize::zeroize(subkey.as_mut_slice());
        let mut block = Zeroizing::new([0; 64]);
        stream.apply_keystream(&mut block[..]);
        let poly = Poly1305::new(block[..32].try_into().ok()?);
        Some(Self { stream, poly })
    }

    /// The tag byte on the other side of the cipher, and the whole block at whose head its sealed form stands.
    fn tag_block(&mut self, tag: u8, direction: Direction) -> Option<(u8, [u8; 64])> {
        let mut block = [0; 64];
        block[0] = tag;
        self.stream.try_seek(64u64).ok()?;
        self.stream.apply_keystream(&mut block);
        let other = block[0];
        if matches!(direction, Direction::Open) {
            block[0] = tag;
        }
        Some((other, block))
    }

    /// The text on the other side of the cipher.
    fn apply(&mut self, text: &mut [u8]) -> Option<()> {
        self.stream.try_seek(128u64).ok()?;
        self.stream.try_apply_keystream(text).ok()
    }

    fn mac(&self, block: &[u8; 64], sealed: &[u8]) -> Vec<u8> {
        let length = sealed.len();
        let mut authenticated = Vec::with_capacity(64 + length + 32);
        authenticated.extend_from_slice(block);
        authenticated.extend_from_slice(sealed);
        // libsodium pads by `length & 15` zeros (not to a multiple of 16): a quirk that is now the format.
        authenticated.resize(authenticated.len() + (length & 15), 0);
        authenticated.extend_from_slice(&0u64.to_le_bytes());
        authenticated.extend_from_slice(&(64 + length as u64).to_le_bytes());
        // The last block is not padded (RFC 8439 §2.5).
        self.poly.clone().compute_unpadded(&authenticated).to_vec()
    }
}
