//! Fuzzes untrusted letters, keys and answers about partners. With an initial corpus: `cargo fuzz run
//! partners corpus/partners ../corpus ../reading`.
#![no_main]

#[path = "../checks/mod.rs"]
#[expect(dead_code, reason = "one target, one check")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::partners::check(input));
