//! Verifies the chain of the audit trail from its beginning and reports where it breaks. Pure: rows and anchors are
//! arguments.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sealpost_mail::Timestamp;
use sealpost_store::{Anchor, AnchorKind, ChainedRow};
use sealpost_vault::AuditMaster;

use super::actions;
use super::chain::{anchor_holds, row_holds};

/// A problem found.
#[expect(missing_docs, reason = "fields are numbers of rows, but for the key's")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Rows are missing before this one.
    Missing { after: i64, before: i64 },
    /// The row is not the one written after the previous row: changed, inserted or moved.
    Broken { seq: i64 },
    /// The row is proven under a server key that was not given.
    UnknownKey { seq: i64, key_id: i64 },
    /// A row inside the chain has no proof.
    Unproven { seq: i64 },
    /// The proof of the trail's first or last position is invalid.
    AnchorBroken { kind: &'static str },
    /// The trail ends before the row that its head anchor names.
    TailCut { last: i64, head: i64 },
    /// There are rows but no head anchor.
    NoHead,
    /// The row that was noted elsewhere has changed or is gone.
    NotAsNoted { seq: i64 },
    /// There are mailboxes whose creation is not in the trail: one of them, and how many more.
    Emptied { mailbox: String, more: usize },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { after, before } => write!(f, "rows are missing between {after} and {before}"),
            Self::Broken { seq } => {
                write!(
                    f,
                    "row {seq} is not what was written after the row before it: changed, put in or moved"
                )
            }
            Self::UnknownKey { seq, key_id } => {
                write!(f, "row {seq} is proven under server key {key_id}; give that key, too, with --key")
            }
            Self::Unproven { seq } => write!(f, "row {seq} has no proof, and rows before it have one"),
            Self::AnchorBroken { kind } => write!(f, "the anchor `{kind}` is not proven"),
            Self::TailCut { last, head } => {
                write!(f, "the trail ends at row {last}; the last one was {head}")
            }
            Self::NoHead => write!(f, "nothing says which row is the last one; the trail may be cut"),
            Self::Emptied { mailbox, more } => write!(
                f,
                "no row says that mailbox {mailbox} was made (nor {more} more): the trail was emptied, or begun anew"
            ),
            Self::NotAsNoted { seq } => write!(f, "row {seq} is not the one that was noted, or it is gone"),
        }
    }
}

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows of the chain.
    pub rows: u64,
    /// Rows older than the chain.
    pub unchained: u64,
    /// The last row and its proof.
    pub head: Option<AnchorWord>,
    /// Problems found, in the order of the rows.
    pub findings: Vec<Finding>,
}

/// A row by number and proof, as the log prints it every day: `1234:5f…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorWord {
    /// The number of the row.
    pub seq: i64,
    /// The proof of the row.
    pub proof: Vec<u8>,
}

impl fmt::Display for AnchorWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.proof.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AnchorWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an anchor is a row's number, a colon and 64 hexadecimal digits".to_owned();
        // A page breaks such a long word with zero-width spaces or line breaks, which are copied along.
        let is_space =
            |c: char| c.is_whitespace() || ('\u{200b}'..='\u{200d}').contains(&c) || c == '\u{feff}';
        let text: String = text.chars().filter(|c| !is_space(*c)).collect();
        let (seq, digits) = text.split_once(':').ok_or_else(wrong)?;
        let pairs = digits.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        let proof: Option<Vec<u8>> = pairs.0.iter().map(byte).collect();
        match (seq.parse(), proof) {
            (Ok(seq), Some(proof)) if proof.len() == 32 && pairs.1.is_empty() => Ok(Self { seq, proof }),
            (Ok(_) | Err(_), _) => Err(wrong()),
        }
    }
}

/// Verifies the chain; rows must be given in the order of their numbers.
#[derive(Debug)]
pub struct Verifier<'a> {
    masters: &'a [AuditMaster],
    noted: Vec<AnchorWord>,
    /// The previous row, once the chain has begun.
    before: Option<AnchorWord>,
    last_seq: i64,
    /// Mailboxes whose creation no row has reported so far, and when they were created.
    made: BTreeMap<String, Timestamp>,
    /// When the last pruned row was written.
    pruned_at: Option<Timestamp>,
    done: Verified,
}

/// Allowed difference between the clocks of two processes at the beginning of the trail, in milliseconds.
const APART: i64 = 60_000;

