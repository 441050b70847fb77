//! Waits for the stop, or for a part that ends by itself. Decides nothing else.

use tokio_util::sync::CancellationToken;

use super::error::RunError;

type DeliveryTask = tokio::task::JoinHandle<Result<(), sealpost_delivery::DeliveryError>>;
type PortalTask = tokio::task::JoinHandle<Result<(), sealpost_portal::PortalError>>;

/// Waits for the stop, or for a part that ends by itself: then everything stops, because a gateway that
/// takes letters and delivers none is worse than one that is restarted.
pub(super) async fn first_to_end(
    stop: &CancellationToken,
    delivery: Option<DeliveryTask>,
    portal: Option<PortalTask>,
    rest: &CancellationToken,
    intake: Option<tokio::task::JoinHandle<()>>,
) -> Result<(), RunError> {
    let delivery = async {
        match delivery {
            Some(task) => task.await?.map_err(RunError::from),
            None => {
                rest.cancelled().await;
                Ok(())
            }
        }
    };
    let portal = async {
        match portal {
            Some(task) => task.await?.map_err(RunError::from),
            None => {
                rest.cancelled().await;
                Ok(())
            }
        }
    };
    let intake = async {
        match intake {
            Some(task) => task.await.map_err(RunError::from),
            None => {
                stop.cancelled().await;
                Ok(())
            }
        }
    };
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
