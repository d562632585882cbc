//! `cargo xtask fuzz`: libFuzzer over the targets of `fuzz/`, and a record of how much was tried.
//!
//! What a run finds stays in `target/fuzz/TARGET`; a small part of it that reaches most is kept in
//! `fuzz/corpus/TARGET`, where `cargo xtask test` runs it on stable Rust. An input that breaks something lies in
//! `fuzz/artifacts/TARGET`: put it into `fuzz/regressions/TARGET` with the fix.

use crate::build::loud;
use crate::process::{Project, answer};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The targets, in the order in which they are run.
const TARGETS: &[&str] =
    &["header", "body", "records", "merge", "otpauth", "migration", "recovery", "interchange", "qr"];

/// How much was tried so far.
const RECORD: &str = "fuzz/executions.txt";
const RECORD_HEAD: &str = "# Written by `cargo xtask fuzz`: target, executions, seconds, coverage.\n";

/// How long each target runs when nobody says.
const SECONDS: u64 = 1800;

/// How much of a corpus becomes part of the repository.
const KEPT_INPUTS: usize = 150;
const KEPT_BYTES: u64 = 24 << 10;

/// Runs the targets that are named, or all, each for `--seconds`, and prints a line for each.
pub fn fuzz(project: &Project, arguments: &[String]) -> Result<(), String> {
    let (seconds, names) = parse(arguments)?;
    if answer("rustup", &["run", "nightly", "rustc", "--version"]).is_none() {
        return Err("libFuzzer's options want a nightly compiler: rustup toolchain install nightly".into());
    }
    if answer("cargo", &["fuzz", "--help"]).is_none() {
        println!("cargo-fuzz is missing and will be installed (cargo install --locked cargo-fuzz) …");
        loud("cargo install cargo-fuzz", project.cargo(&["install", "--locked", "cargo-fuzz"]).status())?;
    }
    // The versions of the repository, completed by what libFuzzer needs.
    let lock = project.root.join("fuzz").join("Cargo.lock");
    fs::copy(project.root.join("Cargo.lock"), &lock).map_err(|e| failed(&lock, e))?;
    let mut broken = Vec::new();
    for name in names {
        if !run(project, name, seconds)? {
            broken.push(name);
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(format!("broken: {}", broken.join(", "))) }
}

fn parse(arguments: &[String]) -> Result<(u64, Vec<&str>), String> {
    let (mut seconds, mut names) = (SECONDS, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            seconds = number.ok_or("--seconds wants a number from 1")?;
        } else if argument == "all" {
            names.extend(TARGETS);
        } else if TARGETS.contains(&argument.as_str()) {
            names.push(argument.as_str());
        } else {
            return Err(format!("no target is called {argument}; there are all, {}", TARGETS.join(", ")));
        }
    }
    Ok((seconds, if names.is_empty() { TARGETS.to_vec() } else { names }))
}

/// Runs one target; whether nothing broke.
fn run(project: &Project, name: &str, seconds: u64) -> Result<bool, String> {
    let found = project.target.join("fuzz").join(name);
    let kept = project.root.join("fuzz").join("corpus").join(name);
    for folder in [&found, &kept] {
        fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    }
    let build = libfuzzer(project, "build", name).output().map_err(|e| format!("cargo fuzz: {e}"))?;
    if !build.status.success() {
        return Err(String::from_utf8_lossy(&build.stderr).into_owned());
    }
    println!("{name}: {seconds} s …");
    let log = project.target.join("fuzz").join(format!("{name}.log"));
    let (file, started) = (File::create(&log).map_err(|e| failed(&log, e))?, Instant::now());
    let mut command = libfuzzer(project, "run", name);
    command.args([&found, &kept]).args(["--", "-print_final_stats=1", "-max_len=16384"]);
    command.args(["-rss_limit_mb=4096", &format!("-max_total_time={seconds}")]);
    let twin = file.try_clone().map_err(|e| failed(&log, e))?;
    let outcome = command.env("KEYHAVEN_FUZZ_SEEDS", &found).stdout(file).stderr(twin).status();
    let whole = outcome.map_err(|e| format!("cargo fuzz: {e}"))?.success();
    let text = fs::read(&log).map_err(|e| failed(&log, e))?;
    let tried = tried(name, &String::from_utf8_lossy(&text), started.elapsed().as_secs());
    record(&project.root.join(RECORD), &tried)?;
    let crashes = if whole { "0 crashes" } else { "1 CRASH" };
    let Tried { executions, seconds, coverage, .. } = tried;
    println!("{name}: {executions} executions in {seconds} s, coverage {coverage}, {crashes}");
    if !whole {
        println!("{name}: what broke it is in fuzz/artifacts/{name}, and told in {}", log.display());
        return Ok(false);
    }
    keep(project, name, &found, &kept)?;
    Ok(true)
}

/// `cargo fuzz VERB TARGET`. No sanitizer: there is no unsafe code here to watch, and without one it runs several times
/// as often.
fn libfuzzer(project: &Project, verb: &str, name: &str) -> Command {
    let mut command = project.command("cargo");
    command.args(["fuzz", verb, "--sanitizer", "none", name]).env("RUSTUP_TOOLCHAIN", "nightly");
    command
}

