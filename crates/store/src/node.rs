//! Who this process is among several over one database server, whether it may act, and who the others are. Knows no
//! database: with SQLite there is one machine, and nobody to be told from.

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

    /// Waits until it may, for as long as that takes. Who has been replaced waits for ever.
    pub async fn until_active(&self) {
        if let Some(heartbeat) = self.node() {
            heartbeat.until_active().await;
        }
    }

    /// Waits until somebody has taken over. Never returns while nobody has.
    pub async fn replaced(&self) {
        match self.node() {
            Some(heartbeat) => heartbeat.replaced().await,
            None => std::future::pending().await,
        }
    }

    /// The time that leases are taken by: the database's, where several machines take them; otherwise `own`.
    #[must_use]
    pub fn lease_time(&self, own: Timestamp) -> Timestamp {
        self.node().map_or(own, |heartbeat| heartbeat.database_time())
    }

    /// How far our clock is from the database's, and how long ago that was found out; `None` where there is no other
    /// clock.
    #[must_use]
    pub fn clock_differs(&self, own: Timestamp) -> Option<Duration> {
        let theirs = self.node()?.database_time();
        Some(Duration::from_millis(own.0.abs_diff(theirs.0)))
    }

    /// Under which name this process leases legs, so that others can take them over; `None`: under any.
    #[must_use]
    pub fn incarnation(&self) -> Option<&str> {
        self.node().map(|heartbeat| heartbeat.incarnation())
    }

    /// All that serve, or have done so and did not say that they end. With SQLite none.
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

    /// Gives back the leases of processes that are certainly dead: all of them if this process is alone with the queue, else
    /// those of the previous process in this data folder and those without an owner. Other leases end by their time. Returns how
    /// many.
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
