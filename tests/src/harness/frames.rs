//! Pictures as a camera takes them, made of QR codes: turned, out of focus, with grain, on an uneven ground.

use keyhaven_qr::write::modules;

/// Sides of the pictures, in pixels.
pub const WIDTH: usize = 640;
/// See [`WIDTH`].
pub const HEIGHT: usize = 480;

/// How a code is held before the camera.
#[derive(Clone, Copy)]
pub struct Held {
    /// Its middle, in pixels from the left and from the top.
    pub middle: [f64; 2],
    /// Its side with the quiet zone, in pixels.
    pub side: f64,
    /// How far it is turned, in degrees.
    pub turned: f64,
}

impl Default for Held {
    fn default() -> Self {
        Self { middle: [320.0, 240.0], side: 330.0, turned: 0.0 }
    }
}

/// How good the camera is.
#[derive(Clone, Copy, Default)]
pub struct Lens {
    /// How far a point is smeared to each side, in pixels.
    pub blur: usize,
    /// How far a pixel's brightness is off at most, of 255.
    pub grain: u32,
}

/// One picture, as rows of brightness; without codes it is the empty ground.
///
/// # Panics
/// When a text is too long for a QR code.
pub fn frame(codes: &[(&str, Held)], lens: Lens) -> Vec<u8> {
    let drawn: Vec<_> = codes
        .iter()
        .map(|(text, held)| (modules(text).unwrap_or_else(|e| panic!("the code: {e}")), held))
        .collect();
    let at = |x: f64, y: f64| -> f64 {
        for (code, held) in &drawn {
            let (sin, cos) = held.turned.to_radians().sin_cos();
            let [dx, dy] = [x - held.middle[0], y - held.middle[1]];
            let place = |along: f64| (along / held.side + 0.5) * code.side() as f64;
            let (column, row) = (place(dx * cos + dy * sin), place(dy * cos - dx * sin));
            if (0.0..code.side() as f64).contains(&column) && (0.0..code.side() as f64).contains(&row) {
                return if code.dark(column as usize, row as usize) { 35.0 } else { 225.0 };
            }
        }
        90.0
    };
    let mut picture: Vec<f64> = (0..WIDTH * HEIGHT)
        .map(|pixel| {
            let (x, y) = ((pixel % WIDTH) as f64, (pixel / WIDTH) as f64);
            let quarters = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
            let mean = quarters.iter().map(|(right, down)| at(x + right, y + down)).sum::<f64>() / 4.0;
            // Light falls from the left.
            mean * (1.0 - 0.25 * x / WIDTH as f64)
        })
        .collect();
    for step in [1, WIDTH] {
        picture = smeared(&picture, step, lens.blur);
    }
    let mut random = 0x2545_F491u32;
    let mut grain = || {
        // xorshift: the same grain in every run.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        f64::from(random % (2 * lens.grain + 1)) - f64::from(lens.grain)
    };
    picture.iter().map(|value| (value + grain()).clamp(0.0, 255.0) as u8).collect()
}

/// Each value the mean of itself and `reach` neighbours on both sides, `step` apart.
fn smeared(values: &[f64], step: usize, reach: usize) -> Vec<f64> {
    let reach = reach as isize;
    let mean = |at: usize| {
        let near = (-reach..=reach).filter_map(|by| values.get(at.checked_add_signed(by * step as isize)?));
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / count
    };
    (0..values.len()).map(mean).collect()
}

/// The picture as a file (Windows bitmap, 24 bits a pixel).
pub fn bmp(luma: &[u8]) -> Vec<u8> {
    let size = 54 + 3 * luma.len() as u32;
    let mut file = b"BM".to_vec();
    for field in [size, 0, 54, 40, WIDTH as u32, HEIGHT as u32, 1 | 24 << 16, 0, size - 54, 2835, 2835, 0, 0]
    {
        file.extend_from_slice(&field.to_le_bytes());
    }
    // Rows from the bottom up; a width that four divides leaves no gap.
    file.extend(luma.rchunks(WIDTH).flatten().flat_map(|value| [*value; 3]));
    file
}
