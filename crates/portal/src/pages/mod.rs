//! One file per page. A handler reads its request, asks, and renders; it knows no other page.

pub(crate) mod activate;
pub(crate) mod inbox;
pub(crate) mod info;
pub(crate) mod language;
pub(crate) mod login;
pub(crate) mod message;
