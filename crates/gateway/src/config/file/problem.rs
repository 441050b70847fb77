//! A problem with a configuration: file, line, what is wrong and how to fix it. Never quotes a value that may
//! be secret.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing to fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file.
    pub(crate) file: PathBuf,
    /// 1-based line, if it is known.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) wrong: String,
    /// How to fix it.
    pub(crate) hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.wrong)?;
        if !self.hint.is_empty() {
            write!(f, "\n    hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// A configuration file's text, to turn byte offsets into lines and collect problems.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    pub(crate) problems: Vec<Problem>,
    /// What works, but may not be intended.
    pub(crate) warnings: Vec<Problem>,
}

impl Source {
    pub(crate) fn new(file: &Path, text: String) -> Self {
        Self { file: file.to_owned(), text, problems: Vec::new(), warnings: Vec::new() }
    }

    /// The 1-based line of a byte offset.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    /// Notes a problem at a byte offset.
    pub(crate) fn at(&mut self, offset: usize, wrong: impl Into<String>, hint: impl Into<String>) {
        let line = Some(self.line(offset));
        let file = self.file.clone();
        self.problems.push(Problem { file, line, wrong: wrong.into(), hint: hint.into() });
    }

    /// Notes something that works but may surprise.
    pub(crate) fn warn(&mut self, offset: usize, wrong: impl Into<String>, hint: impl Into<String>) {
        let line = Some(self.line(offset));
        let file = self.file.clone();
        self.warnings.push(Problem { file, line, wrong: wrong.into(), hint: hint.into() });
    }

    /// Notes a problem without a position of its own: at the first line that starts with `anchor`.
    pub(crate) fn near(&mut self, anchor: &str, wrong: impl Into<String>, hint: impl Into<String>) {
        let line = self.text.lines().position(|l| l.trim_start().starts_with(anchor)).map(|n| n + 1);
        let file = self.file.clone();
        self.problems.push(Problem { file, line, wrong: wrong.into(), hint: hint.into() });
    }

    /// Notes something that works but may surprise, at the first line that starts with `anchor`.
    pub(crate) fn near_warn(&mut self, anchor: &str, wrong: impl Into<String>, hint: impl Into<String>) {
        let line = self.text.lines().position(|l| l.trim_start().starts_with(anchor)).map(|n| n + 1);
        let file = self.file.clone();
        self.warnings.push(Problem { file, line, wrong: wrong.into(), hint: hint.into() });
    }

    /// Resolves a path of the configuration: relative paths are relative to the file.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }
}
