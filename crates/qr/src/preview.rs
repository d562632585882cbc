//! A small picture of a large one in which no code can be read: for a person to see where codes were found.

use crate::picture;
use crate::{Limits, PictureError};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, Luma, Rgba, RgbaImage, imageops};
use std::time::Duration;
use zeroize::Zeroize as _;

/// What covers a code: a light, even ground.
const COVER: Rgba<u8> = Rgba([226, 230, 238, 255]);

/// The same in a grey picture.
const GREY_COVER: Luma<u8> = Luma([230]);

/// Of 100: a camera's picture is looked at for the tenth of a second.
const JPEG_QUALITY: u8 = 72;

/// What looking for codes that are readable in a camera's preview itself may cost ([`Limits::work`]).
const SECOND_LOOK: Duration = Duration::from_millis(20);

/// A preview, and where in it the codes are.
pub struct Preview {
    /// The bytes of a PNG file, or of a JPEG file where it says so.
    pub file: Vec<u8>,
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
    let (factor, [small, low]) = shrunk(width, height, longest);
    // Only the small picture is copied; the large one is read where it stands.
    let large = ImageBuffer::<Rgba<u8>, &[u8]>::from_raw(width, height, pixels);
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
    let mut file = Vec::new();
    // The buffer has width × height × 4 bytes, and writing to memory does not fail.
    let _ = PngEncoder::new(&mut file).write_image(&picture, small, low, ExtendedColorType::Rgba8);
    picture.zeroize();
    Ok(Preview { file, width: small, height: low, covered })
}

/// Makes a JPEG preview of one of a camera's pictures (rows of brightness) that is at most `longest` pixels wide, with
/// what lies inside the corners of each code covered.
///
/// A code that was not read may become readable by being made smaller, and the next picture may show it sharper: the
/// preview is looked through itself, and what is read in it is covered too.
///
/// # Errors
/// [`PictureError::PixelCount`] when `pixels` is not `width` × `height` bytes; the sizes of [`Limits`].
pub fn camera_preview(
    width: u32,
    height: u32,
    pixels: &[u8],
    codes: &[[[i32; 2]; 4]],
    longest: u32,
) -> Result<Preview, PictureError> {
    Limits::default().check_size(width, height)?;
    picture::check_count(width, height, 1, pixels.len())?;
    let (factor, [small, low]) = shrunk(width, height, longest);
    let large = ImageBuffer::<Luma<u8>, &[u8]>::from_raw(width, height, pixels);
    let mut picture: GrayImage =
        large.map_or_else(|| GrayImage::new(small, low), |large| imageops::thumbnail(&large, small, low));
    let covered: Vec<_> = codes.iter().map(|corners| bounds(corners, factor, small, low)).collect();
    covered.iter().for_each(|place| cover(&mut picture, *place));
    let limits = Limits { work: SECOND_LOOK, ..Limits::default() };
    for code in crate::read_luma(small, low, &picture, &limits).unwrap_or_default() {
        cover(&mut picture, bounds(&code.corners, 1.0, small, low));
    }
    let mut file = Vec::new();
    // As above; a JPEG's sides are 65,535 at most, and longer previews than that stay empty.
    let _ = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).encode(
        &picture,
        small,
        low,
        ExtendedColorType::L8,
    );
    picture.zeroize();
    Ok(Preview { file, width: small, height: low, covered })
}

fn cover(picture: &mut GrayImage, [left, top, wide, high]: [u32; 4]) {
    for y in top..top + high {
        for x in left..left + wide {
            picture.put_pixel(x, y, GREY_COVER);
        }
    }
}

/// How much smaller a preview is, and its sides.
fn shrunk(width: u32, height: u32, longest: u32) -> (f64, [u32; 2]) {
    let factor = (f64::from(longest.max(1)) / f64::from(width.max(height).max(1))).min(1.0);
    (factor, [width, height].map(|side| ((f64::from(side) * factor).round() as u32).max(1)))
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
    use std::time::Duration;

    /// What a picture shows must not depend on how busy a machine is.
    fn patient() -> Limits {
        Limits { time: Duration::from_secs(600), ..Limits::default() }
    }

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
        let found = crate::read_rgba(width, height, &pixels, &patient()).unwrap();
        let corners: Vec<_> = found.iter().map(|code| code.corners).collect();
        assert_eq!(corners.len(), 1);
        // Not even at its own size.
        for longest in [900, 640] {
            let preview = preview(width, height, &pixels, &corners, longest).unwrap();
            assert_eq!(crate::read(&preview.file, &patient()), Ok(vec![]));
            let factor = f64::from(longest) / 900.0;
            let [left, top, wide, high] = preview.covered[0].map(f64::from);
            let side = code.side() as f64 * 4.0 * factor;
            assert!(left >= 499.0 * factor && left + wide <= 501.0 * factor + side, "{left} {wide}");
            assert!(top >= 99.0 * factor && top + high <= 101.0 * factor + side, "{top} {high}");
            assert!(wide > side * 0.6 && high > side * 0.6);
        }
        let uncovered = preview(width, height, &pixels, &[], 900).unwrap();
        assert_eq!(crate::read(&uncovered.file, &patient()).unwrap().len(), 1);
    }

    #[test]
    fn odd_sizes_and_corners_far_outside_are_no_trouble() {
        let corners = [[[i32::MIN, 5], [i32::MAX, 5], [0, i32::MAX], [-7, -9]]];
        let preview = preview(3, 1, &[9; 12], &corners, 640).unwrap();
        assert_eq!((preview.width, preview.height), (3, 1));
        assert!(super::preview(3, 2, &[9; 12], &[], 640).is_err());
        let preview = camera_preview(3, 1, &[9; 3], &corners, 640).unwrap();
        assert_eq!((preview.width, preview.height), (3, 1));
        assert!(camera_preview(3, 2, &[9; 3], &[], 640).is_err());
        assert!(camera_preview(0, 0, &[], &[], 640).is_ok(), "an empty picture is one");
    }

    /// The view finder must not carry what the web view must not hold, whether or not the code was read before.
    #[test]
    fn no_code_can_be_read_in_a_cameras_preview() {
        let code = crate::write::modules("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ").unwrap();
        for module in [4, 12] {
            let (width, height) = (640u32, 480u32);
            let mut pixels = vec![200u8; (width * height) as usize];
            for y in 0..(code.side() * module).min(480) {
                for x in 0..code.side() * module {
                    pixels[y * width as usize + 30 + x] =
                        if code.dark(x / module, y / module) { 20 } else { 240 };
                }
            }
            let read = |bytes: &[u8]| crate::read(bytes, &patient()).unwrap().len();
            let plain = ImageBuffer::<Luma<u8>, &[u8]>::from_raw(width, height, &pixels).unwrap();
            let small = imageops::thumbnail(&plain, 400, 300);
            let limits = patient();
            assert_eq!(crate::read_luma(400, 300, &small, &limits).unwrap().len(), 1, "module {module}");
            let preview = camera_preview(width, height, &pixels, &[], 400).unwrap();
            assert_eq!((preview.width, preview.height), (400, 300));
            assert_eq!(read(&preview.file), 0, "module {module}");
            let found = crate::read_luma(width, height, &pixels, &limits).unwrap();
            let corners: Vec<_> = found.iter().map(|code| code.corners).collect();
            let preview = camera_preview(width, height, &pixels, &corners, 400).unwrap();
            assert_eq!((preview.covered.len(), read(&preview.file)), (1, 0));
        }
    }
}
