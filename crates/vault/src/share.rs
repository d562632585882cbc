//! The recovery key split among people: n shares, of which any k give it back and fewer tell nothing.
//!
//! Shamir's scheme over GF(2⁸) ("How to share a secret", 1979), one polynomial for each of the key's 16 bytes. A share
//! is printed like the recovery key: ten groups of five characters of Crockford's base32, in each group four of data
//! and one that checks the group and its place. The 25 bytes are: version, set (4), shares needed, the share's number,
//! its 16 bytes, and 2 bytes of SHA-256 of all before. The set's name is 2 random bytes and 2 of the key's digest:
//! shares of another split are told apart, and what is put together is checked.

use crate::{
    random::{self, NoRandomness},
    recovery_key::{self, RecoveryKey},
    seal,
};
use blahaj::Sharks;
use keyhaven_secret::{SecretBytes, SecretText};
use rand::{SeedableRng as _, rngs::StdRng};
use std::fmt;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KEY_BYTES: usize = 16;
/// Version, set, needed, number; before the share's own bytes.
const HEAD: usize = 1 + 4 + 1 + 1;
const LENGTH: usize = HEAD + KEY_BYTES + 2;
const GROUPS: usize = 10;
const DATA: usize = 4;
/// More people than this lose sight of who has which.
const MOST: u8 = 16;

/// One person's share of a recovery key.
pub struct Share {
    set: SetName,
    needed: u8,
    number: u8,
    value: SecretBytes,
}

/// Names one split; printed on each of its shares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetName([u8; 4]);

impl fmt::Display for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:02X}{b:02X}-{c:02X}{d:02X}")
    }
}

impl fmt::Debug for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetName({self})")
    }
}

/// Why a key was not split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Numbers that make no sense.
    #[error(
        "a key is split into 2 to {MOST} shares, of which 2 or more, and no more than there are, open it"
    )]
    Numbers,
    /// No random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why a typed share cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidShare {
    /// A character that no share has. `position` counts the characters of the input from 1.
    #[error("character {position} of the share is none it can have")]
    Character {
        /// Which character of the input, counted from 1, spaces and dashes included.
        position: usize,
    },
    /// Too few or too many characters; spaces and dashes do not count.
    #[error("a share has {expected} characters, this has {found}")]
    Length {
        /// How many characters were found.
        found: usize,
        /// How many there are in a share.
        expected: usize,
    },
    /// A typing slip. `groups` (from 1) are where it is, empty when every group fits by itself.
    #[error("the share has a typing error{}", recovery_key::in_groups(groups))]
    Checksum {
        /// The groups whose own check fails, counted from 1.
        groups: Vec<usize>,
    },
    /// A newer program made it.
    #[error("the share is of a newer kind ({version})")]
    Newer {
        /// Its version.
        version: u8,
    },
}

/// Why shares give no key. Shares are counted from 1 in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A share is of another split than most.
    #[error("share {place} is of another set ({set}) than the others ({expected})")]
    Foreign {
        /// Which was given.
        place: usize,
        /// Its set.
        set: SetName,
        /// The others' set.
        expected: SetName,
    },
    /// The same share twice.
    #[error("share {place} is the same as share {first}")]
    Twice {
        /// Which was given.
        place: usize,
        /// Where it was given first.
        first: usize,
    },
    /// Fewer than are needed.
    #[error("{needed} shares of set {set} are needed, {found} are there")]
    TooFew {
        /// How many are there.
        found: usize,
        /// How many are needed.
        needed: u8,
        /// The set; which shares to look for.
        set: SetName,
    },
    /// They fit each other and give another key than was split: one was written by someone who made its checks fit.
    #[error("these shares give no key: one of them is not what was printed")]
    Wrong,
    /// No share was given.
    #[error("there is no share")]
    Empty,
}

/// Splits a key into `count` shares of which `needed` open it.
///
/// # Errors
/// See [`SplitError`].
pub fn split(key: &RecoveryKey, count: u8, needed: u8) -> Result<Vec<Share>, SplitError> {
    if !(2..=MOST).contains(&count) || !(2..=count).contains(&needed) {
        return Err(SplitError::Numbers);
    }
    let [a, b] = random::bytes::<2>()?;
    let [c, d] = mark(key.expose());
    let set = SetName([a, b, c, d]);
    let mut rng = StdRng::from_seed(random::bytes::<32>()?);
    let dealt = Sharks(needed).dealer_rng(key.expose(), &mut rng).take(usize::from(count));
    Ok(dealt
        .map(|share| {
            let mut bytes = Zeroizing::new(Vec::from(&share));
            let number = bytes.remove(0);
            Share { set, needed, number, value: SecretBytes::new(bytes.to_vec()) }
        })
        .collect())
}

