//! Fuzzes sealed bytes that are changed, truncated or invented.
#![no_main]

#[path = "../checks/mod.rs"]
#[expect(dead_code, reason = "one target, one check")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::sealed::check(input));
