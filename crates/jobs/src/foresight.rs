//! What a run would do, as lines for whoever asks, and how much that is. Knows no job.

use sealpost_store::Foreseen;

/// What a run would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foresight {
    /// A line for each thing that would go or be sent, and for what is worth knowing beside.
    pub lines: Vec<String>,
    /// How many things there are, also of those that have no line.
    pub all: u64,
}

impl Foresight {
    /// A line for each.
    pub(crate) fn each<T>(&mut self, things: &[T], line: impl Fn(&T) -> String) {
        self.lines.extend(things.iter().map(line));
        self.all += things.len() as u64;
    }

    /// A line for those that are named, and one that says how many others there are.
    pub(crate) fn some<T>(&mut self, found: &Foreseen<T>, what: &str, line: impl Fn(&T) -> String) {
        self.lines.extend(found.named.iter().map(line));
        let others = found.all.saturating_sub(found.named.len() as u64);
        if others > 0 {
            self.lines.push(format!("and {others} more {what}"));
        }
        self.all += found.all;
    }

    pub(crate) fn count(&mut self, count: u64, what: &str) {
        if count > 0 {
            self.lines.push(format!("{count} {what}"));
            self.all += count;
        }
    }

    pub(crate) fn says(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], all: 0 }
    }
}
