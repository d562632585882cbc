#![no_main]

use keyhaven_tests::fuzzing::{run, write_seeds};

libfuzzer_sys::fuzz_target!(init: write_seeds("otpauth"), |data: &[u8]| run("otpauth", data));
