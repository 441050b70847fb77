//! Formats results as a line for the terminal and as a table for the documentation.

use std::fmt::Write as _;
use std::process::Command;

use crate::case::{Case, Subject};
use crate::road::Figures;

/// One drive on one line.
pub(crate) fn line(figures: &Figures) -> String {
    format!(
        "accepted {:>7.1}/s   delivered {:>7.1}/s   CPU {:>8.2} ms   memory {:>6.1} MiB",
        figures.accepted,
        figures.delivered,
        figures.cpu.as_secs_f64() * 1000.0,
        mebibytes(figures.memory)
    )
}

/// Everything, as docs/benchmarks.md.
pub(crate) fn markdown(rows: &[(Case, Vec<(Subject, Figures)>)], quick: bool, load: &str) -> String {
    let mut text = String::from("# Benchmarks\n\n");
    let _ = writeln!(
        text,
        "Made by `cargo xtask bench`{}: Postfix and Sealpost in turn on the same machine and disk, three\n\
         rounds, the best of each; `smtp-source` → server → `smtp-sink`, one letter a connection, a recipient of\n\
         its own for every letter.\n\
         Both write through to the disk before they answer 250. Postfix runs with the distribution's defaults but\n\
         for ports, paths, `relayhost` and `message_size_limit` (50 MiB); Sealpost with its defaults.\n\n\
         *Delivered* counts letters that arrived: in the sink when relayed; in their mailbox, sealed, with the\n\
         notice in the sink, when confidential. CPU and memory are those of the whole process tree (memory: highest\n\
         sum of PSS seen). The times a figure is that of Postfix stand in parentheses.\n",
        if quick { " --quick (too few letters to compare)" } else { "" }
    );
    let _ = writeln!(text, "{}\n", machine(load));
    for (case, figures) in rows {
        let reference = figures.iter().find(|(subject, _)| *subject == Subject::Postfix).unwrap().1;
        let _ = writeln!(text, "## {}\n", case.title());
        text.push_str(
            "| | accepted/s | delivered/s | CPU per letter | peak memory |\n|---|---:|---:|---:|---:|\n",
        );
        for (subject, figures) in figures {
            let times = |ours: f64, theirs: f64| match subject {
                Subject::Postfix => String::new(),
                _ => format!(" (×{:.2})", ours / theirs),
            };
            let _ = writeln!(
                text,
                "| {} | {:.1}{} | {:.1}{} | {:.2} ms{} | {:.1} MiB{} |",
                subject.title(),
                figures.accepted,
                times(figures.accepted, reference.accepted),
                figures.delivered,
                times(figures.delivered, reference.delivered),
                figures.cpu.as_secs_f64() * 1000.0,
                times(figures.cpu.as_secs_f64(), reference.cpu.as_secs_f64()),
                mebibytes(figures.memory),
                times(mebibytes(figures.memory), mebibytes(reference.memory)),
            );
        }
        text.push('\n');
    }
    text
}

fn mebibytes(bytes: u64) -> f64 {
    let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    f64::from(kib) / 1024.0
}

/// What else the machine was doing (`/proc/loadavg`, one minute).
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// What it ran on.
pub(crate) fn machine(load: &str) -> String {
    let said = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).output().unwrap();
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split(": ").nth(1)).unwrap_or("?");
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    format!(
        "{} · {cores} cores {model} · Linux {} · Postfix {} · file system {} · load before the run {load}",
        said("date", &["-u", "+%Y-%m-%d"]),
        said("uname", &["-r"]),
        said("postconf", &["-d", "-h", "mail_version"]),
        said("stat", &["-f", "-c", "%T", &std::env::temp_dir().to_string_lossy()]),
    )
}
