//! Which of the things that could be codes are codes: decided by comparing all lines of the file.
//!
//! Codes of one set look alike, so candidates are gathered in families of one shape. A family is taken when a label
//! calls its members codes, when three or more of them stand at the beginning of their lines, or, where no family
//! is that clear, when it is alone and nothing speaks against it.

use crate::cells::{Find, Row};
use crate::labels::{self, Label};
use crate::model::{Aside, Problem};
use crate::pattern;
use crate::shape::{Candidate, Letters, Shape, is_guid, is_totp_secret};
use std::collections::HashMap;

/// From how many members on a family speaks for itself.
const CLEAR: usize = 3;
/// From how many on capital letters without a digit may be a code: Gitea's tokens, of which every eighteenth has none.
const LETTERS: usize = 10;
/// The same for letters of both cases, with the signs of Base64.
const BASE64_LENGTH: usize = 16;

pattern! {
    CODE_WORDS = r"(?i)recover|backup|back-up|\bcodes?\b|\btokens?\b|\bkey\b|emergency|scratch|rescue|single-use|one-time|wiederherstell|sicherung|notfall|schlüssel|secours|récup|recuper|respaldo|códigos?";
}

/// The verdict on one find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Code,
    Not(Aside),
}

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// For every row a verdict for each of its finds.
    pub verdicts: Vec<Vec<Verdict>>,
    pub problems: Vec<Problem>,
}

/// A find by its places: row, then place among the row's finds.
type Place = (usize, usize);

struct Family {
    members: Vec<Place>,
    accepted: bool,
}

/// Decides about every find of `rows`, which belong to `lines`. `settled`: the file holds a key or a phrase that
/// needs no comparing, so that single look-alikes count for less. `hint`: the file's name speaks of codes.
pub(crate) fn choose(lines: &[&str], rows: &mut [Row<'_>], settled: bool, hint: bool) -> Choice {
    inherit_headings(lines, rows);
    let spoken = hint || lines.iter().any(|line| CODE_WORDS.is_match(line));
    let bare =
        rows.iter().all(|row| row.is_blank() || row.aside.is_none_or(|aside| aside == Aside::Numbering));
    let mut families = gather(rows);
    let mut clear = settled;
    for family in &mut families {
        family.accepted = speaks_for_itself(rows, &family.members, spoken || bare);
        clear |= family.accepted;
    }
    let mut problems = Vec::new();
    if !clear && let Some(only) = single(rows, &families, spoken, bare) {
        families[only].accepted = true;
        problems.extend(doubts(rows, &families[only].members));
    }
    let shapes = families.iter().filter(|family| family.accepted && family.members.len() >= CLEAR).count();
    if shapes > 1 {
        problems.push(Problem::SeveralShapes { shapes });
    }

    let mut accepted: HashMap<Place, bool> = HashMap::new();
    for family in &families {
        accepted.extend(family.members.iter().map(|place| (*place, family.accepted)));
    }
    let any = clear || families.iter().any(|family| family.accepted);
    let mut verdicts = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let mut of_row = Vec::with_capacity(row.finds.len());
        for (place, find) in row.finds.iter().enumerate() {
            let verdict = verdict(find, accepted.get(&(at, place)).copied().unwrap_or(false), any);
            match verdict {
                Verdict::Not(Aside::Unclear) => problems.push(Problem::UnclearLine { line: at + 1 }),
                Verdict::Not(Aside::TotpSecret) => problems.push(Problem::TotpSecret { line: at + 1 }),
                _ => {}
            }
            of_row.push(verdict);
        }
        if row.aside == Some(Aside::TotpSecret) {
            problems.push(Problem::TotpSecret { line: at + 1 });
        }
        if row.hidden {
            problems.push(Problem::UsedCodeHidden { line: at + 1 });
        }
        verdicts.push(of_row);
    }
    problems.sort_by_key(Problem::line);
    problems.dedup();
    Choice { verdicts, problems }
}