/// Chooses the smallest set of short inputs that reaches what all reach, and keeps of it what is not too much.
fn keep(project: &Project, name: &str, found: &Path, kept: &Path) -> Result<(), String> {
    let chosen = project.target.join("fuzz").join(format!("{name}-chosen"));
    drop(fs::remove_dir_all(&chosen));
    fs::create_dir_all(&chosen).map_err(|e| failed(&chosen, e))?;
    let mut merge = libfuzzer(project, "run", name);
    merge.args([&chosen, found, kept]).args(["--", "-set_cover_merge=1", "-max_len=1024"]);
    let output = merge.output().map_err(|e| format!("cargo fuzz: {e}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut inputs = inputs(&chosen)?;
    inputs.sort();
    let mut room = KEPT_BYTES;
    let small = |(length, _): &&(u64, PathBuf)| {
        room = room.saturating_sub(*length);
        room > 0
    };
    let inputs: Vec<_> = inputs.iter().take_while(small).take(KEPT_INPUTS).collect();
    fs::remove_dir_all(kept).and_then(|()| fs::create_dir_all(kept)).map_err(|e| failed(kept, e))?;
    for (_, path) in inputs {
        let target = kept.join(path.file_name().unwrap_or_default());
        fs::copy(path, &target).map_err(|e| failed(&target, e))?;
    }
    Ok(())
}

/// The files of a folder, with their lengths.
fn inputs(folder: &Path) -> Result<Vec<(u64, PathBuf)>, String> {
    let entries = fs::read_dir(folder).map_err(|e| failed(folder, e))?;
    entries
        .map(|entry| entry.and_then(|entry| Ok((entry.metadata()?.len(), entry.path()))))
        .collect::<Result<_, _>>()
        .map_err(|e| failed(folder, e))
}

fn failed(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// How much a target was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub name: String,
    pub executions: u64,
    pub seconds: u64,
    /// Edges of the program that inputs reached.
    pub coverage: u64,
}

/// What libFuzzer says: `#8 DONE cov: 123 ft: 4 …`, `stat::number_of_executed_units: 1234`.
fn tried(name: &str, text: &str, seconds: u64) -> Tried {
    let number = |line: &str, before: &str| {
        let (_, after) = line.split_once(before)?;
        after.split_whitespace().next()?.parse::<u64>().ok()
    };
    let largest = |before: &str| text.lines().filter_map(|line| number(line, before)).max().unwrap_or(0);
    let (executions, coverage) = (largest("stat::number_of_executed_units:"), largest(" cov: "));
    Tried { name: name.to_owned(), executions, seconds, coverage }
}

/// How much every target was tried so far.
pub fn recorded(project: &Project) -> Vec<Tried> {
    let text = fs::read_to_string(project.root.join(RECORD)).unwrap_or_default();
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Tried> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let mut number = || words.next()?.parse().ok();
    Some(Tried { name, executions: number()?, seconds: number()?, coverage: number()? })
}

/// Adds a run to the record, which another run may be adding to at this moment.
fn record(path: &Path, new: &Tried) -> Result<(), String> {
    let update = || {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut all: Vec<Tried> = text.lines().filter_map(entry).collect();
        match all.iter_mut().find(|known| known.name == new.name) {
            Some(known) => {
                known.executions += new.executions;
                known.seconds += new.seconds;
                known.coverage = new.coverage;
            }
            None => all.push(new.clone()),
        }
        all.sort_by_key(|tried| TARGETS.iter().position(|name| *name == tried.name));
        let lines = all.iter().map(|Tried { name, executions, seconds, coverage }| {
            format!("{name} {executions} {seconds} {coverage}\n")
        });
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(format!("{RECORD_HEAD}{}", lines.collect::<String>()).as_bytes())
    };
    update().map_err(|e| failed(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_targets_and_seconds() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse(&words("merge --seconds 5")).unwrap(), (5, vec!["merge"]));
        assert_eq!(parse(&[]).unwrap(), (SECONDS, TARGETS.to_vec()));
        assert_eq!(parse(&words("all")).unwrap(), (SECONDS, TARGETS.to_vec()));
        for wrong in ["--seconds", "--seconds x", "--seconds 0", "nothing"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn executions_and_coverage_are_read_from_what_libfuzzer_says() {
        let text = "#2\tINITED cov: 5 ft: 6\n#8\tDONE   cov: 17 ft: 20 corp: 2/8b\nstat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     7\n";
        let expected = Tried { name: "merge".into(), executions: 1234, seconds: 9, coverage: 17 };
        assert_eq!(tried("merge", text, 9), expected);
        assert_eq!(tried("merge", "nothing", 9).executions, 0);
    }

    #[test]
    fn runs_are_added_up_in_the_record() {
        let path = std::env::temp_dir().join(format!("keyhaven-fuzz-record-{}", std::process::id()));
        drop(fs::remove_file(&path));
        let run = |name: &str, executions| Tried {
            name: name.into(),
            executions,
            seconds: 3,
            coverage: executions,
        };
        for new in [run("merge", 12), run("header", 5), run("merge", 30)] {
            record(&path, &new).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(text, format!("{RECORD_HEAD}header 5 3 5\nmerge 42 6 30\n"));
    }

    /// The folder `fuzz/` has exactly these targets.
    #[test]
    fn every_target_is_named_here() {
        let manifest = include_str!("../../fuzz/Cargo.toml");
        let names: Vec<_> =
            manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
        assert_eq!(names[1..], *TARGETS);
    }
}
