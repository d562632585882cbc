//! 1Password's 1PUX: a ZIP archive with `export.data`; an item may hold several codes.
//!
//! Format: support.1password.com/1pux-format.

use super::{Source, opened_json};
use crate::entry::{from_field, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request, archive};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::OnePassword;
const DATA: &str = "export.data";

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.members().iter().any(|name| name == DATA))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let data = archive::read(sample.bytes, FORMAT, |name| name == DATA, request.password)?
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it holds no export.data" })?;
    let data = opened_json(&data, FORMAT)?;
    let mut import = Import::new(FORMAT);
    let vaults = data.list("accounts").iter().flat_map(|account| account.list("vaults"));
    let mut place = 0;
    for vault in vaults {
        let folder = vault.get("attrs").map(|attrs| attrs.words("name")).unwrap_or_default();
        for item in vault.list("items") {
            place += 1;
            // Early versions wrapped each item once more.
            read_item(item.get("item").unwrap_or(item), &folder, place, &mut import);
        }
    }
    Ok(import)
}

fn read_item(item: &Value, folder: &str, place: usize, import: &mut Import) {
    let overview = item.get("overview").unwrap_or(&Value::Null);
    let details = item.get("details").unwrap_or(&Value::Null);
    let name = overview.words("title");
    let user = details.list("loginFields").iter().find(|field| field.text("designation") == Some("username"));
    let user = user.map(|field| field.words("value")).unwrap_or_default();
    let fields = details.list("sections").iter().flat_map(|section| section.list("fields"));
    for field in fields {
        let totp = field.pointer("/value/totp").and_then(Value::as_str).unwrap_or_default();
        if totp.trim().is_empty() {
            continue;
        }
        let read = from_field(totp, &name, &user).map(|mut imported| {
            imported.set_note(details.text("notesPlain"));
            imported.pinned = item.number("favIndex").ok().flatten().is_some_and(|index| index > 0);
            imported.trashed = item.text("trashed") == Some("Y") || item.text("state") == Some("trashed");
            imported.tags.extend(Some(folder.to_owned()).filter(|folder| !folder.is_empty()));
            imported.tags.extend(overview.list("tags").iter().filter_map(Value::as_str).map(str::to_owned));
            imported
        });
        import.add(|| format!("{}, field {}", title(&name, &user, place), field.words("title")), read);
    }
}
