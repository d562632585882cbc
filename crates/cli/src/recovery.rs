//! `keyhaven recovery`: files of recovery codes and keys.

use crate::args::RecoveryParseArgs;
use crate::error::{Answer, Failure};
use crate::{input, output};
use keyhaven_recovery::{Document, Kind, Problem, RecoverySet, SIZE_LIMIT};
use serde::Serialize;
use std::path::Path;

/// What a file holds. With the codes themselves: who asks for them gets them.
#[derive(Serialize)]
struct Set<'a> {
    provider: &'a str,
    /// Who it could be where the codes' shape allows several.
    candidates: &'a [&'a str],
    kind: &'a str,
    format: &'a str,
    codes: Vec<Code<'a>>,
    documents: Vec<Part<'a>>,
    problems: Vec<Told>,
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
    used: bool,
    remark: Option<&'a str>,
}

#[derive(Serialize)]
struct Part<'a> {
    kind: &'a str,
    /// `null` where the document is the file itself.
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Told {
    problem: &'static str,
    line: Option<usize>,
    message: String,
}

pub fn parse(args: RecoveryParseArgs) -> Result<Answer, Failure> {
    let file = &args.file;
    let bytes = input::bytes(file, SIZE_LIMIT)
        .map_err(|error| Failure::input(format_args!("{file}: {}", input::words(&error))))?;
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    let set = keyhaven_recovery::parse(&bytes, name)
        .map_err(|error| Failure::input(format_args!("{file}: {error}")))?;
    if args.json {
        output::json(&shown(&set))?;
    } else {
        print(&set)?;
    }
    Ok(Answer::yes_if(!set.problems.contains(&Problem::NothingFound)))
}

fn shown(set: &RecoverySet) -> Set<'_> {
    Set {
        provider: provider(set),
        candidates: &set.candidates,
        kind: set.kind.name(),
        format: set.source.format.name(),
        codes: set.codes.iter().map(code).collect(),
        documents: set.documents.iter().map(part).collect(),
        problems: set.problems.iter().map(told).collect(),
    }
}

fn provider(set: &RecoverySet) -> &'static str {
    set.provider.unwrap_or("other")
}

fn code(code: &keyhaven_recovery::Code) -> Code<'_> {
    let remark = code.remark.as_ref().map(|remark| remark.expose_for_display());
    Code { code: code.text.expose_for_display(), used: code.used, remark }
}

fn part(document: &Document) -> Part<'_> {
    Part { kind: document.kind.name(), text: document.text.as_ref().map(|text| text.expose_for_display()) }
}

fn told(problem: &Problem) -> Told {
    Told { problem: problem.name(), line: problem.line(), message: problem.to_string() }
}

fn print(set: &RecoverySet) -> Result<(), Failure> {
    let used = set.codes.iter().filter(|code| code.used).count();
    let what = match (set.kind, set.codes.len()) {
        (Kind::Codes, 1) => "1 code".to_owned(),
        (Kind::Codes, count) => format!("{count} codes"),
        (Kind::Key, 0 | 1) => "a recovery key".to_owned(),
        (Kind::Key, count) => format!("{count} recovery keys"),
        (Kind::SeedPhrase, _) => "a seed phrase".to_owned(),
        (Kind::Document, _) => "a document".to_owned(),
        (Kind::Notes, _) => "notes".to_owned(),
    };
    let left = if used > 0 { format!(", {used} used") } else { String::new() };
    output::line(format_args!("{}: {what}{left}", provider(set)))?;
    if !set.candidates.is_empty() {
        output::line(format_args!("  perhaps {}", set.candidates.join(", ")))?;
    }
    for code in &set.codes {
        let mark = if code.used { "  (used)" } else { "" };
        let remark =
            code.remark.as_ref().map_or(String::new(), |remark| format!("  {}", remark.expose_for_display()));
        let text = output::shown(&format!("{}{mark}{remark}", code.text.expose_for_display()));
        output::line(format_args!("  {text}"))?;
    }
    for document in &set.documents {
        output::line(format_args!("document: {}", document.kind.name()))?;
    }
    for problem in &set.problems {
        output::line(format_args!("problem: {problem}"))?;
    }
    Ok(())
}
