//! The vault file: its header, which anyone may have made, and its bodies, which a broken or newer writer may have.

use super::MemoryFiles;
use super::forge::{self, closed, head};
use keyhaven_vault::{
    Compartment, Credential, KdfCost, Location, LockedVault, OpenVault, Record, UnlockError,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A good record, and its id.
const GOOD: (&str, &str) = (
    r#"{"id":"0123456789abcdef0123456789abcdef","kind":"account","modified_at":5,"payload":"Z29vZA=="}"#,
    "0123456789abcdef0123456789abcdef",
);
const EMPTY: &[u8] = br#"{"records":[]}"#;

/// Sealed parts longer than this are not made for a header that asks for them.
const MOST_SEALED: u64 = 64 << 10;

/// `data` as a header with fitting digests, as a whole file, and as further fields of a header that opens.
///
/// What is read demands no more than the format allows; what opens is saved with every field that it had.
pub fn header(data: &[u8]) {
    let _ = read(data.to_vec());
    let fields = serde_json::from_slice::<Value>(data).ok();
    let sealed = fields.as_ref().and_then(sealed_length).filter(|sealed| *sealed <= MOST_SEALED).unwrap_or(0);
    let sealed = vec![0; usize::try_from(sealed).unwrap_or(0)];
    if let Some(vault) = read(closed([head(data), sealed].concat())) {
        let opened = vault.unlock(Credential::Keyring(&forge::keyring()));
        assert!(opened.is_err(), "what was never sealed opens");
    }
    if let Some(Value::Object(fields)) = fields {
        unknown_fields_survive(&fields);
    }
}

/// How long the sealed parts are that a header announces.
fn sealed_length(header: &Value) -> Option<u64> {
    let mut sum = header["accounts"]["length"].as_u64()?;
    for segment in header["recovery"]["segments"].as_array()? {
        sum = sum.checked_add(segment["length"].as_u64()?)?;
    }
    Some(sum)
}

fn read(file: Vec<u8>) -> Option<LockedVault> {
    match LockedVault::parse(file.clone(), &Location::in_folder("fuzz")) {
        Ok(vault) => {
            assert_eq!(vault.as_bytes(), file, "the file is kept as it is");
            let slots = vault.slots();
            assert!(slots.len() <= 32 && slots.iter().filter(|slot| slot.cost.is_some()).count() <= 8);
            for cost in slots.iter().filter_map(|slot| slot.cost) {
                assert!(cost.memory_kib() <= KdfCost::MAX_MEMORY_KIB && cost.passes() <= KdfCost::MAX_PASSES);
            }
            Some(vault)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn unknown_fields_survive(fields: &Map<String, Value>) {
    let location = Location::in_folder("fuzz");
    let file = forge::vault_with(fields, EMPTY, EMPTY);
    // Too long a header is refused; nothing else is wrong with it.
    let Ok(before) = LockedVault::parse(file.clone(), &location) else {
        assert!(file.len() > 200_000, "a header with further fields is refused");
        return;
    };
    let files = MemoryFiles::default();
    files.put(location.file(), file);
    let mut vault = open(&files, &location).expect("sealed with its own key");
    if let Err(error) = vault.save(&files, 1) {
        assert!(before.as_bytes().len() > 100_000, "not saved: {error}");
        return;
    }
    let after = LockedVault::read(&files, &location).expect("just saved");
    let (before, after) = (header_of(before.as_bytes()), header_of(after.as_bytes()));
    let names = ["generation", "saved_at", "accounts", "recovery"];
    for (name, value) in before.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
        let kept = after.get(name).is_some_and(|after| alike(after, value));
        assert!(kept, "the field {name} of the header: {value} became {:?}", after.get(name));
    }
}

/// The same, numbers that are no integers to 14 digits (docs/vault-format.md, "Header").
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap_or(f64::NAN), other.as_f64().unwrap_or(f64::NAN));
            (one - other).abs() <= (one.abs() * 1e-14).max(f64::MIN_POSITIVE)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| alike(one, other)))
        }
        (one, other) => one == other,
    }
}

fn header_of(file: &[u8]) -> Map<String, Value> {
    let length = u32::from_be_bytes([file[10], file[11], file[12], file[13]]) as usize;
    serde_json::from_slice(&file[46..46 + length]).expect("it was read a moment ago")
}

/// `data` as the plaintext of the accounts and of a recovery segment: opens whole or not at all, and nothing that
/// opened is lost by saving.
pub fn body(data: &[u8]) {
    check_body(data, EMPTY);
    check_body(EMPTY, data);
}

/// `data` as elements among the records: whatever they are, the good one beside them is there.
pub fn records(data: &[u8]) {
    let text = [b"{\"records\":[", data, b",", GOOD.0.as_bytes(), b"]}"].concat();
    let Some(vault) = check_body(&text, EMPTY) else {
        let elements = [b"[".as_slice(), data, b"]"].concat();
        let whole =
            serde_json::from_slice::<Vec<&RawValue>>(&elements).is_ok_and(|elements| !elements.is_empty());
        assert!(!whole, "a bad element kept the others out");
        return;
    };
    let id = GOOD.1.parse().expect("an id");
    let accounts = vault.accounts();
    let there = accounts.get(id).is_some() || accounts.deleted().any(|record| record.id == id);
    assert!(there, "the good record is gone");
}

