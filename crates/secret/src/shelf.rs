//! Memory that the system keeps out of its swap, in places of a few sizes.
//!
//! A system locks whole pages, and unlocking one page unlocks everything on it; so pages are locked once, cut into
//! places, and never given back. A place that a secret leaves is wiped and waits for the next one of its size: what is
//! held is bounded by the most that was ever secret at one time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroize;

/// How many bytes are asked for at once: small, for some systems let a program lock no more than 64 KiB in all.
const CHUNK: usize = 16 << 10;
const SMALLEST: usize = 32;
/// What is longer has memory of its own, which is wiped but not locked.
pub(crate) const LARGEST: usize = 4096;
const SIZES: usize = (LARGEST / SMALLEST).ilog2() as usize + 1;

/// Free places, by size.
static FREE: Mutex<[Vec<&'static mut [u8]>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);
static LOCKED: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);
static LARGE: AtomicUsize = AtomicUsize::new(0);

/// How much of the memory for secrets the system keeps out of its swap, in bytes. It refuses more than a program may
/// lock (`ulimit -l`); that is no error, and worth telling a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedMemory {
    /// Locked; used or waiting to be used.
    pub locked: usize,
    /// Asked for, and not locked: the system refused, or a single secret is longer than 4,096 bytes.
    pub unlocked: usize,
}

/// How it stands with this process's memory for secrets.
pub fn locked_memory() -> LockedMemory {
    let unlocked = REFUSED.load(Ordering::Relaxed) + LARGE.load(Ordering::Relaxed);
    LockedMemory { locked: LOCKED.load(Ordering::Relaxed), unlocked }
}

/// Which list has places for `length` bytes.
fn size_of(length: usize) -> usize {
    (length.max(SMALLEST).next_power_of_two() / SMALLEST).ilog2() as usize
}

/// A place for at least `length` bytes, at most [`LARGEST`]; all zero.
fn take(length: usize) -> &'static mut [u8] {
    let size = size_of(length);
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = free[size].pop() {
        return place;
    }
    let chunk: &'static mut [u8] = Vec::leak(vec![0; CHUNK]);
    match region::lock(chunk.as_ptr(), CHUNK) {
        Ok(guard) => {
            std::mem::forget(guard); // for as long as the process lives
            LOCKED.fetch_add(CHUNK, Ordering::Relaxed);
        }
        Err(_) => drop(REFUSED.fetch_add(CHUNK, Ordering::Relaxed)),
    }
    let mut places = chunk.chunks_exact_mut(SMALLEST << size);
    let first = places.next();
    free[size].extend(places);
    first.unwrap_or_default() // a chunk has at least four places
}

/// Some bytes in a place; wiped when they leave it.
pub(crate) enum Held {
    /// On the shelf: the place, and how much of it is used.
    Placed(&'static mut [u8], usize),
    /// Too long for it.
    Large(Vec<u8>),
}

impl Held {
    /// Takes the bytes over and wipes where they were.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.len() > LARGEST {
            LARGE.fetch_add(bytes.len(), Ordering::Relaxed);
            return Self::Large(bytes);
        }
        let held = Self::copied(&bytes);
        bytes.zeroize();
        held
    }

    /// A copy of the bytes.
    pub fn copied(bytes: &[u8]) -> Self {
        if bytes.len() > LARGEST {
            return Self::new(bytes.to_vec());
        }
        if bytes.is_empty() {
            return Self::Large(Vec::new());
        }
        let place = take(bytes.len());
        place[..bytes.len()].copy_from_slice(bytes);
        Self::Placed(place, bytes.len())
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Placed(place, used) => &place[..*used],
            Self::Large(bytes) => bytes,
        }
    }

    /// The used part of the place, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Placed(place, used) => &mut place[..*used],
            Self::Large(bytes) => bytes,
        }
    }

    /// Wipes the bytes; none are left.
    pub fn wipe(&mut self) {
        match self {
            Self::Placed(place, used) => {
                place[..*used].zeroize();
                *used = 0;
                let place = std::mem::take(place);
                let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
                if !place.is_empty() {
                    free[size_of(place.len())].push(place);
                }
            }
            Self::Large(bytes) => {
                LARGE.fetch_sub(bytes.len(), Ordering::Relaxed);
                bytes.zeroize();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_a_place_and_is_kept_as_it_is() {
        for length in (0..200).chain([255, 256, 257, LARGEST - 1, LARGEST, LARGEST + 1, 3 * LARGEST]) {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap_or(0)).collect();
            let (held, copy) = (Held::new(bytes.clone()), Held::copied(&bytes));
            assert_eq!((held.bytes(), copy.bytes()), (&bytes[..], &bytes[..]), "{length}");
            if let Held::Placed(place, _) = &held {
                assert!(place.len() >= length && place.len().is_power_of_two(), "{length}");
            }
        }
    }

    #[test]
    fn a_place_is_wiped_before_the_next_one_has_it() {
        // A size that no other test of this program uses, so that the place is the same one.
        let mut held = Held::new(vec![7; 2000]);
        let Held::Placed(place, _) = &held else { panic!("it fits") };
        let address = place.as_ptr();
        held.wipe();
        assert!(held.bytes().is_empty());
        let again = take(1500);
        assert_eq!(again.as_ptr(), address, "the place is used again");
        assert!(again.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn what_is_locked_and_what_is_not_is_told() {
        let held = Held::new(vec![1; 40]);
        let some = locked_memory();
        assert!(some.locked + some.unlocked >= CHUNK);
        let large = Held::new(vec![1; 1 << 20]);
        assert!(locked_memory().unlocked >= 1 << 20);
        drop((held, large));
    }
}
