//! Fractions in fields that this version does not know: read as the nearest double, which is written as a text that is
//! read the same (RFC 8259 §6).
//!
//! serde_json reads a fraction only as far as a few units of its last place. The header is read and written with every
//! save, and there such a step each time added up. Integers below 2⁶⁴ and all that is no number it reads as they stand.

use crate::header::{Header, StoredSlot};
use serde_json::{Map, Number, Value, value::RawValue};
use std::collections::BTreeMap;

/// Reads the fractions of a header's unknown fields again from the text that it was read from.
pub(crate) fn read_fractions(header: &mut Header, json: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(json) else { return };
    fields(&mut header.unknown, &raw);
    let part = |name: &str, unknown: &mut Map<String, Value>| {
        raw.get(name).into_iter().for_each(|raw| object(unknown, raw));
    };
    part("accounts", &mut header.accounts.unknown);
    part("recovery", &mut header.recovery.unknown);
    let slots = raw.get("slots").and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok());
    for (slot, raw) in header.slots.iter_mut().zip(slots.unwrap_or_default()) {
        match slot {
            StoredSlot::Known(slot) => object(&mut slot.unknown, raw),
            StoredSlot::Kept(slot) => value(slot, raw),
        }
    }
}

fn object(unknown: &mut Map<String, Value>, raw: &RawValue) {
    // Most headers have none, and are not read again for it.
    if unknown.values().any(has_fraction)
        && let Ok(raw) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get())
    {
        fields(unknown, &raw);
    }
}

fn fields(unknown: &mut Map<String, Value>, raw: &BTreeMap<String, &RawValue>) {
    for (name, known) in unknown {
        raw.get(name).into_iter().for_each(|raw| value(known, raw));
    }
}

fn value(known: &mut Value, raw: &RawValue) {
    match known {
        Value::Number(number) if number.is_f64() => {
            let nearest = raw.get().parse().ok().and_then(Number::from_f64);
            *number = nearest.unwrap_or_else(|| number.clone());
        }
        Value::Array(known) if known.iter().any(has_fraction) => {
            let raw = serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default();
            known.iter_mut().zip(raw).for_each(|(known, raw)| value(known, raw));
        }
        Value::Object(known) => object(known, raw),
        _ => {}
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header with this text in every place that a newer version could put it.
    fn header(field: &str) -> String {
        let key = "0".repeat(64);
        let id = "0".repeat(32);
        let of_slot = format!(r#""id":"{id}","kind":"keyring","created_at":1,"label":"""#);
        let known = format!(r#"{{{of_slot},"commitment":"{key}","x":{field}}}"#);
        format!(
            r#"{{"vault":"{id}","generation":1,"saved_at":1,
                "accounts":{{"epoch":1,"commitment":"{key}","length":0,"x":{field}}},
                "recovery":{{"commitment":"{key}","public_key":"{key}","segments":[],"x":{field}}},
                "slots":[{known},{{"kind":"passkey","x":{field}}},{field}],"x":[0,{{"y":[[],{field}]}},{field}]}}"#
        )
    }

    fn read(json: &[u8]) -> Header {
        let mut header = serde_json::from_slice(json).unwrap();
        read_fractions(&mut header, json);
        header
    }

    /// All values of fields called x and y, and what stands in a slot's place.
    fn found(header: &Header) -> Vec<Value> {
        let StoredSlot::Known(slot) = &header.slots[0] else { panic!("it is known") };
        let (StoredSlot::Kept(kept), StoredSlot::Kept(bare)) = (&header.slots[1], &header.slots[2]) else {
            panic!("they are not")
        };
        let deep = &header.unknown["x"];
        let places = [&header.accounts.unknown["x"], &header.recovery.unknown["x"], &slot.unknown["x"]];
        places.into_iter().chain([&kept["x"], bare, &deep[1]["y"][1], &deep[2]]).cloned().collect()
    }

    #[test]
    fn a_fraction_that_serde_json_misreads_is_read_as_it_stands() {
        // Two hundred saves once made 8.9439993801026973e279 of the first.
        for text in
            ["-8.843999380102653e279", "6.934698245112694e276", "123456789012345678901234567890", "5e-324"]
        {
            let exact: f64 = text.parse().unwrap();
            for value in found(&read(header(text).as_bytes())) {
                assert_eq!(value.as_f64().unwrap().to_bits(), exact.to_bits(), "{text}");
            }
        }
        for text in ["18446744073709551615", "-9223372036854775808", "\"1.5\"", "null"] {
            let as_is: Value = serde_json::from_str(text).unwrap();
            assert!(found(&read(header(text).as_bytes())).iter().all(|value| *value == as_is), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_fraction_is_the_same_after_every_save(bits: u64) {
            let number = f64::from_bits(bits);
            if !number.is_finite() {
                return Ok(());
            }
            let mut json = header(&format!("{number:e}")).into_bytes();
            for _ in 0..5 {
                let header = read(&json);
                for value in found(&header) {
                    // Zeros have no fraction to keep, and as an integer no sign.
                    prop_assert!(value.as_f64() == Some(number));
                }
                json = serde_json::to_vec(&header).unwrap();
            }
        }
    }
}
