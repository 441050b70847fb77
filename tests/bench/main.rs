//! `cargo xtask bench`: a real Postfix and Sealpost on the same route, side by side, in one run.
//!
//! `smtp-source` sends letters to the server under test, which sends them on to `smtp-sink`; both programs
//! are Postfix's own. A letter counts as delivered when the sink has it; a confidential one when its deposit
//! is in its mailbox and its notice in the sink.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, reads the clock and stops at the first surprise"
)]

mod case;
mod cluster;
mod cpu_share;
mod filter;
mod log_in;
mod mailbox;
mod measure;
mod moving;
mod partners;
mod purge;
mod report;
mod road;
mod roundcube;
mod web;

use std::process::ExitCode;

use case::{CASES, Subject};
use road::Figures;

/// Each server drives each case so often; its best drive counts.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "purge") {
        return purge::run(words.get(1).map(String::as_str));
    }
    if words.first().is_some_and(|word| word == "move") {
        return moving::run(words.get(1).map(String::as_str));
    }
    if words.first().is_some_and(|word| word == "mailbox") {
        mailbox::run(words.get(1).map(String::as_str));
        return ExitCode::SUCCESS;
    }
    let quick = std::env::args().any(|arg| arg == "--quick");
    if std::env::args().any(|arg| arg == "web") {
        web::run(quick);
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|arg| arg == "cluster") {
        cluster::run(quick);
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|arg| arg == "partners") {
        match std::env::args().any(|arg| arg == "alone") {
            true => partners::alone(quick),
            false => partners::run(quick),
        }
        return ExitCode::SUCCESS;
    }
    let load = report::load();
    let mut rows = Vec::new();
    for case in CASES {
        let case = if quick { case.quick() } else { *case };
        println!("\n{}", case.title());
        let mut best: Vec<(Subject, Figures)> = Vec::new();
        // In turn and not one after the other: what else the machine does hits all alike.
        for round in 0..if quick { 1 } else { ROUNDS } {
            for subject in Subject::ALL {
                let figures = road::drive(&case, subject);
                println!("  {:<38} {}", subject.title(), report::line(&figures));
                match best.iter_mut().find(|(known, _)| *known == subject) {
                    None => best.push((subject, figures)),
                    Some((_, known)) if known.delivered < figures.delivered => *known = figures,
                    Some(_) => {}
                }
            }
            if round + 1 < ROUNDS && !quick {
                println!();
            }
        }
        rows.push((case, best));
    }
    let table = report::markdown(&rows, quick, &load);
    println!("\n{table}");
    if !quick {
        let path = std::path::Path::new("docs/benchmarks.md");
        std::fs::write(path, &table).unwrap();
        println!("written to {}", path.display());
    }
    ExitCode::SUCCESS
}
