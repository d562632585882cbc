//! A line → its cells → what each of them is: numbering, a used mark, codes, or something else.

use crate::labels::{self, Label};
use crate::model::Aside;
use crate::shape::{self, Candidate};
use crate::{pattern, shape::is_guid};
use std::collections::{HashMap, HashSet};

/// Longer lines, in bytes, are prose or data: a JSON array of a hundred codes is far shorter.
const LONGEST_LINE: usize = 16 << 10;

/// What could be codes at one place of a line.
#[derive(Debug)]
pub(crate) struct Find<'t> {
    pub codes: Vec<Candidate<'t>>,
    /// As marked on the line; `None` where nothing says so.
    pub used: Option<bool>,
    pub label: Option<&'t str>,
    pub remark: Option<&'t str>,
    /// What the label or the shape says.
    pub says: Label,
    /// Nothing but numbering, marks and a label stands before it.
    pub leading: bool,
}

/// One line, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Row<'t> {
    pub finds: Vec<Find<'t>>,
    /// What the rest is, where there is one.
    pub aside: Option<Aside>,
    /// A place for a code that holds "already used" instead.
    pub hidden: bool,
    /// Says of the code on the line before that it is used or not: `"used": true`.
    pub says_used: Option<bool>,
    /// The number that the first cell begins with.
    pub number: Option<u32>,
}

impl Row<'_> {
    /// Holds neither letters nor digits.
    pub fn is_blank(&self) -> bool {
        self.finds.is_empty() && self.aside.is_none()
    }
}

enum Part<'t> {
    Nothing,
    Number(u32),
    Mark(bool),
    Find(Find<'t>),
    Hidden,
    Other(Aside),
}

pattern! {
    SPLIT = r"\t+| {2,}|\s*\|\s*|\s*;\s*|,\s*|\\n";
    // "1. 1234 5678 6. 8765 4321": a second column's number.
    NEXT_NUMBER = r"\s(\d{1,3}[.)]\s)";
    BULLET = r"^(?:[*+>–—-]\s+|[•·◦▪‣●○∙]\s*|[a-zA-Z]\)\s+)";
    NUMBER = r"^(?:(?:\#|[Nn][or]\.?|№)\s*)?(?:[\[(]?(\d{1,3})[.:)\]]+\s*|(\d{1,2})\s+[–—=-]\s+|[①-⑳❶-❿]\s*)";
    ONLY_NUMBER = r"^\#?\d{1,3}\.?$";
    CHECKED = r"^(?:\[[xX✓✔]\]|\([xX]\)|[✓✔☑✅✗✘❌☒]|[xX]\s)\s*";
    UNCHECKED = r"^(?:\[[ _]?\]|[☐□⬜◻])\s*";
    CHECKED_END = r"(?:\[[xX✓✔]\]|\([xX]\)|[✓✔☑✅✗✘❌☒]|\s[xX])$";
    UNCHECKED_END = r"(?:\[[ _]?\]|[☐□⬜◻])$";
    USED_START = r"(?i)^(?:already\s+)?(?:used|redeemed|spent|benutzt|verbraucht)\s*[:–—-]\s*";
    UNUSED_START = r"(?i)^(?:unused|not\s+(?:yet\s+)?used|available|unbenutzt)\s*[:–—-]\s*";
    USED_END = r"(?i)(?:^|[\s(\[*<←~][\s(\[\-–—:*<←#/~]*)(?:already\s+)?(?:used|redeemed|spent|consumed|benutzt|verbraucht|verwendet|utilisée?|utilizado|usado|usato)[)\]\s.*!]*$";
    UNUSED_END = r"(?i)(?:^|[\s(\[*<←~][\s(\[\-–—:*<←#/~]*)(?:unused|not\s+(?:yet\s+)?used|never\s+used|available|unbenutzt|nicht\s+benutzt|inutilisée?|no\s+usado)[)\]\s.*!]*$";
    USED_REMARK = r"(?i)^[\s(\[\-–—:*,<←#/]*(?:already\s+)?(?:used|redeemed|spent|consumed|benutzt|verbraucht|verwendet)\b";
    USED_FIELD = r#"(?i)^"?(?:is_?)?used"?\s*[:=]\s*"?(true|false|yes|no|1|0)$"#;
    // "laptop1"; then "iPhone12Pro" and "my-laptop-2" as well; then any word, as "B3Networks" has one.
    NUMBERED_NAME = r"^\pL{3,}\d{1,3}$";
    NAME = r"^\pL{2,}\d{0,3}\pL*(?:[-_](?:\pL+\d{0,3}\pL*|\d{1,3}))*$";
    WORD = r"\pL{3}";
    LABEL = r"^(\pL[\pL\d' ()/#.’-]{0,60}?)\s*(?::|=|\s[–—-]|\s->|\s→)\s*(\S.*)$";
    LABEL_MARKED = r"^\W{0,4}(\pL[\pL\d' ()/#.’-]{0,60}?)\W{0,2}\s*[:=]\W{0,2}\s*(\S.*)$";
}

