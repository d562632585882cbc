//! What turning a passphrase into a key costs: Argon2id (RFC 9106) with one lane.
//!
//! One lane because libsodium, which the standalone decryptor and many other readers build on, computes no
//! other, and because a second lane only pays with threads.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use keyhaven_secret::{Key, SecretText};
use std::time::Duration;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

/// Memory and passes of Argon2id for one passphrase slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
}

/// A cost that this program will not compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CostOutOfRange {
    /// Argon2 memory in KiB, outside 8 to [`KdfCost::MAX_MEMORY_KIB`].
    #[error("Argon2 memory of {0} KiB; between 8 KiB and 1 GiB is possible")]
    Memory(u32),
    /// Argon2 passes, outside 1 to [`KdfCost::MAX_PASSES`].
    #[error("{0} Argon2 passes; between 1 and 20 are possible")]
    Passes(u32),
}

/// The memory that a passphrase's slot asks for could not be had.
#[derive(Debug)]
pub(crate) struct NoMemory {
    pub memory_kib: u32,
}

impl KdfCost {
    /// What no vault made for a person goes below: 64 MiB, 3 passes (RFC 9106 §4, second recommendation, one lane).
    pub const DEFAULT_MINIMUM: Self = Self { memory_kib: 64 * 1024, passes: 3 };
    /// The most memory that a file may demand, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most passes that a file may demand.
    pub const MAX_PASSES: u32 = 20;
    /// Calibration stops adding memory here (KiB), so that the vault also opens on a small computer.
    const CALIBRATED_MEMORY_KIB: u32 = 256 * 1024;

    /// A cost of exactly this much memory (KiB) and this many passes. Below [`Self::DEFAULT_MINIMUM`] is for tests.
    ///
    /// # Errors
    /// When a value is outside what any vault file may demand.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self, CostOutOfRange> {
        if !(8..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(CostOutOfRange::Memory(memory_kib));
        }
        if !(1..=Self::MAX_PASSES).contains(&passes) {
            return Err(CostOutOfRange::Passes(passes));
        }
        Ok(Self { memory_kib, passes })
    }

    /// Argon2 memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Argon2 passes.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// The cost that takes about `target` on this machine, never below [`Self::DEFAULT_MINIMUM`].
    ///
    /// This room reads no clock: `measure` runs what it is given once and says how long that took.
    pub fn calibrate(target: Duration, measure: impl FnOnce(&mut dyn FnMut()) -> Duration) -> Self {
        let minimum = Self::DEFAULT_MINIMUM;
        let mut run = || {
            // A machine that cannot even do this returns at once, and gets the minimum's own error on first use.
            let _ = minimum.stretch(&SecretText::new("calibration".into()), &[0; 16]);
        };
        let once = measure(&mut run).max(Duration::from_millis(1));
        // Argon2's time is proportional to memory × passes. Memory first: it is what an attacker pays for.
        let factor = u32::try_from(target.as_millis() / once.as_millis()).unwrap_or(u32::MAX).max(1);
        let memory_factor = factor.min(Self::CALIBRATED_MEMORY_KIB / minimum.memory_kib);
        let passes = (minimum.passes * (factor / memory_factor).min(Self::MAX_PASSES)).min(Self::MAX_PASSES);
        Self { memory_kib: minimum.memory_kib * memory_factor, passes }
    }

    /// Argon2id (version 0x13) over the passphrase's NFC form in UTF-8.
    pub(crate) fn stretch(self, passphrase: &SecretText, salt: &[u8; 16]) -> Result<Key, NoMemory> {
        let no_memory = NoMemory { memory_kib: self.memory_kib };
        let mut normal = Zeroizing::new(String::with_capacity(passphrase.expose().len() * 3));
        normal.extend(passphrase.expose().nfc());
        let Ok(params) = Params::new(self.memory_kib, self.passes, 1, Some(32)) else {
            return Err(no_memory); // never: `new` keeps both values inside Argon2's own limits
        };
        let count = params.block_count();
        let mut blocks: Vec<Block> = Vec::new();
        // A demand that the machine cannot meet is an answer, not an abort.
        blocks.try_reserve_exact(count).map_err(|_| NoMemory { ..no_memory })?;
        blocks.resize(count, Block::new());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let key = Key::try_fill(|place| {
            argon2.hash_password_into_with_memory(normal.as_bytes(), salt, place, &mut blocks)
        });
        blocks.iter_mut().for_each(Zeroize::zeroize);
        key.map_err(|_| no_memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_inclusive() {
        assert!(KdfCost::new(8, 1).is_ok() && KdfCost::new(1024 * 1024, 20).is_ok());
        assert_eq!(KdfCost::new(7, 1), Err(CostOutOfRange::Memory(7)));
        assert_eq!(KdfCost::new(1024 * 1024 + 1, 1), Err(CostOutOfRange::Memory(1024 * 1024 + 1)));
        assert_eq!(KdfCost::new(8, 0), Err(CostOutOfRange::Passes(0)));
        assert_eq!(KdfCost::new(8, 21), Err(CostOutOfRange::Passes(21)));
    }

    #[test]
    fn calibration_aims_at_the_target_and_never_goes_below_the_minimum() {
        let with = |once| KdfCost::calibrate(Duration::from_millis(700), |_| Duration::from_millis(once));
        assert_eq!(with(5000), KdfCost::DEFAULT_MINIMUM);
        assert_eq!(with(700), KdfCost::DEFAULT_MINIMUM);
        assert_eq!(with(200), KdfCost { memory_kib: 3 * 64 * 1024, passes: 3 });
        assert_eq!(with(80), KdfCost { memory_kib: 256 * 1024, passes: 6 });
        assert_eq!(with(0), KdfCost { memory_kib: 256 * 1024, passes: 20 });
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_passphrase() {
        let cost = KdfCost::new(8, 1).unwrap();
        let key = |text: &str| cost.stretch(&SecretText::new(text.into()), &[1; 16]).unwrap();
        assert!(key("caf\u{e9}") == key("cafe\u{301}"));
        assert!(key("cafe") != key("caf\u{e9}"));
    }
}