fn verdict(find: &Find<'_>, accepted: bool, any: bool) -> Verdict {
    // What is labelled as something else is that, however much it looks like the codes; a GUID may be either.
    let told = matches!(find.says, Label::Not(_)) && (find.label.is_some() || !is_guid(find.codes[0].text));
    if accepted && !told {
        return Verdict::Code;
    }
    let strong = find.codes.iter().any(|code| code.strong);
    let secret = strong && find.codes.len() == 1 && is_totp_secret(find.codes[0].text);
    match find.says {
        Label::Not(aside) => Verdict::Not(aside),
        _ if secret && any => Verdict::Not(Aside::TotpSecret),
        _ if strong => Verdict::Not(Aside::Unclear),
        _ => Verdict::Not(Aside::Prose),
    }
}

/// A heading on a line of its own ("Identifier:", "Recovery key") says about the next line, if that stands alone.
fn inherit_headings(lines: &[&str], rows: &mut [Row<'_>]) {
    let mut heading = Label::Neutral;
    let any_strong =
        rows.iter().flat_map(|row| &row.finds).any(|find| find.codes.iter().any(|code| code.strong));
    for at in 0..rows.len() {
        let strong = rows[at].finds.iter().any(|find| find.codes.iter().any(|code| code.strong));
        if rows[at].is_blank() {
            continue;
        }
        // "Scratch token", and on the next line letters without a digit: the only thing here that could be one.
        if !any_strong
            && heading == Label::Code
            && let [find] = &mut rows[at].finds[..]
            && is_letters(find)
        {
            find.says = Label::Code;
        }
        if !strong && !rows[at].finds.iter().any(|find| find.says == Label::Code) {
            let text = lines[at].trim().trim_matches(|c: char| !c.is_alphanumeric() && c != ')');
            let short = text.split_whitespace().count() <= 6 || lines[at].trim_end().ends_with(':');
            let next = if short { labels::label(text) } else { Label::Neutral };
            if next != Label::Neutral || !rows[at].finds.is_empty() || short {
                heading = next;
            }
            // A weak find under a heading, say a code of six digits, is judged by it as well; a heading is not.
            continue;
        }
        let alone = !shape_of(&rows[at]).is_some_and(|shape| {
            rows[at + 1..].iter().find(|row| !row.is_blank()).and_then(shape_of) == Some(shape)
        });
        for find in &mut rows[at].finds {
            let free = find.label.is_none() && (find.says == Label::Neutral || is_guid(find.codes[0].text));
            if free && (heading == Label::Code || (alone && heading != Label::Neutral)) {
                find.says = heading;
            }
        }
        heading = Label::Neutral;
    }
}

/// Letters without a digit that are hardly a word: capitals without I and O, which alphabets made for reading leave out
/// and few long words do without; or many of both cases in disorder (a Base64 key of MEGA's in forty has no digit).
fn is_letters(find: &Find<'_>) -> bool {
    let [code] = &find.codes[..] else { return false };
    if !find.leading || find.label.is_some() || find.remark.is_some() {
        return false;
    }
    let letters = || code.text.bytes().filter(u8::is_ascii_alphabetic);
    let turns =
        || letters().zip(letters().skip(1)).filter(|(a, b)| a.is_ascii_uppercase() != b.is_ascii_uppercase());
    match code.letters {
        Letters::Upper => {
            code.shape.groups.len() == 1 && code.length() >= LETTERS && !code.text.contains(['I', 'O'])
        }
        Letters::Mixed => code.text.len() >= BASE64_LENGTH && turns().count() > 1,
        _ => false,
    }
}

fn shape_of<'r>(row: &'r Row<'_>) -> Option<&'r Shape> {
    row.finds.first().and_then(|find| find.codes.first()).map(|code| &code.shape)
}

/// Families of one shape, each without the members whose letters are of another kind: "Username" is no code of
/// eight lower-case characters.
fn gather(rows: &[Row<'_>]) -> Vec<Family> {
    let mut by_shape: HashMap<&Shape, Vec<Place>> = HashMap::new();
    let mut order: Vec<&Shape> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        for (place, find) in row.finds.iter().enumerate() {
            if let Some(code) = find.codes.first() {
                let members = by_shape.entry(&code.shape).or_default();
                if members.is_empty() {
                    order.push(&code.shape);
                }
                members.push((at, place));
            }
        }
    }
    let mut families = Vec::new();
    for shape in order {
        let members = by_shape.remove(shape).unwrap_or_default();
        let codes = |letters| members.iter().filter(|place| code(rows, **place).letters == letters).count();
        let (lower, upper, mixed) = (codes(Letters::Lower), codes(Letters::Upper), codes(Letters::Mixed));
        let usual = if mixed * 4 >= members.len() || lower == upper {
            Letters::Mixed
        } else if lower > upper {
            Letters::Lower
        } else {
            Letters::Upper
        };
        let belongs = |place: &Place| {
            let code = code(rows, *place);
            let alike = usual == Letters::Mixed || code.letters == usual || code.letters == Letters::Digits;
            alike || (code.strong && !is_totp_secret(code.text))
        };
        let (inside, outside): (Vec<Place>, Vec<Place>) = members.into_iter().partition(belongs);
        families.extend([inside, outside].map(|members| Family { members, accepted: false }));
    }
    families.retain(|family| !family.members.is_empty());
    families
}

fn code<'r, 't>(rows: &'r [Row<'t>], (at, place): Place) -> &'r Candidate<'t> {
    &rows[at].finds[place].codes[0]
}

