//! One file per page. A handler reads its request, asks, and renders; it knows no other page.

pub(crate) mod account;
pub(crate) mod activate;
pub(crate) mod drafts;
pub(crate) mod export;
pub(crate) mod first;
pub(crate) mod forgot;
pub(crate) mod idle;
pub(crate) mod inbox;
pub(crate) mod info;
pub(crate) mod language;
pub(crate) mod late;
pub(crate) mod letters;
pub(crate) mod login;
pub(crate) mod message;
pub(crate) mod part;
pub(crate) mod renew;
pub(crate) mod reset;
pub(crate) mod secrets;
pub(crate) mod support;
pub(crate) mod upload;
pub(crate) mod write;
