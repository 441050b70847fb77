//! The signs of life of a serving process, and what follows when it cannot give them: it stops before others may take
//! over, and the server refuses what it writes afterwards. Watches other processes and takes over from silent ones.
//! Knows legs only by their owner.
//!
//! Silence is measured only while a process's own signs arrive: when the database was down for everybody, no process
//! counts as silent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::begin::{Fence, View, Words};
use super::failure::Failure;
use super::pipeline::{ask_unnamed, say};
use super::pool::{Connection, Connections, discard, lend_in_one_try};
use super::server_error::FENCED;
use super::value::Param;
use crate::engine::Promise;
use crate::error::StoreError;
use crate::node_row::{NewNode, NodeState, ROTATING};
use crate::statement::{StatementResult, Value};

/// The database's clock in milliseconds. Not the transaction's time, which does not advance while it waits.
const CLOCK: &str = "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint";

/// Signs given within the time that a process may be silent.
const SIGNS: u32 = 6;

/// The last sign that was stored.
#[derive(Clone, Copy, Debug)]
struct Beat {
    /// When it was sent, on our clock.
    sent: Instant,
    /// The database's clock at that time.
    clock: Timestamp,
    /// No other process has taken over.
    ours: bool,
}

/// The heartbeat of one process.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    incarnation: String,
    silence: Duration,
    last: watch::Sender<Beat>,
}

/// An advisory lock key unique to this incarnation, held while it writes; a process taking over must get it first.
pub(super) fn fence(schema: &str, incarnation: &str) -> Fence {
    let key = key_of(incarnation);
    Fence {
        held: format!("pg_catalog.pg_advisory_xact_lock_shared({key})"),
        check: format!(
            "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM {schema}.nodes WHERE incarnation = '{incarnation}')
             THEN ('{FENCED}, server ' || pg_catalog.current_setting('server_version'))::integer END"
        ),
    }
}

/// Incarnations are random hexadecimal digits.
fn key_of(incarnation: &str) -> i64 {
    let digits: String = incarnation.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or_default().cast_signed()
}

