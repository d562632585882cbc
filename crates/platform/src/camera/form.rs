//! The forms in which cameras send their pictures (Linux Media Subsystem Documentation, "Image Formats"), to brightness.

use keyhaven_app::camera::CameraFrame;
use keyhaven_secret::SecretBytes;

/// Longest side that is believed of a camera, in pixels.
const LONGEST: u32 = 8_192;

/// Where the brightness of a pixel stands in what a camera sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A JPEG file for each picture.
    Jpeg,
    /// One byte of brightness every `step` bytes of a row, from `first` on; colours between or behind them.
    Plain {
        /// The first one's place in its row.
        first: usize,
        /// Bytes from one to the next.
        step: usize,
    },
}

/// What is read here, by the four characters of its name (V4L2_PIX_FMT_…), the likeliest first: a webcam sends large
/// pictures quickly enough as JPEG alone.
pub(super) const FORMS: &[([u8; 4], Form)] = &[
    (*b"MJPG", Form::Jpeg),
    (*b"JPEG", Form::Jpeg),
    (*b"YUYV", Form::Plain { first: 0, step: 2 }),
    (*b"UYVY", Form::Plain { first: 1, step: 2 }),
    (*b"YVYU", Form::Plain { first: 0, step: 2 }),
    (*b"VYUY", Form::Plain { first: 1, step: 2 }),
    (*b"NV12", Form::Plain { first: 0, step: 1 }),
    (*b"NV21", Form::Plain { first: 0, step: 1 }),
    (*b"YU12", Form::Plain { first: 0, step: 1 }),
    (*b"YV12", Form::Plain { first: 0, step: 1 }),
    (*b"GREY", Form::Plain { first: 0, step: 1 }),
];

