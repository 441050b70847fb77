//! A request's body on its way in: while the next piece is awaited, its connection does not count as busy; a body that comes too
//! slowly is broken off, and one that is not read to its end is not awaited. Knows no form and no page.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::connections::{Slot, Wait};

/// A body may take this long, and a second more for this number of bytes: a phone at the edge of a network sends several times as many, and
/// is cut off for a minute in a tunnel.
const GRACE: Duration = Duration::from_secs(60);
const BYTES_PER_SECOND: u64 = 512;
/// How long a connection stays after a request whose body was not read to its end. The web server awaits the end of a chunked one for
/// ever.
const UNREAD: Duration = Duration::from_secs(5);

struct Awaited {
    body: Payload,
    place: Arc<Slot>,
    wait: Option<Wait>,
    began: Instant,
    received: u64,
    late: Pin<Box<Sleep>>,
    end: End,
}

/// Whether the body's end has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ahead,
    Come,
}

/// The same body; waiting for it is reported to its connection's slot.
pub(crate) fn counted(body: Payload, place: Arc<Slot>) -> Payload {
    match body {
        Payload::None => Payload::None,
        body @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
            let began = Instant::now();
            let late = Box::pin(sleep_until(began + GRACE));
            let (wait, received, end) = (None, 0, End::Ahead);
            Payload::Stream { payload: Box::pin(Awaited { body, place, wait, began, received, late, end }) }
        }
    }
}

impl Awaited {
    /// The time by which so much must have come.
    fn due(&self) -> Instant {
        self.began + GRACE + Duration::from_secs(self.received / BYTES_PER_SECOND)
    }
}

impl Stream for Awaited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        match &next {
            Poll::Ready(piece) => {
                self.wait = None;
                match piece {
                    Some(Ok(bytes)) => {
                        self.received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    }
                    Some(Err(_)) | None => self.end = End::Come,
                }
            }
            Poll::Pending => {
                let due = self.due();
                if self.late.deadline() != due {
                    self.late.as_mut().reset(due);
                }
                if self.late.as_mut().poll(context).is_ready() {
                    let late = io::Error::new(io::ErrorKind::TimedOut, "it comes too slowly");
                    return Poll::Ready(Some(Err(PayloadError::Incomplete(Some(late)))));
                }
                if self.wait.is_none() {
                    self.wait = Some(self.place.wait());
                }
            }
        }
        next
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        match self.end {
            End::Come => {}
            End::Ahead => self.place.ends_within(UNREAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;
    use crate::http::connections::Connections;

    /// How long a body of this number of pieces is read, one at each interval, and how it ends.
    async fn read(pieces: usize, length: usize, pause: Duration) -> (Duration, bool) {
        let place = Arc::new(Connections::new(Vec::new()).admit("192.0.2.1".parse().unwrap()).unwrap());
        let pieces = stream::unfold(pieces, move |left| async move {
            let left = left.checked_sub(1)?;
            tokio::time::sleep(pause).await;
            Some((Ok(Bytes::from(vec![b'x'; length])), left))
        });
        let mut body = counted(Payload::Stream { payload: Box::pin(pieces) }, place);
        let began = Instant::now();
        while let Some(piece) = body.next().await {
            if piece.is_err() {
                return (began.elapsed(), false);
            }
        }
        (began.elapsed(), true)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_broken_off_and_a_slow_one_is_read() {
        let seconds = Duration::from_secs;
        let (time, whole) = read(10_000, 1, seconds(3)).await;
        assert!(!whole && time <= seconds(61), "{time:?}");
        let (time, whole) = read(10_000, 500, seconds(50)).await;
        assert!(!whole && time <= seconds(130), "{time:?}");
        // 20 MB at 8 KB a second, and 100 KB in a net that comes and goes.
        assert!(read(2_500, 8_000, seconds(1)).await.1);
        assert!(read(5, 20_000, seconds(35)).await.1);
        assert!(read(50, 1, seconds(1)).await.1, "a short form is typed by hand");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_request_was_not_read_ends() {
        let place = Arc::new(Connections::new(Vec::new()).admit("192.0.2.1".parse().unwrap()).unwrap());
        let unread = |place: &Arc<Slot>| {
            let never = stream::pending();
            drop(counted(Payload::Stream { payload: Box::pin(never) }, Arc::clone(place)));
        };
        let ended = async |place: &Slot| tokio::time::timeout(UNREAD * 2, place.evicted()).await.is_ok();
        unread(&place);
        let next = place.work();
        assert!(!ended(&place).await, "its next request shows that the end has come");
        drop(next);
        unread(&place);
        assert!(ended(&place).await);
    }
}
