//! Fuzzes the rules of a configuration.
#![no_main]

#[path = "../checks/mod.rs"]
#[expect(dead_code, reason = "one target, one check")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::rules::check(input));
