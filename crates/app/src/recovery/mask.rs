//! Codes as they are shown before anyone asked to see them: their form, not their letters.

/// Every letter and digit as a dot; blanks, dashes and other signs stay.
pub(crate) fn masked(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() { '•' } else { c }).collect()
}

/// A line with the given codes masked wherever they stand; the whole line when one of them is not found in it (a seed
/// phrase over several lines, a code that was joined).
pub(crate) fn masked_within<'a>(line: &str, codes: impl Iterator<Item = &'a str>) -> String {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for code in codes {
        if code.is_empty() || !line.contains(code) {
            return masked(line);
        }
        spans.extend(line.match_indices(code).map(|(at, code)| (at, at + code.len())));
    }
    let hidden = |at: usize| spans.iter().any(|(from, to)| (*from..*to).contains(&at));
    line.char_indices().map(|(at, c)| if hidden(at) && c.is_alphanumeric() { '•' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_shown_and_nothing_else() {
        assert_eq!(masked("8f3a9-71c02"), "•••••-•••••");
        assert_eq!(masked_within("1. ab-12 laptop, ab-12", ["ab-12"].into_iter()), "1. ••-•• laptop, ••-••");
        assert_eq!(masked_within("ab-12", ["ab 12"].into_iter()), "••-••");
        assert_eq!(masked_within("é ab", ["ab"].into_iter()), "é ••");
    }
}
