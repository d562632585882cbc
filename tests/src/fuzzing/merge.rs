//! Copies of one vault that went different ways: whatever their histories are, merging them in any order and any
//! number of times comes to the same, and nothing is lost.

use super::forge;
use super::vault::seen;
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Credential, Location, LockedVault, OpenVault, Record, RecordId, UnlockError};

/// A byte that says whether the rest is a history of three copies or two bodies that anyone may have sealed.
const BODIES: u8 = b'B';

/// The first byte decides what the rest means: see [`history`] and [`bodies`].
pub fn merge(data: &[u8]) {
    match data.split_first() {
        Some((&BODIES, rest)) => bodies(rest),
        Some((_, rest)) => history(rest),
        None => {}
    }
}

/// A copy of the forged vault with that body; `None` when it is none.
fn forged(accounts: &[u8]) -> Option<OpenVault> {
    opened(forge::vault(accounts, br#"{"records":[]}"#)).ok()
}

fn opened(sealed: Vec<u8>) -> Result<OpenVault, UnlockError> {
    let locked = LockedVault::parse(sealed, &Location::in_folder("fuzz")).expect("a whole file");
    locked.unlock(Credential::Keyring(&forge::keyring()))
}

/// The same vault once more, sealed and opened; its recovery compartment is locked. No disk stands between: what saving
/// does is found out by the other targets, and would take most of this one's time.
fn copy(vault: &OpenVault) -> OpenVault {
    opened(vault.to_bytes().expect("there is randomness")).expect("just sealed")
}

fn merged(vault: &OpenVault, other: &OpenVault) -> OpenVault {
    let mut copy = copy(vault);
    copy.merge(other).expect("copies of one vault with the same slots");
    copy
}

/// Everything that a vault says once it was sealed and opened again.
fn said(vault: &OpenVault) -> String {
    let mut copy = copy(vault);
    copy.unlock_recovery(Credential::Keyring(&forge::keyring())).expect("its own key");
    seen(&copy)
}

/// Each three bytes are one step of one of three copies; afterwards merging is commutative, associative and
/// idempotent.
fn history(data: &[u8]) {
    let mut vaults = [(); 3].map(|()| forged(br#"{"records":[]}"#).expect("a good body"));
    for step in data.chunks_exact(3).take(60) {
        run(&mut vaults, step[0], step[1], step[2]);
    }
    let [a, b, c] = vaults;
    let (ab, ba) = (merged(&a, &b), merged(&b, &a));
    assert_eq!(said(&ab), said(&ba), "commutative");
    let ab_c = merged(&ab, &c);
    let all = said(&ab_c);
    assert_eq!(all, said(&merged(&a, &merged(&b, &c))), "associative");
    assert_eq!(all, said(&merged(&c, &ba)), "commutative and associative");
    assert_eq!(all, said(&merged(&ab_c, &b)), "absorbing");
}

fn run(vaults: &mut [OpenVault; 3], what: u8, which: u8, value: u8) {
    let who = usize::from(what >> 4) % 3;
    let id = |kind: u8| RecordId::from_bytes([kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, which % 4]);
    let record = |kind: u8, name: &str| {
        Record::new(id(kind), name, u64::from(which >> 4), SecretBytes::new(vec![value]))
    };
    let vault = &mut vaults[who];
    match what & 15 {
        0..=4 => vault.accounts_mut().put(record(1, "account")),
        5 | 6 => drop(vault.accounts_mut().delete(id(1), u64::from(value))),
        7 | 8 => vault.drop_in_recovery(record(2, "codes")).expect("there is randomness"),
        9 => vault.lock_recovery().expect("there is randomness"),
        10 => vault.unlock_recovery(Credential::Keyring(&forge::keyring())).expect("its own key"),
        11 => {
            if let Some(recovery) = vault.recovery_mut() {
                recovery.delete(id(2), u64::from(value));
            }
        }
        _ => {
            let from = usize::from(which) % 3;
            if let Ok([one, other]) = vaults.get_disjoint_mut([who, from]) {
                one.merge(other).expect("copies of one vault with the same slots");
            }
        }
    }
}

/// Two bodies that anyone may have sealed, the first as long as the first two bytes say. Merging is the same from
/// both sides, and again; nothing that either had is gone.
fn bodies(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let (one, other) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
    let (Some(one), Some(other)) = (forged(one), forged(other)) else { return };
    let here = merged(&one, &other);
    let all = said(&here);
    assert_eq!(all, said(&merged(&other, &one)), "commutative");
    assert_eq!(all, said(&merged(&here, &other)), "absorbing");
    for vault in [&one, &other] {
        for record in vault.accounts().iter().chain(vault.accounts().deleted()) {
            let accounts = here.accounts();
            let there =
                accounts.get(record.id).is_some() || accounts.deleted().any(|kept| kept.id == record.id);
            assert!(there, "record {} is gone", record.id);
        }
        for raw in vault.accounts().set_aside() {
            assert!(here.accounts().set_aside().contains(raw), "an element that was set aside is gone");
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let body = |records: &[&str]| format!("{{\"records\":[{}]}}", records.join(",")).into_bytes();
    let version = |count: u8, payload: &str, replaces: &str| {
        format!(
            r#"{{"id":"11111111111111111111111111111111","kind":"account","modified_at":5,"payload":"{payload}","version":"{count}-000000000000000{count}","replaces":[{replaces}]}}"#
        )
    };
    let (first, second) = (version(1, "b25l", ""), version(2, "dHdv", "\"1-0000000000000001\""));
    let contradiction = version(1, "dHdv", "");
    let two = |one: &[u8], other: &[u8]| {
        let length = u16::try_from(one.len()).unwrap_or(u16::MAX).to_be_bytes();
        [&[BODIES][..], &length, one, other].concat()
    };
    vec![
        b"H\x00\x00\x01\x10\x00\x02\x25\x00\x03\x1c\x00\x00\x0c\x01\x00".to_vec(),
        b"H\x07\x11\x01\x1a\x00\x00\x17\x11\x02\x19\x00\x00\x2c\x01\x00\x0a\x00\x00\x0b\x11\x05".to_vec(),
        two(&body(&[&first]), &body(&[&second])),
        two(&body(&[&first, "7"]), &body(&[&contradiction, "null"])),
        two(&body(&[]), &body(&[&second])),
    ]
}
