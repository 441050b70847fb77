//! Unattended mailboxes, which are unclaimed and expected to stay so: the SQL condition, how long an open support request
//! delays it, and which requests are not ours. Deletes nothing.

use sealpost_mail::Timestamp;

use crate::column_values::RequestState;
use crate::error::StoreError;
use crate::statement::sql;
use crate::store::Store;

/// Mailboxes per query.
const AT_ONCE: usize = 1_000;

/// 40 days: an owner whose short-lived link expired may ask again.
macro_rules! ask_again {
    () => {
        "3456000000"
    };
}
pub(crate) use ask_again;

/// At that moment every link to mailbox `m` had expired, and so had the time to ask for another.
macro_rules! links_over {
    ($at:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM tokens WHERE mailbox_id = m.id AND purpose = 'activation'
                 AND spent_at IS NULL AND expires_at > ",
            $at,
            ") AND NOT (m.activated_at IS NOT NULL AND EXISTS (SELECT 1 FROM tokens WHERE mailbox_id = m.id
                 AND purpose = 'activation' AND created_at > ",
            $at,
            " - ",
            $crate::unattended::ask_again!(),
            "))"
        )
    };
}

pub(crate) use links_over;

/// Unclaimed, without letters and without a valid link. `m` is the mailbox, `l` one of its letters; `$left`: which of them count as
/// left.
macro_rules! unclaimed {
    ($now:literal, $($left:tt)+) => {
        concat!(
            "m.state = 'pending' AND m.held_since IS NULL AND NOT EXISTS (SELECT 1 FROM deposits l WHERE l.mailbox_id = m.id AND (",
            $($left)+,
            ")) AND ",
            $crate::unattended::links_over!($now)
        )
    };
}
pub(crate) use unclaimed;

/// The open requests for mailbox `m`.
macro_rules! open_requests {
    () => {
        "FROM requests WHERE mailbox_id = m.id AND state = 'open'"
    };
}

pub(crate) use open_requests;

/// Unclaimed, and without a support request, unless its links had already expired at `$asked`: a request counts only that long,
/// whatever its origin. `$strangers`: number of open requests that are not ours.
macro_rules! unattended {
    ($now:literal, $asked:literal, $strangers:literal) => {
        $crate::unattended::unattended!($now, $asked, $strangers, "true")
    };
    ($now:literal, $asked:literal, $strangers:literal, $($left:tt)+) => {
        concat!(
            $crate::unattended::unclaimed!($now, $($left)+),
            " AND ((",
            $crate::unattended::links_over!($asked),
            ") OR (SELECT count(*) ",
            $crate::unattended::open_requests!(),
            ") <= ",
            $strangers,
            ")"
        )
    };
}
pub(crate) use unattended;

/// A mailbox that is kept only by rows that are not ours.
pub(crate) struct Stranded {
    pub(crate) id: String,
    /// Number of its open requests whose proof fails.
    pub(crate) strangers: u64,
}

impl Store {
    /// Mailboxes without a valid link that have open requests, but none written by us. They may still have letters: that is checked
    /// again when they are removed.
    pub(crate) async fn stranded(
        &self,
        now: Timestamp,
        asked: Timestamp,
    ) -> Result<Vec<Stranded>, StoreError> {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT m.id, (SELECT count(*) ",
                        open_requests!(),
                        ") FROM mailboxes m WHERE m.id > ?3 AND ",
                        unclaimed!("?1", "false"),
                        " AND NOT (",
                        links_over!("?2"),
                        ") AND EXISTS (SELECT 1 ",
                        open_requests!(),
                        ") ORDER BY m.id LIMIT ?4"
                    ),
                    now,
                    asked,
                    after.as_str(),
                    AT_ONCE
                ))
                .await?;
            let is_last = rows.len() < AT_ONCE;
            for mut row in rows {
                let (id, strangers) = (row.text()?, row.count()?);
                after.clone_from(&id);
                let ours = self.requests_of(&id).await?;
                if !ours.iter().any(|request| request.state == RequestState::Open) {
                    found.push(Stranded { id, strangers });
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }
}
