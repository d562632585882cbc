//! Tables with a heading: CSV, Markdown and HTML tables that say in a column of their own which codes are used.

use crate::cells::Row;
use crate::pattern;

pattern! {
    CODE_COLUMN = r"(?i)^(?:(?:recovery|backup|emergency|one-time|single-use)[ _-]?)?(?:codes?|keys?|tokens?)(?:[ _-]?(?:value|text))?$|^codes? de |^wiederherstellungscodes?$";
    USED_COLUMN = r"(?i)^(?:is[ _-]?)?(?:used|redeemed|spent|consumed|benutzt|verbraucht|verwendet|utilisé|usado)\??$";
    DATE_COLUMN = r"(?i)^(?:used|redeemed|consumed)[ _-]?(?:at|on|date|time)$|^(?:date|time)[ _-]?used$|^last[ _-]?used$";
    STATUS_COLUMN = r"(?i)^(?:status|state)$";
    YES = r"(?i)^(?:yes|y|true|t|1|x|ja|oui|s[ií]|used|✓|✔|☑|✅|redeemed|spent|consumed|benutzt|already used)$";
    USED_STATUS = r"(?i)^(?:already )?(?:used|redeemed|spent|consumed|inactive|invalid|expired|benutzt|verbraucht)\b";
    RULE = r"^[\s|:+=-]+$";
}

/// What a table's heading says about its columns.
struct Heading {
    delimiter: char,
    code: usize,
    used: Option<usize>,
    used_date: Option<usize>,
    status: Option<usize>,
}

impl Heading {
    fn of(line: &str) -> Option<Self> {
        let delimiter = ['|', '\t', ';', ','].into_iter().find(|c| line.contains(*c))?;
        let names: Vec<&str> = columns(line, delimiter).collect();
        let place = |pattern: &regex::Regex| names.iter().position(|name| pattern.is_match(name));
        Some(Self {
            delimiter,
            code: place(&CODE_COLUMN)?,
            used: place(&USED_COLUMN),
            used_date: place(&DATE_COLUMN),
            status: place(&STATUS_COLUMN),
        })
    }

    /// Whether this row's code is used; `None` where the table does not say.
    fn used(&self, cells: &[&str]) -> Option<bool> {
        let cell = |column: Option<usize>| column.and_then(|at| cells.get(at).copied());
        if let Some(text) = cell(self.used) {
            // A date in a column "used" says yes as well.
            return Some(YES.is_match(text) || crate::labels::aside(text) == Some(crate::model::Aside::Date));
        }
        if let Some(text) = cell(self.used_date) {
            return Some(text.chars().any(|c| c.is_ascii_digit()));
        }
        cell(self.status).map(|text| USED_STATUS.is_match(text))
    }
}

fn columns(line: &str, delimiter: char) -> impl Iterator<Item = &str> {
    line.split(delimiter).map(|cell| cell.trim().trim_matches(['"', '*', '`', '~']).trim())
}

/// Applies every heading to the rows below it: only the code's column holds codes, and the others say about it.
/// Answers which lines are headings.
pub(crate) fn apply<'t>(lines: &[&'t str], rows: &mut [Row<'t>]) -> Vec<bool> {
    let mut headings = vec![false; lines.len()];
    let mut heading: Option<Heading> = None;
    for (at, (line, row)) in lines.iter().zip(rows).enumerate() {
        let codes = row.finds.iter().flat_map(|find| &find.codes).any(|code| code.strong);
        if let Some(found) = Heading::of(line).filter(|_| !codes) {
            heading = Some(found);
            row.finds.clear();
            row.aside = Some(crate::model::Aside::Prose);
            headings[at] = true;
            continue;
        }
        let Some(table) = &heading else { continue };
        if !line.contains(table.delimiter) {
            heading = None;
            continue;
        }
        if RULE.is_match(line) {
            continue;
        }
        let cells: Vec<&str> = columns(line, table.delimiter).collect();
        let Some(code) = cells.get(table.code) else { continue };
        row.finds.retain(|find| find.codes.first().is_some_and(|first| holds(code, first.text)));
        let used = table.used(&cells);
        for find in &mut row.finds {
            find.leading = true;
            find.used = if used.is_some() { used } else { find.used };
        }
        if row.finds.is_empty() && row.aside.is_none() {
            row.aside = Some(crate::model::Aside::Prose);
        }
    }
    headings
}

/// Whether `part` is a piece of `whole`, the same bytes and not only equal ones.
fn holds(whole: &str, part: &str) -> bool {
    whole.as_bytes().as_ptr_range().contains(&part.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells;

    fn read(text: &str) -> Vec<(String, Option<bool>)> {
        let lines: Vec<&str> = text.lines().collect();
        let repeated = cells::repeated(&lines);
        let mut rows: Vec<Row<'_>> = lines.iter().map(|line| cells::row(line, &repeated)).collect();
        apply(&lines, &mut rows);
        let shown = |row: &Row<'_>| {
            row.finds.iter().map(|f| (f.codes[0].text.to_owned(), f.used)).collect::<Vec<_>>()
        };
        rows.iter().flat_map(shown).collect()
    }

    #[test]
    fn columns_say_what_is_used() {
        let expected = [("abcde-12345".to_owned(), Some(true)), ("fghij-67890".to_owned(), Some(false))];
        for text in [
            "code,used\nabcde-12345,true\nfghij-67890,false\n",
            "\"id\";\"code\";\"used\"\n\"77001122\";\"abcde-12345\";\"yes\"\n\"77001123\";\"fghij-67890\";\"no\"\n",
            "code,used_at\nabcde-12345,2024-05-03T10:00:00Z\nfghij-67890,\n",
            "| # | Code | Status |\n|---|------|--------|\n| 1 | `abcde-12345` | used |\n| 2 | `fghij-67890` | unused |\n",
            "Recovery code\tUsed\nabcde-12345\tx\nfghij-67890\t\n",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
