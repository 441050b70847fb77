//! What legs wait for beside their own time: another leg that is tried before them, or the end of a destination's backoff. In words, for
//! `sealpost queue list`. Makes no requests.

use std::collections::HashMap;
use std::fmt;

use sealpost_delivery::LEASE;
use sealpost_mail::Timestamp;
use sealpost_store::{BackoffRow, LegRow, LegState};

use super::untrusted_text::clean;

/// Facts about all legs together.
pub(super) struct QueueState {
    /// Legs being delivered, by destination: how many, and for how many seconds the first of them.
    under_way: HashMap<String, (usize, u64)>,
    /// Destinations to which deliveries fail.
    down: HashMap<String, Down>,
    now: Timestamp,
}

/// A destination to which deliveries fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Down {
    /// For how many seconds.
    pub(super) seconds: u64,
    /// Seconds until it is tried again; `None`: until a leg being tried succeeds.
    pub(super) backoff: Option<u64>,
    /// The last codes.
    pub(super) last: String,
    /// Why, in our words.
    pub(super) cause: Option<String>,
}

/// What a leg waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It is being delivered, for this many seconds.
    UnderWay(u64),
    /// The end of a backoff: its destination is left alone.
    Backoff { left: u64, down: Down },
    /// Others are tried first: how many, and for how many seconds the first of them.
    Trial { count: usize, first: u64, down: Down },
    /// It is about to be tried.
    NextTrial(Down),
    /// Others go first.
    Turn { count: usize, first: u64 },
    /// It is not leased, and no other goes before it.
    Delivery,
}

impl QueueState {
    pub(super) fn of(legs: &[LegRow], backoffs: Vec<BackoffRow>, now: Timestamp) -> Self {
        let down = |row: BackoffRow| {
            let down = Down {
                seconds: now.since(row.since).as_secs(),
                backoff: (row.until > now).then(|| row.until.since(now).as_secs()),
                last: format!("{} {}", row.code, clean(&row.enhanced)),
                cause: row.cause.as_deref().map(clean),
            };
            (row.destination, down)
        };
        let mut all = Self { under_way: HashMap::new(), down: backoffs.into_iter().map(down).collect(), now };
        for leg in legs {
            let Some(since) = all.in_hand(leg) else { continue };
            let (count, first) = all.under_way.entry(leg.destination.clone()).or_default();
            (*count, *first) = (*count + 1, since.max(*first));
        }
        all
    }

    /// For how many seconds a leg has been in delivery.
    pub(super) fn in_hand(&self, leg: &LegRow) -> Option<u64> {
        let (_owner, until) = leg.leased.as_ref().filter(|(_, until)| *until > self.now)?;
        Some(LEASE.saturating_sub(until.since(self.now)).as_secs())
    }

    pub(super) fn to(&self, destination: &str) -> Option<(usize, u64)> {
        self.under_way.get(destination).copied()
    }

    pub(super) fn down(&self, destination: &str) -> Option<&Down> {
        self.down.get(destination)
    }

    /// What a leg waits for besides its own due time.
    pub(super) fn of_leg(&self, leg: &LegRow) -> Option<Wait> {
        match (self.in_hand(leg), leg.state) {
            (Some(seconds), _) => return Some(Wait::UnderWay(seconds)),
            (None, LegState::Frozen) => return None,
            (None, LegState::Queued) => {}
        }
        let (down, others) = (self.down(&leg.destination).cloned(), self.to(&leg.destination));
        Some(match (down, others) {
            (Some(down @ Down { backoff: Some(left), .. }), _) => Wait::Backoff { left, down },
            _ if leg.due_at > self.now => return None,
            (Some(down), Some((count, first))) => Wait::Trial { count, first, down },
            (Some(down), None) => Wait::NextTrial(down),
            (None, Some((count, first))) => Wait::Turn { count, first },
            (None, None) => Wait::Delivery,
        })
    }
}

