//! Assembles the parts and runs them until told to stop. Decides nothing that a part could decide.

mod error;
mod first_to_end;
mod prepare;
mod ready;

pub(crate) use error::RunError;
pub(crate) use prepare::{making, partners, prepare};