/// Words that several of the lines begin with before a `:` or the like: names of what follows, not codes.
pub(crate) fn repeated<'t>(lines: &[&'t str]) -> HashSet<&'t str> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for line in lines.iter().filter(|line| line.len() <= LONGEST_LINE) {
        let first = labelled(strip(line).text).and_then(|(label, _)| label.split_whitespace().next());
        *seen.entry(first.unwrap_or_default()).or_default() += 1;
    }
    seen.into_iter().filter_map(|(word, count)| (count > 1 && !word.is_empty()).then_some(word)).collect()
}

/// Takes one line apart. `repeated`: what [`repeated`] says of all of them.
pub(crate) fn row<'t>(line: &'t str, repeated: &HashSet<&str>) -> Row<'t> {
    let mut row = Row::default();
    let line = line.trim();
    if !line.chars().any(char::is_alphanumeric) {
        return row;
    }
    if line.len() > LONGEST_LINE {
        row.aside = Some(Aside::Prose);
        return row;
    }
    if let Some(aside) = labels::aside(line) {
        row.aside = Some(aside);
        return row;
    }
    let struck =
        line.len() > 4 && line.starts_with("~~") && line.ends_with("~~") && line.matches("~~").count() == 2;
    let line = if struck { &line[2..line.len() - 2] } else { line };

    let mut mark = None;
    let mut label = None;
    for cell in split(line) {
        // "Recovery code:    ABCD": a label in a column of its own speaks of the next.
        if let Some(found) = only_label(cell) {
            label = Some(found);
            continue;
        }
        match part(cell, row.aside.is_none(), &mut row.number, repeated) {
            Part::Nothing => {}
            Part::Number(number) => row.number = row.number.or(Some(number)),
            // "✓ | CODE" and "CODE | used": a mark of its own belongs to the code before it, else to the next.
            Part::Mark(used) => match row.finds.last_mut() {
                Some(find) if find.used.is_none() => find.used = Some(used),
                _ => mark = Some(used),
            },
            // "Keep them safe, please": a plain word after words is a word.
            Part::Find(find)
                if !find.leading && find.label.is_none() && !find.codes.iter().any(|c| c.strong) => {}
            Part::Find(mut find) => {
                if let Some(text) = label.take().filter(|_| find.label.is_none()) {
                    find.label = Some(text);
                    find.says = labels::label(text);
                }
                find.used = find.used.or(mark.take()).or(struck.then_some(true));
                row.finds.push(find);
            }
            Part::Hidden => row.hidden = true,
            Part::Other(aside) => match row.finds.last_mut() {
                Some(find) if find.remark.is_none() && labelled(strip(cell).text).is_none() => {
                    find.remark = Some(cell.trim());
                }
                _ => row.aside = row.aside.or(Some(aside)),
            },
        }
    }
    if label.is_some() && row.finds.is_empty() {
        row.aside = row.aside.or(Some(Aside::Prose));
    }
    if row.finds.is_empty() && row.number.is_none() && USED_FIELD.is_match(strip(line).text) {
        row.says_used = mark;
    }
    if row.finds.is_empty() && row.aside.is_none() {
        // A number of six digits and more is a find; a smaller one, or a mark, only belongs to a list.
        row.aside = Some(Aside::Numbering);
        row.hidden |= mark == Some(true) && row.number.is_some();
    }
    row
}

/// The label that a cell is, when it only says what the next cell is.
fn only_label(cell: &str) -> Option<&str> {
    let cell = cell.trim().trim_matches(['*', '"', '`']);
    let words = cell.strip_suffix(':').is_some_and(|text| text.chars().any(char::is_alphabetic));
    // "W2D2-KEY5" ends like a label and is a code.
    let is_code = || Candidate::word(cell).is_some_and(|code| code.strong);
    let telling =
        || cell.starts_with(char::is_alphabetic) && labels::label(cell) != Label::Neutral && !is_code();
    (words || (!cell.contains(':') && telling())).then_some(cell)
}

