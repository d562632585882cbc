//! Brightness planes: what a decoder looks at. A picture with transparency has more than one honest reading.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, GrayImage, imageops};
use zeroize::Zeroizing;

/// Rows of brightness, 0 (black) to 255 (white). Wiped when dropped, since a code's picture is as good as its text.
pub(crate) struct Plane {
    pub width: u32,
    pub height: u32,
    pub pixels: Zeroizing<Vec<u8>>,
}

impl Plane {
    /// `pixels` holds `width` × `height` bytes; every caller has made or checked them so.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len() as u64, u64::from(width) * u64::from(height));
        Self { width, height, pixels: Zeroizing::new(pixels) }
    }

    /// White for black: rqrr knows only dark codes on light ground.
    pub fn inverted(&self) -> Self {
        Self::new(self.width, self.height, self.pixels.iter().map(|p| 255 - p).collect())
    }
}

impl Plane {
    /// A second, equally wiped plane.
    pub fn duplicate(&self) -> Self {
        Self::new(self.width, self.height, self.pixels.to_vec())
    }

    /// Resampled; `None` when a side would fall below the 21 modules of the smallest code, or above 16,384 pixels.
    pub fn scaled(&self, factor: f64) -> Option<Self> {
        let [width, height] = [self.width, self.height].map(|side| (f64::from(side) * factor).round() as u32);
        if width.min(height) < 21 || width.max(height) > 16_384 {
            return None;
        }
        // Averaging what becomes smaller, keeping edges of what becomes larger.
        let filter = if factor < 1.0 { FilterType::Bilinear } else { FilterType::CatmullRom };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        let from = ImageRef::new(self.width, self.height, &self.pixels, PixelType::U8).ok()?;
        let mut to = Image::new(width, height, PixelType::U8);
        Resizer::new().resize(&from, &mut to, &options).ok()?;
        Some(Self::new(width, height, to.into_vec()))
    }

    /// Blurred by a Gaussian of one pixel, as the binomials 1, 4, 6, 4, 1 give it in rows and then in columns: takes
    /// noise, JPEG blocks and gaps between modules away.
    pub fn smoothed(&self) -> Self {
        let mean = |a: u8, b: u8, c: u8, d: u8, e: u8| {
            let [a, b, c, d, e] = [a, b, c, d, e].map(u16::from);
            ((a + e + 4 * (b + d) + 6 * c + 8) / 16) as u8
        };
        let (width, height) = (self.width as usize, self.height as usize);
        let mut across = Zeroizing::new(Vec::with_capacity(width * height));
        let mut wide = Zeroizing::new(vec![0; width + 4]);
        for row in self.pixels.chunks_exact(width.max(1)) {
            // The edge's own value stands for what lies beyond it.
            wide[..2].fill(row[0]);
            wide[2..width + 2].copy_from_slice(row);
            wide[width + 2..].fill(row[width - 1]);
            across.extend(wide.windows(5).map(|five| mean(five[0], five[1], five[2], five[3], five[4])));
        }
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = |y: usize| across[y * width..][..width].iter();
            let last = height - 1;
            let above = row(y.saturating_sub(2)).zip(row(y.saturating_sub(1)));
            let below = row((y + 1).min(last)).zip(row((y + 2).min(last)));
            pixels.extend(above.zip(row(y)).zip(below).map(|(((a, b), c), (d, e))| mean(*a, *b, *c, *d, *e)));
        }
        Self::new(self.width, self.height, pixels)
    }

    /// From the darkest hundredth to the lightest made black to white: for codes that are hardly darker than their
    /// ground.
    pub fn stretched(&self) -> Self {
        let mut histogram = [0u64; 256];
        self.pixels.iter().for_each(|p| histogram[usize::from(*p)] += 1);
        let hundredth = self.pixels.len() as u64 / 100;
        // The first value, from either end, up to which more than a hundredth of all pixels lie.
        let reached = |values: &mut dyn Iterator<Item = u8>| {
            let mut sum = 0;
            for value in values {
                sum += histogram[usize::from(value)];
                if sum > hundredth {
                    return i32::from(value);
                }
            }
            0
        };
        let (dark, light) = (reached(&mut (0..=255)), reached(&mut (0..=255).rev()));
        let range = (light - dark).max(1);
        let stretched: [u8; 256] =
            std::array::from_fn(|value| ((value as i32 - dark) * 255 / range).clamp(0, 255) as u8);
        let pixels = self.pixels.iter().map(|p| stretched[usize::from(*p)]).collect();
        Self::new(self.width, self.height, pixels)
    }

    /// Edges made steeper (unsharp masking): for pictures out of focus.
    pub fn sharpened(&self) -> Option<Self> {
        let picture = GrayImage::from_raw(self.width, self.height, self.pixels.to_vec())?;
        let soft = Zeroizing::new(imageops::fast_blur(&picture, 2.5).into_raw());
        let steeper = |(p, soft): (&u8, &u8)| {
            let (p, soft) = (i32::from(*p), i32::from(*soft));
            (p + 3 * (p - soft)).clamp(0, 255) as u8
        };
        let pixels = self.pixels.iter().zip(soft.iter()).map(steeper).collect();
        Some(Self::new(self.width, self.height, pixels))
    }
}

