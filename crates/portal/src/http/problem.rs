//! Problems of a request before any page is involved. The application renders them as pages.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

/// Why a form is not read. The text is for the log and contains nothing of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HttpProblem {
    /// It did not come from our own page, or its page has become stale.
    #[error("refused: {0}")]
    Forged(&'static str),
    /// It cannot be read.
    #[error("form unreadable: {0}")]
    BadForm(&'static str),
    /// A fault of ours; the text is for the log.
    #[error("fault: {0}")]
    Fault(&'static str),
}

impl ResponseError for HttpProblem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Forged(_) => StatusCode::FORBIDDEN,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
