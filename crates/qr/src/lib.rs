//! Pictures with QR codes to texts, and texts to pictures.
//!
//! [`read_file`] takes a file's bytes: a picture (PNG, JPEG, WebP, GIF, BMP), for which [`read`] does too, or a PDF.
//! [`read_rgba`] and [`read_luma`] take pixels from a clipboard or a screen. All return every code found with its
//! corners. [`mod@write`] draws a code as PNG, SVG
//! or terminal blocks. What a text means is no concern of this crate: it may be a secret, so it is handed over as
//! one.
//!
//! Pictures come from strangers. Sizes are capped by [`Limits`] before anything is decoded, the search ends at a
//! deadline, and a panic inside a decoder is an ordinary "nothing found here". That last part needs unwinding:
//! a build with `panic = "abort"` would end the whole program instead.

mod binary;
mod document;
mod find;
mod first;
mod guard;
mod looks;
mod picture;
mod plane;
mod preview;
mod second;
pub mod write;

pub use document::{InFile, OnPage, read_file};
pub use find::Found;
pub use keyhaven_pdf::is_pdf;
pub use picture::{Limits, PictureError, Pixels, pixels, pixels_to_show};
pub use preview::{Preview, camera_preview, preview};

use guard::Deadline;
use plane::Plane;

/// Finds every QR code in the bytes of a PNG, JPEG, WebP, GIF or BMP file; of an animation, in its first picture.
///
/// A picture without a code is an empty list, not an error. Corners are in the stored picture's pixels: an EXIF
/// orientation is not applied.
///
/// # Errors
/// What [`PictureError`] lists. A search that the deadline ended is an error only when it had found nothing.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Found>, PictureError> {
    let deadline = Deadline::after(limits.time);
    let planes = picture::decode(bytes, limits)?;
    find::all(planes, limits, &deadline)
}

/// Finds every QR code in `pixels`: rows of red, green, blue, alpha, one byte each (a clipboard's or a screen's).
///
/// # Errors
/// As [`read`]; [`PictureError::PixelCount`] when `pixels` is not `width` × `height` × 4 bytes.
pub fn read_rgba(
    width: u32,
    height: u32,
    pixels: &[u8],
    limits: &Limits,
) -> Result<Vec<Found>, PictureError> {
    limits.check_size(width, height)?;
    picture::check_count(width, height, 4, pixels.len())?;
    let deadline = Deadline::after(limits.time);
    find::all(plane::from_rgba(width, height, pixels), limits, &deadline)
}

/// Finds every QR code in `pixels`: rows of brightness from 0 (black) to 255 (white), one byte each.
///
/// # Errors
/// As [`read`]; [`PictureError::PixelCount`] when `pixels` is not `width` × `height` bytes.
pub fn read_luma(
    width: u32,
    height: u32,
    pixels: &[u8],
    limits: &Limits,
) -> Result<Vec<Found>, PictureError> {
    limits.check_size(width, height)?;
    picture::check_count(width, height, 1, pixels.len())?;
    let deadline = Deadline::after(limits.time);
    find::all(vec![Plane::new(width, height, pixels.to_vec())], limits, &deadline)
}
