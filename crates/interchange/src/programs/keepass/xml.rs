//! The document: entries with their fields, groups and tags. History and bin are walked over, because every protected
//! value moves the stream on.

use super::body::Stream;
use super::{broken, codes};
use crate::import::decode_base64;
use crate::prefs::entity;
use crate::{ImportError, MAX_ENTRIES, MAX_FILE};
use keyhaven_secret::SecretText;
use quick_xml::Reader;
use quick_xml::events::Event;
use zeroize::Zeroizing;

/// Deepest nesting walked into; KeePass' own groups seldom go beyond ten.
const MAX_DEPTH: usize = 500;

/// One entry that is not history.
#[derive(Default)]
pub(super) struct Entry {
    pub fields: Vec<(String, SecretText)>,
    /// Names of the groups it is in, outermost first, without the root.
    pub groups: Vec<String>,
    pub tags: String,
    /// Whether it is in the recycle bin.
    pub trashed: bool,
}

impl Entry {
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.expose()).filter(|value| !value.trim().is_empty())
    }
}

#[derive(Default)]
struct Group {
    name: String,
    id: String,
}

pub(super) fn entries(xml: &[u8], stream: &mut Stream) -> Result<Vec<Entry>, ImportError> {
    let text = std::str::from_utf8(xml).map_err(|_| broken("the document", "it is no UTF-8"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        let place = reader.buffer_position();
        let malformed = || broken(format!("byte {place} of the document"), "it is no well-formed XML");
        match reader.read_event().map_err(|_| malformed())? {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                let protected = tag
                    .try_get_attribute("Protected")
                    .ok()
                    .flatten()
                    .is_some_and(|attribute| attribute.value.eq_ignore_ascii_case("true"));
                walk.start(name, protected)?;
            }
            Event::Text(part) => walk.text.push_str(&part),
            Event::CData(part) => walk.text.push_str(&part),
            Event::GeneralRef(reference) => walk.text.push(entity(&reference).ok_or_else(malformed)?),
            Event::End(_) => walk.end(stream)?,
            _ => {}
        }
    }
    if walk.path.is_empty() { Ok(walk.entries) } else { Err(broken("the document", "it is cut off")) }
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    groups: Vec<Group>,
    bin: String,
    entries: Vec<Entry>,
    /// Bytes of group names in `entries`.
    path_bytes: usize,
    entry: Option<Entry>,
    in_history: usize,
    key: String,
    value: Zeroizing<String>,
    protected: bool,
    text: Zeroizing<String>,
}

impl Walk {
    fn start(&mut self, name: String, protected: bool) -> Result<(), ImportError> {
        if self.path.len() >= MAX_DEPTH {
            return Err(broken("the document", "its elements nest deeper than 500 levels"));
        }
        self.text = Zeroizing::new(String::new());
        match name.as_str() {
            "Group" => self.groups.push(Group::default()),
            "History" => self.in_history += 1,
            "Entry" if self.in_history == 0 => self.entry = Some(Entry::default()),
            "String" => {
                self.key.clear();
                self.value = Zeroizing::new(String::new());
            }
            _ => {}
        }
        self.protected = protected;
        self.path.push(name);
        Ok(())
    }

