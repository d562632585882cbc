//! Proton Pass: a ZIP archive with `Proton Pass/data.json`; an item may hold several codes.
//!
//! Format: ProtonMail/WebClients, `packages/pass/lib/export`.

use super::{Source, opened_json};
use crate::entry::{from_field, title};
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request, archive};
use serde_json::Value;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::ProtonPass;
const DATA: &str = "Proton Pass/data.json";
/// With a passphrase the same is an OpenPGP message.
const SEALED: &str = "Proton Pass/data.pgp";

fn detect(sample: &Sample<'_>) -> Confidence {
    if let Some(json) = sample.json() {
        return Confidence::sure_if(json.get("vaults").is_some_and(Value::is_object));
    }
    Confidence::sure_if(sample.members().iter().any(|name| name == DATA || name == SEALED))
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if let Some(json) = sample.json() {
        return Ok(read_data(json));
    }
    match archive::read(sample.bytes, FORMAT, |name| name == DATA, request.password)? {
        Some(data) => Ok(read_data(&*opened_json(&data, FORMAT)?)),
        None if sample.members().iter().any(|name| name == SEALED) => Err(ImportError::Unsupported {
            format: FORMAT,
            what: "it is encrypted with OpenPGP; in Proton Pass export again as ZIP without a passphrase",
        }),
        None => Err(ImportError::NotThisFormat { format: FORMAT, why: "it holds no Proton Pass/data.json" }),
    }
}

fn read_data(data: &Value) -> Import {
    let mut import = Import::new(FORMAT);
    let vaults = data.get("vaults").and_then(Value::as_object).into_iter().flat_map(|vaults| vaults.values());
    let mut place = 0;
    for vault in vaults {
        let folder = vault.words("name");
        for item in vault.list("items") {
            place += 1;
            read_item(item, &folder, place, &mut import);
        }
    }
    import
}

fn read_item(item: &Value, folder: &str, place: usize, import: &mut Import) {
    let data = item.get("data").unwrap_or(&Value::Null);
    let metadata = data.get("metadata").unwrap_or(&Value::Null);
    let content = data.get("content").unwrap_or(&Value::Null);
    let name = metadata.words("name");
    let user = [content.words("itemUsername"), content.words("itemEmail"), content.words("username")]
        .into_iter()
        .find(|user| !user.is_empty())
        .unwrap_or_default();
    // Identities and items of the user's own kind have sections of fields.
    let sections = ["sections", "extraSections"].into_iter().flat_map(|name| content.list(name));
    let sections = sections.flat_map(|section| section.list("sectionFields"));
    let extra = data.list("extraFields").iter().chain(content.list("extraFields")).chain(sections);
    let extra = extra.filter(|field| field.text("type") == Some("totp")).map(|field| {
        let uri = field.pointer("/data/totpUri").and_then(Value::as_str);
        (field.words("fieldName"), uri.unwrap_or_default())
    });
    let main = (String::new(), content.text("totpUri").unwrap_or_default());
    for (field, totp) in std::iter::once(main).chain(extra) {
        if totp.trim().is_empty() {
            continue;
        }
        let read = from_field(totp, &name, &user).map(|mut imported| {
            imported.set_note(metadata.text("note"));
            imported.pinned = item.is_true("pinned");
            imported.trashed = item.number("state") == Ok(Some(2));
            imported.tags.extend(Some(folder.to_owned()).filter(|folder| !folder.is_empty()));
            imported
        });
        let title = || match field.as_str() {
            "" => title(&name, &user, place),
            field => format!("{}, field {field}", title(&name, &user, place)),
        };
        import.add(title, read);
    }
}