/// Puts a key together from enough of its shares.
///
/// # Errors
/// See [`JoinError`]; wrong and foreign shares are named.
pub fn join(shares: &[Share]) -> Result<RecoveryKey, JoinError> {
    let expected = usual(shares).ok_or(JoinError::Empty)?;
    for (at, share) in shares.iter().enumerate() {
        if (share.set, share.needed) != expected {
            return Err(JoinError::Foreign { place: at + 1, set: share.set, expected: expected.0 });
        }
        if let Some(first) = shares[..at].iter().position(|earlier| earlier.number == share.number) {
            return Err(JoinError::Twice { place: at + 1, first: first + 1 });
        }
    }
    let (set, needed) = expected;
    if shares.len() < usize::from(needed) {
        return Err(JoinError::TooFew { found: shares.len(), needed, set });
    }
    let points: Vec<blahaj::Share> = shares
        .iter()
        .filter_map(|share| {
            let mut bytes = Zeroizing::new(vec![share.number]);
            bytes.extend_from_slice(share.value.expose());
            blahaj::Share::try_from(bytes.as_slice()).ok()
        })
        .collect();
    let bytes = Zeroizing::new(Sharks(needed).recover(&points).map_err(|_| JoinError::Wrong)?);
    if bytes.len() != KEY_BYTES || mark(&bytes) != [set.0[2], set.0[3]] {
        return Err(JoinError::Wrong);
    }
    Ok(RecoveryKey::from_bytes(SecretBytes::new(bytes.to_vec())))
}

/// The set of most shares; among equals the first one's.
fn usual(shares: &[Share]) -> Option<(SetName, u8)> {
    let same =
        |wanted: (SetName, u8)| shares.iter().filter(|share| (share.set, share.needed) == wanted).count();
    let sets = shares.iter().rev().map(|share| (share.set, share.needed));
    sets.max_by_key(|set| same(*set))
}

/// What a share's set tells of its key: 16 bits of a digest, which help nobody to find 128.
fn mark(key: &[u8]) -> [u8; 2] {
    let mut bytes = Zeroizing::new(b"keyhaven/1/share".to_vec());
    bytes.extend_from_slice(key);
    let digest = seal::digest(&bytes);
    [digest[0], digest[1]]
}

impl Share {
    /// The split that it is of.
    pub fn set(&self) -> SetName {
        self.set
    }

    /// How many shares open the vault.
    pub fn needed(&self) -> u8 {
        self.needed
    }

