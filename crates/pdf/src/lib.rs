//! PDF (ISO 32000-1) → text, and → pictures of its pages.
//!
//! [`Document::open`] takes a file's bytes; [`Document::text`] is what its pages say where a program printed them, and
//! [`Document::draw`] what a page looks like, with the pictures on it at their own size for whoever looks for more in
//! them than a page shows. What a text or a picture means is no concern of this crate. Nothing is fetched, and no
//! script of a file is run.
//!
//! Files come from strangers. How much their streams unpack to is found out before anything unpacks them, a drawing
//! ends at a deadline and has a stack of its own, and a panic inside a decoder is an ordinary "cannot be drawn". That
//! last part needs unwinding: a build with `panic = "abort"` would end the whole program instead.
#![forbid(unsafe_code)]

mod draw;
mod font;
mod guard;
mod layout;
mod sizes;
mod text;

pub use draw::{DrawError, Drawn, Limits, Picture};
pub use guard::{Deadline, catching};

use hayro_syntax::Pdf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Largest file that is read, in bytes (64 MiB).
pub const SIZE_LIMIT: usize = 64 << 20;

/// An opened PDF.
pub struct Document {
    pdf: Arc<Pdf>,
}

/// Why a PDF cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The bytes do not begin like a PDF.
    #[error("this is not a PDF")]
    NotAPdf,
    /// It asks for a password (ISO 32000-1 §7.6).
    #[error("this PDF is encrypted; open it where it can be opened and print it as a PDF without a password")]
    Encrypted,
    /// It is larger than is read, unpacks to more than is read, or packs its contents in a way that hides how much
    /// that is.
    #[error("this PDF unpacks to more than is read")]
    TooLarge,
    /// It begins like a PDF and then is none, or it has no pages.
    #[error("this PDF is damaged")]
    Damaged,
}

impl Document {
    /// Opens the bytes of a PDF.
    ///
    /// # Errors
    /// What [`OpenError`] lists.
    pub fn open(bytes: &[u8]) -> Result<Self, OpenError> {
        if !is_pdf(bytes) {
            return Err(OpenError::NotAPdf);
        }
        if bytes.len() > SIZE_LIMIT {
            return Err(OpenError::TooLarge);
        }
        sizes::check(bytes)?;
        let bytes = Zeroizing::new(bytes.to_vec());
        let open = || Pdf::new(Arc::new(Held(bytes))).map_err(|_| OpenError::Damaged);
        let pdf = catching(open).unwrap_or(Err(OpenError::Damaged))?;
        if pdf.pages().is_empty() {
            return Err(OpenError::Damaged);
        }
        Ok(Self { pdf: Arc::new(pdf) })
    }

    /// How many pages it has, one at least.
    pub fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// The text of its pages, in lines by where they stand. Scanned pages have none.
    pub fn text(&self) -> Zeroizing<String> {
        catching(|| text::of(&self.pdf)).unwrap_or_default()
    }
}

/// Whether the bytes begin like a PDF: its header may stand anywhere in the first 1024 (ISO 32000-1 annex H.3, note 13).
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|five| five == b"%PDF-")
}

/// A file's bytes, wiped with the last reader of them.
struct Held(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
