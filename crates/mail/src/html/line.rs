//! Text as it is being written: white space collapses, lines break, marks stand before them. Knows no elements.

use crate::display::is_invisible;

/// Deeper quoting looks like this level.
const MAX_QUOTES: usize = 8;

/// So many signs that nobody sees, with blanks among them, are there to fill a line and for nothing else: what programs show
/// of a letter in a list shall end before its text begins. Fewer join letters and pictures.
const FILLS: usize = 4;

/// The text without what only fills its lines.
pub(super) fn unfilled(text: String) -> String {
    if !text.contains(is_invisible) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(is_invisible) {
        let fills = |c: char| is_invisible(c) || matches!(c, ' ' | '\u{2007}');
        let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let kept = before.trim_end_matches([' ', '\u{2007}']);
        let run = tail.find(|c| !fills(c)).unwrap_or(tail.len());
        let (run, after) = tail.split_at_checked(run).unwrap_or((tail, ""));
        let blanks = before.get(kept.len()..).unwrap_or_default();
        if run.chars().filter(|c| is_invisible(*c)).count() < FILLS {
            out.push_str(before);
            out.push_str(run);
        } else {
            out.push_str(kept);
            let parts = !blanks.is_empty() || run.contains([' ', '\u{2007}']);
            if parts && !after.is_empty() && !after.starts_with('\n') {
                out.push(' ');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What comes before the next word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    #[default]
    None,
    /// White space in a line.
    Space,
    /// The next word stands on a line of its own.
    Line,
    /// As a line, with an empty one before it.
    Blank,
}

#[derive(Default)]
pub(super) struct Lines {
    out: String,
    /// Where the line that is written begins.
    start: usize,
    gap: Gap,
    /// Quoting of the lines to come.
    quotes: usize,
    /// The mark of the list item that has just begun.
    mark: Option<String>,
    breaks: usize,
}

impl Lines {
    /// Whether the line has nothing in it yet.
    fn is_empty(&self) -> bool {
        self.out.len() == self.start
    }

    /// How many line ends have been written so far.
    pub(super) fn breaks(&self) -> usize {
        self.breaks
    }

    /// How much has been written so far.
    pub(super) fn written(&self) -> usize {
        self.out.len()
    }

    pub(super) fn gap(&self) -> Gap {
        self.gap
    }

    /// At least this before the next word.
    pub(super) fn want(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Exactly this before the next word.
    pub(super) fn set(&mut self, gap: Gap) {
        self.gap = gap;
    }

    pub(super) fn quote(&mut self, levels: usize) {
        self.quotes = levels.min(MAX_QUOTES);
    }

    pub(super) fn mark(&mut self, mark: String) {
        self.mark = Some(mark);
    }

    /// The item had nothing in it.
    pub(super) fn unmark(&mut self) {
        self.mark = None;
    }

    /// As HTML shows it: runs of white space are one blank, none at either end of a line.
    pub(super) fn words(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.want(Gap::Space),
                _ => self.character(c),
            }
        }
    }

    /// As it stands: every blank, and every line end.
    pub(super) fn verbatim(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.line_break(),
                '\r' => {}
                ' ' | '\t' => {
                    self.open();
                    self.out.push(c);
                }
                _ => self.character(c),
            }
        }
    }

    /// Every line end as it stands; other white space is one blank.
    pub(super) fn lines(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.line_break(),
                '\r' => {}
                ' ' | '\t' | '\u{c}' => self.want(Gap::Space),
                _ => self.character(c),
            }
        }
    }

    fn character(&mut self, c: char) {
        self.open();
        // A no-break space is a blank that nobody can see the difference of.
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    /// What stands before the next character is written.
    fn open(&mut self) {
        match std::mem::take(&mut self.gap) {
            Gap::None => {}
            Gap::Space if self.is_empty() => {}
            Gap::Space => self.out.push(' '),
            Gap::Line if self.is_empty() => {}
            Gap::Line => self.end_line(),
            Gap::Blank => {
                if !self.is_empty() {
                    self.end_line();
                }
                if !self.out.is_empty() && !self.out.ends_with("\n\n") {
                    self.prefix();
                    self.end_line();
                }
            }
        }
        if self.is_empty() {
            self.prefix();
            if let Some(mark) = self.mark.take() {
                self.out.push_str(&mark);
            }
        }
    }

    fn prefix(&mut self) {
        if self.quotes > 0 {
            self.out.extend(std::iter::repeat_n('>', self.quotes));
            self.out.push(' ');
        }
    }

    fn end_line(&mut self) {
        let kept = self.out.trim_end_matches([' ', '\t']).len().max(self.start);
        self.out.truncate(kept);
        self.out.push('\n');
        self.start = self.out.len();
        self.breaks += 1;
    }

    /// `<br>`: what is owed is paid first, then the line ends.
    pub(super) fn line_break(&mut self) {
        if self.gap >= Gap::Line && !self.is_empty() {
            self.end_line();
        }
        self.gap = Gap::None;
        if self.is_empty() {
            self.prefix();
        }
        self.end_line();
    }

    pub(super) fn finish(mut self) -> String {
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        let start = self.out.len() - self.out.trim_start_matches('\n').len();
        self.out.split_off(start)
    }
}
