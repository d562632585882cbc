//! A compartment's plaintext: JSON, padded with spaces (docs/vault-format.md, "Bodies").
//!
//! An element that cannot be understood is set aside with its text and written back as it is; one bad record
//! keeps no other from being read.

use crate::{
    compartment::Compartment,
    drop_in::DropIn,
    ids::{RecordId, SlotId},
    json::{Bytes, Hex, ObjectWriter, Text, Unknown, WipingBuffer, keep},
    record::{Record, Version, VersionId},
    seal::padded_length,
};
use keyhaven_secret::SecretBytes;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fmt};

/// What the accounts' body holds beside its records.
#[derive(Default)]
pub(crate) struct Extras {
    pub drop_ins: Vec<DropIn>,
    /// Slots that were removed and when, so that a merge does not bring them back.
    pub removed_slots: BTreeMap<SlotId, u64>,
}

/// The text is not a body at all.
#[derive(Debug)]
pub(crate) struct NotABody;

pub(crate) fn read(plain: &[u8]) -> Result<(Compartment, Extras), NotABody> {
    let body: Body<'_> = serde_json::from_slice(plain).map_err(|_| NotABody)?;
    let mut compartment = Compartment { unknown: body.unknown, ..Compartment::default() };
    let mut extras = Extras::default();
    let set_aside = |raw: &RawValue| SecretBytes::new(raw.get().as_bytes().to_vec());
    for raw in body.records {
        match serde_json::from_str::<StoredVersion>(raw.get()) {
            Ok(stored) => compartment.insert(stored.version, stored.replaces),
            Err(_) => compartment.set_aside.push(set_aside(raw)),
        }
    }
    for raw in body.drop_ins {
        match serde_json::from_str::<DropIn>(raw.get()) {
            Ok(drop_in) => extras.drop_ins.push(drop_in),
            Err(_) => compartment.set_aside.push(set_aside(raw)),
        }
    }
    for raw in body.removed_slots {
        match serde_json::from_str::<RemovedSlot>(raw.get()) {
            Ok(RemovedSlot { id, removed_at }) => {
                extras.removed_slots.insert(SlotId::from_bytes(id.0), removed_at);
            }
            Err(_) => compartment.set_aside.push(set_aside(raw)),
        }
    }
    compartment.settle();
    Ok((compartment, extras))
}

/// The padded plaintext of a compartment; `extras` belong to the accounts only.
pub(crate) fn write(compartment: &Compartment, extras: Option<&Extras>) -> SecretBytes {
    let mut out = WipingBuffer::with_capacity(estimate(compartment, extras));
    let mut object = ObjectWriter::new(&mut out);
    let list = object.name("records");
    list.push(b"[");
    let mut separator: &[u8] = b"";
    for entry in compartment.entries.values() {
        for (index, version) in entry.versions.iter().enumerate() {
            list.push(std::mem::replace(&mut separator, b",\n"));
            write_version(list, version, entry.replaced.iter().filter(|_| index == 0));
        }
    }
    for raw in &compartment.set_aside {
        list.push(std::mem::replace(&mut separator, b",\n"));
        list.push(raw.expose());
    }
    list.push(b"]");
    if let Some(extras) = extras {
        write_extras(&mut object, extras);
    }
    object.unknown(&compartment.unknown);
    object.end();
    let length = padded_length(out.len());
    out.padded(length)
}

/// The padded plaintext of a single record, as it is dropped into a locked compartment.
pub(crate) fn write_record(version: &Version) -> SecretBytes {
    let mut out = WipingBuffer::with_capacity(version_estimate(version));
    write_version(&mut out, version, std::iter::empty());
    let length = padded_length(out.len());
    out.padded(length)
}

/// Reads what [`write_record`] wrote.
pub(crate) fn read_record(plain: &[u8]) -> Option<Version> {
    serde_json::from_slice::<StoredVersion>(plain).ok().map(|stored| stored.version)
}

