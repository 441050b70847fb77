//! Waits for the stop, or for a part that ends on its own. Decides nothing else, and knows nothing of a
//! halted store.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::error::RunError;

type DeliveryTask = JoinHandle<Result<(), sealpost_delivery::DeliveryError>>;
type PortalTask = JoinHandle<Result<(), sealpost_portal::PortalError>>;

/// Waits for the stop, or for a part that ends on its own: then everything stops, because a gateway that
/// accepts letters and delivers none is worse than one that is restarted.
pub(super) async fn first_to_end(
    stop: &CancellationToken,
    delivery: Option<DeliveryTask>,
    portal: Option<PortalTask>,
    rest: &CancellationToken,
    intake: Option<JoinHandle<()>>,
) -> Result<(), RunError> {
    let delivery = ended_or(delivery, rest, |ended| Ok(ended?));
    let portal = ended_or(portal, rest, |ended| Ok(ended?));
    let intake = ended_or(intake, stop, Ok);
    tokio::pin!(delivery, portal, intake);
    tokio::select! {
        ended = &mut intake => {
            rest.cancel();
            let (delivered, served) = tokio::join!(delivery, portal);
            ended.and(delivered).and(served)
        }
        ended = &mut delivery => {
            stop.cancel();
            rest.cancel();
            let (taken, served) = tokio::join!(intake, portal);
            ended.and(taken).and(served)
        }
        ended = &mut portal => {
            stop.cancel();
            rest.cancel();
            let (taken, delivered) = tokio::join!(intake, delivery);
            ended.and(taken).and(delivered)
        }
    }
}

/// How a part ended; one that does not run here ends at the stop.
async fn ended_or<T>(
    task: Option<JoinHandle<T>>,
    stop: &CancellationToken,
    how: impl FnOnce(T) -> Result<(), RunError>,
) -> Result<(), RunError> {
    match task {
        Some(task) => how(task.await?),
        None => {
            stop.cancelled().await;
            Ok(())
        }
    }
}
