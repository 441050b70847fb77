//! What is the same for every recipient of one letter, found out once. Knows no condition and no rule: they are told apart by
//! where they are, and live as long.

use std::collections::HashMap;
use std::sync::Arc;

use sealpost_mail::{Edit, Head, skeleton};

use crate::truth::Truth;

/// Lives for one letter.
#[derive(Default)]
pub(crate) struct Memo {
    pub(crate) truths: HashMap<*const (), Truth>,
    edits: HashMap<*const (), Vec<Edit>>,
    subjects: Option<Arc<[String]>>,
}

impl Memo {
    /// The subject in every reading, as [`skeleton`] shows it: made once, however many rules ask.
    pub(crate) fn subjects(&mut self, head: &Head) -> Arc<[String]> {
        let make = || head.readings("Subject").iter().map(|subject| skeleton(subject)).collect();
        Arc::clone(self.subjects.get_or_insert_with(make))
    }

    /// Whether a condition holds, asked once.
    pub(crate) fn truth<T>(&mut self, condition: &T, ask: impl FnOnce(&mut Self) -> Truth) -> Truth {
        let key = std::ptr::from_ref(condition).cast();
        if let Some(known) = self.truths.get(&key) {
            return known.clone();
        }
        let truth = ask(self);
        self.truths.insert(key, truth.clone());
        truth
    }

    /// What a rule cuts out of the letter.
    pub(crate) fn edits<T>(&mut self, rule: &T, make: impl FnOnce() -> Vec<Edit>) -> Vec<Edit> {
        self.edits.entry(std::ptr::from_ref(rule).cast()).or_insert_with(make).clone()
    }
}
