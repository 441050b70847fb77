//! HTTP as every page stands on it: connections, TLS, forms that only our own pages can send, files that leave. Knows no
//! mailbox and no letter, so that another web application can stand on it.

pub(crate) mod awaited_body;
pub(crate) mod connections;
pub(crate) mod cookies;
pub(crate) mod csrf;
pub(crate) mod download;
pub(crate) mod multipart;
pub(crate) mod network;
pub(crate) mod refusals;
pub(crate) mod request_heads;
pub(crate) mod tls;
pub(crate) mod transport;
