//! `cargo xtask bench`: a real Postfix and Sealpost on the same road, side by side, in one run.
//!
//! `smtp-source` hands letters to the server under test, the server hands on to `smtp-sink`; both programs are
//! Postfix's own. A letter counts as delivered when the sink has it; a confidential one when its deposit is in
//! its mailbox and its notice in the sink.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, reads the clock and stops at the first surprise"
)]

mod case;
mod measure;
mod report;
mod road;

use std::process::ExitCode;

use case::{CASES, Subject};
use road::Figures;

fn main() -> ExitCode {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let mut rows = Vec::new();
    for case in CASES {
        let case = if quick { case.quick() } else { *case };
        println!("\n{}", case.title());
        let figures: Vec<(Subject, Figures)> = Subject::ALL
            .into_iter()
            .map(|subject| {
                let figures = road::drive(&case, subject);
                println!("  {:<38} {}", subject.title(), report::line(&figures));
                (subject, figures)
            })
            .collect();
        rows.push((case, figures));
    }
    let table = report::markdown(&rows, quick);
    println!("\n{table}");
    if !quick {
        let path = std::path::Path::new("docs/benchmarks.md");
        std::fs::write(path, &table).unwrap();
        println!("written to {}", path.display());
    }
    ExitCode::SUCCESS
}
