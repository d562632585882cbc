//! A picture on a page: whether it may be decoded, and its pixels.

use hayro_interpret::{ImageData, LumaData};
use hayro_syntax::object::{Array, Dict, Stream};
use keyhaven_secret::SecretBytes;
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// Most pixels of a picture that is decoded: a page of A4 at 600 dots an inch has 35 million.
const PIXELS: u64 = 40 << 20;

/// A picture of a page at its own size.
#[derive(Debug)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row.
    pub rgba: SecretBytes,
}

/// Whether a picture of that size can be decoded within bounds, with what masks it.
pub(super) fn is_reasonable(stream: &Stream<'_>, width: u32, height: u32) -> bool {
    let pixels = |width: u32, height: u32| u64::from(width) * u64::from(height);
    if pixels(width, height) > PIXELS {
        return false;
    }
    let dict = stream.dict();
    for filter in stream.filters() {
        // The names are not to be had in another way.
        match format!("{filter:?}").as_str() {
            // Their decoders believe any size that a few bytes claim.
            "Jbig2Decode" | "JpxDecode" => return false,
            // A fax is as wide as its parameters say, whatever the picture says (§7.4.6).
            "CcittFaxDecode" if fax_columns(dict).any(|columns| pixels(columns, height) > PIXELS) => {
                return false;
            }
            _ => {}
        }
    }
    [b"SMask".as_slice(), b"Mask"].into_iter().filter_map(|key| dict.get::<Stream<'_>>(key)).all(|mask| {
        let side =
            |long: &[u8], short: &[u8]| mask.dict().get::<u32>(long).or_else(|| mask.dict().get(short));
        match (side(b"Width", b"W"), side(b"Height", b"H")) {
            // A mask has no mask of its own (§11.6.5.3).
            (Some(wide), Some(high)) => {
                !mask.dict().contains_key(b"SMask".as_slice())
                    && !mask.dict().contains_key(b"Mask".as_slice())
                    && is_reasonable(&mask, wide, high)
            }
            _ => true,
        }
    })
}

fn fax_columns(dict: &Dict<'_>) -> impl Iterator<Item = u32> {
    let keys = [b"DecodeParms".as_slice(), b"DP"];
    let lists = keys.into_iter().filter_map(|key| dict.get::<Array<'_>>(key));
    let listed: Vec<Dict<'_>> = lists.flat_map(|list| list.iter::<Dict<'_>>().collect::<Vec<_>>()).collect();
    let single = keys.into_iter().filter_map(|key| dict.get::<Dict<'_>>(key));
    let columns: Vec<u32> =
        single.chain(listed).filter_map(|one| one.get::<u32>(b"Columns".as_slice())).collect();
    columns.into_iter()
}

/// Where a picture's colours come from.
pub(super) enum Colours<'d> {
    Own(&'d ImageData),
    /// A stencil's one colour.
    One([u8; 3]),
}

/// A picture's colours and what of them is seen.
pub(super) struct Layers<'d> {
    pub width: u32,
    pub height: u32,
    pub colours: Colours<'d>,
    pub alpha: Option<&'d LumaData>,
}

impl Layers<'_> {
    fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let at = y as usize * self.width as usize + x as usize;
        let [red, green, blue] = match self.colours {
            Colours::Own(ImageData::Rgb(rgb)) => {
                rgb.data.get(at * 3..at * 3 + 3).map_or([255; 3], |one| [one[0], one[1], one[2]])
            }
            Colours::Own(ImageData::Luma(luma)) => [luma.data.get(at).copied().unwrap_or(255); 3],
            Colours::One(colour) => colour,
        };
        let alpha = self.alpha.map_or(255, |mask| {
            // A mask may have another size than what it masks.
            let place =
                |at: u32, of: u32, to: u32| (u64::from(at) * u64::from(to) / u64::from(of.max(1))) as usize;
            let (x, y) = (place(x, self.width, mask.width), place(y, self.height, mask.height));
            mask.data.get(y * mask.width as usize + x).copied().unwrap_or(255)
        });
        [red, green, blue, alpha]
    }

    /// The pixels, each of `step` × `step` of them: what is drawn small is averaged first.
    pub fn pixmap(&self, step: u32) -> Option<Pixmap> {
        let (width, height) = (self.width, self.height);
        let mut out = Pixmap::new(width.div_ceil(step), height.div_ceil(step))?;
        let mut pixels = out.pixels_mut().iter_mut();
        for top in (0..height).step_by(step as usize) {
            for left in (0..width).step_by(step as usize) {
                let mut sum = [0u32; 4];
                let mut count = 0;
                for y in top..(top + step).min(height) {
                    for x in left..(left + step).min(width) {
                        let [red, green, blue, alpha] = self.at(x, y).map(u32::from);
                        let seen = [red * alpha / 255, green * alpha / 255, blue * alpha / 255, alpha];
                        sum.iter_mut().zip(seen).for_each(|(sum, value)| *sum += value);
                        count += 1;
                    }
                }
                let [red, green, blue, alpha] = sum.map(|sum| (sum / count.max(1)) as u8);
                // Colours are below their alpha by the division above.
                if let (Some(pixel), Some(colour)) =
                    (pixels.next(), PremultipliedColorU8::from_rgba(red, green, blue, alpha))
                {
                    *pixel = colour;
                }
            }
        }
        Some(out)
    }

    /// At its own size.
    pub fn own_size(&self) -> Picture {
        let (width, height) = (self.width, self.height);
        let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            for x in 0..width {
                rgba.extend_from_slice(&self.at(x, y));
            }
        }
        Picture { width, height, rgba: SecretBytes::new(rgba) }
    }
}
