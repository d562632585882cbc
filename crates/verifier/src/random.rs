//! Random bytes and digits from the operating system.

use crate::Unavailable;
use zeroize::Zeroizing;

/// Fills an array; without randomness nothing may be decided, so the error is [`Unavailable`].
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, Unavailable> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| Unavailable::new("random numbers", error.to_string()))?;
    Ok(bytes)
}

/// `count` random decimal digits, each value equally likely. `count` is at most 18.
pub(crate) fn digits(count: u8) -> Result<Zeroizing<String>, Unavailable> {
    let range = 10_u64.pow(u32::from(count.min(18)));
    loop {
        if let Some(value) = below(range, u64::from_le_bytes(*bytes::<8>()?)) {
            return Ok(Zeroizing::new(format!("{value:0width$}", width = usize::from(count))));
        }
    }
}

/// A number below `range` from a random one. Those above the last whole multiple of the range would favour small codes:
/// they give none.
fn below(range: u64, random: u64) -> Option<u64> {
    let limit = u64::MAX - u64::MAX % range;
    (random < limit).then_some(random % range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_comes_of_as_many_random_ones() {
        // 2⁶⁴−1 is 18,446,744,073,709,551,615: whole tens end before its last six numbers.
        let limit = 18_446_744_073_709_551_610;
        assert_eq!([0, 9, 10, limit - 1].map(|random| below(10, random)), [0, 9, 0, 9].map(Some));
        assert_eq!([limit, limit + 1, u64::MAX].map(|random| below(10, random)), [None; 3]);
    }

    #[test]
    fn digits_have_the_asked_length_and_keep_leading_zeros() {
        let codes: Vec<_> = (0..2_000).map(|_| digits(6).unwrap()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
        // One in ten begins with a zero; none at all among 2,000 would happen once in 10^91 runs.
        assert!(codes.iter().any(|code| code.starts_with('0')));
    }
}
