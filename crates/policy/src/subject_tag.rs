//! The tag that a rule looks for in subjects: the form in which it is compared, and whether a subject holds it. What is
//! only almost the tag is in `near_miss`.

use std::collections::HashSet;
use std::sync::Arc;

use sealpost_mail::{caseless, skeleton};

/// A tag in the form it is compared in, and the words in it.
#[derive(Clone, Debug)]
pub(crate) struct SubjectTag {
    /// As written in the rule.
    pub(crate) text: String,
    /// Neither in upper nor in lower case, and without blanks.
    plain: String,
    shape: String,
    /// Its words, without brackets and the like.
    pub(crate) core: String,
    /// The words of all tags of all rules: who typed another tag meant that one.
    pub(crate) known: Arc<HashSet<String>>,
}

impl SubjectTag {
    pub(crate) fn new(text: &str, known: &Arc<HashSet<String>>) -> Self {
        Self {
            text: text.to_owned(),
            plain: without_blanks(&caseless(text)),
            shape: skeleton(text),
            core: core(text),
            known: Arc::clone(known),
        }
    }

    /// Whether a subject, as [`skeleton`] shows it, holds the tag.
    pub(crate) fn is_in(&self, subject: &str) -> bool {
        subject.contains(&self.shape)
    }

    /// Whether a subject, neither in upper nor in lower case and without blanks, holds it letter by letter.
    pub(crate) fn is_plainly_in(&self, subject: &str) -> bool {
        subject.contains(&self.plain)
    }
}

/// The words of a tag, as [`SubjectTag`] compares them.
pub(crate) fn core(tag: &str) -> String {
    bare(&skeleton(tag)).to_owned()
}

/// Blanks are nothing that two read in two ways.
pub(crate) fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Without what stands around the words.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}
