//! A small picture of a large one in which no code can be read: for a person to see where codes were found.

use crate::picture;
use crate::{Limits, PictureError};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgba, RgbaImage, imageops};

/// What covers a code: a light, even ground.
const COVER: Rgba<u8> = Rgba([226, 230, 238, 255]);

/// A preview, and where in it the codes are.
pub struct Preview {
    /// The PNG file's bytes.
    pub png: Vec<u8>,
    /// Width of the preview in pixels.
    pub width: u32,
    /// Height of the preview in pixels.
    pub height: u32,
    /// For each code that was given: left, top, width and height of what covers it, in the preview's pixels.
    pub covered: Vec<[u32; 4]>,
}

/// Makes a preview of `pixels` (rows of red, green, blue, alpha) that is at most `longest` pixels wide, with what lies
/// inside the corners of each code covered.
///
/// # Errors
/// [`PictureError::PixelCount`] when `pixels` is not `width` × `height` × 4 bytes; the sizes of [`Limits`].
pub fn preview(
    width: u32,
    height: u32,
    pixels: &[u8],
    codes: &[[[i32; 2]; 4]],
    longest: u32,
) -> Result<Preview, PictureError> {
    Limits::default().check_size(width, height)?;
    picture::check_count(width, height, 4, pixels.len())?;
    let factor = (f64::from(longest.max(1)) / f64::from(width.max(height))).min(1.0);
    let [small, low] = [width, height].map(|side| ((f64::from(side) * factor).round() as u32).max(1));
    // Only the small picture is copied; the large one is read where it stands.
    let large = image::ImageBuffer::<Rgba<u8>, &[u8]>::from_raw(width, height, pixels);
    let mut picture: RgbaImage =
        large.map_or_else(|| RgbaImage::new(small, low), |large| imageops::thumbnail(&large, small, low));
    let mut covered = Vec::with_capacity(codes.len());
    for corners in codes {
        let [left, top, wide, high] = bounds(corners, factor, small, low);
        for y in top..top + high {
            for x in left..left + wide {
                picture.put_pixel(x, y, COVER);
            }
        }
        covered.push([left, top, wide, high]);
    }
    picture.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
    let mut png = Vec::new();
    // The buffer has width × height × 4 bytes, and writing to memory does not fail.
    let _ = PngEncoder::new(&mut png).write_image(&picture, small, low, ExtendedColorType::Rgba8);
    zeroize::Zeroize::zeroize(&mut *picture);
    Ok(Preview { png, width: small, height: low, covered })
}

/// The corners' box in the small picture, a tenth wider so that no module's edge is left over.
fn bounds(corners: &[[i32; 2]; 4], factor: f64, width: u32, height: u32) -> [u32; 4] {
    let side = |axis: usize, most: u32| {
        let ends = corners.iter().map(|corner| f64::from(corner[axis]) * factor);
        let (low, high) =
            ends.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let margin = (high - low) * 0.05 + 1.0;
        let low = (low - margin).clamp(0.0, f64::from(most)) as u32;
        let high = (high + margin).ceil().clamp(0.0, f64::from(most)) as u32;
        (low, high.saturating_sub(low))
    };
    let ((left, wide), (top, high)) = (side(0, width), side(1, height));
    [left, top, wide, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covered_code_reads_no_more_and_its_frame_is_where_it_was() {
        let code = crate::write::modules("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ").unwrap();
        let (width, height) = (900u32, 600u32);
        let mut pixels = vec![255u8; (width * height * 4) as usize];
        for y in 0..code.side() * 4 {
            for x in 0..code.side() * 4 {
                let at = ((100 + y) * width as usize + 500 + x) * 4;
                pixels[at..at + 3].fill(if code.dark(x / 4, y / 4) { 0 } else { 255 });
            }
        }
        let found = crate::read_rgba(width, height, &pixels, &Limits::default()).unwrap();
        let corners: Vec<_> = found.iter().map(|code| code.corners).collect();
        assert_eq!(corners.len(), 1);
        // Not even at its own size.
        for longest in [900, 640] {
            let preview = preview(width, height, &pixels, &corners, longest).unwrap();
            // On a busy machine the search may end at its deadline, which is nothing found too.
            assert!(crate::read(&preview.png, &Limits::default()).unwrap_or_default().is_empty());
            let factor = f64::from(longest) / 900.0;
            let [left, top, wide, high] = preview.covered[0].map(f64::from);
            let side = code.side() as f64 * 4.0 * factor;
            assert!(left >= 499.0 * factor && left + wide <= 501.0 * factor + side, "{left} {wide}");
            assert!(top >= 99.0 * factor && top + high <= 101.0 * factor + side, "{top} {high}");
            assert!(wide > side * 0.6 && high > side * 0.6);
        }
        let uncovered = preview(width, height, &pixels, &[], 900).unwrap();
        assert_eq!(crate::read(&uncovered.png, &Limits::default()).unwrap().len(), 1);
    }

    #[test]
    fn odd_sizes_and_corners_far_outside_are_no_trouble() {
        let corners = [[[i32::MIN, 5], [i32::MAX, 5], [0, i32::MAX], [-7, -9]]];
        let preview = preview(3, 1, &[9; 12], &corners, 640).unwrap();
        assert_eq!((preview.width, preview.height), (3, 1));
        assert!(super::preview(3, 2, &[9; 12], &[], 640).is_err());
    }
}
