//! What a task says beyond an appointment (RFC 5545 §3.6.2): when it is due, how urgent it is, how far it has come.

use calcard::icalendar::{ICalendarProperty as Name, ICalendarStatus as Status, ICalendarValue as Value};

use super::moment::Moment;
use super::{Times, value};

/// What an entry of a calendar is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Matter {
    /// An appointment.
    #[default]
    Event,
    /// A task.
    Task(Task),
    /// A note of a day.
    Note,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// When it is due.
    pub due: Option<Moment>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// How far it has come; `None`: not stated, or cancelled.
    pub state: Option<TaskState>,
}

/// The urgency of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "three words")]
pub enum Priority {
    High,
    Medium,
    Low,
}

/// How far a task has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Not begun.
    Open,
    /// Begun; the share that is done, in percent.
    Begun(Option<u8>),
    /// Done, and when.
    Done(Option<Moment>),
}

impl Task {
    /// `end`: of its duration.
    pub(super) fn of(times: &Times<'_>, end: Option<Moment>) -> Self {
        let number = |name: &Name| value(times.event, name).and_then(Value::as_integer);
        let percent = number(&Name::PercentComplete).and_then(|percent| u8::try_from(percent).ok());
        let percent = percent.filter(|percent| *percent <= 100);
        let done = || times.of(&Name::Completed).map(|(_, moment)| moment);
        let said = match value(times.event, &Name::Status) {
            Some(Value::Status(status)) => Some(status),
            _ => None,
        };
        Self {
            due: times.of(&Name::Due).map(|(_, moment)| moment).or(end),
            // RFC 5545 §3.8.1.9: "a value of 0 specifies an undefined priority".
            priority: match number(&Name::Priority) {
                Some(1..=4) => Some(Priority::High),
                Some(5) => Some(Priority::Medium),
                Some(6..=9) => Some(Priority::Low),
                Some(_) | None => None,
            },
            state: match (said, done(), percent) {
                (Some(Status::Cancelled), _, _) => None,
                (Some(Status::Completed), done, _) | (None, done @ Some(_), _) => Some(TaskState::Done(done)),
                (None, None, Some(100)) => Some(TaskState::Done(None)),
                (Some(Status::InProcess), _, percent) | (None, None, percent @ Some(1..)) => {
                    Some(TaskState::Begun(percent.filter(|percent| *percent > 0)))
                }
                (Some(Status::NeedsAction), _, Some(percent @ 1..)) => Some(TaskState::Begun(Some(percent))),
                (Some(Status::NeedsAction), _, _) | (None, None, Some(0)) => Some(TaskState::Open),
                (Some(_), _, _) | (None, None, None) => None,
            },
        }
    }
}
