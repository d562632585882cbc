//! JSON that keeps what it does not know and leaves few copies of what is secret.

use crate::ids::{hex, unhex};
use base64::{Engine, engine::general_purpose::STANDARD};
use keyhaven_secret::{SecretBuffer, SecretBytes, SecretText};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Fields that this version does not know: their names, and their values as the JSON text they were written as.
pub(crate) type Unknown = BTreeMap<String, SecretText>;

/// `N` bytes, in JSON as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        unhex(&text.0).map(Hex).ok_or_else(|| D::Error::custom("hexadecimal of another length or kind"))
    }
}

/// A string, borrowed from the input where it has no escapes.
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Bytes from a Base64 string.
pub(crate) struct Bytes(pub SecretBytes);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let mut bytes = SecretBuffer::with_capacity(0);
        let place = bytes.more(base64::decoded_len_estimate(text.0.len()));
        let length = STANDARD.decode_slice(text.0.as_bytes(), place);
        length.map(|length| Bytes(bytes.finish(length))).map_err(|_| D::Error::custom("not Base64"))
    }
}

/// Keeps an unknown field; a second one of the same name is an error, for one of the two would be lost.
pub(crate) fn keep<E: Error>(unknown: &mut Unknown, name: &str, value: &RawValue) -> Result<(), E> {
    match unknown.insert(name.to_owned(), SecretText::new(value.get().to_owned())) {
        None => Ok(()),
        Some(_) => Err(E::custom("a field stands there twice")),
    }
}

/// Writes one JSON object into a buffer that wipes what it outgrows.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut WipingBuffer,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    pub fn new(out: &'a mut WipingBuffer) -> Self {
        out.push(b"{");
        Self { out, first: true }
    }

    /// Starts a field; its value is written next.
    pub fn name(&mut self, name: &str) -> &mut WipingBuffer {
        if !std::mem::take(&mut self.first) {
            self.out.push(b",");
        }
        self.out.push_string(name);
        self.out.push(b":");
        self.out
    }

    pub fn unknown(&mut self, fields: &Unknown) {
        for (name, value) in fields {
            self.name(name).push(value.expose().as_bytes());
        }
    }

    pub fn end(self) {
        self.out.push(b"}");
    }
}

/// A buffer for JSON with secrets in it.
pub(crate) struct WipingBuffer(SecretBuffer);

impl WipingBuffer {
    pub fn with_capacity(capacity: usize) -> Self {
        Self(SecretBuffer::with_capacity(capacity))
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(bytes);
    }

    /// A JSON string with what must be escaped (RFC 8259 §7).
    pub fn push_string(&mut self, text: &str) {
        self.push(b"\"");
        let mut plain = 0;
        for (index, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.push(&text.as_bytes()[plain..index]);
            self.push(b"\\u00");
            self.push(hex(&[byte]).as_bytes());
            plain = index + 1;
        }
        self.push(&text.as_bytes()[plain..]);
        self.push(b"\"");
    }

    pub fn push_base64(&mut self, bytes: &[u8]) {
        self.push(b"\"");
        let place = self.0.more(bytes.len().div_ceil(3) * 4);
        // The place is exactly as long as the text, so this cannot fail; if it did, zero bytes read as damage.
        let _ = STANDARD.encode_slice(bytes, place);
        self.push(b"\"");
    }

    pub fn push_number(&mut self, number: u64) {
        self.push(number.to_string().as_bytes());
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes, padded with spaces to `length`.
    pub fn padded(mut self, length: usize) -> SecretBytes {
        let length = length.max(self.0.len());
        self.0.more(length - self.0.len()).fill(b' ');
        self.0.finish(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_serde_json_reads(text: String, bytes: Vec<u8>, number: u64) {
            let mut out = WipingBuffer::with_capacity(0);
            let mut object = ObjectWriter::new(&mut out);
            object.name("text").push_string(&text);
            object.name("bytes").push_base64(&bytes);
            object.name("number").push_number(number);
            object.end();
            let padded = out.padded(4096);
            let value: serde_json::Value = serde_json::from_slice(padded.expose()).unwrap();
            prop_assert_eq!(value["text"].as_str(), Some(text.as_str()));
            let base64 = STANDARD.encode(&bytes);
            prop_assert_eq!(value["bytes"].as_str(), Some(base64.as_str()));
            prop_assert_eq!(value["number"].as_u64(), Some(number));
        }
    }
}
