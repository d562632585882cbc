//! A set written in a few words, to compare with.

use keyhaven_recovery::{Place, RecoverySet, parse};

/// Reads `text` without a file name.
pub fn read(text: &str) -> RecoverySet {
    parse(text.as_bytes(), None).expect("neither empty nor too large")
}

/// The set's codes; `+` before those that are marked as used.
pub fn codes(set: &RecoverySet) -> Vec<String> {
    let shown = |used| if used { "+" } else { "" };
    set.codes.iter().map(|code| format!("{}{}", shown(code.used), code.text.expose())).collect()
}

/// The names of the set's problems with their lines.
pub fn problems(set: &RecoverySet) -> Vec<String> {
    let line = |line: Option<usize>| line.map(|line| format!(" {line}")).unwrap_or_default();
    set.problems.iter().map(|problem| format!("{}{}", problem.name(), line(problem.line()))).collect()
}

/// Asserts that every line of the source is in a code or in a document, and that what they refer to is there.
pub fn assert_no_line_lost(set: &RecoverySet) {
    let text = set.source.text.expose();
    let mut end = None;
    for line in &set.source.lines {
        assert_eq!(line.range.start, end.map_or(0, |end: usize| end + 1), "lines follow each other");
        end = Some(line.range.end);
        let content = &text[line.range.clone()];
        match &line.place {
            Place::Blank => assert!(!content.chars().any(char::is_alphanumeric), "not blank: {content:?}"),
            Place::Codes(codes) => {
                assert!(!codes.is_empty() && codes.iter().all(|code| *code < set.codes.len()), "{content:?}");
            }
            Place::Document(index, _) => {
                if let Some(kept) = &set.documents[*index].text {
                    assert!(kept.expose().contains(content.trim()), "not kept: {content:?}");
                }
            }
        }
    }
    assert_eq!(end.unwrap_or(0), text.len(), "lines reach the end");
    let referred = |index: usize| {
        set.source
            .lines
            .iter()
            .any(|line| matches!(&line.place, Place::Codes(codes) if codes.contains(&index)))
    };
    assert!((0..set.codes.len()).all(referred), "every code stands on a line");
}
