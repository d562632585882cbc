//! What `cargo xtask bench vault` proves beside its figures: the vault's and the app's own tests, run with larger counts.
//! Each prints lines like `proof: bit flips 1234, lost records 0`; they are added up and written into docs/promises.md,
//! with what `cargo xtask fuzz` recorded and how soon hostile files were refused.

use crate::build::WORKSPACE;
use crate::fuzz::{self, Tried};
use crate::process::{Logged, Project};
use std::fs;
use std::process::Command;
use std::time::Duration;

const DOCUMENT: &str = "docs/promises.md";
const BEGIN: &str = "<!-- written by `cargo xtask bench vault` -->";
const END: &str = "<!-- end of what is written -->";

/// More than the tests ask for in every run.
const COUNTS: [(&str, &str); 2] = [("KEYHAVEN_PROOF_KILLS", "2000"), ("KEYHAVEN_PROOF_HISTORIES", "2000")];
const LIMIT: Duration = Duration::from_secs(40 * 60);

type Sums = Vec<(String, u64)>;

/// Runs the tests that prove something and the program that `measure` is, prints what they say and what was fuzzed, and
/// writes it down. An error when a single record was lost, or when a hostile file was refused too late.
pub fn prove(project: &Project, measure: Command) -> Result<(), String> {
    println!("proving (some minutes) …");
    let mut command = project.cargo(&["test", "--locked"]);
    command.args(WORKSPACE).args(["--test", "vault", "--test", "app", "--", "--show-output"]).envs(COUNTS);
    let Logged { success, text, log, .. } = project.logged("vault-proof", command, LIMIT)?;
    if !success {
        return Err(format!("a test of the vault or of the app failed; all of it in {}", log.display()));
    }
    let mut sums = add_up(&text);
    for Tried { name, executions, seconds, coverage } in fuzz::recorded(project) {
        sums.push((format!("fuzz executions of {name} ({seconds} s, coverage {coverage})"), executions));
    }
    if sums.iter().all(|(what, _)| what != "lost records") {
        return Err(format!("the tests said nothing of lost records; all of it in {}", log.display()));
    }
    sums.iter().for_each(|(what, number)| println!("{what:<62} {number:>12}"));
    let measured = project.logged("vault-figures", measure, LIMIT)?;
    print!("{}", measured.text);
    if !measured.success {
        return Err("the figures were not printed to their end, or one of them is not what it must be".into());
    }
    let refusals = refusals(&measured.text);
    if refusals.is_empty() {
        return Err("nothing was said of hostile files".into());
    }
    let path = project.root.join(DOCUMENT);
    let told = |e| format!("{DOCUMENT}: {e}");
    let document = fs::read_to_string(&path).map_err(told)?;
    let document =
        replaced(&document, &shown(&sums, &refusals)).ok_or("docs/promises.md lost its markers")?;
    fs::write(&path, document).map_err(told)?;
    match sums.iter().find(|(what, _)| what == "lost records") {
        Some((_, 0)) => Ok(()),
        _ => Err("records were lost".into()),
    }
}

/// Adds up the numbers of every `proof:` line.
fn add_up(text: &str) -> Sums {
    let mut sums = Sums::new();
    for line in text.lines().filter_map(|line| line.split_once("proof: ").map(|(_, proved)| proved)) {
        for part in line.split(", ") {
            let Some((what, number)) = part.rsplit_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match sums.iter_mut().find(|(known, _)| known == what) {
                Some((_, sum)) => *sum += number,
                None => sums.push((what.to_owned(), number)),
            }
        }
    }
    sums.sort();
    sums
}

/// What `refused: a million slots   0.05 ms` says, and how long it took.
fn refusals(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("refused: ")?.split_once("  "));
    lines.map(|(what, took)| (what, took.trim())).collect()
}

/// The lines between the markers.
fn shown(sums: &Sums, refusals: &[(&str, &str)]) -> String {
    let mut text =
        String::from("| Tried on the vault, the last time that the command ran | |\n| --- | ---: |\n");
    for (what, number) in sums {
        text += &format!("| {what} | {} |\n", grouped(*number));
    }
    for (what, took) in refusals {
        text += &format!("| a file with {what}, refused after | {took} |\n");
    }
    text
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The document with other lines between its markers; `None` without them.
fn replaced(document: &str, lines: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{lines}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_name_are_added() {
        let text =
            "---- a stdout ----\nproof: faults 5, lost records 0\nother 7\nproof: faults 6, lost records 1\n";
        assert_eq!(add_up(text), [("faults".to_owned(), 11), ("lost records".to_owned(), 1)]);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
    }

    #[test]
    fn refusals_are_read_with_their_time() {
        let text = "KDF   700 ms\nrefused: a million slots                        0.05 ms\n";
        assert_eq!(refusals(text), [("a million slots", "0.05 ms")]);
        let shown = shown(&vec![("lost records".into(), 0)], &refusals(text));
        assert!(
            shown.ends_with(
                "| lost records | 0 |\n| a file with a million slots, refused after | 0.05 ms |\n"
            )
        );
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&document, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert!(replaced("a", "new").is_none());
    }

    #[test]
    fn the_document_has_its_markers() {
        let document = include_str!("../../docs/promises.md").replace("\r\n", "\n");
        assert!(replaced(&document, "").is_some());
    }
}