/// A line's cells: columns, elements of a list, numbered entries side by side.
fn split(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    for column in SPLIT.split(line) {
        let mut start = 0;
        for number in NEXT_NUMBER.captures_iter(column).filter_map(|found| found.get(1)) {
            cells.push(&column[start..number.start()]);
            start = number.start();
        }
        cells.push(&column[start..]);
    }
    cells
}

/// What one cell is. `first`: only codes stood before it on its line.
fn part<'t>(cell: &'t str, first: bool, number: &mut Option<u32>, repeated: &HashSet<&str>) -> Part<'t> {
    let Stripped { text, used, number: own } = strip(cell);
    if !text.chars().any(char::is_alphanumeric) {
        return match (used, own) {
            (Some(true), Some(_)) => Part::Hidden,
            (Some(used), _) => Part::Mark(used),
            (None, Some(own)) => Part::Number(own),
            (None, None) => Part::Nothing,
        };
    }
    *number = number.or(own);
    if let Some(said) = USED_FIELD.captures(text).and_then(|found| found.get(1)) {
        return Part::Mark(matches!(said.as_str().to_ascii_lowercase().as_str(), "true" | "yes" | "1"));
    }
    if ONLY_NUMBER.is_match(text) {
        return Part::Number(text.trim_matches(['#', '.']).parse().unwrap_or(0));
    }
    if let Some(aside) = labels::aside(text) {
        return Part::Other(aside);
    }
    let make = |codes, rest, label, used: Option<bool>, says, leading| {
        let (late, remark) = remark(rest);
        Part::Find(Find { codes, used: used.or(late), label, remark, says, leading })
    };
    let (codes, rest) = shape::leading_codes(text);
    let is_code = |code: &Candidate<'_>| {
        (code.strong || rest.is_empty()) && !names_what_follows(text, code, repeated.contains(code.text))
    };
    if codes.first().is_some_and(is_code) {
        let says = if is_guid(codes[0].text) { Label::Not(Aside::Identifier) } else { Label::Neutral };
        return make(codes, rest, None, used, says, first);
    }
    if let Some((label, value)) = labelled(text) {
        let says = labels::label(label);
        let inner = strip(value);
        if let Some(aside) = labels::aside(inner.text) {
            return Part::Other(aside);
        }
        let (codes, rest) = shape::leading_codes(inner.text);
        let plain = says == Label::Code && rest.trim().is_empty();
        if codes.first().is_some_and(|code| code.strong || plain) {
            let says = match says {
                Label::Neutral if is_guid(codes[0].text) => Label::Not(Aside::Identifier),
                says => says,
            };
            return make(codes, rest, Some(label), used.or(inner.used), says, first);
        }
        return Part::Other(match says {
            Label::Not(aside) => aside,
            _ => Aside::Prose,
        });
    }
    within(text, used).map_or(Part::Other(Aside::Prose), Part::Find)
}

/// Whether `first`, which `text` begins with, is no code but the name of one: "B3Networks recovery key: ABCD-1234".
/// "a1b2c3d4e5 - laptop1" is a code and what it was used for. `repeated`: other lines begin with it, too.
fn names_what_follows(text: &str, first: &Candidate<'_>, repeated: bool) -> bool {
    let Some((label, value)) = labelled(text).filter(|(label, _)| label.starts_with(first.text)) else {
        return false;
    };
    let value = strip(value).text;
    if first.shape.groups.len() > 1 || labels::aside(value).is_some() {
        return false;
    }
    let (codes, _) = shape::leading_codes(value);
    let said = labels::label(label) == Label::Code;
    let Some(code) = codes.first().filter(|code| code.strong) else { return false };
    let groups = &code.shape.groups;
    let even = groups.len() > 1 && groups.iter().all(|group| *group == groups[0]);
    let longer = code.length() > first.length() && WORD.is_match(first.text);
    let names = groups.len() > 1 || repeated || NUMBERED_NAME.is_match(first.text) || longer;
    said || (code.shape != first.shape && names && (even || !NAME.is_match(code.text)))
}

