//! The tag that a rule looks for in subjects: its compared form, and whether a subject contains it. Near
//! misses are in `near_miss`.

use std::collections::HashSet;
use std::sync::Arc;

use sealpost_mail::{caseless, skeleton};

/// A tag in its compared form, and its words.
#[derive(Clone, Debug)]
pub(crate) struct SubjectTag {
    /// As written in the rule.
    pub(crate) text: String,
    /// Case folded and without blanks.
    plain: String,
    shape: String,
    /// Its words, without brackets and the like.
    pub(crate) core: String,
    /// The words of all tags of all rules: another rule's tag is not a near miss.
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

    /// Whether a subject, as shown by [`skeleton`], contains the tag.
    pub(crate) fn is_in(&self, subject: &str) -> bool {
        subject.contains(&self.shape)
    }

    /// Whether a subject, case folded and without blanks, contains it literally.
    pub(crate) fn is_plainly_in(&self, subject: &str) -> bool {
        subject.contains(&self.plain)
    }
}

/// The words of a tag, as [`SubjectTag`] compares them.
pub(crate) fn core(tag: &str) -> String {
    bare(&skeleton(tag)).to_owned()
}

/// Blanks cannot be read in two ways.
pub(crate) fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Without what surrounds the words.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}
