//! Authme: blocks of `Name:`, `Secret:`, `Issuer:`, `Type:` lines, alone or as base64 in JSON.
//!
//! Format: Levminer/authme, `core/src/…/convert`.

use super::{Source, utf8};
use crate::entry::{Draft, Secret, shortened, title};
use crate::import::decode_base64;
use crate::json::Fields;
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request};

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::Authme;

fn detect(sample: &Sample<'_>) -> Confidence {
    if let Some(json) = sample.json() {
        return Confidence::sure_if(json.text("role") == Some("export") && json.has("codes"));
    }
    let blocks = |text: &str| text.contains("Type:") && text.contains("OTP_") && text.contains("Secret:");
    Confidence::sure_if(sample.text().is_some_and(blocks))
}

fn read(sample: &Sample<'_>, _: &Request<'_>) -> Result<Import, ImportError> {
    let Some(json) = sample.json() else {
        return match sample.text() {
            Some(text) if !text.trim_start().starts_with(['{', '[']) => Ok(read_blocks(text)),
            _ => Err(sample.unrecognised()),
        };
    };
    if json.is_true("encrypted") {
        let what = "it is sealed for one computer; in Authme export again without encryption";
        return Err(ImportError::Unsupported { format: FORMAT, what });
    }
    let codes =
        json.text("codes").ok_or(ImportError::NotThisFormat { format: FORMAT, why: "it has no codes" })?;
    let codes = decode_base64(codes)
        .ok_or_else(|| ImportError::broken(FORMAT, "codes", "they are no base64 text"))?;
    Ok(read_blocks(utf8(&codes, FORMAT)?))
}

#[derive(Default)]
struct Block<'a> {
    name: &'a str,
    secret: &'a str,
    issuer: &'a str,
}

fn read_blocks(text: &str) -> Import {
    let mut import = Import::new(FORMAT);
    let mut block = Block::default();
    let mut place = 0;
    for line in text.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match field.trim() {
            "Name" => {
                let before = std::mem::replace(&mut block, Block { name: value, ..Block::default() });
                place += unfinished(&before, place + 1, &mut import);
            }
            "Secret" => block.secret = value,
            "Issuer" => block.issuer = value,
            "Type" => {
                place += 1;
                let block = std::mem::take(&mut block);
                import.add(|| title(block.issuer, block.name, place), read_block(&block, value));
            }
            _ => {}
        }
    }
    unfinished(&block, place + 1, &mut import);
    import
}

/// Tells of a block that goes on without its last line; how many such there were.
fn unfinished(block: &Block<'_>, place: usize, import: &mut Import) -> usize {
    if block.name.is_empty() && block.issuer.is_empty() && block.secret.is_empty() {
        return 0;
    }
    import.add(|| title(block.issuer, block.name, place), Err(Reason::Shape { what: "it has no type" }));
    1
}

fn read_block(block: &Block<'_>, kind: &str) -> Result<Imported, Reason> {
    let kind = kind.strip_prefix("OTP_").ok_or_else(|| Reason::Kind { word: shortened(kind) })?;
    Draft { kind, ..Draft::totp(block.issuer, block.name, Secret::Base32(block.secret)) }.finish()
}
