//! Seed phrases of BIP39: 12, 15, 18, 21 or 24 words of a list of 2048, the last of which holds a checksum.

use crate::model::Problem;
use crate::pattern;
use bip0039::{English, Language, Mnemonic};
use keyhaven_secret::SecretText;
use zeroize::Zeroizing;

/// A phrase and the lines it stands on, counted from 0.
#[derive(Debug)]
pub(crate) struct Phrase {
    pub lines: Vec<usize>,
    /// The words as shown, one blank between.
    pub text: SecretText,
    pub problems: Vec<Problem>,
}

pattern! {
    TOKEN = r"(?:\#?(\d{1,2})[.:)\]]?\s*[-–|,]?\s*)?\b([A-Za-z]{3,8})\b";
    // Nothing but words, their numbers, and what parts them.
    ONLY_WORDS = r"^[\sA-Za-z0-9.:;,|()\[\]#–•*-]+$";
}

/// Word counts of BIP39 §"Generating the mnemonic".
const COUNTS: [usize; 5] = [12, 15, 18, 21, 24];
/// Lines of a phrase at most, headings among them.
const LINES: usize = 40;

struct Word<'t> {
    line: usize,
    number: Option<u32>,
    text: &'t str,
}

/// The phrases in `lines`; `taken` lines belong to something else.
pub(crate) fn find(lines: &[&str], taken: &[bool]) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    let mut run: Vec<Vec<Word<'_>>> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let words = if taken[at] { None } else { words(line, at) };
        match words {
            Some(words) => run.push(words),
            None if line.trim().is_empty() => {}
            None => phrases.extend(phrase(std::mem::take(&mut run))),
        }
    }
    phrases.extend(phrase(run));
    phrases
}

/// A line's words, when most of them are BIP39's and it holds nothing else.
fn words(line: &str, at: usize) -> Option<Vec<Word<'_>>> {
    if !ONLY_WORDS.is_match(line) || line.len() > 1000 {
        return None;
    }
    let words: Vec<Word<'_>> = TOKEN
        .captures_iter(line)
        .filter_map(|found| {
            let number = found.get(1).and_then(|digits| digits.as_str().parse().ok());
            Some(Word { line: at, number, text: found.get(2)?.as_str() })
        })
        .collect();
    let letters: usize = line.split(|c: char| !c.is_ascii_alphabetic()).filter(|run| !run.is_empty()).count();
    let known = words.iter().filter(|word| is_known(word.text)).count();
    // A word that is read wrongly may stand alone on its line: the whole phrase decides about it.
    let single = words.len() == 1 && letters == 1;
    (letters == words.len() && letters > 0 && (single || known * 4 >= letters * 3)).then_some(words)
}

fn is_known(word: &str) -> bool {
    English::index_of(&Zeroizing::new(word.to_ascii_lowercase())).is_some()
}

/// The phrase that a run of lines holds: all of it where its length is right (one part in sixteen has a fitting
/// checksum by chance); else the part whose checksum fits, else the longest of a right length.
fn phrase(mut run: Vec<Vec<Word<'_>>>) -> Option<Phrase> {
    if run.len() > LINES {
        return None;
    }
    // "Seed phrase" is made of BIP39's words too; where the words are numbered, a heading is not.
    if run.iter().flatten().filter(|word| word.number.is_some()).count() >= COUNTS[0] {
        run.retain(|words| words.iter().all(|word| word.number.is_some()));
    }
    let mut best: Option<((bool, bool, usize), Phrase)> = None;
    for start in 0..run.len() {
        for end in start + 1..=run.len() {
            let mut words: Vec<&Word<'_>> = run[start..end].iter().flatten().collect();
            if !COUNTS.contains(&words.len()) {
                continue;
            }
            // Columns are numbered downwards as often as across.
            let numbers: Vec<u32> = words.iter().filter_map(|word| word.number).collect();
            if numbers.len() == words.len() {
                words.sort_by_key(|word| word.number);
            }
            let Some(phrase) = checked(&words) else { continue };
            let rank = (end - start == run.len(), phrase.problems.is_empty(), words.len());
            if best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
                best = Some((rank, phrase));
            }
        }
    }
    best.map(|(_, phrase)| phrase)
}

fn checked(words: &[&Word<'_>]) -> Option<Phrase> {
    let unknown: Vec<usize> =
        words.iter().enumerate().filter(|(_, word)| !is_known(word.text)).map(|(at, _)| at + 1).collect();
    if unknown.len() * 4 > words.len() {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(words.len() * 9));
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.text);
    }
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let mut problems: Vec<Problem> = unknown.into_iter().map(|word| Problem::SeedWord { word }).collect();
    if problems.is_empty() && Mnemonic::<English>::from_normalized_phrase(lower.as_str()).is_err() {
        problems.push(Problem::SeedChecksum);
    }
    let mut lines: Vec<usize> = words.iter().map(|word| word.line).collect();
    lines.sort_unstable();
    lines.dedup();
    Some(Phrase { lines, text: text.into(), problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Public test vectors of BIP39 (Trezor's vectors.json, entropies of 7f… and 80…).
    const LEGAL: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    const LETTER: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter always";

    fn read(text: &str) -> Vec<(String, Vec<Problem>)> {
        let lines: Vec<&str> = text.lines().collect();
        find(&lines, &vec![false; lines.len()])
            .into_iter()
            .map(|phrase| (phrase.text.expose().to_owned(), phrase.problems))
            .collect()
    }

    fn numbered(words: &str, write: impl Fn(usize, &str) -> String) -> String {
        words.split(' ').enumerate().map(|(at, word)| write(at + 1, word)).collect()
    }

    #[test]
    fn one_line_many_lines_and_columns() {
        let right = [(LEGAL.to_owned(), vec![])];
        assert_eq!(read(LEGAL), right);
        assert_eq!(read(&LEGAL.replace(' ', "\n")), right);
        assert_eq!(read(&LEGAL.replace(' ', ", ")), right);
        assert_eq!(read(&format!("Seed phrase\n\n{LEGAL}\n\nKeep it safe for ever and ever.\n")), right);
        assert_eq!(read(&numbered(LEGAL, |n, word| format!("{n}. {word}\n"))), right);
        let words: Vec<&str> = LEGAL.split(' ').collect();
        let columns: String =
            (0..6).map(|n| format!("{}. {}   {}. {}\n", n + 1, words[n], n + 7, words[n + 6])).collect();
        assert_eq!(read(&columns), right);
        let rows: String = words.chunks(3).map(|row| row.join(" ") + "\n").collect();
        assert_eq!(read(&rows), right);
    }

    #[test]
    fn a_wrong_word_is_told_without_showing_it() {
        assert_eq!(read(&LEGAL.replace("sausage", "sausages"))[0].1, [Problem::SeedWord { word: 6 }]);
        assert_eq!(read(&LEGAL.replace("sausage", "saddle"))[0].1, [Problem::SeedChecksum]);
        // Twelve of these eighteen lines have a fitting checksum by chance.
        let slip = LETTER.replace("always", "advice").replace(' ', "\n");
        assert_eq!(read(&slip)[0].1, [Problem::SeedChecksum]);
        assert_eq!(read(LETTER)[0].1, []);
    }

    #[test]
    fn prose_is_no_phrase() {
        assert!(read("This is the only copy of the recovery codes, keep them safe and private.").is_empty());
        assert!(read("legal winner thank year").is_empty());
    }
}
