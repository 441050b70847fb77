//! Letters as a list: folders, search, what is done with many at once, and taking them away as files.

pub(crate) mod archive;
pub(crate) mod bulk;
pub(crate) mod chosen;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod inbox;
pub(crate) mod order;
pub(crate) mod outlook;
pub(crate) mod question;
pub(crate) mod search;
pub(crate) mod withdrawn;
pub(crate) mod words;
