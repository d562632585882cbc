//! JSON that is wiped after use, and its fields read leniently: programs write numbers as text and leave things out.

use crate::{ImportError, Reason};
use serde_json::Value;
use std::ops::Deref;
use zeroize::Zeroize;

/// Most values in a document (16 Mi, about half a GiB in memory); an object counts as [`OBJECT`] of them.
const MAX_VALUES: u64 = 16 << 20;
/// Values whose memory an object takes: its smallest tree has room for eleven fields.
const OBJECT: u64 = 20;

/// Why a text is no document. Shows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// No JSON from this line and column on, both from 1.
    Syntax(usize, usize),
    /// More values than are read.
    TooMany(u64),
}

impl JsonError {
    /// The error of a file that has too many values; `None` for a wrong character.
    pub fn too_demanding(self) -> Option<ImportError> {
        match self {
            Self::Syntax(..) => None,
            Self::TooMany(asked) => {
                Some(ImportError::TooDemanding { what: "values in its JSON", asked, most: MAX_VALUES })
            }
        }
    }
}

/// A JSON document whose strings are wiped when it is dropped.
pub(crate) struct Document(Value);

impl Document {
    /// serde_json nests 128 levels deep at most.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        // Counted by what separates values, also within strings: never too few.
        let values = text.bytes().fold(0, |sum: u64, byte| match byte {
            b',' | b'[' => sum + 1,
            b'{' => sum + OBJECT,
            _ => sum,
        });
        if values > MAX_VALUES {
            return Err(JsonError::TooMany(values));
        }
        serde_json::from_str(text).map(Self).map_err(|error| JsonError::Syntax(error.line(), error.column()))
    }

    /// Takes a document over, to wipe it.
    pub fn new(value: Value) -> Self {
        Self(value)
    }
}

impl Deref for Document {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => {
            for (mut name, mut field) in std::mem::take(fields) {
                name.zeroize();
                wipe(&mut field);
            }
        }
        _ => {}
    }
}

/// Fields of an object; of anything else there are none.
pub(crate) trait Fields {
    /// A field's text, as it stands.
    fn text(&self, name: &str) -> Option<&str>;
    /// A field's text or number as trimmed words; empty when it is neither.
    fn words(&self, name: &str) -> String;
    /// A field's list; empty when it is none.
    fn list(&self, name: &str) -> &[Value];
    /// Whether a field is there and not null.
    fn has(&self, name: &str) -> bool;
    /// Whether a field is true.
    fn is_true(&self, name: &str) -> bool;
    /// A number, also as text; `None` when absent, null or empty.
    fn number(&self, name: &'static str) -> Result<Option<u64>, Reason>;
}

impl Fields for Value {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    fn words(&self, name: &str) -> String {
        match self.get(name) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_null())
    }

    fn is_true(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        }
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, Reason> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value {
            Value::Null => Ok(None),
            Value::Number(number) => match (number.as_u64(), number.as_f64()) {
                (Some(number), _) => Ok(Some(number)),
                (None, Some(number)) if number >= 0.0 && number.fract() == 0.0 && number < 1e15 => {
                    Ok(Some(number as u64))
                }
                _ => Err(Reason::NotANumber { parameter: name }),
            },
            Value::String(text) if matches!(text.trim(), "" | "null") => Ok(None),
            Value::String(text) => {
                text.trim().parse().map(Some).map_err(|_| Reason::NotANumber { parameter: name })
            }
            _ => Err(Reason::NotANumber { parameter: name }),
        }
    }
}
