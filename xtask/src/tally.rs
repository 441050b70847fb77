//! Adds up the results of test binaries.
//!
//! Must never know: what a test proves, who ran it.

/// What libtest said, added up.
#[derive(Default)]
pub(crate) struct Tally {
    binaries: u32,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    ignored: u64,
    /// Each that failed, with its binary.
    names: Vec<String>,
}

impl Tally {
    /// One line of what a binary of that name prints.
    pub(crate) fn read(&mut self, binary: &str, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.names.push(format!("{binary}: {name}"));
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.binaries += 1;
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let number = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// A binary that failed. If none of its tests failed, nothing has named it yet.
    pub(crate) fn ended_badly(&mut self, binary: &str, how: &str) {
        if !self.names.iter().any(|name| name.starts_with(&format!("{binary}: "))) {
            self.names.push(format!("{binary}: it ended with {how}"));
        }
    }

    pub(crate) fn print(&self, seconds: u64) {
        println!("\n────────────────────────────────────────────────────────");
        for name in &self.names {
            println!("FAILED  {name}");
        }
        println!(
            "{} test binaries: {} passed, {} failed, {} ignored, {seconds} s",
            self.binaries, self.passed, self.failed, self.ignored,
        );
    }
}