fn write_version<'a>(
    out: &mut WipingBuffer,
    version: &Version,
    replaced: impl Iterator<Item = &'a VersionId>,
) {
    let record = &version.record;
    let mut object = ObjectWriter::new(out);
    object.name("id").push_string(&record.id.to_string());
    object.name("kind").push_string(&record.kind);
    object.name("modified_at").push_number(record.modified_at);
    if let Some(at) = record.deleted_at {
        object.name("deleted_at").push_number(at);
    }
    object.name("payload").push_base64(record.payload.expose());
    object.name("version").push_string(&version.id.to_string());
    let mut list = replaced.peekable();
    if list.peek().is_some() {
        let out = object.name("replaces");
        for (index, id) in list.enumerate() {
            out.push(if index == 0 { b"[" } else { b"," });
            out.push_string(&id.to_string());
        }
        out.push(b"]");
    }
    object.unknown(&record.unknown);
    object.end();
}

fn write_extras(object: &mut ObjectWriter<'_>, extras: &Extras) {
    let out = object.name("drop_ins");
    out.push(b"[");
    for (index, drop_in) in extras.drop_ins.iter().enumerate() {
        out.push(if index == 0 { b"" } else { b",\n" });
        let mut item = ObjectWriter::new(out);
        item.name("id").push_string(&drop_in.id.to_string());
        item.name("sealed").push_base64(&drop_in.sealed);
        item.end();
    }
    out.push(b"]");
    let out = object.name("removed_slots");
    out.push(b"[");
    for (index, (id, removed_at)) in extras.removed_slots.iter().enumerate() {
        out.push(if index == 0 { b"" } else { b"," });
        let mut item = ObjectWriter::new(out);
        item.name("id").push_string(&id.to_string());
        item.name("removed_at").push_number(*removed_at);
        item.end();
    }
    out.push(b"]");
}

/// An upper bound in practice, so that the buffer with everything secret in it is allocated once.
fn estimate(compartment: &Compartment, extras: Option<&Extras>) -> usize {
    let entries = compartment
        .entries
        .values()
        .map(|entry| entry.versions.iter().map(version_estimate).sum::<usize>() + entry.replaced.len() * 32);
    let set_aside = compartment.set_aside.iter().map(|raw| raw.len() + 2);
    let unknown = compartment.unknown.iter().map(|(name, value)| name.len() + value.expose().len() + 8);
    let extras = extras.map_or(0, |extras| {
        extras.drop_ins.iter().map(|drop_in| drop_in.sealed.len() * 4 / 3 + 80).sum::<usize>()
            + extras.removed_slots.len() * 100
    });
    let sum = entries.sum::<usize>() + set_aside.sum::<usize>() + unknown.sum::<usize>() + extras + 256;
    sum + sum / 8 // the padding
}

fn version_estimate(version: &Version) -> usize {
    let record = &version.record;
    let unknown: usize =
        record.unknown.iter().map(|(name, value)| name.len() + value.expose().len() + 8).sum();
    256 + record.kind.len() + record.payload.len() * 4 / 3 + unknown
}

/// The body's fields, the elements still as text.
#[derive(Default)]
struct Body<'a> {
    records: Vec<&'a RawValue>,
    drop_ins: Vec<&'a RawValue>,
    removed_slots: Vec<&'a RawValue>,
    unknown: Unknown,
}

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;
        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = Body<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a body")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body<'de>, A::Error> {
                let mut body = Body::default();
                while let Some(Text(name)) = map.next_key()? {
                    match name.as_ref() {
                        "records" => body.records.extend(map.next_value::<Vec<&RawValue>>()?),
                        "drop_ins" => body.drop_ins.extend(map.next_value::<Vec<&RawValue>>()?),
                        "removed_slots" => body.removed_slots.extend(map.next_value::<Vec<&RawValue>>()?),
                        other => keep(&mut body.unknown, other, map.next_value()?)?,
                    }
                }
                Ok(body)
            }
        }
        deserializer.deserialize_map(BodyVisitor)
    }
}

