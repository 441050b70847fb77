//! Everything that can go wrong with a request, once; the middleware turns it into a page in the reader's language.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use sealpost_store::{Ended, StoreError};
use thiserror::Error;

use crate::http::problem::HttpProblem;

/// The status of a page that asks the reader to correct a form.
pub(crate) const HINT: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Why a request cannot be answered as asked. The text is for the log and contains no secret.
#[derive(Debug, Error)]
pub(crate) enum Problem {
    /// No such page, or not for this reader: the two look the same.
    #[error("not found")]
    NotFound,
    /// Needs a session; the response redirects to the log-in.
    #[error("no session")]
    SignIn,
    /// The session has expired.
    #[error("session over")]
    SessionOver,
    /// The session was ended from elsewhere.
    #[error("session ended")]
    SessionEnded(Ended),
    /// A form that did not come from our own page, or whose page has become stale.
    #[error("refused: {0}")]
    Forged(&'static str),
    /// A form that cannot be read.
    #[error("form unreadable: {0}")]
    BadForm(&'static str),
    /// Too many requests from one network, or attempts at one mailbox.
    #[error("too many requests")]
    TooMany {
        /// Seconds until a retry makes sense.
        seconds: u64,
    },
    /// Too much at once.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// A letter whose sealed bytes have changed.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A fault of ours; the text is for the log.
    #[error("fault: {0}")]
    Fault(String),
}

impl Problem {
    /// A fault with its cause for the log. If that is a busy store, the reader is asked to try again.
    pub(crate) fn fault(what: &str, cause: impl std::error::Error + 'static) -> Self {
        if StoreError::beneath(&cause).is_some_and(StoreError::is_busy) {
            tracing::warn!(error = %cause, what, "the store is busy");
            return Self::Busy("the store");
        }
        if StoreError::beneath(&cause).is_some_and(StoreError::is_full) {
            tracing::warn!(error = %cause, what, "the disk is almost full");
            return Self::Busy("the disk is almost full");
        }
        Self::Fault(format!("{what}: {cause}"))
    }
}

impl From<HttpProblem> for Problem {
    fn from(problem: HttpProblem) -> Self {
        match problem {
            HttpProblem::Forged(what) => Self::Forged(what),
            HttpProblem::BadForm(what) => Self::BadForm(what),
            HttpProblem::Fault(what) => Self::Fault(what.to_owned()),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignIn | Self::SessionOver | Self::SessionEnded(_) => StatusCode::SEE_OTHER,
            Self::Forged(_) => StatusCode::FORBIDDEN,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Damaged(_) | Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
