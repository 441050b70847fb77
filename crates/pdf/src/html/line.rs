//! Writes a line: collapses white space and joins text of equal style. Knows no blocks.

use crate::model::{Look, Run};

#[derive(Default)]
pub(super) struct Line {
    runs: Vec<Run>,
    /// How often it was broken.
    breaks: usize,
}

/// White space in HTML; a no-break space is not.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds text as HTML displays it: runs of white space are one space, none at the start of a line.
    pub(super) fn text(&mut self, text: &str, look: &Look) {
        let mut out = String::with_capacity(text.len());
        let mut after_space = match self.runs.last() {
            None | Some(Run::Break) => true,
            Some(Run::Text { text, .. }) => text.ends_with(' '),
            Some(Run::Picture { .. }) => false,
        };
        for c in text.chars() {
            if !is_space(c) {
                out.push(c);
                after_space = false;
            } else if !after_space {
                out.push(' ');
                after_space = true;
            }
        }
        self.push_text(out, look);
    }

    /// Adds text verbatim; line ends break the line.
    pub(super) fn verbatim(&mut self, text: &str, look: &Look) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.runs.push(Run::Break);
            }
            self.push_text(line.trim_end_matches('\r').to_owned(), look);
        }
    }

    fn push_text(&mut self, text: String, look: &Look) {
        if text.is_empty() {
            return;
        }
        match self.runs.last_mut() {
            Some(Run::Text { text: before, look: same }) if same == look => before.push_str(&text),
            _ => self.runs.push(Run::Text { text, look: look.clone() }),
        }
    }

    pub(super) fn picture(&mut self, picture: Run) {
        self.runs.push(picture);
    }

    /// A line break. `true` if it follows another one: then a new paragraph begins.
    pub(super) fn line_break(&mut self) -> bool {
        trim_end(&mut self.runs);
        if matches!(self.runs.last(), Some(Run::Break)) {
            return true;
        }
        self.runs.push(Run::Break);
        self.breaks += 1;
        false
    }

    pub(super) fn breaks(&self) -> usize {
        self.breaks
    }

    /// Whether nothing in it is visible; a line of no-break spaces is empty.
    pub(super) fn is_blank(&self) -> bool {
        self.runs.iter().all(Run::is_blank)
    }

    /// The finished line, without trailing space.
    pub(super) fn take(&mut self) -> Vec<Run> {
        let mut runs = std::mem::take(&mut self.runs);
        self.breaks = 0;
        while matches!(runs.last(), Some(Run::Break)) {
            runs.pop();
        }
        trim_end(&mut runs);
        runs
    }

    /// Only the line's text, line breaks as line ends.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.runs)
            .into_iter()
            .map(|run| match run {
                Run::Text { text, .. } => text,
                Run::Break => "\n".to_owned(),
                Run::Picture { alt, .. } => alt,
            })
            .collect()
    }
}

fn trim_end(runs: &mut Vec<Run>) {
    while let Some(Run::Text { text, .. }) = runs.last_mut() {
        text.truncate(text.trim_end_matches(' ').len());
        if !text.is_empty() {
            break;
        }
        runs.pop();
    }
}