/// One element of `records`.
struct StoredVersion {
    version: Version,
    replaces: Vec<VersionId>,
}

impl<'de> Deserialize<'de> for StoredVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VersionVisitor)
    }
}

struct VersionVisitor;

impl<'de> Visitor<'de> for VersionVisitor {
    type Value = StoredVersion;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StoredVersion, A::Error> {
        let (mut id, mut kind, mut modified_at, mut deleted_at, mut payload) = (None, None, None, None, None);
        let (mut version, mut replaces) = (None, None);
        let mut unknown = Unknown::new();
        let once = |fresh: bool| if fresh { Ok(()) } else { Err(A::Error::custom("a field stands twice")) };
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => once(id.replace(map.next_value::<Hex<16>>()?).is_none())?,
                "kind" => once(kind.replace(map.next_value::<String>()?).is_none())?,
                "modified_at" => once(modified_at.replace(map.next_value::<u64>()?).is_none())?,
                "deleted_at" => once(deleted_at.replace(map.next_value::<Option<u64>>()?).is_none())?,
                "payload" => once(payload.replace(map.next_value::<Bytes>()?).is_none())?,
                "version" => once(version.replace(version_id(map.next_value()?)?).is_none())?,
                "replaces" => {
                    let names = map.next_value::<Vec<Text<'_>>>()?;
                    let ids: Result<Vec<_>, A::Error> = names.into_iter().map(version_id).collect();
                    once(replaces.replace(ids?).is_none())?;
                }
                other => keep(&mut unknown, other, map.next_value()?)?,
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        let missing = |name| A::Error::missing_field(name);
        let payload: Bytes = payload.ok_or_else(|| missing("payload"))?;
        let record = Record {
            id: RecordId::from_bytes(id.ok_or_else(|| missing("id"))?.0),
            kind: kind.ok_or_else(|| missing("kind"))?,
            modified_at: modified_at.ok_or_else(|| missing("modified_at"))?,
            deleted_at: deleted_at.flatten(),
            payload: payload.0,
            unknown,
        };
        // A writer that keeps no history still writes a record.
        let version = match version {
            Some(id) => Version { id, record },
            None => Version::of(record, &[]),
        };
        Ok(StoredVersion { version, replaces: replaces.unwrap_or_default() })
    }
}

