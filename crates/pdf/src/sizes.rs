//! How large a PDF's streams are when they are unpacked, found out before anything unpacks them whole.

use crate::OpenError;
use memchr::memmem;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Bytes of all streams together when they are unpacked: pages of text have kilobytes, their fonts a megabyte, a
/// picture of a whole 4K screen 24 MiB.
const UNPACKED: usize = 256 << 20;
/// The most that DEFLATE can unpack from one byte (RFC 1951: 258 bytes from two bits).
const RATIO: usize = 1032;
/// Distance that DEFLATE looks back (RFC 1951 §2).
const WINDOW: usize = 32 << 10;
/// Filters of pictures: a drawing asks of each how large it is before it is decoded.
const PICTURES: [&[u8]; 5] = [b"/DCT", b"/CCF", b"/CCITT", b"/JBIG2", b"/JPX"];

/// Whether a PDF's streams unpack to no more than [`UNPACKED`] together. Streams packed twice cannot be told and are too
/// large.
pub(super) fn check(bytes: &[u8]) -> Result<(), OpenError> {
    if contains(bytes, b"/Encrypt") {
        return Err(OpenError::Encrypted);
    }
    let mut unpacked: usize = 0;
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
        let is_picture = || PICTURES.iter().any(|name| contains(dictionary, name));
        let length = match (packed, texts) {
            // A filter named elsewhere or with its letters escaped may be any.
            (0, _) if contains(dictionary, b"#") => data.len().saturating_mul(RATIO),
            (0, 0) if contains(dictionary, b"/Filter") && !is_picture() => data.len().saturating_mul(RATIO),
            (0, _) => data.len(),
            (1, 0) if contains(dictionary, b"/Fl") => inflated(data, UNPACKED.saturating_sub(unpacked)),
            (1, _) => data.len().saturating_mul(RATIO),
            _ => return Err(OpenError::TooLarge),
        };
        unpacked = unpacked.saturating_add(length);
        if unpacked > UNPACKED {
            return Err(OpenError::TooLarge);
        }
        (from, last) = (end, end);
    }
    Ok(())
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
    memmem::find(bytes, what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memmem::rfind(bytes, what)
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    find(bytes, what).is_some()
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    memmem::find_iter(bytes, what).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = format!("%PDF-1.4\n1 0 obj\n<< {dictionary} >>\nstream\n").into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\nendstream\nendobj\n");
        bytes
    }

    fn pack(bytes: usize) -> Vec<u8> {
        miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; bytes], 1)
    }

    #[test]
    fn what_unpacks_to_too_much_is_left_alone() {
        assert_eq!(check(&pdf("/Filter /FlateDecode", &pack(100_000))), Ok(()));
        assert_eq!(
            check(&pdf("/Filter /CCITTFaxDecode", &vec![7; 1 << 20])),
            Ok(()),
            "asked when it is drawn"
        );
        assert_eq!(check(&pdf("/Filter /FlateDecode", &pack(UNPACKED + 1))), Err(OpenError::TooLarge));
        let twice = miniz_oxide::deflate::compress_to_vec_zlib(&pack(100_000), 6);
        assert!(check(&pdf("/Filter [/FlateDecode /FlateDecode]", &twice)).is_err());
        assert_eq!(check(b"%PDF-1.4\ntrailer << /Encrypt 5 0 R >>"), Err(OpenError::Encrypted));
        assert_eq!(inflated(&pack(70_000), UNPACKED), 70_000);
    }
}
