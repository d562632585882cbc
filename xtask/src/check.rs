//! `cargo xtask test`: every check, one after the other, each announced and timed, and one line of totals.

use crate::build::WORKSPACE;
use crate::packages::For;
use crate::process::{Logged, Project};
use crate::setup::setup;
use crate::totals::{FEWEST, Totals, failed_tests, failing_part, first_lines, of_cargo, of_vitest, single};
use std::process::Command;
use std::time::{Duration, Instant};

/// Long enough for a cold build on two slow cores.
const LIMIT: Duration = Duration::from_secs(35 * 60);

/// Lines of a failing step's log that are shown.
const SHOWN: usize = 80;

type Count = fn(&str, bool) -> Totals;

/// Runs everything, goes on after failures, and fails at the end when there was one.
pub fn test(project: &Project) -> Result<(), String> {
    let started = Instant::now();
    let mut run = Run { project, totals: Totals::default(), failures: Vec::new() };
    println!("setup …");
    if let Err(message) = setup(project, For::Tests) {
        println!("setup failed: {message}\n\n{}", Totals { failed: 1, ..Totals::default() });
        return Err(String::new());
    }
    run.everything();
    // Once more at the end: whoever sees the last lines only still learns what failed.
    for failure in &run.failures {
        println!("\n{failure}");
    }
    println!(
        "\nall in {}; logs in {}",
        shown(started.elapsed()),
        project.target.join("xtask-logs").display()
    );
    println!("{}", run.totals);
    if run.totals.failed == 0 { Ok(()) } else { Err(String::new()) }
}

struct Run<'a> {
    project: &'a Project,
    totals: Totals,
    /// What failed, in few lines each.
    failures: Vec<String>,
}

impl Run<'_> {
    fn everything(&mut self) {
        let project = self.project;
        let check: Count = |_, success| single(success);
        self.step("fmt", project.cargo(&["fmt", "--all", "--check"]), check);
        self.step("ui-check", project.npm(&["run", "check"]), check);
        self.step("ui-test", project.npm(&["run", "test"]), of_vitest);
        // Before anything of Rust: the app embeds the built pages, so without them it does not even compile.
        if !self.step("ui-build", project.npm(&["run", "build"]), check) {
            return self.not_run(&["clippy", "docs", "build", "rust-tests", "stories"]);
        }
        let clippy =
            [&["clippy"], &WORKSPACE[..], &["--all-targets", "--locked", "--", "-D", "warnings"]].concat();
        self.step("clippy", project.cargo(&clippy), check);
        // What clippy does not see: a link in the documentation that leads nowhere.
        // The verifier's documentation leads to its suite for stores, which is a feature.
        let suite = ["--features", "keyhaven-verifier/conformance"];
        let all = ["--no-deps", "--document-private-items", "--locked"];
        let docs = [&["doc"], &WORKSPACE[..], &suite, &all].concat();
        self.step("docs", project.cargo(&docs), check);
        let build = [&["build"], &WORKSPACE[..], &["--all-targets", "--locked"]].concat();
        if !self.step("build", project.cargo(&build), check) {
            return self.not_run(&["rust-tests", "stories"]);
        }
        // The stories want the machine for themselves; their tests stand in a module of that name.
        let tail = ["--no-fail-fast", "--", "--show-output"];
        let tests = [&["test"], &WORKSPACE[..], &tail, &["--skip", "story::"]].concat();
        let mut tests = project.cargo(&tests);
        if let Some(seed) = seed_of_properties() {
            println!("properties draw their cases from {SEED}={seed}");
            tests.env(SEED, seed);
        }
        self.step("rust-tests", tests, of_cargo);
        if cfg!(target_os = "linux") {
            let stories =
                [&["test"], &WORKSPACE[..], &["--test", "stories"], &tail, &["--test-threads=2"]].concat();
            self.step("stories", project.cargo(&stories), of_cargo);
        } else {
            self.not_run(&["stories"]);
        }
    }

    /// Runs one step and counts it; `true` when nothing in it failed.
    fn step(&mut self, name: &str, mut command: Command, count: Count) -> bool {
        println!("{name} …");
        // Runners must print plain text: it is read, and kept in a file.
        command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").env_remove("FORCE_COLOR");
        let (totals, said) = match self.project.logged(name, command, LIMIT) {
            Ok(logged) => {
                let totals = count(&logged.text, logged.success);
                let said = describe(name, &logged, totals);
                let reports = failed_tests(&logged.text);
                self.failures.extend(reports.iter().map(|report| first_lines(report, FEWEST)));
                if totals.failed > 0 && reports.is_empty() {
                    self.failures.push(format!("{name} FAILED"));
                }
                (totals, said)
            }
            Err(message) => {
                let said = format!("{name} FAILED: {message}");
                self.failures.push(said.clone());
                (single(false), said)
            }
        };
        println!("{said}");
        self.totals += totals;
        totals.failed == 0
    }

    fn not_run(&mut self, names: &[&str]) {
        for name in names {
            println!("{name}: not run here");
            self.totals.skipped += 1;
        }
    }
}

/// Where proptest looks for its seed.
const SEED: &str = "PROPTEST_RNG_SEED";

/// The seed of the property tests: the one that is set, else one made from what is committed. Each commit tries cases
/// of its own, and a run that failed fails again wherever the same commit is tested. Without git proptest draws one.
fn seed_of_properties() -> Option<String> {
    if let Ok(seed) = std::env::var(SEED) {
        return Some(seed);
    }
    let tree = Command::new("git").args(["rev-parse", "HEAD^{tree}"]).output().ok()?;
    let name = String::from_utf8(tree.stdout).ok()?;
    u64::from_str_radix(name.get(..16)?, 16).ok().map(|seed| seed.to_string())
}

fn describe(name: &str, logged: &Logged, totals: Totals) -> String {
    let took = shown(logged.took);
    if totals.failed == 0 {
        return format!("{name} ok, {took} ({totals})");
    }
    let why = if logged.timed_out { " by taking too long" } else { "" };
    let part = failing_part(&logged.text, SHOWN);
    format!("{part}\n{name} FAILED{why}, {took} ({totals}); all of it in {}", logged.log.display())
}

fn shown(duration: Duration) -> String {
    format!("{}:{:04.1} min", duration.as_secs() / 60, duration.as_secs_f64() % 60.0)
}
