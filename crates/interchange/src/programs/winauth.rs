//! WinAuth: otpauth lines in a text file, or that file in a ZIP archive (ZipCrypto).
//!
//! Format: winauth/winauth, `WinAuthHelper.cs`. The text alone is a list of URIs (`uri_list`).

use super::{Source, uri_list, utf8};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Request, archive};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::WinAuth;
/// Most text files read from one archive. WinAuth writes one; people put several together.
const MAX_MEMBERS: usize = 100;

fn is_text(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".txt")
}

fn detect(sample: &Sample<'_>) -> Confidence {
    let named = |name: &String| is_text(name) && name.to_ascii_lowercase().starts_with("winauth");
    if sample.members().iter().any(named) {
        return Confidence::Sure;
    }
    if sample.text().is_some_and(|text| text.contains("<WinAuth")) {
        return Confidence::Sure;
    }
    // Any archive of a text file may hold a list.
    if sample.members().iter().any(|name| is_text(name)) { Confidence::Possible } else { Confidence::No }
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    if let Some(text) = sample.text() {
        return match text.contains("<WinAuth") {
            true => Err(ImportError::Unsupported {
                format: FORMAT,
                what: "it is WinAuth's own file, sealed for one Windows account; in WinAuth choose Export",
            }),
            false => Ok(uri_list::read_lines(text, FORMAT)),
        };
    }
    let members: Vec<_> = sample.members().iter().filter(|name| is_text(name)).collect();
    if members.len() > MAX_MEMBERS {
        let (asked, most) = (members.len() as u64, MAX_MEMBERS as u64);
        return Err(ImportError::TooDemanding { what: "text files in its archive", asked, most });
    }
    let mut all: Option<Import> = None;
    for member in members {
        let Some(text) = archive::read(sample.bytes, FORMAT, |name| name == member, request.password)? else {
            continue;
        };
        let import = uri_list::read_lines(utf8(&text, FORMAT)?, FORMAT);
        match &mut all {
            Some(all) => all.append(import),
            None => all = Some(import),
        }
    }
    all.ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it holds no text file" })
}