impl Heartbeat {
    /// Enters this process into the table of nodes. Refused while the server key is being changed.
    pub(super) async fn begin(
        connection: &Connection,
        words: &Words,
        node: &NewNode,
    ) -> Result<Self, StoreError> {
        let client = &connection.client;
        let sent = Instant::now();
        let silence = i64::try_from(node.silence.as_millis()).unwrap_or(i64::MAX);
        let entered = async {
            say(client, words.unfenced()).await?;
            let text = format!(
                "INSERT INTO nodes (incarnation, name, roles, version, silence, begun_at, seen_at)
                 SELECT pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), $1, $2, $3, $4, {CLOCK}, {CLOCK}
                 WHERE NOT EXISTS (SELECT 1 FROM nodes WHERE incarnation = $5)
                 RETURNING incarnation, seen_at"
            );
            let values = [
                Value::from(node.name.as_str()),
                Value::from(node.roles.as_str()),
                Value::from(node.version.as_str()),
                Value::Int(silence),
                Value::from(ROTATING),
            ];
            let result = ask_unnamed(client, &text, values.iter().map(Param::Value).collect()).await?;
            say(client, "COMMIT").await?;
            Ok::<StatementResult, Failure>(result)
        };
        let mut row = entered.await.map_err(StoreError::from)?.rows.pop().ok_or(StoreError::Rotating)?;
        let incarnation = row.text()?;
        let clock = row.time()?;
        let (last, _nobody_yet) = watch::channel(Beat { sent, clock, ours: true });
        Ok(Self { incarnation, silence: node.silence, last })
    }

    pub(crate) fn incarnation(&self) -> &str {
        &self.incarnation
    }

    pub(crate) fn node_state(&self) -> NodeState {
        let Beat { sent, ours, .. } = *self.last.borrow();
        match ours {
            false => NodeState::Replaced,
            true if sent.elapsed() >= self.silence / 2 => NodeState::Silent,
            true => NodeState::Active,
        }
    }

    pub(crate) async fn until_active(&self) {
        let mut last = self.last.subscribe();
        loop {
            match self.node_state() {
                NodeState::Active => return,
                NodeState::Silent => {
                    // The sender is ours and still exists.
                    let _always = last.changed().await;
                }
                NodeState::Replaced => std::future::pending().await,
            }
        }
    }

    pub(crate) async fn replaced(&self) {
        let mut last = self.last.subscribe();
        let _always = last.wait_for(|beat| !beat.ours).await;
    }

    /// Estimated from the last sign and the time since.
    pub(crate) fn database_time(&self) -> Timestamp {
        let Beat { sent, clock, .. } = *self.last.borrow();
        clock.plus(sent.elapsed())
    }

    /// Gives signs of life until others have taken over. Runs until aborted.
    pub(super) async fn beat(self: Arc<Self>, pool: Connections, words: Arc<Words>) {
        let pause = self.silence / SIGNS;
        let mut others = Others::default();
        loop {
            sleep(pause).await;
            // A process that was stalled itself has not seen how long others were silent.
            if self.node_state() != NodeState::Active {
                others.forget();
            }
            match timeout(self.silence / 2, self.give_sign(&pool, &words)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => {
                    tracing::error!(
                        node.incarnation = self.incarnation,
                        "others have taken over from this process: it was silent for too long"
                    );
                    return;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "no sign of life could be given");
                    others.forget();
                    continue;
                }
                Err(_late) => {
                    tracing::warn!("no sign of life could be given in time");
                    others.forget();
                    forget_connection(&pool);
                    continue;
                }
            }
            // Watching must not delay the next sign.
            match timeout(self.silence / 4, self.watch(&pool, &words, &mut others)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the other nodes could not be looked at"),
                Err(_late) => {
                    tracing::warn!("the other nodes could not be looked at in time");
                    forget_connection(&pool);
                }
            }
        }
    }

    /// `false`: others have taken over.
    async fn give_sign(&self, pool: &Connections, words: &Words) -> Result<bool, StoreError> {
        let connection = lend_in_one_try(pool).await?;
        let sent = Instant::now();
        let client = &connection.client;
        let given = async {
            say(client, words.unfenced()).await?;
            let text = format!("UPDATE nodes SET seen_at = {CLOCK} WHERE incarnation = $1 RETURNING seen_at");
            let own = Value::from(self.incarnation.as_str());
            let result = ask_unnamed(client, &text, vec![Param::Value(&own)]).await?;
            connection.listen_for_warnings();
            // With a standby, the sign must be there too: a promoted server must not miss it.
            say(client, "COMMIT").await?;
            match connection.was_warned() {
                true => Err(Failure::late("the standby")),
                false => Ok(result),
            }
        };
        let result = match given.await {
            Ok(result) => result,
            Err(failure) => {
                discard(connection);
                return Err(failure.into());
            }
        };
        match result.rows.into_iter().next() {
            Some(mut row) => {
                let clock = row.time()?;
                self.last.send_replace(Beat { sent, clock, ours: true });
                Ok(true)
            }
            None => {
                self.last.send_modify(|beat| beat.ours = false);
                Ok(false)
            }
        }
    }

    /// Takes over from processes that were silent for the full time.
    async fn watch(&self, pool: &Connections, words: &Words, others: &mut Others) -> Result<(), StoreError> {
        let connection = lend_in_one_try(pool).await?;
        let client = &connection.client;
        let own = Value::from(self.incarnation.as_str());
        let rotating = Value::from(ROTATING);
        let looked = async {
            say(client, words.look(View::Each).whole).await?;
            let text = "SELECT incarnation, seen_at, silence FROM nodes WHERE incarnation <> $1 AND incarnation <> $2";
            let result = ask_unnamed(client, text, vec![Param::Value(&own), Param::Value(&rotating)]).await?;
            say(client, "COMMIT").await?;
            Ok::<StatementResult, Failure>(result)
        };
        let looked = match looked.await {
            Ok(result) => result,
            Err(failure) => {
                discard(connection);
                return Err(failure.into());
            }
        };
        drop(connection);
        let mut seen = Vec::with_capacity(looked.rows.len());
        for mut row in looked.rows {
            seen.push((row.text()?, row.int()?, Duration::from_millis(row.count()?)));
        }
        for (incarnation, seen_at) in others.silent(seen, Instant::now()) {
            // We may have been silent ourselves meanwhile.
            if self.node_state() != NodeState::Active {
                return Ok(());
            }
            let connection = lend_in_one_try(pool).await?;
            match take_over(&connection, words, &incarnation, Some(seen_at)).await {
                Ok(Some(legs)) => {
                    tracing::warn!(
                        node.incarnation = incarnation,
                        node.legs = legs,
                        "a node was silent for too long: what it had in hand is free"
                    );
                }
                Ok(None) => {
                    tracing::info!(
                        node.incarnation = incarnation,
                        "a silent node still writes, or is back: looking again"
                    );
                }
                Err(failure) => {
                    discard(connection);
                    return Err(failure.into());
                }
            }
        }
        Ok(())
    }
}

/// A connection that did not answer in time is busy or dead.
fn forget_connection(pool: &Connections) {
    let _forgotten = pool.retain(|_connection, _metrics| false);
}

