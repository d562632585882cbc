//! Memory that the system keeps out of its swap, in places of a few sizes.
//!
//! A system locks whole pages, and unlocking one page unlocks everything on it; so pages are locked once, cut into
//! places, and never given back. A place that a secret leaves is wiped and waits for the next one of its size: what is
//! held is bounded by the most that was ever secret at one time.
//!
//! What is longer than a place has whole pages of its own, which are locked for as long as it is there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroize;

/// How many bytes are asked for at once: small, for some systems let a program lock no more than 64 KiB in all.
const CHUNK: usize = 16 << 10;
const SMALLEST: usize = 32;
/// What is longer has pages of its own.
pub(crate) const LARGEST: usize = 4096;
const SIZES: usize = (LARGEST / SMALLEST).ilog2() as usize + 1;

/// Free places, by size.
static FREE: Mutex<[Vec<&'static mut [u8]>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);
static LOCKED: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// How much of the memory for secrets the system keeps out of its swap, in bytes. It refuses more than a program may
/// lock (`ulimit -l`); that is no error, and worth telling a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedMemory {
    /// Locked; used or waiting to be used.
    pub locked: usize,
    /// Asked for, and not locked: the system refused. It is wiped all the same.
    pub unlocked: usize,
}

/// How it stands with this process's memory for secrets.
pub fn locked_memory() -> LockedMemory {
    LockedMemory { locked: LOCKED.load(Ordering::Relaxed), unlocked: REFUSED.load(Ordering::Relaxed) }
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

/// Whole pages that nothing else is on, so that they can be locked and unlocked again.
pub(crate) struct Pages {
    /// The pages, and what lies around them because no allocation begins at a page. Never grown.
    memory: Vec<u8>,
    start: usize,
    used: usize,
    /// Bytes of whole pages.
    room: usize,
    lock: Option<region::LockGuard>,
}

impl Pages {
    /// For `length` bytes; all zero.
    fn new(length: usize) -> Self {
        let page = region::page::size();
        let room = length.next_multiple_of(page);
        let memory = vec![0; room + page];
        let start = (page - memory.as_ptr().addr() % page) % page;
        let lock = region::lock(memory[start..].as_ptr(), room).ok();
        counter(lock.is_some()).fetch_add(room, Ordering::Relaxed);
        Self { memory, start, used: length, room, lock }
    }
}

/// Where memory is counted that the system locked, or did not.
fn counter(locked: bool) -> &'static AtomicUsize {
    if locked { &LOCKED } else { &REFUSED }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let used = self.start..self.start + self.used;
        self.memory[used].zeroize();
        counter(self.lock.is_some()).fetch_sub(self.room, Ordering::Relaxed);
        // Before the memory is given back, which happens after this.
        self.lock = None;
    }
}

/// A place on the shelf, and how much of it is used.
pub(crate) struct Place(&'static mut [u8], usize);

impl Drop for Place {
    fn drop(&mut self) {
        let Self(place, used) = self;
        place[..*used].zeroize();
        let place = std::mem::take(place);
        if !place.is_empty() {
            let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
            free[size_of(place.len())].push(place);
        }
    }
}

/// Some bytes, kept out of swap where the system lets them be; wiped when they go.
pub(crate) enum Held {
    Placed(Place),
    /// Too long for a place.
    Large(Box<Pages>),
}

impl Held {
    /// So many zero bytes, to be written in place.
    pub fn zeroed(length: usize) -> Self {
        match length {
            0 => Self::Placed(Place(Default::default(), 0)),
            1..=LARGEST => Self::Placed(Place(take(length), length)),
            _ => Self::Large(Box::new(Pages::new(length))),
        }
    }

    /// Takes the bytes over and wipes where they were.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        let held = Self::copied(&bytes);
        bytes.zeroize();
        held
    }

    /// A copy of the bytes.
    pub fn copied(bytes: &[u8]) -> Self {
        let mut held = Self::zeroed(bytes.len());
        held.bytes_mut().copy_from_slice(bytes);
        held
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Placed(Place(place, used)) => &place[..*used],
            Self::Large(pages) => &pages.memory[pages.start..pages.start + pages.used],
        }
    }

    /// The used part, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Placed(Place(place, used)) => &mut place[..*used],
            Self::Large(pages) => &mut pages.memory[pages.start..pages.start + pages.used],
        }
    }

    /// Leaves the first `length` bytes and wipes the others.
    pub fn cut(&mut self, length: usize) {
        let Some(rest) = self.bytes_mut().get_mut(length..) else { return };
        rest.zeroize();
        match self {
            Self::Placed(Place(_, used)) => *used = length,
            Self::Large(pages) => pages.used = length,
        }
    }

    /// Wipes the bytes; none are left.
    pub fn wipe(&mut self) {
        *self = Self::zeroed(0);
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
            if let Held::Placed(Place(place, 1..)) = &held {
                assert!(place.len() >= length && place.len().is_power_of_two(), "{length}");
            }
        }
    }

    #[test]
    fn a_place_is_wiped_before_the_next_one_has_it() {
        // A size that no other test of this program uses, so that the place is the same one.
        let mut held = Held::new(vec![7; 2000]);
        let Held::Placed(Place(place, _)) = &held else { panic!("it fits") };
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
        let more = locked_memory();
        assert!(more.locked + more.unlocked >= (1 << 20) + CHUNK, "{more:?}");
        drop((held, large));
    }

    #[test]
    fn what_is_too_long_for_a_place_has_whole_pages_of_its_own() {
        let page = region::page::size();
        for length in [LARGEST + 1, 2 * page, 2 * page + 1, 100_000] {
            let held = Held::new(vec![9; length]);
            let Held::Large(pages) = &held else { panic!("{length} is no place's") };
            assert_eq!(held.bytes(), vec![9; length]);
            assert_eq!(held.bytes().as_ptr().addr() % page, 0, "{length}");
            assert!(pages.room >= length && pages.room % page == 0);
            assert!(pages.start + pages.room <= pages.memory.len());
        }
    }

    /// `VmLck` of proc(5) is what the system itself says.
    #[cfg(target_os = "linux")]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "what the system says stands in a file of its own")]
    #[expect(clippy::print_stdout, reason = "a test that cannot be run here says so")]
    fn the_system_locks_a_long_secret_too() {
        let locked = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
            line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
        };
        const LENGTH: usize = 3 << 20;
        let held = Held::new(vec![1; LENGTH]);
        let Held::Large(pages) = &held else { panic!("no place is that large") };
        if pages.lock.is_none() {
            return println!("skipped: this system lets no program keep 3 MiB out of swap");
        }
        assert!(locked() >= LENGTH, "{}", locked());
    }

    #[test]
    fn what_is_cut_off_is_wiped() {
        let mut held = Held::new(vec![7; 3000]);
        held.cut(1000);
        assert_eq!(held.bytes(), [7; 1000]);
        let Held::Placed(Place(place, 1000)) = &held else { panic!("it fits") };
        assert!(place[1000..].iter().all(|byte| *byte == 0));
        held.cut(2000);
        assert_eq!(held.bytes().len(), 1000, "cutting makes nothing longer");
    }
}
