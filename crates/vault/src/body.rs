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
use zeroize::Zeroizing;

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
            Ok(stored) if !contradicts(&compartment, &stored.version) => {
                compartment.insert(stored.version, stored.replaces);
            }
            _ => compartment.set_aside.push(set_aside(raw)),
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

/// Two versions of one name that say different things: the second would vanish.
fn contradicts(compartment: &Compartment, version: &Version) -> bool {
    compartment.entries.get(&version.record.id).is_some_and(|entry| {
        entry.versions.iter().any(|known| known.id == version.id && known.record != version.record)
    })
}

/// The padded plaintext of a compartment; `extras` belong to the accounts only.
pub(crate) fn write(compartment: &Compartment, extras: Option<&Extras>) -> Zeroizing<Vec<u8>> {
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
pub(crate) fn write_record(version: &Version) -> Zeroizing<Vec<u8>> {
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
        let mut payload: Bytes = payload.ok_or_else(|| missing("payload"))?;
        let record = Record {
            id: RecordId::from_bytes(id.ok_or_else(|| missing("id"))?.0),
            kind: kind.ok_or_else(|| missing("kind"))?,
            modified_at: modified_at.ok_or_else(|| missing("modified_at"))?,
            deleted_at: deleted_at.flatten(),
            payload: SecretBytes::new(std::mem::take(&mut *payload.0)),
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
