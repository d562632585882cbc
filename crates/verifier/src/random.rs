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
    // Values above the last whole multiple of the range would favour small codes: they are drawn again.
    let limit = u64::MAX - u64::MAX % range;
    loop {
        let value = u64::from_le_bytes(*bytes::<8>()?);
        if value < limit {
            return Ok(Zeroizing::new(format!("{:0width$}", value % range, width = usize::from(count))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_the_asked_length_and_keep_leading_zeros() {
        let codes: Vec<_> = (0..2_000).map(|_| digits(6).unwrap()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
        // One in ten begins with a zero; none at all among 2,000 would happen once in 10^91 runs.
        assert!(codes.iter().any(|code| code.starts_with('0')));
    }
}
