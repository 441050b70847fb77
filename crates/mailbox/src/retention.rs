//! When letters, links, the trash and mailboxes expire. The only place that decides it. Pure: the clock is an argument.

use sealpost_mail::{Term, Timestamp, Zone};
use sealpost_store::{IdleMailbox, MailboxRow, MailboxState, PendingEnd};

/// How long the operator keeps what, counted on the calendar of the operator's time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The time zone whose midnights count.
    pub zone: Zone,
    /// Letters in a mailbox that is not activated, and the activation link.
    pub unactivated: Term,
    /// Letters in an active mailbox; `None`: until its owner deletes them.
    pub letters: Option<Term>,
    /// A mailbox that receives nothing and whose owner does not log in; `None`: it is kept.
    pub mailbox: Option<Term>,
    /// How long deleted letters can be restored.
    pub trash: Term,
    /// What a letter's sender may request; `None`: nothing.
    pub asked: Option<Bounds>,
}

/// Bounds of a sender's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The shortest term.
    pub least: Term,
    /// The longest term.
    pub most: Term,
}

/// The expiry requested for one letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionRequest {
    /// By the operator's rule.
    pub rule: Option<Term>,
    /// By its sender, in its head.
    pub sender: Option<Timestamp>,
}

/// When a letter expires, and what of that remains after its mailbox is activated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Going {
    /// The present expiry; `None`: only its owner deletes it.
    pub at: Option<Timestamp>,
    /// Requested for this letter, whatever becomes of its mailbox.
    pub requested: Option<Timestamp>,
}

/// The times in a mailbox's life that retention considers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When the mailbox was created.
    pub created: Timestamp,
    /// When its owner activated it.
    pub activated: Option<Timestamp>,
    /// When its owner last logged in.
    pub seen: Option<Timestamp>,
    /// When a letter last arrived, or a hold ended.
    pub reached: Option<Timestamp>,
}

impl LastUse {
    /// The latest of all.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let later = [self.activated, self.seen, self.reached].into_iter().flatten();
        later.fold(self.created, Timestamp::max)
    }
}

impl From<&MailboxRow> for LastUse {
    fn from(row: &MailboxRow) -> Self {
        let MailboxRow { created_at, activated_at, last_seen_at, reached_at, .. } = row;
        Self { created: *created_at, activated: *activated_at, seen: *last_seen_at, reached: *reached_at }
    }
}

impl From<&IdleMailbox> for LastUse {
    fn from(row: &IdleMailbox) -> Self {
        let IdleMailbox { id: _, created_at, activated_at, seen_at, reached_at } = row;
        Self { created: *created_at, activated: *activated_at, seen: *seen_at, reached: *reached_at }
    }
}

impl Retention {
    /// When a letter expires that is deposited now: soon if the mailbox is not activated, otherwise by the general term, or as
    /// requested.
    #[must_use]
    pub fn letter(&self, mailbox: MailboxState, now: Timestamp, request: RetentionRequest) -> Going {
        let requested = self.requested(now, request);
        let at = match mailbox {
            MailboxState::Pending => {
                let link = self.link(now);
                Some(requested.map_or(link, |requested| requested.min(link)))
            }
            MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => {
                requested.or_else(|| self.letters.map(|kept| self.zone.end(now, kept)))
            }
        };
        Going { at, requested }
    }

    /// When letters without a request expire that waited for their mailbox to be activated.
    #[must_use]
    pub fn activated(&self, now: Timestamp) -> Option<Timestamp> {
        self.letter(MailboxState::Active, now, RetentionRequest::default()).at
    }

    /// Until when the activation link of a mailbox created now is valid.
    #[must_use]
    pub fn link(&self, now: Timestamp) -> Timestamp {
        self.zone.end(now, self.unactivated)
    }

    /// When a mailbox is deleted if it stays unused.
    #[must_use]
    pub fn unused(&self, last: &LastUse) -> Option<Timestamp> {
        self.mailbox.map(|kept| self.zone.end(last.at(), kept))
    }

    /// When a mailbox is deleted if its owner does not log in and no letter arrives. A pending one is also deleted with the last thing in it;
    /// under a hold none is.
    #[must_use]
    pub fn mailbox_goes(&self, row: &MailboxRow, pending: PendingEnd) -> Option<Timestamp> {
        if row.held_since.is_some() {
            return None;
        }
        let unused = self.unused(&LastUse::from(row));
        let end = match (row.state, pending) {
            (MailboxState::Pending, PendingEnd::At(end)) => end,
            (MailboxState::Pending, PendingEnd::Asked { last, link }) => {
                self.zone.end(link, self.unactivated).max(last)
            }
            (MailboxState::Pending, PendingEnd::Unknown)
            | (MailboxState::Active | MailboxState::Locked, _) => return unused,
            (MailboxState::Deleted, _) => return None,
        };
        Some(unused.map_or(end, |unused| unused.min(end)))
    }

