//! Whether letters are taken, told to the log and to systemd whenever it changes. Decides nothing.

use std::time::Duration;

use sealpost_store::{Room, Store};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the disk is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Looks until `stop`.
pub(crate) async fn watch(store: Store, stop: CancellationToken) {
    let look = async {
        let mut before = Room::Enough;
        loop {
            let now = store.room(0);
            match (before, now) {
                (Room::Enough, Room::Low { free }) => {
                    tracing::error!(
                        disk.free = free,
                        "the disk is almost full: new letters get 452 until there is room"
                    );
                    tell("the disk is almost full: no new letters, deliveries and portal go on");
                }
                (Room::Low { .. }, Room::Enough) => {
                    tracing::info!("there is room on the disk again: letters are taken");
                    tell("taking letters");
                }
                (Room::Enough, Room::Enough) | (Room::Low { .. }, Room::Low { .. }) => {}
            }
            before = now;
            sleep(EVERY).await;
        }
    };
    stop.run_until_cancelled(look).await;
}

/// `systemctl status` shows it.
fn tell(status: &str) {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Status(status)]) {
        tracing::debug!(%error, "systemd was not told");
    }
}
