//! The jobs: their names, when each is due again, what each needs, what of it is noted. Runs none.

use sealpost_mail::{Timestamp, Zone};

use crate::notify_times::NotifyTimes;

/// Between two looks for letters to tell of, in milliseconds.
const DIGESTS: i64 = 5 * 60_000;

/// Between two looks for domains whose time has come to hear of their TLS.
const TLS_REPORTS: i64 = 10 * 60_000;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Letters, trash, drafts and mailboxes nobody came for, whose time is over.
    Retention,
    /// Mailboxes nobody uses.
    Mailboxes,
    /// Rows that lead nowhere.
    Forget,
    /// Looks whether everything in the store hangs together.
    Sweep,
    /// Mail to owners whose letters wait.
    Reminders,
    /// Mail to owners about letters they have not been told of one by one.
    Digests,
    /// Mail to owners whose mailboxes will go.
    MailboxReminders,
    /// Mail to senders whose letters nobody opened.
    Senders,
    /// Word to the operator of keys for partners that end.
    Keys,
    /// Questions to authorities about partners' certificates, and their lists.
    Ocsp,
    /// Reports to domains on how their servers speak TLS.
    TlsReports,
    /// The end of the audit trail to the log; its old rows go.
    Audit,
}

/// The part of the product that a job needs: it runs in the process that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing but the store.
    Store,
    /// What delivers: it writes mail, with the keys that are there already.
    Delivery,
    /// What takes letters in: it reads partners' keys.
    Intake,
}

impl Job {
    /// In the order in which they run when several are due: who is reminded first loses nothing meanwhile.
    pub const ALL: [Self; 12] = [
        Self::Digests,
        Self::Reminders,
        Self::MailboxReminders,
        Self::Senders,
        Self::Keys,
        Self::Ocsp,
        Self::TlsReports,
        Self::Retention,
        Self::Mailboxes,
        Self::Forget,
        Self::Sweep,
        Self::Audit,
    ];

    /// How the store, commands and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Mailboxes => "mailboxes",
            Self::Forget => "forget",
            Self::Sweep => "sweep",
            Self::Reminders => "reminders",
            Self::Digests => "digests",
            Self::MailboxReminders => "mailbox-reminders",
            Self::Senders => "senders",
            Self::Keys => "keys",
            Self::Ocsp => "ocsp",
            Self::TlsReports => "tls-reports",
            Self::Audit => "audit",
        }
    }

    /// The job of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }

    /// Which process can run it.
    pub fn needs(self) -> Needs {
        match self {
            Self::Reminders | Self::Digests | Self::MailboxReminders | Self::Senders | Self::TlsReports => {
                Needs::Delivery
            }
            Self::Keys | Self::Ocsp => Needs::Intake,
            Self::Retention | Self::Mailboxes | Self::Forget | Self::Sweep | Self::Audit => Needs::Store,
        }
    }

    /// Whether its runs stand in the audit trail: what it deletes somebody may ask for.
    pub fn is_noted(self) -> bool {
        match self {
            Self::Retention | Self::Mailboxes | Self::Audit => true,
            Self::Forget
            | Self::Sweep
            | Self::Reminders
            | Self::Digests
            | Self::MailboxReminders
            | Self::Keys
            | Self::Ocsp
            | Self::TlsReports
            | Self::Senders => false,
        }
    }

    /// Whether a clock that is ahead makes it do what cannot be undone.
    pub(crate) fn minds_the_clock(self) -> bool {
        match self {
            Self::Retention
            | Self::Mailboxes
            | Self::Forget
            | Self::Audit
            | Self::Reminders
            | Self::MailboxReminders
            | Self::Keys
            // A day that is not over would be told as if it were.
            | Self::TlsReports
            | Self::Senders => true,
            Self::Sweep | Self::Digests | Self::Ocsp => false,
        }
    }

    /// When it is due after `now`: hourly at odd minutes, by night what reads whole tables, mail when people are awake; what
    /// is already late every few minutes.
    pub fn next(self, now: Timestamp, zone: &Zone, telling: &NotifyTimes) -> Timestamp {
        let hourly = |minute: i64| {
            let hour = 3_600_000;
            let begun = now.0.div_euclid(hour) * hour + minute * 60_000;
            Timestamp(if begun > now.0 { begun } else { begun + hour })
        };
        match self {
            Self::Digests => Timestamp((now.0.div_euclid(DIGESTS) + 1) * DIGESTS),
            // Each domain has its own minute.
            Self::TlsReports => Timestamp((now.0.div_euclid(TLS_REPORTS) + 1) * TLS_REPORTS),
            Self::Retention => hourly(23),
            Self::Reminders => hourly(7),
            Self::Ocsp => hourly(37),
            Self::Mailboxes => zone.next(now, 60 + 41),
            Self::Forget => zone.next(now, 60 + 52),
            Self::Sweep => zone.next(now, 2 * 60 + 11),
            Self::Audit => zone.next(now, 11),
            Self::MailboxReminders => zone.next(now, telling.hours.minute(13)),
            Self::Senders => zone.next(now, telling.hours.minute(29)),
            Self::Keys => zone.next(now, telling.hours.minute(41)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify_times::Hours;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn every_job_is_due_again_later_and_at_its_hour() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let telling = NotifyTimes { hours: Hours { from: 8 * 60, to: 18 * 60 }, ..NotifyTimes::default() };
        let next = |job: Job, now| job.next(at(now), &zone, &telling);
        assert_eq!(next(Job::Retention, "2026-11-28T10:23:00Z"), at("2026-11-28T11:23:00Z"));
        assert_eq!(next(Job::Retention, "2026-11-28T10:22:59Z"), at("2026-11-28T10:23:00Z"));
        assert_eq!(next(Job::Mailboxes, "2026-11-28T10:23:00Z"), at("2026-11-29T00:41:00Z"));
        assert_eq!(next(Job::Senders, "2026-07-28T10:23:00Z"), at("2026-07-29T06:29:00Z"));
        // However short the hours are, what asks for them is due within them.
        let short = NotifyTimes { hours: Hours { from: 8 * 60, to: 8 * 60 + 20 }, ..telling.clone() };
        for job in [Job::Senders, Job::MailboxReminders] {
            assert!(short.is_awake(&zone, job.next(at("2026-11-28T10:23:00Z"), &zone, &short)), "{job:?}");
        }
        for job in Job::ALL {
            assert_eq!(Job::parse(job.name()), Some(job));
            assert!(next(job, "2026-11-28T10:23:00Z") > at("2026-11-28T10:23:00Z"), "{job:?}");
        }
    }
}