    /// When a letter expires that was moved to the trash then.
    #[must_use]
    pub fn trashed(&self, since: Timestamp) -> Timestamp {
        self.zone.end(since, self.trash)
    }

    /// What was moved to the trash before this time has expired.
    #[must_use]
    pub fn trash_before(&self, now: Timestamp) -> Timestamp {
        self.zone.before(now, self.trash)
    }

    /// A support request counts for as long as a letter waits, starting when the last link to the mailbox expired. If the links had
    /// expired before this time, it no longer counts.
    #[must_use]
    pub fn requests_before(&self, now: Timestamp) -> Timestamp {
        self.zone.before(now, self.unactivated)
    }

    /// The days left, as people count them.
    #[must_use]
    pub fn days(&self, now: Timestamp, until: Timestamp) -> u32 {
        self.zone.days(now, until)
    }

    fn requested(&self, now: Timestamp, request: RetentionRequest) -> Option<Timestamp> {
        let asked = request.sender.zip(self.asked).map(|(requested, bounds)| {
            let (least, most) = (self.zone.end(now, bounds.least), self.zone.end(now, bounds.most));
            requested.max(least).min(most)
        });
        asked.or_else(|| request.rule.map(|kept| self.zone.end(now, kept)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let days: i64 = text.parse().unwrap();
        Timestamp(days * 86_400_000)
    }

    fn insurer() -> Retention {
        Retention {
            zone: Zone::utc(),
            unactivated: Term::Days(40),
            letters: Some(Term::Days(60)),
            mailbox: Some(Term::Months(18)),
            trash: Term::Days(14),
            asked: Some(Bounds { least: Term::Days(7), most: Term::Days(100) }),
        }
    }

    #[test]
    fn senders_choose_within_the_operators_bounds_and_rules_freely() {
        let (kept, now) = (insurer(), at("20000"));
        let last = |days: u16| kept.zone.end(now, Term::Days(days));
        let going = |state, request| kept.letter(state, now, request).at.unwrap();
        let asks = |day: &str| RetentionRequest { rule: None, sender: Some(at(day)) };
        assert_eq!(going(MailboxState::Active, RetentionRequest::default()), last(60));
        assert_eq!(going(MailboxState::Active, asks("20001")), last(7));
        assert_eq!(going(MailboxState::Active, asks("20070")), at("20070"));
        assert_eq!(going(MailboxState::Active, asks("29999")), last(100));
        assert_eq!(going(MailboxState::Pending, asks("29999")), last(40));
        assert_eq!(going(MailboxState::Pending, asks("20010")), at("20010"));
        let rule = RetentionRequest { rule: Some(Term::Days(2)), sender: None };
        assert_eq!(going(MailboxState::Active, rule), last(2));
        let nobody_may = Retention { asked: None, ..insurer() };
        assert_eq!(nobody_may.letter(MailboxState::Active, now, asks("20070")).at, Some(last(60)));
    }

    #[test]
    fn what_goes_out_of_the_trash_is_what_was_said_to() {
        let kept = insurer();
        let since = Timestamp(at("20000").0 + 3_600_000);
        let end = kept.trashed(since);
        assert_eq!(kept.zone.days(since, end), 14);
        assert!(kept.trash_before(end) <= since);
        assert!(kept.trash_before(Timestamp(end.0 + 1)) > since);
    }

    #[test]
    fn a_mailbox_is_counted_from_its_last_use_of_any_kind() {
        let kept = insurer();
        let created = at("20000");
        let unused = LastUse { created, activated: None, seen: None, reached: None };
        assert_eq!(kept.unused(&unused), Some(kept.zone.end(created, Term::Months(18))));
        for used in [
            LastUse { activated: Some(at("20500")), ..unused },
            LastUse { seen: Some(at("20500")), activated: Some(at("20001")), ..unused },
            LastUse { reached: Some(at("20500")), seen: Some(at("20100")), ..unused },
        ] {
            assert_eq!(kept.unused(&used), Some(kept.zone.end(at("20500"), Term::Months(18))));
        }
        assert_eq!(Retention { mailbox: None, ..kept }.unused(&unused), None);
    }
}
