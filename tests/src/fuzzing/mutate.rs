//! Changed inputs for stable Rust, the same in every run. Whoever searches for long wants libFuzzer instead.

/// A small generator (xorshift64*, Vigna 2016), so that a failure can be run again.
pub struct Random(u64);

impl Random {
    /// The generator of that seed.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.bits() >> 11).unwrap_or(0) % bound.max(1)
    }
}

/// What parsers stumble over: ends of ranges, quotes, deep nesting, half a character.
const PIECES: &[&[u8]] = &[
    b"",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"\xc3",
    b"null",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1e999",
    b"[[[[[[[[",
    b"{\"a\":",
    b"}]",
    b",",
    b"%",
    b"%00",
    b"&",
    b"=",
    b":",
    b"\r\n",
];

/// `seed` after one to six changes, some of them pieces of the `others`; at most 64 KiB long.
pub fn mutated(seed: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(24)).min(bytes.len());
        match random.below(8) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            3 => drop(bytes.splice(at..end, PIECES[random.below(PIECES.len())].iter().copied())),
            4 if !others.is_empty() => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            5 if random.below(8) == 0 => bytes.truncate(at),
            6 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.bits().to_le_bytes()[7];
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes.truncate(64 << 10);
    bytes
}