/// Whether a family is codes without looking at the others; its members that are something else leave it.
fn speaks_for_itself(rows: &[Row<'_>], members: &[Place], in_context: bool) -> bool {
    let find = |place: &Place| &rows[place.0].finds[place.1];
    let implied = |find: &Find<'_>| find.label.is_none() && is_guid(find.codes[0].text);
    let may = |find: &Find<'_>| !matches!(find.says, Label::Not(_)) || implied(find);
    if members.iter().any(|place| find(place).says == Label::Code) {
        return true;
    }
    let leading: Vec<&Find<'_>> = members.iter().map(find).filter(|find| find.leading && may(find)).collect();
    let count: usize = leading.iter().map(|find| find.codes.len()).sum();
    let codes = || leading.iter().flat_map(|find| &find.codes);
    let strong = codes().filter(|code| code.strong).count();
    let same_row = |at: usize| members.iter().filter(|place| place.0 == at).count() >= CLEAR;
    if count < CLEAR {
        return members.first().is_some_and(|place| in_context && strong > 0 && same_row(place.0));
    }
    if strong * 10 >= count * 3 {
        return true;
    }
    // Short numbers and plain words: only where the file speaks of codes, and many of them without a word beside.
    let digits = codes().all(|code| code.letters == Letters::Digits);
    let words = codes().all(|code| code.length() >= 8 && code.letters != Letters::Mixed);
    let plain = leading.iter().filter(|find| find.remark.is_none()).count();
    in_context && (digits || words) && plain == leading.len()
}

/// The family that is taken where none speaks for itself: the one of the longest code.
fn single(rows: &[Row<'_>], families: &[Family], spoken: bool, bare: bool) -> Option<usize> {
    let fits = |family: &&Family| {
        family.members.iter().any(|place| {
            let find = &rows[place.0].finds[place.1];
            let alone = bare && families.len() == 1 && find.codes[0].length() >= 6;
            let neutral = find.says == Label::Neutral && find.leading && !is_guid(find.codes[0].text);
            neutral && ((find.codes[0].strong && (spoken || bare)) || alone)
        })
    };
    let length = |family: &Family| code(rows, family.members[0]).length();
    families
        .iter()
        .enumerate()
        .filter(|(_, family)| fits(family))
        .max_by_key(|(_, f)| length(f))
        .map(|(at, _)| at)
}

/// What a single code could be instead.
fn doubts(rows: &[Row<'_>], members: &[Place]) -> Option<Problem> {
    let [place] = members else { return None };
    let code = code(rows, *place);
    let line = place.0 + 1;
    if rows[place.0].finds[place.1].codes.len() > 1 {
        None
    } else if is_totp_secret(code.text) {
        Some(Problem::PerhapsTotpSecret { line })
    } else if code.letters == Letters::Digits && (6..=8).contains(&code.length()) {
        Some(Problem::PerhapsOneTimeCode { line })
    } else {
        None
    }
}