    fn end(&mut self, stream: &mut Stream) -> Result<(), ImportError> {
        let Some(name) = self.path.pop() else { return Ok(()) };
        let within = self.path.last().map(String::as_str).unwrap_or_default();
        let text = std::mem::take(&mut self.text);
        let protected = std::mem::take(&mut self.protected);
        match (within, name.as_str()) {
            ("Meta", "RecycleBinUUID") => self.bin = text.trim().to_owned(),
            ("Group", "Name") => {
                if let Some(group) = self.groups.last_mut() {
                    group.name = text.trim().to_owned();
                }
            }
            ("Group", "UUID") => {
                if let Some(group) = self.groups.last_mut() {
                    group.id = text.trim().to_owned();
                }
            }
            (_, "Group") => drop(self.groups.pop()),
            (_, "History") => self.in_history = self.in_history.saturating_sub(1),
            ("Entry", "Tags") if self.in_history == 0 => {
                if let Some(entry) = &mut self.entry {
                    entry.tags = text.to_string();
                }
            }
            ("String", "Key") => self.key = text.to_string(),
            ("String", "Value") => {
                self.value = if protected { unprotect(&text, stream)? } else { text };
            }
            // Attachments (KDBX 3 has them in the document) move the stream on as well, and are no text.
            _ if protected => drop(reveal(&text, stream)?),
            (_, "String") => {
                let value = SecretText::from(std::mem::take(&mut self.value));
                if let Some(entry) = &mut self.entry
                    && self.in_history == 0
                {
                    entry.fields.push((std::mem::take(&mut self.key), value));
                }
            }
            (_, "Entry") if self.in_history == 0 => self.end_entry()?,
            _ => {}
        }
        Ok(())
    }

    fn end_entry(&mut self) -> Result<(), ImportError> {
        let Some(mut entry) = self.entry.take() else { return Ok(()) };
        // A password manager holds many entries without a code: nothing of them is kept.
        if !codes::may_hold_code(&entry) {
            return Ok(());
        }
        self.path_bytes += self.groups.iter().map(|group| group.name.len()).sum::<usize>();
        if self.entries.len() >= MAX_ENTRIES || self.path_bytes > MAX_FILE {
            let (asked, most) = (self.entries.len() as u64 + 1, MAX_ENTRIES as u64);
            return Err(ImportError::TooDemanding { what: "entries, with their groups", asked, most });
        }
        entry.trashed = self.groups.iter().any(|group| !group.id.is_empty() && group.id == self.bin);
        entry.groups = self.groups.iter().skip(1).map(|group| group.name.clone()).collect();
        self.entries.push(entry);
        Ok(())
    }
}

/// A protected text.
fn unprotect(text: &str, stream: &mut Stream) -> Result<Zeroizing<String>, ImportError> {
    let value = reveal(text, stream)?;
    let text = std::str::from_utf8(&value).map_err(|_| broken("a protected value", "it is no UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Bytes of a protected value, which moves the stream on.
fn reveal(text: &str, stream: &mut Stream) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    let sealed = decode_base64(text).ok_or_else(|| broken("a protected value", "it is no base64 text"))?;
    let mut value = Zeroizing::new(sealed.expose().to_vec());
    if !stream.apply(&mut value) {
        return Err(broken("a protected value", "its cipher is used up"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of one protected attachment and one protected secret, under the stream of this key.
    fn document(key: &[u8]) -> String {
        let mut stream = Stream::new(2, key).unwrap();
        let mut sealed = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            assert!(stream.apply(&mut bytes));
            data_encoding::BASE64.encode(&bytes)
        };
        let attachment = sealed(&[0xff, 0xfe, 0, 1]);
        let secret = sealed(b"JBSWY3DPEHPK3PXP");
        format!(
            "<KeePassFile><Meta><Binaries><Binary ID=\"0\" Protected=\"True\">{attachment}</Binary></Binaries>\
             <CustomData><Item><Key>k</Key><Value>stray</Value></Item></CustomData></Meta><Root><Group><Entry>\
             <String><Key>UserName</Key></String>\
             <String><Key>otp</Key><Value Protected=\"True\">{secret}</Value></String>\
             </Entry><Entry><String><Key>Title</Key><Value>no code</Value></String></Entry></Group></Root></KeePassFile>"
        )
    }

    #[test]
    fn a_protected_attachment_moves_the_stream_on() {
        let document = document(b"key");
        let entries = entries(document.as_bytes(), &mut Stream::new(2, b"key").unwrap()).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].get("otp"), Some("JBSWY3DPEHPK3PXP"));
        assert_eq!(entries[0].get("UserName"), None);
    }
}