    /// Its number, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The printed form's ten groups.
    pub fn groups(&self) -> Vec<SecretText> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.set.0);
        bytes.extend_from_slice(&[self.needed, self.number]);
        bytes.extend_from_slice(self.value.expose());
        let digest = seal::digest(&bytes);
        bytes.extend_from_slice(&digest[..2]);
        // 25 bytes are 40 characters of five bits.
        let mut values = Zeroizing::new(Vec::with_capacity(GROUPS * DATA));
        for five in bytes.chunks(5) {
            let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            values.extend((0..8).rev().map(|place| (bits >> (5 * place)) as u8 & 31));
        }
        let groups = values.chunks(DATA).enumerate();
        groups.map(|(group, data)| recovery_key::checked_group(group, data)).collect()
    }

    /// The printed form with dashes between the groups.
    pub fn to_text(&self) -> SecretText {
        let mut text = Zeroizing::new(String::with_capacity(GROUPS * (DATA + 2)));
        for (at, group) in self.groups().iter().enumerate() {
            if at > 0 {
                text.push('-');
            }
            text.push_str(group.expose());
        }
        text.into()
    }

    /// Reads a typed share: case, spaces and dashes do not matter.
    ///
    /// # Errors
    /// See [`InvalidShare`]; the group with the slip is named.
    pub fn parse(text: &SecretText) -> Result<Self, InvalidShare> {
        let typed = recovery_key::values(text).map_err(|position| InvalidShare::Character { position })?;
        let expected = GROUPS * (DATA + 1);
        if typed.len() != expected {
            return Err(InvalidShare::Length { found: typed.len(), expected });
        }
        let wrong = |(group, values): (usize, &[u8])| {
            (recovery_key::check_value(group, &values[..DATA]) != values[DATA]).then_some(group + 1)
        };
        let groups: Vec<usize> = typed.chunks(DATA + 1).enumerate().filter_map(wrong).collect();
        if !groups.is_empty() {
            return Err(InvalidShare::Checksum { groups });
        }
        let data: Zeroizing<Vec<u8>> =
            Zeroizing::new(typed.chunks(DATA + 1).flat_map(|group| group[..DATA].iter().copied()).collect());
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        for eight in data.chunks(8) {
            let bits = eight.iter().fold(0u64, |bits, value| bits << 5 | u64::from(*value));
            bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
        }
        let (content, check) = bytes.split_at(LENGTH - 2);
        if seal::digest(content)[..2] != *check {
            return Err(InvalidShare::Checksum { groups: Vec::new() });
        }
        if content[0] != VERSION {
            return Err(InvalidShare::Newer { version: content[0] });
        }
        let set = SetName([content[1], content[2], content[3], content[4]]);
        let value = SecretBytes::new(content[HEAD..].to_vec());
        Ok(Self { set, needed: content[5], number: content[6], value })
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} of set {})", self.number, self.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(share: &Share) -> Share {
        Share::parse(&share.to_text()).unwrap()
    }

    fn chosen(shares: &[Share], places: &[usize]) -> Vec<Share> {
        places.iter().map(|place| typed(&shares[*place])).collect()
    }

    #[test]
    fn any_two_of_three_open_and_one_does_not() {
        let key = RecoveryKey::generate().unwrap();
        let shares = split(&key, 3, 2).unwrap();
        for places in [[0, 1], [0, 2], [2, 1]] {
            assert!(join(&chosen(&shares, &places)).unwrap() == key, "{places:?}");
        }
        assert!(join(&chosen(&shares, &[0, 1, 2])).unwrap() == key);
        let set = shares[0].set();
        assert_eq!(join(&chosen(&shares, &[1])), Err(JoinError::TooFew { found: 1, needed: 2, set }));
        assert_eq!(join(&[]), Err(JoinError::Empty));
    }

    #[test]
    fn foreign_and_doubled_shares_are_named() {
        let key = RecoveryKey::generate().unwrap();
        let (ours, mut other) = (split(&key, 3, 2).unwrap(), split(&key, 3, 2).unwrap());
        // Two splits of one key have one name once in 65,536 times.
        let SetName([a, b, c, d]) = ours[0].set();
        other.iter_mut().for_each(|share| share.set = SetName([!a, b, c, d]));
        let mixed = vec![typed(&ours[0]), typed(&other[1]), typed(&ours[2])];
        let foreign = JoinError::Foreign { place: 2, set: other[0].set(), expected: ours[0].set() };
        assert_eq!(join(&mixed), Err(foreign));
        assert_eq!(join(&chosen(&ours, &[1, 1])), Err(JoinError::Twice { place: 2, first: 1 }));
    }

    #[test]
    fn a_share_that_was_made_to_fit_is_noticed() {
        let key = RecoveryKey::generate().unwrap();
        let mut shares = split(&key, 3, 2).unwrap();
        let forged: Vec<u8> = shares[0].value.expose().iter().map(|byte| byte ^ 1).collect();
        shares[0].value = SecretBytes::new(forged);
        let joined = join(&chosen(&shares, &[0, 1]));
        // 16 bits of the set's name check the key; one forgery in 65,536 passes here and then opens no vault.
        assert!(joined.is_err() || joined.is_ok_and(|joined| joined != key));
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let key = RecoveryKey::generate().unwrap();
        for (count, needed) in [(1, 1), (3, 1), (2, 3), (17, 2), (0, 0)] {
            assert!(matches!(split(&key, count, needed), Err(SplitError::Numbers)), "{needed} of {count}");
        }
        assert_eq!(split(&key, 16, 16).unwrap().len(), 16);
    }

    #[test]
    fn a_slip_is_found_in_its_group() {
        let share = split(&RecoveryKey::generate().unwrap(), 2, 2).unwrap().remove(0);
        let text = share.to_text().expose().to_owned();
        for at in (0..text.len()).filter(|at| text.as_bytes()[*at] != b'-') {
            let mut slip = text.clone().into_bytes();
            slip[at] = if slip[at] == b'7' { b'8' } else { b'7' };
            let slip = SecretText::new(String::from_utf8(slip).unwrap());
            let expected = InvalidShare::Checksum { groups: vec![at / 6 + 1] };
            assert_eq!(Share::parse(&slip).map(drop), Err(expected));
        }
        let short = SecretText::new(text[..text.len() - 1].into());
        assert_eq!(Share::parse(&short).map(drop), Err(InvalidShare::Length { found: 49, expected: 50 }));
        let odd = SecretText::new(text.replacen('-', "!", 1));
        assert_eq!(Share::parse(&odd).map(drop), Err(InvalidShare::Character { position: 6 }));
        assert!(!format!("{share:?}").contains(&text[..5]));
    }

    proptest! {
        #[test]
        fn what_is_split_is_joined(
            (count, needed) in (2u8..=16).prop_flat_map(|count| (Just(count), 2..=count)),
            skip in 0usize..15,
        ) {
            let key = RecoveryKey::generate().unwrap();
            let shares = split(&key, count, needed).unwrap();
            let start = skip % (usize::from(count - needed) + 1);
            let places: Vec<usize> = (start..start + usize::from(needed)).collect();
            prop_assert!(join(&chosen(&shares, &places)).unwrap() == key);
        }

        #[test]
        fn any_text_is_an_answer(text in ".{0,80}") {
            let _ = Share::parse(&SecretText::new(text));
        }
    }
}
