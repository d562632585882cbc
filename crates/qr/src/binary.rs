//! Brightness to black and white, in the ways that find different codes.

use crate::plane::Plane;
use rxing::common::BitMatrix;

/// How a plane becomes black and white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Threshold {
    /// ZXing's: the mean of blocks of 8 pixels, smoothed over 5 × 5 blocks.
    Blocks,
    /// The mean of a square around each pixel, its side a fraction of the picture's, less a bias in percent.
    Local {
        /// The square's side is the picture's longer side divided by this.
        fraction: u32,
        /// Percent of the mean below which a pixel is black.
        percent: u32,
    },
    /// One threshold for all, between the two groups of brightness that differ most (Otsu 1979).
    Global,
}

impl Threshold {
    /// Dark is `true`.
    pub fn apply(self, plane: &Plane) -> Option<BitMatrix> {
        match self {
            Self::Blocks => blocks(plane),
            Self::Local { fraction, percent } => local(plane, fraction, percent),
            Self::Global => {
                let limit = otsu(plane);
                matrix(plane, |value| value <= limit)
            }
        }
    }
}

fn matrix(plane: &Plane, dark: impl Fn(u8) -> bool) -> Option<BitMatrix> {
    let mut bits = BitMatrix::new(plane.width, plane.height).ok()?;
    for (row, y) in plane.pixels.chunks_exact(plane.width as usize).zip(0..) {
        for (value, x) in row.iter().zip(0..) {
            if dark(*value) {
                bits.set(x, y);
            }
        }
    }
    Some(bits)
}

fn blocks(plane: &Plane) -> Option<BitMatrix> {
    let source = rxing::Luma8LuminanceSource::new(plane.pixels.to_vec(), plane.width, plane.height).ok()?;
    let mut bitmap = rxing::BinaryBitmap::new(rxing::common::HybridBinarizer::new(source));
    Some(bitmap.get_black_matrix_mut().clone())
}

fn local(plane: &Plane, fraction: u32, percent: u32) -> Option<BitMatrix> {
    let (width, height) = (plane.width as usize, plane.height as usize);
    let reach = ((plane.width.max(plane.height) / fraction.max(1)) as usize / 2).max(3);
    // Sums of all pixels above and to the left (u64: 64 megapixels of 255 pass 32 bits).
    let stride = width + 1;
    let mut sums = vec![0u64; stride * (height + 1)];
    for y in 0..height {
        let mut row = 0u64;
        for x in 0..width {
            row += u64::from(plane.pixels[y * width + x]);
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    let mut bits = BitMatrix::new(plane.width, plane.height).ok()?;
    for y in 0..height {
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
        for x in 0..width {
            let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
            let sum = sums[bottom * stride + right] + sums[top * stride + left]
                - sums[top * stride + right]
                - sums[bottom * stride + left];
            let count = ((right - left) * (bottom - top)) as u64;
            if u64::from(plane.pixels[y * width + x]) * count * 100 < sum * u64::from(percent) {
                bits.set(x as u32, y as u32);
            }
        }
    }
    Some(bits)
}

fn otsu(plane: &Plane) -> u8 {
    let mut histogram = [0u64; 256];
    plane.pixels.iter().for_each(|p| histogram[usize::from(*p)] += 1);
    let total = plane.pixels.len() as f64;
    let all: f64 = histogram.iter().enumerate().map(|(value, count)| value as f64 * *count as f64).sum();
    let (mut below, mut sum, mut best) = (0.0, 0.0, (0.0, 127));
    for (value, count) in histogram.iter().enumerate() {
        below += *count as f64;
        sum += value as f64 * *count as f64;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let gap = sum / below - (all - sum) / above;
        let spread = below * above * gap * gap;
        if spread > best.0 {
            best = (spread, value as u8);
        }
    }
    best.1
}
