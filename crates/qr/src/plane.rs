//! Brightness planes: what a decoder looks at. A picture with transparency has more than one honest reading.

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma};
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
        let filter = if factor < 1.0 { FilterType::Triangle } else { FilterType::CatmullRom };
        let picture = ImageBuffer::<Luma<u8>, &[u8]>::from_raw(self.width, self.height, &self.pixels)?;
        Some(Self::new(width, height, imageops::resize(&picture, width, height, filter).into_raw()))
    }

    /// Blurred by a Gaussian of about `sigma` pixels: takes noise, JPEG blocks and gaps between modules away.
    pub fn blurred(&self, sigma: f32) -> Option<Self> {
        let picture = GrayImage::from_raw(self.width, self.height, self.pixels.to_vec())?;
        Some(Self::new(self.width, self.height, imageops::fast_blur(&picture, sigma).into_raw()))
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
        let stretch = |p: &u8| ((i32::from(*p) - dark) * 255 / range).clamp(0, 255) as u8;
        Self::new(self.width, self.height, self.pixels.iter().map(stretch).collect())
    }

    /// Edges made steeper (unsharp masking): for pictures out of focus.
    pub fn sharpened(&self) -> Option<Self> {
        let soft = self.blurred(2.5)?;
        let steeper = |(p, soft): (&u8, &u8)| {
            let (p, soft) = (i32::from(*p), i32::from(*soft));
            (p + 3 * (p - soft)).clamp(0, 255) as u8
        };
        let pixels = self.pixels.iter().zip(soft.pixels.iter()).map(steeper).collect();
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