/// Signs seen of other processes, and since when each is unchanged.
#[derive(Debug, Default)]
struct Others(HashMap<String, (i64, Instant)>);

impl Others {
    fn forget(&mut self) {
        self.0.clear();
    }

    /// Those whose last sign has been unchanged for the full time.
    fn silent(&mut self, seen: Vec<(String, i64, Duration)>, now: Instant) -> Vec<(String, i64)> {
        let before = std::mem::take(&mut self.0);
        let mut silent = Vec::new();
        for (incarnation, seen_at, may_be_silent) in seen {
            let since = match before.get(&incarnation) {
                Some((same, since)) if *same == seen_at => *since,
                Some(_) | None => now,
            };
            if now.saturating_duration_since(since) >= may_be_silent {
                silent.push((incarnation.clone(), seen_at));
            }
            self.0.insert(incarnation, (seen_at, since));
        }
        silent
    }
}

/// Ends an incarnation and releases its leases; returns how many legs. `None`: it still writes, or has given a sign
/// since. With no last sign given, the caller knows that it is dead and waits until the server has noticed.
pub(super) async fn take_over(
    connection: &Connection,
    words: &Words,
    incarnation: &str,
    seen_at: Option<i64>,
) -> Result<Option<usize>, Failure> {
    let client = &connection.client;
    let key = key_of(incarnation);
    say(client, words.begin(Promise::Durable).whole).await?;
    let taken = async {
        match seen_at {
            Some(_) => {
                let free = Value::Int(key);
                let text = "SELECT 1 WHERE pg_catalog.pg_try_advisory_xact_lock($1)";
                if ask_unnamed(client, text, vec![Param::Value(&free)]).await?.affected == 0 {
                    return Ok(None);
                }
            }
            None => {
                say(client, &format!("SELECT pg_catalog.pg_advisory_xact_lock({key})")).await?;
            }
        }
        // No sign has a time before the epoch.
        let (who, when) = (Value::from(incarnation), Value::Int(seen_at.unwrap_or(-1)));
        let text = "DELETE FROM nodes WHERE incarnation = $1 AND ($2 < 0 OR seen_at = $2)";
        let gone = ask_unnamed(client, text, vec![Param::Value(&who), Param::Value(&when)]).await?.affected;
        if gone == 0 && seen_at.is_some() {
            return Ok(None);
        }
        let text = format!(
            "UPDATE legs SET lease_owner = NULL, lease_until = NULL,
                 due_at = CASE WHEN state = 'queued' THEN {CLOCK} ELSE due_at END
             WHERE lease_owner = $1"
        );
        Ok::<_, Failure>(Some(ask_unnamed(client, &text, vec![Param::Value(&who)]).await?.affected))
    };
    match taken.await {
        Ok(taken) => {
            say(client, if taken.is_some() { "COMMIT" } else { "ROLLBACK" }).await?;
            Ok(taken)
        }
        Err(failure) => {
            if !failure.ends_connection() {
                say(client, "ROLLBACK").await?;
            }
            Err(failure)
        }
    }
}

/// The database's time.
pub(super) async fn clock(connection: &Connection) -> Result<Timestamp, StoreError> {
    let result = ask_unnamed(&connection.client, &format!("SELECT {CLOCK}"), Vec::new())
        .await
        .map_err(StoreError::from)?;
    result.rows.into_iter().next().ok_or(StoreError::Damaged { what: "the database's clock" })?.time()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_signs_is_not_silent_and_who_was_away_has_not_seen_it() {
        let (mut others, begun) = (Others::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        let seen = |sign| vec![("a".to_owned(), sign, Duration::from_secs(30))];
        assert!(others.silent(seen(1), at(0)).is_empty());
        assert!(others.silent(seen(1), at(29)).is_empty());
        assert!(others.silent(seen(2), at(30)).is_empty(), "a sign came in between");
        assert!(others.silent(seen(2), at(59)).is_empty());
        others.forget();
        assert!(others.silent(seen(2), at(61)).is_empty());
        assert_eq!(others.silent(seen(2), at(91)), [("a".to_owned(), 2)]);
        assert!(others.silent(Vec::new(), at(92)).is_empty());
        assert!(others.silent(seen(2), at(93)).is_empty(), "it came back, and is new");
    }

    #[test]
    fn each_life_has_a_lock_of_its_own() {
        let one = "0123456789abcdef0123456789abcdef";
        assert_eq!(key_of(one), 0x0123_4567_89ab_cdef);
        assert_eq!(key_of("ffffffffffffffff0000000000000000"), -1);
        assert!(fence("rows", one).held.contains("pg_advisory_xact_lock_shared(81985529216486895)"));
    }
}
