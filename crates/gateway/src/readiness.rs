//! Reports to the log and to systemd, whenever it changes, whether letters are accepted. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Clock;
use sealpost_store::{DiskSpace, NodeState, Store};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Interval of the checks.
const EVERY: Duration = Duration::from_secs(5);

/// Two nodes whose clocks differ by more do not agree on "due" and "expired".
const CLOCK: Duration = Duration::from_secs(1);

/// Checks until `stop`.
pub(crate) async fn watch(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let look = async {
        let (mut room_before, mut state_before) = (DiskSpace::Enough, NodeState::Active);
        let mut was_off = false;
        loop {
            let (room, state) = (store.disk_space_for(0), store.node_state());
            tell_room(room_before, room);
            tell_state(state_before, state);
            (room_before, state_before) = (room, state);
            // The database's clock is known well only while signs of life arrive.
            if state == NodeState::Active
                && let Some(off) = store.clock_differs(clock.now())
            {
                let is_off = off > CLOCK;
                if is_off && !was_off {
                    tracing::warn!(
                        clock.milliseconds = u64::try_from(off.as_millis()).unwrap_or(u64::MAX),
                        "this machine's clock differs from the database's: run chrony on both"
                    );
                }
                was_off = is_off;
            }
            sleep(EVERY).await;
        }
    };
    stop.run_until_cancelled(look).await;
}

fn tell_room(before: DiskSpace, now: DiskSpace) {
    match (before, now) {
        (DiskSpace::Enough, DiskSpace::Low { free }) => {
            tracing::error!(
                disk.free = free,
                "the disk is almost full: new letters get 452 until there is room"
            );
            tell("the disk is almost full: no new letters, deliveries and portal go on");
        }
        (DiskSpace::Low { .. }, DiskSpace::Enough) => {
            tracing::info!("there is room on the disk again: letters are taken");
            tell("taking letters");
        }
        (DiskSpace::Enough, DiskSpace::Enough) | (DiskSpace::Low { .. }, DiskSpace::Low { .. }) => {}
    }
}

fn tell_state(before: NodeState, now: NodeState) {
    match (before, now) {
        (NodeState::Active, NodeState::Silent) => {
            tracing::error!(
                "this node gave no sign of life for too long: nothing is delivered, new letters get 451"
            );
            tell("the database cannot be reached: no new letters, no deliveries");
        }
        (NodeState::Silent, NodeState::Active) => {
            tracing::info!("this node gives signs of life again: letters are taken and delivered");
            tell("taking letters");
        }
        // The process ends, and logs why.
        (_before, NodeState::Replaced) => {}
        (NodeState::Active, NodeState::Active)
        | (NodeState::Silent, NodeState::Silent)
        | (NodeState::Replaced, NodeState::Active | NodeState::Silent) => {}
    }
}

/// `systemctl status` shows it.
fn tell(status: &str) {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Status(status)]) {
        tracing::debug!(%error, "systemd was not told");
    }
}
