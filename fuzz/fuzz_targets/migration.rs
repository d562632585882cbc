#![no_main]

use keyhaven_tests::fuzzing::{run, write_seeds};

libfuzzer_sys::fuzz_target!(init: write_seeds("migration"), |data: &[u8]| run("migration", data));
