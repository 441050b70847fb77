//! What a run would do now and why, item by item, with numbers. Knows no job.

use sealpost_store::Foreseen;

/// One item that would be deleted or sent, or many alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunItem {
    /// Kind of item, in one word.
    pub kind: &'static str,
    /// Its ids, each with what it identifies.
    pub ids: Vec<(&'static str, String)>,
    /// Number of items.
    pub count: u64,
    /// What would happen to it, for people.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What a run would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Everything it would do.
    pub deeds: Vec<DryRunItem>,
    /// Remarks, such as why nothing is done, or not yet.
    pub notes: Vec<String>,
}

impl DryRunItem {
    /// A deed on a single item.
    pub(crate) fn of(kind: &'static str, what: String, why: impl Into<String>) -> Self {
        Self { kind, ids: Vec::new(), count: 1, what, why: why.into() }
    }

    pub(crate) fn with(mut self, of_what: &'static str, id: &str) -> Self {
        self.ids.push((of_what, id.to_owned()));
        self
    }
}

impl DryRun {
    /// Nothing, for this reason.
    pub(crate) fn says(note: impl Into<String>) -> Self {
        Self { deeds: Vec::new(), notes: vec![note.into()] }
    }

    /// Total number of items, including those not named.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.deeds.iter().map(|deed| deed.count).sum()
    }

    /// Adds a deed for each of these.
    pub(crate) fn each<T>(&mut self, things: &[T], deed: impl Fn(&T) -> DryRunItem) {
        self.deeds.extend(things.iter().map(deed));
    }

    /// Adds a deed for each named item, and one for all others.
    pub(crate) fn some<T>(&mut self, found: &Foreseen<T>, others: &str, deed: impl Fn(&T) -> DryRunItem) {
        self.each(&found.named, &deed);
        let unnamed = found.all.saturating_sub(found.named.len() as u64);
        if let Some(last) = found.named.last().map(deed).filter(|_| unnamed > 0) {
            let what = format!("and {unnamed} more {others}");
            self.deeds.push(DryRunItem { ids: Vec::new(), count: unnamed, what, ..last });
        }
    }

    /// Adds one deed for a number of items.
    pub(crate) fn count(&mut self, count: u64, kind: &'static str, what: &str, why: &str) {
        if count > 0 {
            let deed = DryRunItem::of(kind, format!("{count} {what}"), why);
            self.deeds.push(DryRunItem { count, ..deed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_not_named_are_counted_too() {
        let mut seen = DryRun::default();
        let found = Foreseen { named: vec!["a", "b"], all: 5 };
        seen.some(&found, "letters", |id| {
            DryRunItem::of("letter", format!("letter {id} goes"), "its time is over").with("letter", id)
        });
        seen.count(0, "link", "links go", "nobody can use them");
        let said: Vec<_> = seen.deeds.iter().map(|deed| (deed.what.as_str(), deed.why.as_str())).collect();
        let why = "its time is over";
        assert_eq!(said, [("letter a goes", why), ("letter b goes", why), ("and 3 more letters", why)]);
        assert_eq!((seen.all(), seen.deeds.iter().map(|deed| deed.ids.len()).sum::<usize>()), (5, 2));
    }
}
