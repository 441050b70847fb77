//! A request's body on its way in: while the next piece is awaited, its connection does not count as busy.
//! Knows no form and no page.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

use crate::http::connections::{Slot, Wait};

struct Awaited {
    body: Payload,
    place: Arc<Slot>,
    wait: Option<Wait>,
}

/// The same body; waiting for it is reported to its connection's slot.
pub(crate) fn counted(body: Payload, place: Arc<Slot>) -> Payload {
    match body {
        Payload::None => Payload::None,
        body @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
            Payload::Stream { payload: Box::pin(Awaited { body, place, wait: None }) }
        }
    }
}

impl Stream for Awaited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        match &next {
            Poll::Ready(_) => self.wait = None,
            Poll::Pending if self.wait.is_some() => {}
            Poll::Pending => self.wait = Some(self.place.wait()),
        }
        next
    }
}
