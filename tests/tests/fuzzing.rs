//! The functions that are fuzzed, on stable Rust: over what our own writers make, over the kept corpora, over what
//! once broke something, and over some thousands of changed inputs. `cargo xtask fuzz` searches for longer.
#![expect(clippy::disallowed_methods, reason = "a test reads the kept corpora")]

use keyhaven_tests::fuzzing::{Random, TARGETS, mutated};
use keyhaven_tests::root;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Changed inputs of a target: some seconds in all, in a build for developers. Pictures cost most, by far.
const fn rounds(name: &str) -> usize {
    match name.as_bytes() {
        b"qr" | b"merge" => 100,
        b"body" | b"records" | b"recovery" => 400,
        _ => 2_000,
    }
}

/// Other programs' exports and pictures have no corpus here: the fixtures of `crates/interchange` and `crates/qr` are read
/// by their own tests.
const WITHOUT_CORPUS: [&str; 2] = ["interchange", "qr"];

/// The inputs in `fuzz/corpus/NAME`, a small set that reaches most of what the long runs reached, and those in
/// `fuzz/regressions/NAME`, which broke a property once. What never broke has no other
/// folder.
fn kept(name: &str) -> Vec<Vec<u8>> {
    let inside = |folder: &str| {
        let entries = std::fs::read_dir(root().join("fuzz").join(folder).join(name))?;
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()
    };
    let mut paths = match inside("corpus") {
        Err(_) if WITHOUT_CORPUS.contains(&name) => Vec::new(),
        found => found.unwrap_or_else(|error| panic!("the corpus of {name}: {error}")),
    };
    assert!(!paths.is_empty() || WITHOUT_CORPUS.contains(&name), "the corpus of {name} is empty");
    match inside("regressions") {
        Ok(broke) => paths.extend(broke),
        Err(error) => assert!(error.kind() == std::io::ErrorKind::NotFound, "what broke {name}: {error}"),
    }
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a readable corpus")).collect()
}

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let mut inputs = (target.seeds)();
    assert!(!inputs.is_empty(), "{name} has seeds");
    inputs.extend(kept(name));
    let run = |input: &[u8]| {
        let broken = catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err();
        assert!(!broken, "{name} breaks on {}; its own message stands above", input.escape_ascii());
    };
    inputs.iter().for_each(|input| run(input));
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds(name) {
        let seed = random.below(inputs.len());
        run(&mutated(&inputs[seed], &inputs, &mut random));
    }
}

macro_rules! targets {
    ($($test:ident $name:literal)+) => {
        $(#[test]
        fn $test() {
            check($name);
        })+

        #[test]
        fn every_target_is_run_here() {
            let here = [$($name),+];
            assert_eq!(here.to_vec(), TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
            for name in here {
                let file = root().join("fuzz").join("fuzz_targets").join(format!("{name}.rs"));
                let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                assert!(text.contains(&format!("\"{name}\"")), "{} runs another target", file.display());
            }
        }
    };
}

/// The changed inputs follow from the seeds: a seed with something random in it would try others in every run, and
/// break one day by chance.
#[test]
fn every_run_tries_the_same() {
    for target in TARGETS {
        assert!((target.seeds)() == (target.seeds)(), "a seed of {} is another each time", target.name);
    }
}

targets! {
    any_header_is_read_within_its_limits_or_refused "header"
    any_body_opens_whole_and_is_saved_whole "body"
    any_element_among_the_records_keeps_no_other_out "records"
    any_histories_merge_alike_and_lose_nothing "merge"
    any_uri_that_is_read_is_written_alike "otpauth"
    any_export_that_is_read_is_written_alike "migration"
    any_recovery_file_keeps_every_line "recovery"
    any_export_of_another_program_is_an_answer "interchange"
    any_picture_is_an_answer "qr"
}
