//! Writes text: collapses white space, breaks lines, puts marks before them. Knows no elements.

use crate::display::is_invisible;

/// Deeper quoting is shown at this level.
const MAX_QUOTES: usize = 8;

/// At least this many invisible characters with spaces among them only fill a line, so that a mail list shows
/// nothing after the preview text. Fewer of them join letters and emoji.
const FILLS: usize = 4;

/// The text without such fillers.
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

/// The separator before the next word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    #[default]
    None,
    /// White space in a line.
    Space,
    /// The next word begins a new line.
    Line,
    /// A new line after an empty one.
    Blank,
}

#[derive(Default)]
pub(super) struct Lines {
    out: String,
    /// Where the current line begins.
    start: usize,
    gap: Gap,
    /// Quote depth of the following lines.
    quotes: usize,
    /// The mark of the list item that has just begun.
    mark: Option<String>,
    breaks: usize,
}

impl Lines {
    /// Whether the current line is still empty.
    fn is_empty(&self) -> bool {
        self.out.len() == self.start
    }

    /// Number of line ends written so far.
    pub(super) fn breaks(&self) -> usize {
        self.breaks
    }

    /// Number of bytes written so far.
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

    /// The item was empty.
    pub(super) fn unmark(&mut self) {
        self.mark = None;
    }

    /// As HTML displays it: runs of white space are one space, none at either end of a line.
    pub(super) fn words(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.want(Gap::Space),
                _ => self.character(c),
            }
        }
    }

    /// Verbatim: every space and every line end.
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

    /// Keeps every line end; other white space is one space.
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
        // A no-break space looks like a space.
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    /// Writes the pending separator before the next character.
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

    /// `<br>`: the pending separator is written first, then the line end.
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
