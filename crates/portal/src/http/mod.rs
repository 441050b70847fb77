//! The HTTP layer below all pages: connections, TLS, forms that only our own pages can submit, file downloads. Knows no
//! mailbox and no letter and names nothing of the portal's, so that another web application can use it: a test
//! (tests/tidy.rs) checks that.

pub(crate) mod awaited_body;
pub(crate) mod client;
pub(crate) mod connections;
pub(crate) mod cookies;
pub(crate) mod csrf;
pub(crate) mod download;
pub(crate) mod multipart;
pub(crate) mod network;
pub(crate) mod origin;
pub(crate) mod problem;
pub(crate) mod refusals;
pub(crate) mod request_heads;
pub(crate) mod tls;
pub(crate) mod transport;