pub(crate) fn from_picture(picture: DynamicImage) -> Vec<Plane> {
    let (width, height) = (picture.width(), picture.height());
    if picture.color().has_alpha() {
        let rgba = Zeroizing::new(picture.into_rgba8().into_raw());
        from_rgba(width, height, &rgba)
    } else {
        vec![Plane::new(width, height, picture.into_luma8().into_raw())]
    }
}

/// Over white first, the page that most transparent codes were drawn for; then over black; then the alpha channel
/// alone, for codes cut out of one colour. A fully opaque picture has one plane.
pub(crate) fn from_rgba(width: u32, height: u32, pixels: &[u8]) -> Vec<Plane> {
    let plane = |value: fn([u8; 4]) -> u8| {
        let (quads, _) = pixels.as_chunks::<4>();
        Plane::new(width, height, quads.iter().map(|p| value(*p)).collect())
    };
    let mut planes = vec![plane(|p| over(255, p))];
    if pixels.iter().skip(3).step_by(4).any(|alpha| *alpha < 255) {
        planes.push(plane(|p| over(0, p)));
        planes.push(plane(|[.., alpha]| 255 - alpha));
    }
    planes
}

/// Brightness (Rec. 709 weights, of 256) of one pixel laid over a grey `ground`.
fn over(ground: u32, [r, g, b, a]: [u8; 4]) -> u8 {
    let luma = (u32::from(r) * 54 + u32::from(g) * 183 + u32::from(b) * 19) / 256;
    let alpha = u32::from(a);
    // At most 255: a mean of two values of at most 255.
    ((luma * alpha + ground * (255 - alpha)) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_smoothed_into_products_of_binomials_and_an_edge_into_itself() {
        let mut pixels = vec![0; 49];
        pixels[3 * 7 + 3] = 255;
        let smooth = Plane::new(7, 7, pixels).smoothed();
        let at = |x: usize, y: usize| u32::from(smooth.pixels[y * 7 + x]);
        for (distance, weight) in [6, 4, 1, 0].into_iter().enumerate() {
            // Of 256, rounded twice.
            assert!(at(3 + distance, 3).abs_diff(255 * weight * 6 / 256) <= 1, "{distance} to the right");
            assert!(at(3, 3 - distance).abs_diff(255 * weight * 6 / 256) <= 1, "{distance} above");
        }
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (5, 4)] {
            let plain = Plane::new(width, height, vec![77; (width * height) as usize]);
            assert_eq!(*plain.smoothed().pixels, *plain.pixels, "{width} × {height}");
        }
        assert!(Plane::new(0, 0, vec![]).smoothed().pixels.is_empty());
    }

    #[test]
    fn another_size_keeps_a_ramp_and_the_smallest_codes_room() {
        let ramp = Plane::new(100, 40, (0..4_000).map(|at| (at % 100 * 2) as u8).collect());
        for factor in [0.6, 1.5, 3.0] {
            let scaled = ramp.scaled(factor).unwrap();
            for x in 5..scaled.width - 5 {
                let expected = (f64::from(x) + 0.5) / factor * 2.0 - 1.0;
                let value = scaled.pixels[(10 * scaled.width + x) as usize];
                assert!((f64::from(value) - expected).abs() < 1.5, "{factor}: {value}, not {expected}");
            }
        }
        assert!(ramp.scaled(0.5).is_none(), "20 rows hold no code");
        assert!(ramp.scaled(164.0).is_none());
    }
}
