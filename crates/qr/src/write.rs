//! Text to picture: PNG bytes, an SVG document, blocks for a terminal (ISO/IEC 18004:2015 §7).
//!
//! Every picture has the quiet zone of four modules that the standard asks for (§6.3.8): without it readers fail.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use qrcode::bits::Bits;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode, Version};
use std::fmt::Write;

/// Light modules around the code (§6.3.8).
const QUIET: usize = 4;
/// ECI designator of UTF-8, which tells a reader not to guess (AIM ECI part 3).
const ECI_UTF_8: u32 = 26;

/// Why a text cannot become a picture. The text itself is in no variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// There is no character to write.
    #[error("there is no text to write")]
    Empty,
    /// More than the largest code holds (version 40, correction level L: 2,953 bytes).
    #[error("the text has {bytes} bytes; the largest QR code holds at most 2953")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// The modules are so large that the picture would pass 16,384 pixels a side.
    #[error(
        "modules of {module} pixels make the picture larger than 16384 pixels a side; at most {most} fit"
    )]
    ModuleSize {
        /// Pixels asked for each module.
        module: u32,
        /// Pixels that would fit.
        most: u32,
    },
}

/// The code of `text` as a grey PNG, each module `module` pixels wide (0 counts as 1).
///
/// # Errors
/// What [`WriteError`] lists.
pub fn png(text: &str, module: u32) -> Result<Vec<u8>, WriteError> {
    let code = Modules::of(text)?;
    let most = 16_384 / code.side as u32;
    let module = module.max(1);
    if module > most {
        return Err(WriteError::ModuleSize { module, most });
    }
    let side = code.side as u32 * module;
    let mut pixels = Vec::with_capacity(side as usize * side as usize);
    for y in 0..side {
        pixels.extend((0..side).map(|x| {
            let dark = code.dark((x / module) as usize, (y / module) as usize);
            if dark { 0u8 } else { 255 }
        }));
    }
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, side, side, ExtendedColorType::L8)
        .expect("the buffer has side × side bytes, and writing to memory does not fail");
    Ok(bytes)
}

/// The code of `text` as an SVG document of ten units a module, black on white whatever the page's theme.
///
/// # Errors
/// What [`WriteError`] lists.
pub fn svg(text: &str) -> Result<String, WriteError> {
    let code = Modules::of(text)?;
    let side = code.side;
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side).take_while(|x| code.dark(*x, y)).count();
            if run > 0 {
                // Writing to a String does not fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    let size = side * 10;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>\n"
    ))
}

/// The code of `text` as lines of half blocks, two modules a character, each line ended by a line feed.
///
/// Blocks stand for the light modules, since most terminals write light on dark; `dark_on_light` swaps them.
///
/// # Errors
/// What [`WriteError`] lists.
pub fn terminal(text: &str, dark_on_light: bool) -> Result<String, WriteError> {
    let code = Modules::of(text)?;
    let inked = |x: usize, y: usize| y < code.side && code.dark(x, y) == dark_on_light;
    let mut out = String::with_capacity(code.side * (code.side / 2 + 1) * 3);
    for y in (0..code.side).step_by(2) {
        out.extend((0..code.side).map(|x| match (inked(x, y), inked(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        out.push('\n');
    }
    Ok(out)
}

/// The code of `text` as modules, for whoever draws it in a way of their own (a printed page).
///
/// # Errors
/// What [`WriteError`] lists.
pub fn modules(text: &str) -> Result<Modules, WriteError> {
    Modules::of(text)
}

/// A code's modules with the quiet zone around them.
pub struct Modules {
    /// Modules a side, quiet zone included.
    side: usize,
    colors: Vec<Color>,
}

impl Modules {
    /// Correction level M, or L for what does not fit otherwise: the smaller code is the one a camera reads.
    fn of(text: &str) -> Result<Self, WriteError> {
        if text.is_empty() {
            return Err(WriteError::Empty);
        }
        let code = [EcLevel::M, EcLevel::L]
            .into_iter()
            .find_map(|level| encode(text, level).ok())
            .ok_or(WriteError::TooLong { bytes: text.len() })?;
        Ok(Self { side: code.width() + 2 * QUIET, colors: code.to_colors() })
    }

    /// Modules a side, quiet zone included.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Whether the module at column `x` and row `y` is dark; outside of the code none is.
    pub fn dark(&self, x: usize, y: usize) -> bool {
        let width = self.side - 2 * QUIET;
        let (Some(x), Some(y)) = (x.checked_sub(QUIET), y.checked_sub(QUIET)) else { return false };
        x < width && y < width && self.colors[y * width + x] == Color::Dark
    }
}

fn encode(text: &str, level: EcLevel) -> Result<QrCode, QrError> {
    if text.is_ascii() {
        return QrCode::with_error_correction_level(text, level);
    }
    // Not the encoder's own choice of segments: it takes pairs of UTF-8 bytes for Shift JIS kanji.
    for version in 1..=40 {
        let mut bits = Bits::new(Version::Normal(version));
        let pushed = bits
            .push_eci_designator(ECI_UTF_8)
            .and_then(|()| bits.push_byte_data(text.as_bytes()))
            .and_then(|()| bits.push_terminator(level));
        match pushed {
            Ok(()) => return QrCode::with_bits(bits, level),
            Err(QrError::DataTooLong) => {}
            Err(other) => return Err(other),
        }
    }
    Err(QrError::DataTooLong)
}
