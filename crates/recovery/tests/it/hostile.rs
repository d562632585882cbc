//! Broken and hostile files: an answer every time, and in time.

use crate::support::assert_no_line_lost;
use keyhaven_recovery::{SIZE_LIMIT, parse};

/// Mutations of each seed: enough to turn every byte of it over, few enough for every test run.
const ROUNDS: usize = 400;

const SEEDS: &[&[u8]] = &[
    b"SAVE YOUR BACKUP CODES\n1. 1234 5678\t6. 8765 4321\n2. ALREADY USED\n(me@gmail.com)\n",
    b"\xff\xfeR\0e\0c\0o\0v\0e\0r\0y\0:\0\n\x001\x001\x000\x000\x000\x000\0-\0",
    b"<!DOCTYPE html><table><tr><td class='used'>abcde-12345</td><td>&#120;&check;</td></tr></table><!-- x --><script>y</script>",
    b"{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\uc1 {\\strike abcde-12345}\\par \\u8211?\\'e4\\bin3 abc\\cell\\row}",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nPuTTY-User-Key-File-3: x\nPrivate-MAC: 0\n",
    b"letter advice cage absurd amount doctor acoustic avoid letter advice cage above\n",
    b"id,code,used\n1,abcde-12345,true\n| # | Code |\n|---|---|\n| 1 | ~~abcde-12346~~ |\n",
    b"\"BBBBBBBBBBBBBBBBBBBBBBBBBB\n\" TOTP_AUTH\n12345678\n23456789\n34567890\n",
    b"Recovery key: 110000-220011-330022-440033-550044-660055-000011-720885\nAGE-SECRET-KEY-1QQQQQQQQ\n",
];

/// A small generator (xorshift): the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn mutated_files_are_read() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for seed in SEEDS {
        for _ in 0..ROUNDS {
            let mut bytes = seed.to_vec();
            for _ in 0..=random.below(6) {
                let at = random.below(bytes.len());
                match random.below(5) {
                    0 => bytes[at] = random.below(256) as u8,
                    1 => bytes[at] ^= 1 << random.below(8),
                    2 => drop(bytes.drain(at..(at + random.below(8)).min(bytes.len()))),
                    3 => {
                        let other = SEEDS[random.below(SEEDS.len())];
                        let from = random.below(other.len());
                        let piece = &other[from..(from + random.below(24)).min(other.len())];
                        bytes.splice(at..at, piece.iter().copied());
                    }
                    _ => bytes.truncate(at.max(1)),
                }
                if bytes.is_empty() {
                    bytes.push(b'\n');
                }
            }
            assert_no_line_lost(&parse(&bytes, None).unwrap());
        }
    }
}

#[test]
fn large_files_of_one_kind_are_read() {
    for piece in [
        "abcde-12345 ",
        "<p title='",
        "<s>",
        "{\\strike ",
        "1. ",
        "a,",
        "-----BEGIN A-----\n",
        "abandon ",
        "~~",
        "\u{336}a",
        "&#1",
        "Key: ",
    ] {
        let text = piece.repeat((32 << 10) / piece.len());
        assert_no_line_lost(&parse(text.as_bytes(), None).unwrap());
        let page = format!("<html>{text}");
        assert_no_line_lost(&parse(page.as_bytes(), None).unwrap());
        let document = format!("{{\\rtf1 {text}");
        assert_no_line_lost(&parse(document.as_bytes(), None).unwrap());
    }
    assert_no_line_lost(&parse(&vec![b'7'; SIZE_LIMIT], None).unwrap());
}