fn version_id<E: Error>(text: Text<'_>) -> Result<VersionId, E> {
    VersionId::parse(&text.0).ok_or_else(|| E::custom("not the name of a version"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)] // of another shape it is set aside, not cut down
struct RemovedSlot {
    id: Hex<16>,
    removed_at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str =
        r#"{"id":"11111111111111111111111111111111","kind":"account","modified_at":5,"payload":"b25l"}"#;

    fn body(records: &[&str]) -> String {
        format!(r#"{{"records":[{}]}}"#, records.join(","))
    }

    fn again(text: &str) -> (Compartment, String) {
        let (compartment, extras) = read(text.as_bytes()).unwrap();
        let written = write(&compartment, Some(&extras));
        (compartment, String::from_utf8(written.expose().to_vec()).unwrap())
    }

    #[test]
    fn one_bad_record_is_set_aside_as_it_stands_and_keeps_no_other_out() {
        let id = r#""id":"22222222222222222222222222222222""#;
        let bad = [
            "7".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            r#"{"id":"short","kind":"account","modified_at":5,"payload":""}"#.to_owned(),
            format!(r#"{{{id},"kind":"account","modified_at":5,"payload":"no base64!"}}"#),
            format!(r#"{{{id},"kind":"account","modified_at":-5,"payload":""}}"#),
            format!(r#"{{{id},"kind":{{"new":"shape"}},"modified_at":5,"payload":""}}"#),
            format!(r#"{{{id},"kind":"account","modified_at":5}}"#),
            format!(r#"{{{id},"kind":"account","kind":"twice","modified_at":5,"payload":""}}"#),
            format!(r#"{{{id},"kind":"account","modified_at":5,"payload":"","future":1,"future":2}}"#),
            format!(r#"{{{id},"kind":"account","modified_at":5,"payload":"","version":"later"}}"#),
            format!(r#"{{{id},"kind":"account","modified_at":5,"payload":"","replaces":7}}"#),
        ];
        for bad in &bad {
            let (compartment, written) = again(&body(&[bad, ONE]));
            assert_eq!(compartment.len(), 1, "{bad}");
            assert_eq!(compartment.set_aside().len(), 1, "{bad}");
            assert_eq!(compartment.set_aside()[0].expose(), bad.as_bytes());
            assert!(written.contains(bad.as_str()), "{bad}");
            let (compartment, _) = again(&written);
            assert_eq!((compartment.len(), compartment.set_aside().len()), (1, 1), "{bad}");
        }
        let all: Vec<&str> = bad.iter().map(String::as_str).chain([ONE]).collect();
        let (compartment, _) = again(&body(&all));
        assert_eq!((compartment.len(), compartment.set_aside().len()), (1, bad.len()));
    }

    /// What an older version set aside is among the records as soon as a version understands it.
    #[test]
    fn what_was_set_aside_is_read_anew_each_time() {
        let older = Compartment {
            set_aside: vec![SecretBytes::new(ONE.as_bytes().to_vec())],
            ..Compartment::default()
        };
        let (newer, _) = read(write(&older, None).expose()).unwrap();
        assert_eq!((newer.len(), newer.set_aside().len()), (1, 0));
        assert_eq!(newer.iter().next().unwrap().payload.expose(), b"one");
    }

    #[test]
    fn unknown_kinds_and_fields_survive_reading_writing_and_editing() {
        let future = r#"{"id":"11111111111111111111111111111111","kind":"hologram","modified_at":5,"payload":"b25l","colour":{"a":[1,2.50]}}"#;
        let text = format!(r#"{{"records":[{future}],"settings":{{"x":1e3}}}}"#);
        let (mut compartment, written) = again(&text);
        assert!(
            written.contains(r#""colour":{"a":[1,2.50]}"#) && written.contains(r#""settings":{"x":1e3}"#)
        );
        // By a program that copies the record, and by one that makes it anew.
        let record = compartment.iter().next().unwrap();
        let changed = record.changed(6, SecretBytes::new(b"two".to_vec()));
        let anew = Record::new(record.id, "hologram", 7, SecretBytes::new(b"three".to_vec()));
        for record in [changed, anew] {
            compartment.put(record);
            let written = write(&compartment, None);
            let written = String::from_utf8(written.expose().to_vec()).unwrap();
            assert!(written.contains(r#""colour":{"a":[1,2.50]}"#), "{written}");
        }
    }

    #[test]
    fn drop_ins_and_removed_slots_of_another_shape_are_set_aside() {
        let text = r#"{"records":[],"drop_ins":[{"id":"x"}],"removed_slots":[{"id":"y"},{"id":"22222222222222222222222222222222","removed_at":5,"why":1}]}"#;
        let (compartment, _) = again(text);
        assert_eq!(compartment.set_aside().len(), 3);
    }

    #[test]
    fn replaced_versions_go_and_nonsense_keeps_everything() {
        let version = |count: u8, replaces: &str| {
            format!(
                r#"{{"id":"11111111111111111111111111111111","kind":"account","modified_at":{count},"payload":"","version":"{count}-000000000000000{count}","replaces":[{replaces}]}}"#
            )
        };
        let (one, two) = (version(1, ""), version(2, r#""1-0000000000000001""#));
        let (compartment, _) = again(&body(&[&one, &two]));
        let versions =
            |compartment: &Compartment| compartment.entries.values().next().unwrap().versions.len();
        assert_eq!(versions(&compartment), 1);
        let circle = version(1, r#""2-0000000000000002","1-0000000000000001""#);
        let (compartment, _) = again(&body(&[&circle, &two]));
        assert_eq!(versions(&compartment), 2);
    }

    #[test]
    fn a_second_record_under_the_same_version_stays_beside_the_first_when_it_differs() {
        let record = |payload: &str| {
            format!(
                r#"{{"id":"11111111111111111111111111111111","kind":"account","modified_at":5,"payload":"{payload}","version":"1-0000000000000001"}}"#
            )
        };
        let (one, other) = (record("b25l"), record("dHdv"));
        let (compartment, _) = again(&body(&[&one, &one]));
        assert_eq!((compartment.len(), compartment.set_aside().len()), (1, 0));
        let (compartment, written) = again(&body(&[&one, &other]));
        assert_eq!((compartment.len(), compartment.conflicts().count()), (1, 1));
        assert!(written.contains("b25l") && written.contains("dHdv"), "{written}");
        let (again, _) = again(&written);
        assert_eq!((again.len(), again.conflicts().count()), (1, 1));
    }

    #[test]
    fn deep_nesting_is_an_answer_and_a_quick_one() {
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let field = format!(
            r#"{{"id":"22222222222222222222222222222222","kind":"a","modified_at":5,"payload":"","deep":{}}}"#,
            deep("")
        );
        let (compartment, _) = again(&body(&[&deep("7"), &field, ONE]));
        assert_eq!(compartment.len() + compartment.set_aside().len(), 3);
        assert!(read(deep("").as_bytes()).is_err());
    }

    #[test]
    fn the_estimate_holds_so_that_the_buffer_never_grows() {
        let mut compartment = Compartment::default();
        for index in 0..100u8 {
            let payload = SecretBytes::new(vec![index; usize::from(index) * 10]);
            compartment.put(Record::new(RecordId::from_bytes([index; 16]), "account", u64::MAX, payload));
            let payload = SecretBytes::new(vec![index; 7]);
            compartment.put(Record::new(RecordId::from_bytes([index; 16]), "account", u64::MAX, payload));
        }
        let extras = Extras::default();
        assert!(write(&compartment, Some(&extras)).len() <= estimate(&compartment, Some(&extras)));
    }

    #[test]
    fn only_so_many_replaced_versions_are_remembered() {
        let mut compartment = Compartment::default();
        for index in 0..600u64 {
            let payload = SecretBytes::new(index.to_be_bytes().to_vec());
            compartment.put(Record::new(RecordId::from_bytes([1; 16]), "account", index, payload));
        }
        let entry = compartment.entries.values().next().unwrap();
        assert_eq!((entry.versions.len(), entry.replaced.len()), (1, 512));
        assert!(entry.replaced.iter().all(|id| id.count > 87));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_json_elements_are_kept(elements in prop::collection::vec("[1-9][0-9]{0,2}|\"[a-z]{0,4}\"|\\{\"id\":[0-9]\\}", 0..5)) {
            let text = format!(r#"{{"records":[{}]}}"#, elements.join(","));
            let (_, written) = again(&text);
            for element in elements.iter().filter(|element| serde_json::from_str::<serde_json::Value>(element).is_ok()) {
                prop_assert!(written.contains(element.as_str()));
            }
        }

        #[test]
        fn records_are_read_back(kind: String, payload: Vec<u8>, modified_at: u64, deleted_at: Option<u64>, id: [u8; 16]) {
            let mut record = Record::new(RecordId::from_bytes(id), kind, modified_at, SecretBytes::new(payload));
            record.deleted_at = deleted_at;
            let mut compartment = Compartment::default();
            compartment.put(record.duplicate());
            let (compartment, _) = read(write(&compartment, None).expose()).unwrap();
            let found = compartment.iter().chain(compartment.deleted()).next().unwrap();
            prop_assert_eq!(found, &record);
        }
    }
}
