//! KeePass and KeePassXC: KDBX 3.1 and 4 databases, and KeePassXC's CSV.
//!
//! Format: keepass.info/help/kb/kdbx.html and keepassxreboot/keepassxc, `src/format`. Read here and not by a library,
//! because what the file asks for (memory, rounds) has to be refused before any work, a cut-off file must not panic,
//! and AES-KDF has to be stoppable. Key files and hardware keys are not supported.

mod body;
mod codes;
mod header;
mod key;
mod xml;

use super::{Source, password};
use crate::entry::{from_field, title};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Reason, Request};
use keyhaven_secret::SecretText;

pub(super) const KDBX: Source = Source { format: FORMAT, detect, read };
pub(super) const CSV: Source = Source { format: Format::KeePassXcCsv, detect: detect_csv, read: read_csv };

const FORMAT: Format = Format::KeePass;
const MAGIC: &[u8] = &[0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5];
/// KeePass 1's second signature.
const KDB_MAGIC: &[u8] = &[0x03, 0xd9, 0xa2, 0x9a, 0x65, 0xfb, 0x4b, 0xb5];

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.bytes.starts_with(MAGIC) || sample.bytes.starts_with(KDB_MAGIC))
}

fn broken(place: impl Into<String>, what: &'static str) -> ImportError {
    ImportError::broken(FORMAT, place, what)
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if sample.bytes.starts_with(KDB_MAGIC) {
        let what = "it is a database of KeePass 1; open it with KeePassXC and save it as KDBX";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    if !sample.bytes.starts_with(MAGIC) {
        return Err(ImportError::NotThisFormat { format: FORMAT, why: "it has not its signature" });
    }
    let header = header::read(sample.bytes)?;
    let password = password(request, FORMAT)?;
    let transformed = key::transform(&header, password, request)?;
    let body = body::open(sample.bytes, &header, &transformed)?;
    let mut stream = body.stream;
    let entries = xml::entries(body.xml.expose(), &mut stream)?;
    let mut import = Import::new(FORMAT);
    for (place, entry) in entries.iter().enumerate() {
        codes::read(entry, place + 1, &mut import);
    }
    Ok(import)
}

fn detect_csv(sample: &Sample<'_>) -> Confidence {
    let Some(head) = sample.text().and_then(|text| text.trim_start().lines().next()) else {
        return Confidence::No;
    };
    let has = |name: &str| head.split(',').any(|cell| cell.trim().trim_matches('"') == name);
    Confidence::sure_if(has("TOTP") && has("Title") && has("Username"))
}

fn read_csv(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let format = Format::KeePassXcCsv;
    let text = sample.text().ok_or(ImportError::NotThisFormat { format, why: "it is no text" })?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.trim_start().as_bytes());
    let headers = rows.headers().map_err(|_| ImportError::broken(format, "line 1", "it is no CSV"))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let totp = column("TOTP").ok_or(ImportError::NotThisFormat { format, why: "it has no column TOTP" })?;
    let (group, name, user, notes) = (column("Group"), column("Title"), column("Username"), column("Notes"));
    let mut import = Import::new(format);
    for (place, row) in rows.records().enumerate() {
        let Ok(row) = row else {
            import.add(|| format!("row {}", place + 1), Err(Reason::Shape { what: "the row is no CSV" }));
            continue;
        };
        let field = |column: Option<usize>| column.and_then(|column| row.get(column)).unwrap_or_default();
        let code = SecretText::new(field(Some(totp)).to_owned());
        if row.len() <= totp {
            let reason = Reason::Shape { what: "the row ends before the column TOTP" };
            import.add(|| title(field(name), field(user), place + 1), Err(reason));
            continue;
        }
        if code.expose().trim().is_empty() {
            continue;
        }
        let read = from_field(code.expose(), field(name), field(user)).map(|mut imported| {
            imported.set_note(Some(field(notes)));
            imported.tags = codes::tags_of_path(field(group));
            imported
        });
        import.add(|| title(field(name), field(user), place + 1), read);
    }
    Ok(import)
}
