//! The X server's screens (X Window System Protocol, X11R7.7): the root window's picture, which holds every monitor.

use keyhaven_app::host::{CaptureError, ScreenPicture};
use keyhaven_secret::SecretBytes;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, ImageOrder, Screen};
use x11rb::rust_connection::RustConnection;

/// Rows that are asked for at once, so that no answer of the server's is larger than a few megabytes.
const ROWS: u16 = 256;

pub(super) fn capture() -> Result<Vec<ScreenPicture>, CaptureError> {
    let (connection, _) = RustConnection::connect(None).map_err(|_| CaptureError::NoScreen)?;
    let setup = connection.setup();
    let order = setup.image_byte_order;
    setup
        .roots
        .iter()
        .enumerate()
        .map(|(number, screen)| {
            let depth = setup.pixmap_formats.iter().find(|format| format.depth == screen.root_depth);
            // 32 bits a pixel is what every server of today has for depths 24 and 30.
            if depth.is_none_or(|format| format.bits_per_pixel != 32) {
                return Err(CaptureError::Failed(format!(
                    "the X server's screen has {} bits a pixel, which is not read here",
                    screen.root_depth
                )));
            }
            picture(&connection, screen, order, number)
        })
        .collect()
}

fn picture(
    connection: &RustConnection,
    screen: &Screen,
    order: ImageOrder,
    number: usize,
) -> Result<ScreenPicture, CaptureError> {
    let failed = |error: &dyn std::fmt::Display| CaptureError::Failed(format!("the X server: {error}"));
    let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
    let masks = visual(screen).ok_or_else(|| failed(&"the screen has no true colours"))?;
    let mut rgba = Vec::with_capacity(usize::from(width) * usize::from(height) * 4);
    for top in (0..height).step_by(usize::from(ROWS)) {
        let rows = ROWS.min(height - top);
        // Coordinates are signed 16-bit numbers, and no screen is larger than they reach.
        let y = i16::try_from(top).map_err(|error| failed(&error))?;
        let cookie = connection
            .get_image(ImageFormat::Z_PIXMAP, screen.root, 0, y, width, rows, u32::MAX)
            .map_err(|error| failed(&error))?;
        let image = cookie.reply().map_err(|error| failed(&error))?;
        let data = SecretBytes::new(image.data);
        for pixel in data.expose().as_chunks::<4>().0 {
            let value = match order {
                ImageOrder::MSB_FIRST => u32::from_be_bytes(*pixel),
                _ => u32::from_le_bytes(*pixel),
            };
            rgba.extend(masks.map(|mask| channel(value, mask)));
            rgba.push(255);
        }
    }
    Ok(ScreenPicture {
        name: format!("Screen {}", number + 1),
        width: width.into(),
        height: height.into(),
        rgba: SecretBytes::new(rgba),
    })
}

/// Where red, green and blue stand in a pixel of the root window.
fn visual(screen: &Screen) -> Option<[u32; 3]> {
    let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let root = visuals.into_iter().find(|visual| visual.visual_id == screen.root_visual)?;
    let masks = [root.red_mask, root.green_mask, root.blue_mask];
    masks.iter().all(|mask| *mask != 0).then_some(masks)
}

/// A colour's eight uppermost bits.
fn channel(pixel: u32, mask: u32) -> u8 {
    let value = (pixel & mask) >> mask.trailing_zeros();
    let bits = mask.count_ones();
    let value = if bits > 8 { value >> (bits - 8) } else { value << (8 - bits) };
    u8::try_from(value & 0xff).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::channel;

    #[test]
    fn colours_come_from_their_masks() {
        assert_eq!(channel(0x0012_3456, 0x00ff_0000), 0x12);
        assert_eq!(channel(0x0012_3456, 0xff), 0x56);
        // Ten bits a colour (depth 30), and five.
        assert_eq!(channel(0x3ff << 20, 0x3ff << 20), 0xff);
        assert_eq!(channel(0x1f << 11, 0x1f << 11), 0xf8);
    }
}