/// Opens, saves and opens again; the same is there, and every element is somewhere.
fn check_body(accounts: &[u8], recovery: &[u8]) -> Option<OpenVault> {
    let (files, location) = (MemoryFiles::default(), Location::in_folder("fuzz"));
    files.put(location.file(), forge::vault(accounts, recovery));
    let mut vault = match open(&files, &location) {
        Ok(vault) => vault,
        Err(UnlockError::Damaged(_)) => return None,
        Err(error) => panic!("the key is right: {error}"),
    };
    nothing_missing(accounts, vault.accounts());
    let recovery_open = vault.unlock_recovery(Credential::Keyring(&forge::keyring())).is_ok();
    if let Some(compartment) = vault.recovery() {
        nothing_missing(recovery, compartment);
    }
    let before = seen(&vault);
    vault.save(&files, 2).expect("a disk in memory does not fail");
    let mut again = open(&files, &location).expect("just saved");
    if recovery_open {
        again.unlock_recovery(Credential::Keyring(&forge::keyring())).expect("just saved");
    }
    assert_eq!(seen(&again), before, "saving changed something");
    Some(again)
}

/// Every element of `records` is a record of that id or was set aside as it stands.
fn nothing_missing(body: &[u8], compartment: &Compartment) {
    #[derive(serde::Deserialize)]
    struct Elements<'a> {
        #[serde(borrow, default)]
        records: Vec<&'a RawValue>,
    }
    let Ok(Elements { records }) = serde_json::from_slice::<Elements<'_>>(body) else { return };
    let conflicts = compartment.conflicts().map(|conflict| conflict.id);
    let ids: BTreeSet<_> =
        compartment.iter().chain(compartment.deleted()).map(|record| record.id).chain(conflicts).collect();
    for raw in records {
        let aside = compartment.set_aside().iter().any(|kept| kept.expose() == raw.get().as_bytes());
        let id = serde_json::from_str::<Value>(raw.get())
            .ok()
            .and_then(|value| value["id"].as_str()?.parse().ok());
        assert!(aside || id.is_some_and(|id| ids.contains(&id)), "an element is gone: {}", raw.get());
    }
}

fn open(files: &MemoryFiles, location: &Location) -> Result<OpenVault, UnlockError> {
    let locked = LockedVault::read(files, location).expect("a whole file");
    locked.unlock(Credential::Keyring(&forge::keyring()))
}

/// Everything that can be seen of an open vault's records.
pub(super) fn seen(vault: &OpenVault) -> String {
    let mut seen = format!("{} waiting\n", vault.waiting_drop_ins());
    for compartment in [Some(vault.accounts()), vault.recovery()].into_iter().flatten() {
        for record in compartment.iter().chain(compartment.deleted()) {
            show(&mut seen, record);
        }
        for conflict in compartment.conflicts() {
            let _ = writeln!(seen, "conflict {}", conflict.id);
            conflict.versions.iter().for_each(|record| show(&mut seen, record));
        }
        for raw in compartment.set_aside() {
            let _ = writeln!(seen, "aside {:?}", raw.expose());
        }
        seen.push('\n');
    }
    seen
}

fn show(seen: &mut String, record: &Record) {
    let _ = writeln!(seen, "{record:?} {:?}", record.payload.expose());
}

pub(super) fn header_seeds() -> Vec<Vec<u8>> {
    let file = forge::vault(EMPTY, EMPTY);
    let header = Value::Object(header_of(&file)).to_string().into_bytes();
    let passphrase = json!({"id": "00112233445566778899aabbccddeeff", "kind": "passphrase", "created_at": 5, "label": "x",
        "argon2id": {"memory_kib": 67_108_864, "passes": 3, "salt": "00".repeat(16)},
        "commitment": "00".repeat(32), "accounts": "00".repeat(72)});
    let mut demanding = header_of(&file);
    demanding.insert("slots".into(), json!([passphrase, {"kind": "passkey", "of": "the future"}, 7]));
    vec![
        header,
        Value::Object(demanding).to_string().into_bytes(),
        br#"{"future":{"x":[1,2.50,true,null,"y"]},"a":1e3,"b":-1}"#.to_vec(),
        file,
    ]
}

pub(super) fn body_seeds() -> Vec<Vec<u8>> {
    let version = |count: u8, replaces: &str| {
        format!(
            r#"{{"id":"11111111111111111111111111111111","kind":"account","modified_at":{count},"payload":"","version":"{count}-000000000000000{count}","replaces":[{replaces}]}}"#
        )
    };
    let history = [version(1, ""), version(2, "\"1-0000000000000001\""), version(3, "")].join(",\n");
    let body = |records: &str, rest: &str| format!("{{\"records\":[{records}]{rest}}}     ").into_bytes();
    vec![
        body("", ""),
        body(GOOD.0, r#","drop_ins":[],"removed_slots":[]"#),
        body(&history, ""),
        body(
            "7,null",
            r#","drop_ins":[{"id":"22222222222222222222222222222222","sealed":"AAAA"},{"x":1}],"removed_slots":[{"id":"22222222222222222222222222222222","removed_at":5}],"settings":{"x":1e3}"#,
        ),
        body(
            &record_seeds().iter().map(|seed| String::from_utf8_lossy(seed)).collect::<Vec<_>>().join(","),
            "",
        ),
    ]
}

pub(super) fn record_seeds() -> Vec<Vec<u8>> {
    let id = r#""id":"22222222222222222222222222222222""#;
    [
        GOOD.0.to_owned(),
        GOOD.0.replace("Z29vZA==", "b3RoZXI="),
        format!(r#"{{{id},"kind":"codes","modified_at":5,"deleted_at":9,"payload":"","version":"2-0000000000000002","replaces":["1-0000000000000001"]}}"#),
        format!(r#"{{{id},"kind":"hologram","modified_at":5,"payload":"b25l","colour":{{"a":[1,2.50]}}}}"#),
        format!(r#"{{{id},"kind":"account","modified_at":-5,"payload":"no base64!"}}"#),
        r#"7,null,"x",[[]],{}"#.to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}
