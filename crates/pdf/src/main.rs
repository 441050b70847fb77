//! The worker: one letter in on standard input, one PDF out on standard output.

fn main() {}