/// A strong code within a sentence: "Your recovery code is ABCD-1234.", "Laptop ABCD-1234".
fn within(text: &str, used: Option<bool>) -> Option<Find<'_>> {
    for (at, word) in shape::words(text).skip(1) {
        let bare = shape::trim_end(word).trim_matches(['"', '\'', '`', '(', ')', '*']);
        let Some(code) = Candidate::word(bare) else { continue };
        // "web-2-print" and "3-month": a code in a sentence has more digits or is longer.
        if code.strong && code.length() >= 8 && labels::aside(bare).is_none() {
            let before = text[..at].trim_end();
            let says = match labels::label(before) {
                Label::Code => Label::Code,
                _ if is_guid(bare) => Label::Not(Aside::Identifier),
                other => other,
            };
            // The groups of a spaced code are taken together where they begin the value.
            let (codes, rest) =
                shape::leading_codes(text[at..].trim_start_matches(['"', '\'', '`', '(', '*']));
            let whole = codes.len() == 1 && codes[0].text.len() > bare.len();
            let (codes, rest) = if whole { (codes, rest) } else { (vec![code], &text[at + word.len()..]) };
            let (late, remark) = remark(rest);
            return Some(Find {
                codes,
                used: used.or(late),
                label: Some(before),
                remark,
                says,
                leading: false,
            });
        }
    }
    None
}

/// A label and its value.
fn labelled(text: &str) -> Option<(&str, &str)> {
    let found = LABEL.captures(text).or_else(|| LABEL_MARKED.captures(text))?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str()))
}

/// What follows a code on its line: whether it says "used", and what else it says.
fn remark(rest: &str) -> (Option<bool>, Option<&str>) {
    let (used, rest) = match USED_REMARK.find(rest) {
        Some(found) => (Some(true), &rest[found.end()..]),
        None => (None, rest),
    };
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
    (used, (!rest.is_empty()).then_some(rest))
}

struct Stripped<'t> {
    text: &'t str,
    used: Option<bool>,
    number: Option<u32>,
}

/// Takes bullets, numbering, quotes and used marks off both ends.
fn strip(cell: &str) -> Stripped<'_> {
    let mut text = cell.trim();
    let mut used = None;
    let mut number = None;
    if labels::aside(text).is_some() {
        return Stripped { text, used, number };
    }
    loop {
        let before = text.len();
        for (pattern, value) in
            [(&CHECKED, true), (&UNCHECKED, false), (&USED_START, true), (&UNUSED_START, false)]
        {
            if let Some(found) = pattern.find(text) {
                used = Some(value);
                text = &text[found.end()..];
            }
        }
        if let Some(found) = BULLET.find(text) {
            text = &text[found.end()..];
        }
        if number.is_none()
            && let Some(found) = NUMBER.captures(text)
        {
            let digits = found.get(1).or(found.get(2)).map_or("", |digits| digits.as_str());
            number = Some(digits.parse().unwrap_or(0));
            text = &text[found.get(0).map_or(0, |all| all.end())..];
        }
        if let Some(rest) = text.strip_prefix("~~") {
            used = Some(true);
            text = rest;
        }
        if text.len() == before {
            // Only now: the bracket of "[x]" is a mark's.
            text = text.trim_start_matches("**").trim_start_matches(is_wrapping).trim_start();
        }
        if text.len() == before {
            break;
        }
    }
    loop {
        let before = text.len();
        for (pattern, value) in
            [(&UNUSED_END, false), (&USED_END, true), (&CHECKED_END, true), (&UNCHECKED_END, false)]
        {
            if let Some(found) = pattern.find(text) {
                used = used.or(Some(value));
                text = &text[..found.start()];
            }
        }
        text = text.trim_end();
        if let Some(rest) = text.strip_suffix("~~") {
            used = Some(true);
            text = rest;
        }
        text = text
            .trim_end_matches("**")
            .trim_end_matches(is_wrapping)
            .trim_end_matches(['.', '\\'])
            .trim_end();
        if text.len() == before {
            break;
        }
    }
    Stripped { text, used, number }
}

