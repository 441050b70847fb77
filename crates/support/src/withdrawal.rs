//! The row that a recalled letter leaves: who recalled it, sealed to the row's other fields. Knows no letter.

use sealpost_mail::Random;
use sealpost_store::{ResumedTime, Standing, StoppedRow, StoppedTime, WithdrawnRow};
use sealpost_vault::{Label, RowKey};

/// Seals who recalled it.
pub(crate) fn seal(rows: &RowKey, standing: &Standing, by: &[u8], random: &dyn Random) -> Vec<u8> {
    rows.seal(Label::Withdrawn, &standing.bound(), by, random)
}

/// A deadline that resumes after a hold. The expiry of a recalled letter's row is part of its seal, so the row is
/// sealed anew; an invalid row stays as it is.
pub(crate) fn resumed(rows: &RowKey, time: ResumedTime, random: &dyn Random) -> Option<ResumedTime> {
    let ResumedTime { was: StoppedTime { row, began, at: was }, at } = time;
    let row = match row {
        StoppedRow::Withdrawn(WithdrawnRow { standing, by_sealed }) => {
            let by = rows.open(Label::Withdrawn, &standing.bound(), &by_sealed).ok()?;
            let standing = Standing { forget_at: at, ..standing };
            let by_sealed = seal(rows, &standing, by.expose(), random);
            StoppedRow::Withdrawn(WithdrawnRow { standing, by_sealed })
        }
        row @ (StoppedRow::Letter(_)
        | StoppedRow::Requested(_)
        | StoppedRow::Link(_)
        | StoppedRow::Trash(_)
        | StoppedRow::Waiting(_)
        | StoppedRow::Reminded) => row,
    };
    Some(ResumedTime { was: StoppedTime { row, began, at: was }, at })
}
