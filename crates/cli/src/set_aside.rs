//! `keyhaven vault set-aside`: what this version cannot understand, listed and written out byte for byte.

use crate::args::SetAsideArgs;
use crate::error::{Answer, Failure};
use crate::unlock::{self, Typed};
use crate::{output, qr};
use keyhaven_app::aside::{self, Aside, AsideKind};
use serde::Serialize;

#[derive(Serialize)]
struct AsideValue {
    compartment: &'static str,
    /// Null: it is no record at all.
    id: Option<String>,
    kind: Option<String>,
    /// In bytes.
    length: usize,
}

pub fn run(args: SetAsideArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    if let Some(proof) = typed.as_ref().map(Typed::proof) {
        app.unlock_recovery(proof)?;
    }
    let all = app.set_aside()?;
    let values: Vec<_> = all.iter().map(value).collect();
    if args.json {
        output::json(&values)?;
    } else {
        values.iter().try_for_each(print)?;
        if values.is_empty() {
            output::line("nothing was set aside")?;
        }
        if typed.is_none() {
            output::line("the recovery compartment was not opened (it asks for passphrase or recovery key)")?;
        }
    }
    if let Some(path) = args.output.filter(|_| !all.is_empty()) {
        qr::write_new(&path, aside::to_file(&all).expose(), args.force)?;
        if !args.json {
            output::line(format_args!("written to {}; it may hold secrets", path.display()))?;
        }
    }
    Ok(Answer::yes_if(!all.is_empty()))
}

fn value(one: &Aside) -> AsideValue {
    let (id, kind) = match &one.what {
        AsideKind::Element => (None, None),
        AsideKind::Payload { id, kind } => (Some(id.clone()), Some(kind.clone())),
    };
    let compartment = if one.recovery { "recovery" } else { "accounts" };
    AsideValue { compartment, id, kind, length: one.bytes.len() }
}

fn print(value: &AsideValue) -> Result<(), Failure> {
    let AsideValue { compartment, id, kind, length } = value;
    match (id, kind) {
        (Some(id), Some(kind)) => {
            let kind = output::shown(kind);
            output::line(format_args!("{compartment}: record {id} of kind {kind}, {length} bytes"))
        }
        _ => output::line(format_args!("{compartment}: no record, {length} bytes")),
    }
}
