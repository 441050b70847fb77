//! The jobs: their names, schedules, needs, and whether their runs are audited. Runs none.

use sealpost_mail::{Timestamp, Zone};

use crate::notify_times::NotifyTimes;

/// Interval of looking for letters to announce, in milliseconds.
const DIGESTS: i64 = 5 * 60_000;

/// Interval of looking for domains whose TLS report is due, in milliseconds.
const TLS_REPORTS: i64 = 10 * 60_000;

/// The jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Deletes expired letters, trash, drafts and mailboxes that were never activated.
    Retention,
    /// Deletes unused mailboxes.
    Mailboxes,
    /// Removes rows that lead nowhere.
    Forget,
    /// Checks the store for inconsistencies.
    Sweep,
    /// Reminds owners of waiting letters.
    Reminders,
    /// Sends owners collected notices.
    Digests,
    /// Reminds owners of mailboxes that will be deleted.
    MailboxReminders,
    /// Tells senders about unopened letters.
    Senders,
    /// Warns the operator of expiring keys for partners.
    Keys,
    /// Asks authorities about partners' certificates, and fetches their lists.
    Ocsp,
    /// Sends domains reports on their servers' TLS.
    TlsReports,
    /// Logs the end of the audit trail and prunes old rows.
    Audit,
}

/// The role a job needs: it runs in a process with that role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Only the store.
    Store,
    /// Delivery, because it writes mail with the keys that role has.
    Delivery,
    /// Intake, because it reads partners' keys.
    Intake,
}

impl Job {
    /// In the order in which they run if several are due: owners reminded first lose nothing meanwhile.
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

    /// Its name in the store, commands and logs.
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

    /// The role it needs.
    pub fn needs(self) -> Needs {
        match self {
            Self::Reminders | Self::Digests | Self::MailboxReminders | Self::Senders | Self::TlsReports => {
                Needs::Delivery
            }
            Self::Keys | Self::Ocsp => Needs::Intake,
            Self::Retention | Self::Mailboxes | Self::Forget | Self::Sweep | Self::Audit => Needs::Store,
        }
    }

    /// Whether its runs are audited: questions about what it deletes may arise.
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

    /// Whether it does something irreversible if the clock is ahead.
    pub(crate) fn minds_the_clock(self) -> bool {
        match self {
            Self::Retention
            | Self::Mailboxes
            | Self::Forget
            | Self::Audit
            | Self::Reminders
            | Self::MailboxReminders
            | Self::Keys
            // An unfinished day would be reported as finished.
            | Self::TlsReports
            | Self::Senders => true,
            Self::Sweep | Self::Digests | Self::Ocsp => false,
        }
    }

    /// When it is due after `now`: hourly at odd minutes; at night what scans whole tables; mail during the
    /// day; what is already late every few minutes.
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
        // However short the hours, jobs bound to them are due within them.
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
