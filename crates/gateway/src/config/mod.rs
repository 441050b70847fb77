//! Configuration: as written (`file`), and what it means for each part (`checked`). Opens no socket.

pub(crate) mod checked;
pub(crate) mod file;