impl<'a> Verifier<'a> {
    /// `masters`: of all present and former server keys. `noted`: rows that were noted elsewhere. `made`: the existing
    /// mailboxes with their creation times. Each is created together with an audit row: one that is missing was
    /// removed, possibly with everything else (decision 0035).
    #[must_use]
    pub fn new(
        masters: &'a [AuditMaster],
        pruned: Option<Anchor>,
        noted: Vec<AnchorWord>,
        made: BTreeMap<String, Timestamp>,
    ) -> Self {
        let mut done = Verified::default();
        let mut before = None;
        if let Some(pruned) = &pruned {
            if !masters.iter().any(|master| anchor_holds(master, AnchorKind::Pruned, pruned)) {
                done.findings.push(Finding::AnchorBroken { kind: "pruned" });
            }
            // All pruned rows may have been older than the chain.
            if !pruned.proof.is_empty() {
                before = Some(AnchorWord { seq: pruned.seq, proof: pruned.proof.clone() });
            }
        }
        let last_seq = pruned.as_ref().map_or(0, |pruned| pruned.seq);
        // Noted rows that were pruned since can no longer be checked.
        let noted = noted.into_iter().filter(|word| word.seq > last_seq).collect();
        let pruned_at = pruned.map(|pruned| pruned.at);
        Self { masters, noted, before, last_seq, made, pruned_at, done }
    }

    /// Verifies the next row of the trail.
    pub fn take(&mut self, row: &ChainedRow) {
        let ChainedRow { seq, row: content, writer, key_id, proof } = row;
        if *seq != self.last_seq.saturating_add(1) {
            self.done.findings.push(Finding::Missing { after: self.last_seq, before: *seq });
        }
        self.last_seq = *seq;
        if proof.is_empty() {
            match self.before {
                None => self.done.unchained += 1,
                Some(_) => self.done.findings.push(Finding::Unproven { seq: *seq }),
            }
            return;
        }
        self.done.rows += 1;
        if content.action == actions::MAILBOX_CREATED {
            self.made.remove(&content.object);
        }
        let before = self.before.as_ref().map_or(&[][..], |before| &before.proof);
        let mut of_key = self.masters.iter().filter(|master| i64::from(master.id()) == *key_id).peekable();
        if of_key.peek().is_none() {
            self.done.findings.push(Finding::UnknownKey { seq: *seq, key_id: *key_id });
        } else if !of_key.any(|master| row_holds(master, writer, before, *seq, content, proof)) {
            self.done.findings.push(Finding::Broken { seq: *seq });
        }
        if let Some(at) = self.noted.iter().position(|word| word.seq == *seq) {
            let word = self.noted.swap_remove(at);
            if word.proof != *proof {
                self.done.findings.push(Finding::NotAsNoted { seq: *seq });
            }
        }
        self.before = Some(AnchorWord { seq: *seq, proof: proof.clone() });
    }

    /// To be called after the last row, with the head anchor read before it was known that no row follows.
    #[must_use]
    pub fn finish(mut self, head: Option<&Anchor>) -> Verified {
        let holds = |head| self.masters.iter().any(|master| anchor_holds(master, AnchorKind::Head, head));
        if head.is_some_and(|head| !holds(head)) {
            self.done.findings.push(Finding::AnchorBroken { kind: "head" });
        }
        match (head, &self.before) {
            (Some(head), Some(last)) if head.seq == last.seq && head.proof == last.proof => {}
            (Some(head), _) => {
                self.done.findings.push(Finding::TailCut { last: self.last_seq, head: head.seq });
            }
            (None, Some(_)) => self.done.findings.push(Finding::NoHead),
            (None, None) => {}
        }
        let begins = self.pruned_at.map_or(i64::MIN, |at| at.0.saturating_add(APART));
        let mut unsaid = self.made.into_iter().filter(|(_, made)| made.0 > begins);
        if let Some((mailbox, _)) = unsaid.next() {
            self.done.findings.push(Finding::Emptied { mailbox, more: unsaid.count() });
        }
        // What is left was not found.
        self.noted.sort_by_key(|word| word.seq);
        self.done.findings.extend(self.noted.iter().map(|word| Finding::NotAsNoted { seq: word.seq }));
        self.done.head = self.before;
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_a_page_broke_it() {
        let word = AnchorWord { seq: 74, proof: vec![0xab; 32] };
        let broken = word.to_string().replace("abab", "ab\u{200b}ab").replacen("ab", "ab\n  ", 1);
        assert_eq!(broken.parse(), Ok(word));
        assert!("74:ab".parse::<AnchorWord>().is_err());
    }

    #[test]
    fn a_mailbox_that_nobody_says_was_made_is_found() {
        let made = |at| BTreeMap::from([("m1".to_owned(), Timestamp(at)), ("m2".to_owned(), Timestamp(at))]);
        let found = |pruned: Option<Anchor>| {
            Verifier::new(&[], pruned, Vec::new(), made(90_000)).finish(None).findings
        };
        assert_eq!(found(None), [Finding::Emptied { mailbox: "m1".to_owned(), more: 1 }]);
        let pruned = |at| Anchor {
            seq: 1,
            at: Timestamp(at),
            proof: Vec::new(),
            writer: String::new(),
            key_id: 1,
            anchor_proof: Vec::new(),
        };
        let emptied = |pruned| found(Some(pruned)).iter().any(|one| matches!(one, Finding::Emptied { .. }));
        assert!(emptied(pruned(10_000)), "made after what the operator let go");
        assert!(!emptied(pruned(90_000)), "what said so was let go");
    }
}
