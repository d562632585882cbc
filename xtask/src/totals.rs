//! Reads what test runners print and adds it up.

use std::ops::AddAssign;

/// How many ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// One check that either holds or does not.
pub fn single(success: bool) -> Totals {
    Totals { passed: success.into(), failed: (!success).into(), skipped: 0 }
}

/// Adds up every `test result:` line of `cargo test -- --show-output`. A test that printed a line beginning with
/// `skipped:` (data of other projects, or a right that this machine does not give) counts as skipped, not passed.
pub fn of_cargo(text: &str, success: bool) -> Totals {
    let mut totals = Totals::default();
    for line in text.lines() {
        if let Some((_, counts)) = line.split_once("test result: ") {
            totals.passed += number_before(counts, " passed");
            totals.failed += number_before(counts, " failed");
            totals.skipped += number_before(counts, " ignored");
        }
    }
    let said_skipped = tests_that_said_skipped(text).min(totals.passed);
    totals.passed -= said_skipped;
    totals.skipped += said_skipped;
    or_one_failure(totals, success)
}

/// Reads vitest's `Tests  1 failed | 12 passed | 2 skipped (15)`.
pub fn of_vitest(text: &str, success: bool) -> Totals {
    let mut totals = Totals::default();
    for line in text.lines() {
        if let Some(counts) = line.trim_start().strip_prefix("Tests ") {
            totals = Totals {
                passed: number_before(counts, " passed"),
                failed: number_before(counts, " failed"),
                skipped: number_before(counts, " skipped") + number_before(counts, " todo"),
            };
        }
    }
    or_one_failure(totals, success)
}

/// A runner that fails without naming a failed test (it did not compile, or crashed) is one failure; one that
/// succeeds without a single test has tested nothing, and that is a failure too.
fn or_one_failure(mut totals: Totals, success: bool) -> Totals {
    let nothing = totals == Totals::default();
    if totals.failed == 0 && (!success || nothing) {
        totals.failed = 1;
    }
    totals
}

/// The number that stands before the first `unit`, 0 when there is none.
fn number_before(text: &str, unit: &str) -> usize {
    let Some(at) = text.find(unit) else { return 0 };
    let head = &text[..at];
    let digits = head.len() - head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    head[head.len() - digits..].parse().unwrap_or(0)
}

/// How many different tests printed a line that begins with `skipped:`.
fn tests_that_said_skipped(text: &str) -> usize {
    let (mut count, mut in_test) = (0, false);
    for line in text.lines() {
        if line.starts_with("---- ") {
            in_test = true;
        } else if line.starts_with("skipped:") && in_test {
            count += 1;
            in_test = false; // one test, however often it says so
        }
    }
    count
}

/// What the failed tests of `cargo test -- --show-output` printed, each under its `---- NAME stdout ----` line. What
/// tests that passed have printed is left out, whatever it looks like.
pub fn failed_tests(text: &str) -> Vec<String> {
    let mut failed: Vec<String> = Vec::new();
    let mut among_failures = false;
    for line in text.lines() {
        if line == "failures:" {
            // The second one in a binary's report begins its list of names.
            among_failures = !among_failures;
        } else if line.starts_with("test result: ") || line == "successes:" {
            among_failures = false;
        } else if among_failures && line.starts_with("---- ") {
            failed.push(line.to_owned());
        } else if among_failures && let Some(report) = failed.last_mut() {
            report.push('\n');
            report.push_str(line);
        }
    }
    failed.iter().map(|report| report.trim_end().to_owned()).collect()
}

/// The part of a log worth showing when a step failed: what the failed tests printed, else from the first line that
/// tells of an error on, else the end; at most `lines`.
pub fn failing_part(text: &str, lines: usize) -> String {
    let reports = failed_tests(text);
    if !reports.is_empty() {
        let each = (lines / reports.len()).max(FEWEST);
        return reports.iter().map(|report| first_lines(report, each)).collect::<Vec<_>>().join("\n\n");
    }
    let all: Vec<&str> = text.lines().collect();
    let telling =
        |line: &&str| line.starts_with("error") || line.contains(" FAIL ") || line.starts_with("Diff in");
    let end = all.len().saturating_sub(lines);
    let from = all.iter().position(telling).unwrap_or(end);
    all[from..].iter().take(lines).copied().collect::<Vec<_>>().join("\n")
}

/// Lines that tell where a test failed and why.
pub const FEWEST: usize = 8;

/// The first `most` lines of a text.
pub fn first_lines(text: &str, most: usize) -> String {
    text.lines().take(most).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_binaries_add_up() {
        let text = "\
     Running unittests src/lib.rs (target/debug/deps/a)
test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s
   Doc-tests a
test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(of_cargo(text, false), Totals { passed: 14, failed: 2, skipped: 1 });
    }

    #[test]
    fn a_test_without_its_data_is_skipped_once() {
        let text = "\
---- peers stdout ----
skipped: no peer data
skipped: no peer data

---- other stdout ----
looked at 3 files
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(of_cargo(text, true), Totals { passed: 4, failed: 0, skipped: 1 });
    }

    #[test]
    fn a_runner_that_breaks_or_runs_nothing_fails() {
        assert_eq!(of_cargo("error: could not compile", false), Totals { failed: 1, ..Totals::default() });
        assert_eq!(of_cargo("", true), Totals { failed: 1, ..Totals::default() });
        assert_eq!(of_vitest("No test files found", true), Totals { failed: 1, ..Totals::default() });
        let crashed =
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s";
        assert_eq!(of_cargo(crashed, false), Totals { passed: 3, failed: 1, skipped: 0 });
    }

    #[test]
    fn vitest_is_read() {
        let text =
            " Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 12 passed | 2 skipped (15)\n";
        assert_eq!(of_vitest(text, false), Totals { passed: 12, failed: 1, skipped: 2 });
        assert_eq!(of_vitest("      Tests  7 passed (7)", true), Totals { passed: 7, failed: 0, skipped: 0 });
    }

    #[test]
    fn the_failing_part_begins_at_the_failure() {
        assert_eq!(failing_part("fine\nerror: broken\nwhere", 10), "error: broken\nwhere");
        assert_eq!(failing_part("a\nb\nc", 2), "b\nc");
        let tests = "\
---- fine stdout ----
error: printed by a test that passed

failures:

---- broken stdout ----
thread 'broken' panicked at here:
no

failures:
    broken

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
error: test failed, to rerun pass `--lib`

successes:

---- another stdout ----
error: fine too";
        assert_eq!(failing_part(tests, 10), "---- broken stdout ----\nthread 'broken' panicked at here:\nno");
        assert_eq!(failing_part(tests, 1), failing_part(tests, 10), "its few lines are always shown");
    }
}
