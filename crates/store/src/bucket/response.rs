//! The body of a response, limited in size and time: a server that drips, or never ends, takes neither memory nor a
//! caller for good. Knows no object.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::body::{Body, Frame};
use object_store::client::{HttpError, HttpErrorKind};
use tokio::time::{Sleep, sleep};

/// Maximum size in bytes. The largest that is asked for is a range of a body, at most 1 MiB, or a page of a listing:
/// 1,000 objects with keys of at most 1 KiB.
const MAX: u64 = 8 * 1024 * 1024;

/// Maximum time from the head of the response to the end of its body.
const MAX_TIME: Duration = Duration::from_secs(60);

/// A body that fails when it grows too long or takes too long.
pub(super) struct Limited<B> {
    body: B,
    left: u64,
    until: Pin<Box<Sleep>>,
}

impl<B> Limited<B> {
    /// The time begins now.
    pub(super) fn new(body: B) -> Self {
        Self { body, left: MAX, until: Box::pin(sleep(MAX_TIME)) }
    }
}

impl<B: Body<Data = Bytes, Error = HttpError> + Unpin> Body for Limited<B> {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if self.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Timeout, TooLong::Time))));
        }
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        let len = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref);
        let len = len.map_or(0, |data| u64::try_from(data.remaining()).unwrap_or(u64::MAX));
        match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                Poll::Ready(frame)
            }
            None => Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Decode, TooLong::Bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// Why the rest of a response is not read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum TooLong {
    #[error("the bucket's response is longer than {MAX} bytes")]
    Bytes,
    #[error("the bucket's response was not complete after {} seconds", MAX_TIME.as_secs())]
    Time,
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    /// A body of `pieces` pieces of this size, one a second.
    fn slow(size: usize, pieces: usize) -> impl Body<Data = Bytes, Error = HttpError> + Unpin {
        let pieces = stream::iter(0..pieces).then(move |_number| async move {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; size])))
        });
        StreamBody::new(Box::pin(pieces)).map_err(|never| match never {})
    }

    async fn read(size: usize, pieces: usize) -> Result<usize, HttpErrorKind> {
        let read = Limited::new(slow(size, pieces)).collect().await;
        read.map(|body| body.to_bytes().len()).map_err(|error| error.kind())
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_ends_within_its_size_and_its_time() {
        assert_eq!(read(1024, 50).await, Ok(50 * 1024));
        assert_eq!(read(1, 61).await, Err(HttpErrorKind::Timeout), "it drips");
        assert_eq!(read(4 * 1024 * 1024, 2).await, Ok(8 * 1024 * 1024));
        assert_eq!(read(4 * 1024 * 1024, 3).await, Err(HttpErrorKind::Decode), "it does not end");
    }
}
