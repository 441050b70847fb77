//! What is the same for every recipient of one letter, found out once. Knows no condition and no rule: they are told apart by
//! where they are, and live as long.

use std::collections::HashMap;
use std::sync::Arc;

use sealpost_mail::{Edit, Head, skeleton};

use crate::answer::Answer;

/// Lives for one letter.
#[derive(Default)]
pub(crate) struct Memo {
    pub(crate) answers: HashMap<*const (), Answer>,
    edits: HashMap<*const (), Vec<Edit>>,
    subjects: Option<Arc<[String]>>,
}

impl Memo {
    /// The subject in every reading, as [`skeleton`] shows it: made once, however many rules ask.
    pub(crate) fn subjects(&mut self, head: &Head) -> Arc<[String]> {
        let make = || head.readings("Subject").iter().map(|subject| skeleton(subject)).collect();
        Arc::clone(self.subjects.get_or_insert_with(make))
    }

    /// What a condition answers, asked once.
    pub(crate) fn answer<T>(&mut self, condition: &T, ask: impl FnOnce(&mut Self) -> Answer) -> Answer {
        let key = std::ptr::from_ref(condition).cast();
        if let Some(known) = self.answers.get(&key) {
            return known.clone();
        }
        let answer = ask(self);
        self.answers.insert(key, answer.clone());
        answer
    }

    /// What a rule cuts out of the letter.
    pub(crate) fn edits<T>(&mut self, rule: &T, make: impl FnOnce() -> Vec<Edit>) -> Vec<Edit> {
        self.edits.entry(std::ptr::from_ref(rule).cast()).or_insert_with(make).clone()
    }
}