impl Form {
    /// The form of that name.
    pub fn of(name: [u8; 4]) -> Option<Self> {
        FORMS.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// The picture in `bytes`, whose rows are `row` bytes apart (0: without a gap). `None` for what is no whole picture,
    /// as some cameras send at first.
    pub fn picture(self, width: u32, height: u32, row: u32, bytes: &[u8]) -> Option<CameraFrame> {
        let Self::Plain { first, step } = self else {
            return CameraFrame::of_file(with_tables(bytes).expose()).ok();
        };
        if width == 0 || height == 0 || width > LONGEST || height > LONGEST {
            return None;
        }
        let used = width as usize * step;
        let row = if row == 0 { used } else { row as usize };
        // The last row may end with its last pixel.
        if row < used || bytes.len() < row.checked_mul(height as usize - 1)?.checked_add(used)? {
            return None;
        }
        let rows = bytes.chunks(row).take(height as usize);
        let luma = rows.flat_map(|row| row[first..used].iter().step_by(step).copied()).collect();
        Some(CameraFrame { width, height, luma: SecretBytes::new(luma) })
    }
}

/// A JPEG file that names its Huffman tables, or says that they are the usual ones. Webcams leave them out, as AVI files
/// do (USB Video Class, Motion-JPEG payload, §2.1), and the reader fills them in when a file says it is from one.
fn with_tables(bytes: &[u8]) -> SecretBytes {
    /// APP0 with "AVI1": 16 bytes, of which those after the name mean nothing here.
    const FROM_AVI: [u8; 18] = [0xFF, 0xE0, 0, 16, b'A', b'V', b'I', b'1', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    if has_tables(bytes) {
        return SecretBytes::new(bytes.to_vec());
    }
    let (start, rest) = bytes.split_at(bytes.len().min(2));
    SecretBytes::new([start, &FROM_AVI[..], rest].concat())
}

/// Whether a "Define Huffman Tables" stands before the first scan (ITU-T T.81 §B.2).
fn has_tables(bytes: &[u8]) -> bool {
    const TABLES: u8 = 0xC4;
    const SCAN: u8 = 0xDA;
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xFF, marker, high, low, ..] = rest {
        match *marker {
            TABLES => return true,
            SCAN => return false,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = rest.get(2 + length..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhaven_qr::{Limits, camera_preview, read_luma, write};

    const TEXT: &str = "otpauth://totp/Northwind:robin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    /// A code in a picture of 320 by 240, as brightness.
    fn code() -> Vec<u8> {
        let code = write::modules(TEXT).unwrap();
        let mut luma = vec![210u8; 320 * 240];
        for y in 0..code.side() * 4 {
            for x in 0..code.side() * 4 {
                luma[(y + 20) * 320 + x + 60] = if code.dark(x / 4, y / 4) { 25 } else { 235 };
            }
        }
        luma
    }

    fn reads(frame: &CameraFrame) -> bool {
        let codes = read_luma(frame.width, frame.height, frame.luma.expose(), &Limits::default()).unwrap();
        codes.iter().any(|code| code.text.expose() == TEXT)
    }

    #[test]
    fn a_code_is_read_in_every_form() {
        let luma = code();
        for (name, form) in FORMS {
            let Form::Plain { first, step } = *form else { continue };
            // Rows with a gap behind them, and colours behind the last row.
            for row in [320 * step, 320 * step + 12] {
                let mut bytes = vec![128u8; row * 240 + 1_000];
                for (at, value) in luma.iter().enumerate() {
                    bytes[at / 320 * row + at % 320 * step + first] = *value;
                }
                let frame = form.picture(320, 240, row as u32, &bytes).unwrap();
                assert_eq!(frame.luma.expose(), luma, "{}", String::from_utf8_lossy(name));
            }
            assert_eq!(Form::of(*name), Some(*form));
        }
        assert!(reads(&CameraFrame { width: 320, height: 240, luma: SecretBytes::new(luma) }));
        assert_eq!(Form::of(*b"H264"), None);
    }

    #[test]
    fn a_jpeg_without_its_tables_is_the_same_picture() {
        // A JPEG of our own, of what is hardly a code, for its codes would be covered.
        let luma: Vec<u8> = (0..320u32 * 240).map(|at| (at % 320 / 2 + at / 320 / 3) as u8).collect();
        let whole = camera_preview(320, 240, &luma, &[], 320).unwrap().file;
        assert!(has_tables(&whole));
        let mut bare = whole[..2].to_vec();
        let mut at = 2;
        while whole[at + 1] != 0xDA {
            let length = 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
            if whole[at + 1] != 0xC4 {
                bare.extend_from_slice(&whole[at..at + length]);
            }
            at += length;
        }
        bare.extend_from_slice(&whole[at..]);
        assert!(bare.len() < whole.len() && !has_tables(&bare));
        let [one, other] =
            [&whole, &bare].map(|bytes| Form::Jpeg.picture(320, 240, 0, bytes).expect("a picture"));
        assert_eq!((one.width, one.height), (320, 240));
        assert_eq!(one.luma.expose(), other.luma.expose());
    }

    #[test]
    fn what_is_no_whole_picture_is_none() {
        for (name, form) in FORMS {
            for (width, height, row, length) in [
                (320, 240, 0, 0),
                (320, 240, 0, 3),
                (320, 240, 640, 320 * 239),
                (320, 240, 100, 1 << 20),
                (0, 240, 0, 1 << 10),
                (320, 0, 0, 1 << 10),
                (u32::MAX, u32::MAX, u32::MAX, 1 << 10),
            ] {
                let bytes = vec![0xFF; length];
                let picture = form.picture(width, height, row, &bytes);
                assert!(picture.is_none(), "{} {width} {height} {row}", String::from_utf8_lossy(name));
            }
        }
        for file in
            [&[0xFF, 0xD8][..], &[0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF], &[0xFF, 0xD8, 0xFF, 0xE0, 0, 0]]
        {
            assert!(!has_tables(file) && Form::Jpeg.picture(1, 1, 0, file).is_none());
        }
    }
}
