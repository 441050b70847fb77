//! Fuzzes an SMTP session's bytes, read in blocks of any size.
#![no_main]

#[path = "../checks/mod.rs"]
#[expect(dead_code, reason = "one target, one check")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::smtp::check(input));