/// Quotes and brackets that hold a value without belonging to it.
fn is_wrapping(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '`'
            | '“'
            | '”'
            | '„'
            | '‘'
            | '’'
            | '«'
            | '»'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Row<'_> {
        super::row(line, &HashSet::new())
    }

    /// The codes of a line with their marks: `+` used, `-` unused, nothing where the line does not say.
    fn read(line: &str) -> Vec<String> {
        let shown = |find: &Find<'_>| {
            let mark = match find.used {
                Some(true) => "+",
                Some(false) => "-",
                None => "",
            };
            find.codes.iter().map(|code| format!("{mark}{}", code.text)).collect::<Vec<_>>()
        };
        row(line).finds.iter().flat_map(shown).collect()
    }

    #[test]
    fn numbering_bullets_and_wrapping_go() {
        for line in [
            "abcde-12345",
            "1. abcde-12345",
            "1) abcde-12345",
            "1: abcde-12345",
            "[1] abcde-12345",
            "(1) abcde-12345",
            "#1 - abcde-12345",
            "01 - abcde-12345",
            "1\tabcde-12345",
            "1:abcde-12345",
            "a) abcde-12345",
            "① abcde-12345",
            "* abcde-12345",
            "- abcde-12345",
            "• abcde-12345",
            "> abcde-12345",
            "- `abcde-12345`",
            "  \"abcde-12345\",",
            "**abcde-12345**",
            "| 1 | abcde-12345 |",
            "No. 1: abcde-12345",
            "Code 1: abcde-12345",
            "Recovery code #1: abcde-12345",
            "abcde-12345.",
            "[\"abcde-12345\"]",
            "1;abcde-12345",
        ] {
            assert_eq!(read(line), ["abcde-12345"], "{line}");
        }
    }

    #[test]
    fn used_marks() {
        for line in [
            "abcde-12345 (used)",
            "abcde-12345 USED",
            "✓ abcde-12345",
            "abcde-12345 ✓",
            "[x] abcde-12345",
            "- [x] abcde-12345",
            "~~abcde-12345~~",
            "- ~~abcde-12345~~",
            "1. ~~abcde-12345~~",
            "x abcde-12345",
            "abcde-12345 [x]",
            "abcde-12345 - used",
            "abcde-12345   used",
            "used: abcde-12345",
            "abcde-12345,used",
            "abcde-12345 (already used)",
            "abcde-12345 (used 2024-05-03)",
            "abcde-12345 <- used for my laptop",
            "☑ abcde-12345",
            "abcde-12345 benutzt",
            "✅ abcde-12345",
            "~~1. abcde-12345~~",
        ] {
            assert_eq!(read(line), ["+abcde-12345"], "{line}");
        }
        for line in [
            "abcde-12345 (unused)",
            "[ ] abcde-12345",
            "☐ abcde-12345",
            "- [ ] abcde-12345",
            "abcde-12345 not used",
        ] {
            assert_eq!(read(line), ["-abcde-12345"], "{line}");
        }
    }

    #[test]
    fn several_codes_on_a_line() {
        assert_eq!(read("1. 1234 5678\t\t6. 8765 4321"), ["1234 5678", "8765 4321"]);
        assert_eq!(read("1. 1234 5678 6. 8765 4321"), ["1234 5678", "8765 4321"]);
        assert_eq!(read("1. 1234 5678 6. 8765 4321 11. 1111 2222"), ["1234 5678", "8765 4321", "1111 2222"]);
        assert_eq!(read("[\"aaaa1-11111\",\"bbbb2-22222\"]"), ["aaaa1-11111", "bbbb2-22222"]);
        assert_eq!(read("✓ aaaa1-11111    bbbb2-22222"), ["+aaaa1-11111", "bbbb2-22222"]);
        assert_eq!(read("aaaa1-11111 bbbb2-22222"), ["aaaa1-11111", "bbbb2-22222"]);
        assert_eq!(read("0\t123456"), ["123456"]);
    }

    #[test]
    fn sentences_labels_and_remarks() {
        let row_ = row("Your recovery code is ABCD-12345-EFGH.");
        assert_eq!((row_.finds[0].codes[0].text, row_.finds[0].says), ("ABCD-12345-EFGH", Label::Code));
        let row_ = row("abcde-12345 used for my laptop, 3 May");
        assert_eq!(row_.finds[0].remark, Some("for my laptop"));
        let row_ = row("Recovery key ID: ABCD1234");
        assert_eq!(row_.finds[0].says, Label::Not(Aside::Identifier));
        for line in [
            "Recovery code:    ABCD-12345-EFGH",
            "Recovery code\tABCD-12345-EFGH",
            "| **Recovery code** | ABCD-12345-EFGH |",
        ] {
            let row_ = row(line);
            assert_eq!(
                (row_.finds[0].codes[0].text, row_.finds[0].says),
                ("ABCD-12345-EFGH", Label::Code),
                "{line}"
            );
        }
        assert!(row("Keep these codes somewhere safe, please").finds.is_empty());
        assert!(row("These codes were generated on: Mar 4, 2025.").finds.is_empty());
        assert!(row("3. ALREADY USED").hidden);
        assert!(row("-----").is_blank());
    }
}
