//! As much of the protobuf wire format as the export needs (protobuf.dev/programming-guides/encoding). Hand-made,
//! because generated readers drop the fields that they do not know, and those are to survive here.

/// A value as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes, which no known field uses.
    Fixed,
}

/// One field: its number, its value, and all its bytes for keeping it unread.
pub(super) struct Field<'a> {
    pub number: u64,
    pub value: Value<'a>,
    pub raw: &'a [u8],
}

/// Why bytes are no protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The message ends inside a field.
    #[error("the data ends inside a field: it is cut off, or it is something else")]
    Truncated,
    /// A number of more than 64 bits.
    #[error("a number in the data has more than 64 bits")]
    Varint,
    /// A field number or wire type that does not exist (or the groups that protobuf gave up).
    #[error(
        "the data has a field of number {number} and wire type {wire_type}, which protobuf does not know"
    )]
    Tag {
        /// Field number.
        number: u64,
        /// Wire type, 0 to 7.
        wire_type: u8,
    },
}

/// The fields of a message, in order; ends after the first error.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Result<Field<'a>, WireError> {
        let start = self.rest;
        let tag = self.varint()?;
        let (number, wire_type) = (tag >> 3, (tag & 7) as u8);
        if number == 0 || number >= 1 << 29 {
            return Err(WireError::Tag { number, wire_type });
        }
        let value = match wire_type {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(WireError::Tag { number, wire_type }),
        };
        Ok(Field { number, value, raw: &start[..start.len() - self.rest.len()] })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(WireError::Varint);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Varint)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(message: &[u8]) -> Result<Vec<u64>, WireError> {
        Fields::of(message).map(|field| field.map(|field| field.number)).collect()
    }

    #[test]
    fn every_way_to_be_no_message() {
        assert_eq!(numbers(&[0x0a, 3, 1, 2]), Err(WireError::Truncated));
        assert_eq!(numbers(&[0x0d, 1, 2, 3]), Err(WireError::Truncated));
        assert_eq!(numbers(&[0x80]), Err(WireError::Truncated));
        assert_eq!(numbers(&[0x0b]), Err(WireError::Tag { number: 1, wire_type: 3 }));
        assert_eq!(numbers(&[0x00, 0x00]), Err(WireError::Tag { number: 0, wire_type: 0 }));
        assert_eq!(numbers(&[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2]), Err(WireError::Varint));
        assert_eq!(
            numbers(&[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 129, 0]),
            Err(WireError::Varint)
        );
        let huge = [0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(numbers(&huge), Err(WireError::Truncated));
    }

    #[test]
    fn a_field_knows_all_its_bytes() {
        let message = [0x08, 0x96, 0x01, 0x0a, 0x02, b'h', b'i', 0x0d, 1, 2, 3, 4];
        let fields: Vec<_> = Fields::of(&message).map(Result::unwrap).collect();
        assert_eq!(fields[0].value, Value::Varint(150));
        assert_eq!(fields[1].value, Value::Bytes(b"hi"));
        assert_eq!(fields.iter().flat_map(|field| field.raw.to_vec()).collect::<Vec<_>>(), message);
        let mut most = Vec::new();
        put_number(&mut most, 1, u64::MAX);
        assert_eq!(Fields::of(&most).next().unwrap().unwrap().value, Value::Varint(u64::MAX));
    }
}
