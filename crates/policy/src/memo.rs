//! Caches what is the same for every recipient of one letter. Knows no condition and no rule: they are identified by
//! their address in memory, and live as long.

use std::collections::HashMap;
use std::sync::Arc;

use sealpost_mail::{Edit, Head, Layers, TooLayered, skeleton};

use crate::truth::Truth;

/// Cache for one letter.
#[derive(Default)]
pub(crate) struct Memo {
    pub(crate) truths: HashMap<*const (), Truth>,
    edits: HashMap<*const (), Vec<Edit>>,
    subjects: Option<Subjects>,
    /// The remaining budget for nested encodings: in this letter, nested letters, for all rules.
    layers: Layers,
}

/// The subject of a head in all its readings.
#[derive(Clone)]
pub(crate) struct Subjects {
    /// As text.
    pub(crate) read: Arc<[String]>,
    /// As shown by [`skeleton`].
    pub(crate) shapes: Arc<[String]>,
}

impl Memo {
    /// Evaluates something about a nested letter, of which only the cost is remembered.
    pub(crate) fn within<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        let mut memo = Self { layers: std::mem::take(&mut self.layers), ..Self::default() };
        let answer = ask(&mut memo);
        self.layers = memo.layers;
        answer
    }

    /// A field in all its readings.
    pub(crate) fn readings(&mut self, head: &Head, name: &str) -> Result<Vec<String>, TooLayered> {
        head.readings(name, &mut self.layers)
    }

    /// The subject in all its readings: computed once, however many rules need it.
    pub(crate) fn subjects(&mut self, head: &Head) -> Result<Subjects, TooLayered> {
        if let Some(known) = &self.subjects {
            return Ok(known.clone());
        }
        let read: Arc<[String]> = self.readings(head, "Subject")?.into();
        let shapes = read.iter().map(|subject| skeleton(subject)).collect();
        Ok(self.subjects.insert(Subjects { read, shapes }).clone())
    }

    /// Whether a condition holds, evaluated once.
    pub(crate) fn truth<T>(&mut self, condition: &T, ask: impl FnOnce(&mut Self) -> Truth) -> Truth {
        let key = std::ptr::from_ref(condition).cast();
        if let Some(known) = self.truths.get(&key) {
            return known.clone();
        }
        let truth = ask(self);
        self.truths.insert(key, truth.clone());
        truth
    }

    /// What a rule removes from the letter.
    pub(crate) fn edits<T>(&mut self, rule: &T, make: impl FnOnce() -> Vec<Edit>) -> Vec<Edit> {
        self.edits.entry(std::ptr::from_ref(rule).cast()).or_insert_with(make).clone()
    }
}
