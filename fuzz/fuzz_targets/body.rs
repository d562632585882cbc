#![no_main]

use keyhaven_tests::fuzzing::{run, write_seeds};

libfuzzer_sys::fuzz_target!(init: write_seeds("body"), |data: &[u8]| run("body", data));
