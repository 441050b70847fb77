//! This process among several that share a database server: whether it may act, and who the others are. Knows no database: with
//! SQLite there is one machine and there are no others.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::exclusive_lock::Alone;
use crate::node_row::{NodeRow, NodeState, ROTATING};
use crate::statement::{Row, Statement, sql};
use crate::store::Store;

impl Store {
    /// Whether this process may begin anything that others could have taken over.
    pub fn node_state(&self) -> NodeState {
        self.node().map_or(NodeState::Active, |heartbeat| heartbeat.node_state())
    }

    /// Waits until it may act, however long. A replaced process waits for ever.
    pub async fn until_active(&self) {
        if let Some(heartbeat) = self.node() {
            heartbeat.until_active().await;
        }
    }

    /// Waits until another process has taken over. Otherwise never returns.
    pub async fn replaced(&self) {
        match self.node() {
            Some(heartbeat) => heartbeat.replaced().await,
            None => std::future::pending().await,
        }
    }

    /// The clock by which leases are given: the database's if several machines share it, otherwise `own`.
    #[must_use]
    pub fn lease_time(&self, own: Timestamp) -> Timestamp {
        self.node().map_or(own, |heartbeat| heartbeat.database_time())
    }

    /// The difference between our clock and the database's, and how long ago it was measured; `None` if there is no other clock.
    #[must_use]
    pub fn clock_differs(&self, own: Timestamp) -> Option<Duration> {
        let theirs = self.node()?.database_time();
        Some(Duration::from_millis(own.0.abs_diff(theirs.0)))
    }

    /// The name under which this process leases legs, so that others can take them over; `None`: any name.
    #[must_use]
    pub fn incarnation(&self) -> Option<&str> {
        self.node().map(|heartbeat| heartbeat.incarnation())
    }

    /// All processes that serve, or did and have not recorded their end. Empty with SQLite.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let Some(now) = self.engine().clock().await? else { return Ok(Vec::new()) };
        let rows = self
            .read_rows(sql!(
                "SELECT incarnation, name, roles, version, silence, begun_at, seen_at,
                     (SELECT count(*) FROM legs WHERE lease_owner = incarnation)
                 FROM nodes WHERE incarnation <> ?1 ORDER BY name, begun_at",
                ROTATING
            ))
            .await?;
        let node = |mut row: Row| {
            Ok(NodeRow {
                incarnation: row.text()?,
                name: row.text()?,
                roles: row.text()?,
                version: row.text()?,
                silence: Duration::from_millis(row.count()?),
                begun_at: row.time()?,
                silent: now.since(row.time()?),
                legs: row.count()?,
            })
        };
        rows.into_iter().map(node).collect()
    }

    /// Releases the leases of processes that are certainly dead: all leases if this process has the queue alone, otherwise those of
    /// the previous process in this data folder and those without an owner. Other leases expire. Returns how many.
    pub async fn release_leases(&self, alone: &Alone, now: Timestamp) -> Result<usize, StoreError> {
        let mut released = 0;
        if self.node().is_some()
            && let Some(former) = alone.former()
        {
            released += self.engine().replace(former).await?;
        }
        let statement = match self.node() {
            None => release_all(now),
            Some(heartbeat) => sql!(
                "UPDATE legs SET lease_owner = NULL, lease_until = NULL,
                     due_at = CASE WHEN state = 'queued' THEN ?1 ELSE due_at END
                 WHERE lease_owner IS NOT NULL AND lease_owner NOT IN (SELECT incarnation FROM nodes)",
                heartbeat.database_time()
            ),
        };
        released += self.change(vec![statement]).await?.iter().sum::<usize>();
        Ok(released)
    }
}

fn release_all(now: Timestamp) -> Statement {
    sql!(
        "UPDATE legs SET lease_owner = NULL, lease_until = NULL,
             due_at = CASE WHEN state = 'queued' THEN ?1 ELSE due_at END
         WHERE lease_owner IS NOT NULL",
        now
    )
}
