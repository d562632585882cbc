#![no_main]

use keyhaven_tests::fuzzing::{run, write_seeds};

libfuzzer_sys::fuzz_target!(init: write_seeds("recovery"), |data: &[u8]| run("recovery", data));
