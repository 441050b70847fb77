//! How the times of a mailbox continue when a hold ends: each has as many days left as when it was stopped, and waiting
//! letters have waited as many days as before. Pure: the clock is an argument.

use sealpost_mail::{Term, Timestamp};
use sealpost_store::{Held, ResumedTime, StoppedMoment, StoppedTime};

use crate::retention::Retention;

impl Retention {
    /// Every time that the hold stopped, with its new value.
    #[must_use]
    pub fn resumed(&self, held: Held, now: Timestamp) -> Vec<ResumedTime> {
        let Held { since, times } = held;
        let one = |was: StoppedTime| ResumedTime { at: self.resumed_at(since, now, &was), was };
        times.into_iter().map(one).collect()
    }

    /// Whole days on the operator's calendar: an end is the end of its day, a beginning the beginning of one. What
    /// arrived during the hold begins when it ends.
    fn resumed_at(&self, since: Timestamp, now: Timestamp, time: &StoppedTime) -> Timestamp {
        let StoppedTime { row, began, at } = time;
        let stopped = since.max(*began);
        let (from, until) = match row.moment() {
            StoppedMoment::End => (stopped, *at),
            StoppedMoment::Beginning => (*at, stopped),
        };
        // More days than a term can have: what never expires still never expires.
        let Ok(days) = u16::try_from(self.zone.days(from, until)) else { return *at };
        match row.moment() {
            StoppedMoment::End => self.zone.end(now, Term::Days(days)),
            StoppedMoment::Beginning => self.zone.before(now, Term::Days(days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::Zone;
    use sealpost_store::StoppedRow;

    use super::*;

    /// Days since 1 January 2026 in UTC, and the time of day in milliseconds.
    fn at(day: i64, time: i64) -> Timestamp {
        Timestamp(1_767_225_600_000 + day * 86_400_000 + time)
    }

    /// Ten o'clock in the morning in winter in Berlin, nine in summer.
    const MORNING: i64 = 9 * 3_600_000;
    /// Two minutes before eleven in the evening there.
    const EVENING: i64 = 22 * 3_600_000 - 2 * 60_000;

    fn insurer() -> Retention {
        Retention {
            zone: Zone::named("Europe/Berlin").unwrap(),
            unactivated: Term::Days(40),
            letters: Some(Term::Days(60)),
            mailbox: None,
            trash: Term::Days(14),
            asked: None,
        }
    }

    const FEBRUARY_20: i64 = 50;
    const FEBRUARY_23: i64 = 53;
    const MAY_20: i64 = 139;

    /// Its new value after a hold from the morning of 24 February to that of 1 June.
    fn after(row: StoppedRow, began: Timestamp, stands: Timestamp) -> Timestamp {
        let times = vec![StoppedTime { row, began, at: stands }];
        insurer().resumed(Held { since: at(54, MORNING), times }, june()).pop().unwrap().at
    }

    fn june() -> Timestamp {
        at(151, MORNING)
    }

    #[test]
    fn an_end_has_as_many_days_left_and_is_the_end_of_a_day() {
        let zone = insurer().zone;
        let letter = || StoppedRow::Letter("l".to_owned());
        // 36 of 40 days are left, whatever daylight saving has done since.
        let came = at(FEBRUARY_20, EVENING);
        let resumed = after(letter(), came, zone.end(came, Term::Days(40)));
        assert_eq!(zone.days(june(), resumed), 36);
        assert_eq!(resumed, zone.end(june(), Term::Days(36)), "the last moment of that day");
        // It arrived during the hold: none of its time had passed.
        let came = at(MAY_20, MORNING);
        let resumed = after(letter(), came, zone.end(came, Term::Days(40)));
        assert_eq!(zone.days(june(), resumed), 40);
        // Already expired when the hold began: until tonight.
        let resumed = after(letter(), at(0, MORNING), at(FEBRUARY_23, EVENING));
        assert_eq!(resumed, zone.end(june(), Term::Days(0)));
        // What never expires still does not.
        let never = Timestamp(i64::MAX);
        assert_eq!(after(letter(), at(FEBRUARY_20, MORNING), never), never);
    }

    #[test]
    fn what_waited_has_waited_as_many_days_as_before() {
        let zone = insurer().zone;
        let waiting = || StoppedRow::Waiting("l".to_owned());
        let came = at(FEBRUARY_20, EVENING);
        let from = after(waiting(), came, came);
        assert_eq!(zone.days(from, june()), 4);
        // The reminder of the third day was sent before the hold and is not due again; the next one is in ten days.
        let told = at(FEBRUARY_23, MORNING);
        let told = after(StoppedRow::Reminded, told, told);
        assert!(zone.after(from, Term::Days(3)) <= told);
        assert_eq!(zone.days(june(), zone.after(from, Term::Days(14))), 10);
        // What arrived meanwhile waits from today.
        let came = at(MAY_20, MORNING);
        assert_eq!(zone.days(after(waiting(), came, came), june()), 0);
    }
}
