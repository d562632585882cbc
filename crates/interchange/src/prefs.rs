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
        let mut open = 0usize;
        loop {
            let place = reader.buffer_position();
            let broken = |what| ImportError::broken(format, format!("byte {place}"), what);
            match reader.read_event() {
                Err(_) => return Err(broken("it is no well-formed XML")),
                Ok(Event::Eof) if open > 0 => return Err(broken("it is cut off")),
                Ok(Event::Eof) => break,
                Ok(Event::Start(tag)) => {
                    open += 1;
                    if tag.name().as_ref() == "string" {
                        // The texts of a `<set>` have no names, and no format here asks for them.
                        let name =
                            name_of(&tag).ok_or_else(|| broken("a preference's name cannot be read"))?;
                        current = name.map(|name| (name, Zeroizing::new(String::new())));
                    }
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
                Ok(Event::End(tag)) => {
                    open = open.saturating_sub(1);
                    if tag.name().as_ref() == "string" {
                        all.extend(current.take());
                    }
                }
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

/// The element's name attribute, `Some(None)` when it has none; `None` when that cannot be read.
fn name_of(tag: &BytesStart<'_>) -> Option<Option<String>> {
    let Some(attribute) = tag.try_get_attribute("name").ok()? else { return Some(None) };
    quick_xml::escape::unescape(&attribute.value).ok().map(|name| Some(name.into()))
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
