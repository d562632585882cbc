//! How large a PDF's streams are when they are unpacked, found out before anything unpacks them whole.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Bytes of all streams together when they are unpacked. Pages of text have kilobytes, their fonts a megabyte.
const UNPACKED: usize = 64 << 20;
/// The most that DEFLATE can unpack from one byte (RFC 1951: 258 bytes from two bits).
const RATIO: usize = 1032;
/// Distance that DEFLATE looks back (RFC 1951 §2).
const WINDOW: usize = 32 << 10;

/// Whether unpacking stays within [`UNPACKED`]. Encrypted files and streams packed twice cannot be told and are not
/// reasonable.
pub(super) fn reasonable(bytes: &[u8]) -> bool {
    if contains(bytes, b"/Encrypt") {
        return false;
    }
    let mut unpacked = 0;
    let (mut from, mut last) = (0, 0);
    while let Some(at) = find(&bytes[from..], b"stream").map(|at| at + from) {
        from = at + b"stream".len();
        if bytes[..at].ends_with(b"end") {
            continue;
        }
        let before = &bytes[last..at];
        let dictionary = rfind(before, b"obj").map_or(before, |start| &before[start..]);
        let end = find(&bytes[from..], b"endstream").map_or(bytes.len(), |end| end + from);
        let data = bytes[from..end].trim_ascii_start();
        let packed = count(dictionary, b"/Fl") + count(dictionary, b"/LZW");
        let texts = count(dictionary, b"/ASCII") + count(dictionary, b"/A85") + count(dictionary, b"/AHx");
        unpacked += match (packed, texts) {
            // A filter named elsewhere or with its letters escaped may be any.
            (0, _) if contains(dictionary, b"#") => data.len().saturating_mul(RATIO),
            (0, 0) if contains(dictionary, b"/Filter") && !contains(dictionary, b"/DCT") => {
                data.len().saturating_mul(RATIO)
            }
            (0, _) => data.len(),
            (1, 0) if contains(dictionary, b"/Fl") => inflated(data, UNPACKED.saturating_sub(unpacked)),
            (1, _) => data.len().saturating_mul(RATIO),
            _ => return false,
        };
        if unpacked > UNPACKED {
            return false;
        }
        (from, last) = (end, end);
    }
    true
}

/// The length of what `data` holds, at least `limit` + 1 when it is longer. Broken data ends where it breaks.
fn inflated(data: &[u8], limit: usize) -> usize {
    let mut window = vec![0; WINDOW];
    let mut state = DecompressorOxide::new();
    let (mut read, mut written) = (0, 0);
    while written <= limit {
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, given) =
            decompress(&mut state, &data[read..], &mut window, written % WINDOW, flags);
        read += taken;
        written += given;
        if status != TINFLStatus::HasMoreOutput {
            break;
        }
    }
    written
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    find(bytes, what).is_some()
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|window| *window == what).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(filter: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = format!("%PDF-1.4\n1 0 obj\n<< /Filter {filter} >>\nstream\n").into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\nendstream\nendobj\n");
        bytes
    }

    #[test]
    fn what_unpacks_to_too_much_is_left_alone() {
        let pack = |bytes: usize| miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; bytes], 6);
        assert!(reasonable(&pdf("/FlateDecode", &pack(100_000))));
        assert!(!reasonable(&pdf("/FlateDecode", &pack(UNPACKED + 1))));
        let twice = miniz_oxide::deflate::compress_to_vec_zlib(&pack(100_000), 6);
        assert!(!reasonable(&pdf("[/FlateDecode /FlateDecode]", &twice)));
        assert!(!reasonable(b"%PDF-1.4\ntrailer << /Encrypt 5 0 R >>"));
        assert_eq!(inflated(&pack(70_000), UNPACKED), 70_000);
    }
}
