//! Properties of any input. Called by the fuzz targets and, with generated input, by every test run.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

pub(crate) mod ldap;
pub(crate) mod message;
pub(crate) mod partners;
pub(crate) mod rules;
pub(crate) mod sealed;
pub(crate) mod smtp;
