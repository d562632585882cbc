//! Texts and pictures that a person asked to see, and texts that were typed, veiled on their way to the page and from it.
//!
//! Between the program and its page, and in the page itself, lie buffers of the web engine that nobody can wipe from
//! here. A text crosses them as two halves, random bytes and the text combined with them (exclusive or), and the page
//! draws it letter by letter (`ui/src/api/veil.ts`): nowhere on the way does the text itself stand in memory, and when
//! it is covered again there is nothing of it to be found.

use crate::failure::{fail, other};
use crate::recovery::view::{RevealedDraft, RevealedPicture, RevealedSet};
use crate::view::{Failure, FailureKind};
use data_encoding::BASE64;
use keyhaven_secret::SecretText;
use keyhaven_vault::RecordId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ts_rs::TS;
use zeroize::Zeroizing;

/// A veiled text; both halves are Base64 (RFC 4648 §4) of equally many bytes.
#[derive(Serialize, Deserialize, TS)]
pub struct Veiled {
    /// The random half. **Secret together with the other.**
    pub veil: String,
    /// The text combined with it, byte by byte. **Secret together with the other.**
    pub text: String,
}

impl Veiled {
    /// Veils a text.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn over(text: &str) -> Result<Self, Failure> {
        Self::over_bytes(text.as_bytes())
    }

    /// Veils bytes.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn over_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let seed = Zeroizing::new([
            *RecordId::random().map_err(other)?.as_bytes(),
            *RecordId::random().map_err(other)?.as_bytes(),
        ]);
        let mut veil = Zeroizing::new(Vec::with_capacity(bytes.len() + 32));
        for block in (0_u64..).take(bytes.len().div_ceil(32)) {
            let drawn =
                Sha256::new().chain_update(seed.concat()).chain_update(block.to_be_bytes()).finalize();
            veil.extend_from_slice(&drawn);
        }
        veil.truncate(bytes.len());
        let text: Zeroizing<Vec<u8>> =
            Zeroizing::new(bytes.iter().zip(veil.iter()).map(|(text, veil)| text ^ veil).collect());
        Ok(Self { veil: BASE64.encode(&veil), text: BASE64.encode(&text) })
    }

    /// The text that the page veiled.
    ///
    /// # Errors
    /// The two halves do not make a text.
    pub fn into_text(self) -> Result<SecretText, Failure> {
        let broken = || fail(FailureKind::BadInput, "what was typed did not arrive whole; type it again");
        let half = |half: &str| BASE64.decode(half.as_bytes()).map(Zeroizing::new).map_err(|_| broken());
        let (veil, text) = (half(&self.veil)?, half(&self.text)?);
        if veil.len() != text.len() {
            return Err(broken());
        }
        let bytes: Vec<u8> = text.iter().zip(veil.iter()).map(|(text, veil)| text ^ veil).collect();
        String::from_utf8(bytes).map(SecretText::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            broken()
        })
    }
}

/// A picture for the page, which draws it pixel by pixel.
#[derive(Serialize, TS)]
pub struct VeiledPicture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether nothing is missing in it: a part of a PDF's page may be of a format that is not drawn.
    pub whole: bool,
    /// Red, green and blue of each pixel, row by row.
    pub pixels: Veiled,
}

impl VeiledPicture {
    /// Veils a picture.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn over(picture: &RevealedPicture) -> Result<Self, Failure> {
        let rgba = picture.rgba.expose().chunks_exact(4);
        let rgb: Zeroizing<Vec<u8>> =
            Zeroizing::new(rgba.flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect());
        let RevealedPicture { width, height, whole, .. } = *picture;
        Ok(Self { width, height, whole, pixels: Veiled::over_bytes(&rgb)? })
    }
}

/// A set's texts for the page, each veiled.
#[derive(Serialize, TS)]
pub struct VeiledSet {
    /// The codes in their order.
    pub codes: Vec<Veiled>,
    /// Texts of the documents that have one, in their order.
    pub documents: Vec<Veiled>,
    /// The person's note.
    pub note: Veiled,
}

impl VeiledSet {
    /// Veils a set's texts.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn over(set: &RevealedSet) -> Result<Self, Failure> {
        Ok(Self { codes: all(&set.codes)?, documents: all(&set.documents)?, note: Veiled::over(&set.note)? })
    }
}

/// A draft's texts for the page, each veiled.
#[derive(Serialize, TS)]
pub struct VeiledDraft {
    /// The codes.
    pub codes: Vec<Veiled>,
    /// The lines that the draft shows, unmasked.
    pub lines: Vec<Veiled>,
}

impl VeiledDraft {
    /// Veils a draft's texts.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn over(draft: &RevealedDraft) -> Result<Self, Failure> {
        Ok(Self { codes: all(&draft.codes)?, lines: all(&draft.lines)? })
    }
}

fn all(texts: &[String]) -> Result<Vec<Veiled>, Failure> {
    texts.iter().map(|text| Veiled::over(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_veiled_text_is_not_in_either_half_and_comes_back() {
        let text = "8f3a9-71c02 é b04de-9952a, and more than one block of the veil";
        let (veiled, again) = (Veiled::over(text).unwrap(), Veiled::over(text).unwrap());
        assert_ne!(veiled.text, again.text, "each has a veil of its own");
        for half in [&veiled.veil, &veiled.text] {
            let bytes = BASE64.decode(half.as_bytes()).unwrap();
            assert_eq!(bytes.len(), text.len());
            assert!(!bytes.windows(5).any(|part| part == b"8f3a9" || part == b"block"));
        }
        assert_eq!(veiled.into_text().unwrap().expose(), text);
    }

    #[test]
    fn halves_that_do_not_fit_are_refused() {
        for (veil, text) in [("AAAA", "AA=="), ("not base64", ""), ("/w==", "AA==")] {
            assert!(Veiled { veil: veil.into(), text: text.into() }.into_text().is_err());
        }
    }
}