impl Wait {
    /// For programs.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::UnderWay(_) => "answer",
            Self::Backoff { .. } => "backoff",
            Self::Trial { .. } | Self::NextTrial(_) => "trial",
            Self::Turn { .. } => "turn",
            Self::Delivery => "delivery",
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderWay(seconds) => write!(f, "under way for {}", short(*seconds)),
            Self::Backoff { left, down } => {
                write!(f, "waits: the destination is left alone for another {}; {down}", short(*left))
            }
            Self::Trial { count, first, down } => {
                write!(
                    f,
                    "waits for what becomes of {count} under way, the first for {}; {down}",
                    short(*first)
                )
            }
            Self::NextTrial(down) => write!(f, "waits for its turn: the next is about to be tried; {down}"),
            Self::Turn { count, first } => {
                write!(f, "waits for its turn: {count} under way, the first for {}", short(*first))
            }
            Self::Delivery => f.write_str("waits for its turn: none under way; does delivery run?"),
        }
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing has come through for {}, last {}", short(self.seconds), self.last)?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

/// Seconds as a person reads them in a column.
pub(super) fn short(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _days => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealpost_store::LegPurpose;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn leg(leased: Option<u64>) -> LegRow {
        let until = |seconds| NOW.plus(LEASE - Duration::from_secs(seconds));
        LegRow {
            id: "leg".to_owned(),
            arrival_id: "arrival".to_owned(),
            body_id: None,
            destination: "hop".to_owned(),
            purpose: LegPurpose::Relay,
            state: LegState::Queued,
            attempts: 0,
            due_at: leased.map_or(NOW, until),
            expires_at: NOW,
            created_at: NOW,
            delay_noted: false,
            leased: leased.map(|seconds| ("one".to_owned(), until(seconds))),
            last_code: None,
            last_enhanced: None,
        }
    }

    fn backoff(until: i64) -> BackoffRow {
        BackoffRow {
            destination: "hop".to_owned(),
            since: Timestamp(NOW.0 - 600_000),
            until: Timestamp(NOW.0 + until),
            code: 442,
            enhanced: "4.4.2".to_owned(),
            cause: Some("no answer".to_owned()),
        }
    }

    #[test]
    fn a_leg_says_what_it_waits_for() {
        let said = |legs: &[LegRow], backoffs: Vec<BackoffRow>| {
            let waiting = QueueState::of(legs, backoffs, NOW);
            legs.first().and_then(|leg| waiting.of_leg(leg)).map(|wait| (wait.word(), wait.to_string()))
        };
        let says = |legs: &[LegRow], backoffs: Vec<BackoffRow>, word: &str, text: &str| {
            let (is, told) = said(legs, backoffs).unwrap();
            assert_eq!((is, told.as_str()), (word, text));
        };
        let down = "nothing has come through for 10m, last 442 4.4.2 (no answer)";
        let (alone, behind) = (vec![leg(None)], vec![leg(None), leg(Some(130))]);
        says(&alone, vec![], "delivery", "waits for its turn: none under way; does delivery run?");
        says(&behind, vec![], "turn", "waits for its turn: 1 under way, the first for 2m");
        says(&[leg(Some(5))], vec![backoff(-1)], "answer", "under way for 5s");
        let alone_for = format!("waits: the destination is left alone for another 60s; {down}");
        says(&alone, vec![backoff(60_000)], "backoff", &alone_for);
        let tried = format!("waits for what becomes of 1 under way, the first for 2m; {down}");
        says(&behind, vec![backoff(-1)], "trial", &tried);
        let next = format!("waits for its turn: the next is about to be tried; {down}");
        says(&alone, vec![backoff(-1)], "trial", &next);
        let later = LegRow { due_at: Timestamp(NOW.0 + 1), ..leg(None) };
        says(std::slice::from_ref(&later), vec![backoff(60_000)], "backoff", &alone_for);
        assert_eq!(said(&[later], vec![backoff(-1)]), None, "it is not due");
    }
}
