//! A picture file's bytes to pixels, under caps that are checked before any pixel is decoded.

use crate::guard;
use crate::plane::{self, Plane};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use keyhaven_secret::SecretBytes;
use std::io::Cursor;
use std::time::Duration;

/// What a picture may cost at most. The defaults hold a 50-megapixel photo and an 8K screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes (64 MiB).
    pub bytes: usize,
    /// Longest side, in pixels (16,384).
    pub side: u32,
    /// Largest area, in pixels (67,108,864).
    pub pixels: u64,
    /// When the search ends, counted from the call (3 s).
    pub time: Duration,
    /// What all looks together may cost, as time of one core of a computer of 2020, reckoned from the number of pixels
    /// and not by the clock (1.2 s); the first looks are always done. A camera, which gives another picture soon, asks
    /// for less.
    pub work: Duration,
    /// Whether one code is enough, which makes pictures with several quicker (false: all are wanted).
    pub one: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            side: 16_384,
            pixels: 64 << 20,
            time: Duration::from_secs(3),
            work: Duration::from_millis(1_200),
            one: false,
        }
    }
}

/// Why a picture could not be read. No variant holds a text from the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is not a single byte.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are those of none of the five formats.
    #[error("this is not a PNG, JPEG, WebP, GIF or BMP picture")]
    UnknownFormat,
    /// The file is longer than [`Limits::bytes`].
    #[error("the file has {bytes} bytes, more than the {limit} that are read")]
    TooManyBytes {
        /// Length of the file.
        bytes: usize,
        /// [`Limits::bytes`].
        limit: usize,
    },
    /// The picture is larger than [`Limits::side`] or [`Limits::pixels`].
    #[error("the picture has {width} × {height} pixels; at most {side} a side and {pixels} in all are read")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// [`Limits::side`].
        side: u32,
        /// [`Limits::pixels`].
        pixels: u64,
    },
    /// The file begins like a picture and then is none: truncated, damaged or of a kind that is not supported.
    #[error("the {format} picture cannot be decoded: {why}")]
    Broken {
        /// What the first bytes say it is.
        format: &'static str,
        /// The decoder's words.
        why: String,
    },
    /// Width, height and the number of bytes handed over do not belong together.
    #[error("{width} × {height} pixels of {channels} bytes need {expected} bytes, there are {actual}")]
    PixelCount {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes for each pixel.
        channels: u32,
        /// Bytes that the size asks for.
        expected: u64,
        /// Bytes that were handed over.
        actual: usize,
    },
    /// The file is a PDF that cannot be opened.
    #[error(transparent)]
    Document(keyhaven_pdf::OpenError),
    /// [`Limits::time`] passed before a code was found.
    #[error("no code was found in the time given")]
    DeadlinePassed,
}

impl Limits {
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), PictureError> {
        let Self { side, pixels, .. } = *self;
        if width > side || height > side || u64::from(width) * u64::from(height) > pixels {
            return Err(PictureError::TooManyPixels { width, height, side, pixels });
        }
        Ok(())
    }
}

/// Whether `actual` bytes are exactly `width` × `height` pixels of `channels` bytes.
pub(crate) fn check_count(width: u32, height: u32, channels: u32, actual: usize) -> Result<(), PictureError> {
    // No overflow: callers have capped both sides.
    let expected = u64::from(width) * u64::from(height) * u64::from(channels);
    if actual as u64 == expected {
        return Ok(());
    }
    Err(PictureError::PixelCount { width, height, channels, expected, actual })
}

/// The planes worth searching in a picture file, the likeliest first.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Plane>, PictureError> {
    open(bytes, limits).map(plane::from_picture)
}

/// A picture file's pixels.
#[derive(Debug)]
pub struct Pixels {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row.
    pub rgba: SecretBytes,
}

/// The pixels of a PNG, JPEG, WebP, GIF or BMP file; of an animation, those of its first picture.
///
/// # Errors
/// What [`PictureError`] lists, except for the deadline.
pub fn pixels(bytes: &[u8], limits: &Limits) -> Result<Pixels, PictureError> {
    let picture = open(bytes, limits)?.into_rgba8();
    let (width, height) = picture.dimensions();
    Ok(Pixels { width, height, rgba: SecretBytes::new(picture.into_raw()) })
}

/// The same as a person looks at it: turned as its file says (Exif 2.32 §4.6.4, orientation), at most `longest` pixels
/// wide and high, on a white ground.
///
/// # Errors
/// As [`pixels`].
pub fn pixels_to_show(bytes: &[u8], limits: &Limits, longest: u32) -> Result<Pixels, PictureError> {
    let mut picture = open(bytes, limits)?;
    let turned = guard::catching(|| {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        reader.into_decoder().ok()?.orientation().ok()
    });
    if let Some(turned) = turned.flatten() {
        picture.apply_orientation(turned);
    }
    if picture.width().max(picture.height()) > longest.max(1) {
        picture = picture.thumbnail(longest.max(1), longest.max(1));
    }
    let mut picture = picture.into_rgba8();
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0.map(u16::from);
        let on_white = |colour: u16| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8;
        pixel.0 = [on_white(red), on_white(green), on_white(blue), 255];
    }
    let (width, height) = picture.dimensions();
    Ok(Pixels { width, height, rgba: SecretBytes::new(picture.into_raw()) })
}

fn open(bytes: &[u8], limits: &Limits) -> Result<DynamicImage, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(PictureError::TooManyBytes { bytes: bytes.len(), limit: limits.bytes });
    }
    let format = image::guess_format(bytes).map_err(|_| PictureError::UnknownFormat)?;
    let name = name_of(format).ok_or(PictureError::UnknownFormat)?;
    let broken = |why: String| PictureError::Broken { format: name, why };

    guard::catching(|| -> Result<DynamicImage, PictureError> {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut caps = image::Limits::default();
        caps.max_image_width = Some(limits.side);
        caps.max_image_height = Some(limits.side);
        // Sixteen bits for each of four channels is the most that a decoder hands out.
        caps.max_alloc = Some(limits.pixels.saturating_mul(8).saturating_add(1 << 20));
        // The sides are checked here, with better words; BMP and WebP do not look at the caps.
        reader.limits({
            let mut at_first = caps.clone();
            at_first.max_image_width = None;
            at_first.max_image_height = None;
            at_first
        });
        let mut decoder = reader.into_decoder().map_err(|e| broken(words(e)))?;
        let (width, height) = decoder.dimensions();
        limits.check_size(width, height)?;
        decoder.set_limits(caps).map_err(|e| broken(words(e)))?;
        DynamicImage::from_decoder(decoder).map_err(|e| broken(words(e)))
    })
    .unwrap_or_else(|| Err(broken("the decoder gave up".into())))
}

fn name_of(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        _ => return None,
    })
}

/// `image` wraps the decoder's own words in a sentence about the format, which our message already has.
fn words(error: ImageError) -> String {
    let inner = std::error::Error::source(&error).map(ToString::to_string);
    let words = inner.unwrap_or_else(|| error.to_string());
    // Some decoders print what they are made of, which tells a person nothing.
    if words.contains(" { ") { "the file is damaged".into() } else { words }
}
