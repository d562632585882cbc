//! Android's shared preferences: `<map>` with `<string name="…">…</string>` and its like.

use crate::{Format, ImportError};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

/// The preferences in their order: name and text.
pub(crate) struct Preferences(Vec<(String, Zeroizing<String>)>);

impl Preferences {
    /// Reads `<string>` elements; numbers and booleans are of no use to any format here.
    pub fn read(text: &str, format: Format) -> Result<Self, ImportError> {
        let mut reader = Reader::from_str(text);
        let mut all = Vec::new();
        let mut current: Option<(String, Zeroizing<String>)> = None;
        loop {
            let place = reader.buffer_position();
            let broken = |what| ImportError::broken(format, format!("byte {place}"), what);
            match reader.read_event() {
                Err(_) => return Err(broken("it is no well-formed XML")),
                Ok(Event::Eof) => break,
                Ok(Event::Start(tag)) if tag.name().as_ref() == "string" => {
                    let name = name_of(&tag).ok_or_else(|| broken("a preference has no name"))?;
                    current = Some((name, Zeroizing::new(String::new())));
                }
                Ok(Event::Text(part)) => {
                    if let Some((_, value)) = &mut current {
                        value.push_str(&part);
                    }
                }
                Ok(Event::CData(part)) => {
                    if let Some((_, value)) = &mut current {
                        value.push_str(&part);
                    }
                }
                Ok(Event::GeneralRef(reference)) => {
                    if let Some((_, value)) = &mut current {
                        let character = entity(&reference).ok_or_else(|| broken("an entity is not known"))?;
                        value.push(character);
                    }
                }
                Ok(Event::End(tag)) if tag.name().as_ref() == "string" => all.extend(current.take()),
                Ok(_) => {}
            }
        }
        Ok(Self(all))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn name_of(tag: &BytesStart<'_>) -> Option<String> {
    let attribute = tag.try_get_attribute("name").ok()??;
    quick_xml::escape::unescape(&attribute.value).ok().map(Into::into)
}

/// The character of `&…;`: XML's five names and numbers (XML 1.0 §4.6).
pub(crate) fn entity(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character);
    }
    match reference.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
