//! Brightness planes: what a decoder looks at. A picture with transparency has more than one honest reading.

use image::DynamicImage;
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
