//! `sealpost demo`: starts the demo with a guided tour.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{OutputFormat, fail, runtime};
use crate::demo;

pub(super) fn run(data: Option<PathBuf>, format: OutputFormat) -> ExitCode {
    let tour = match format {
        OutputFormat::Text => demo::Tour::Told,
        OutputFormat::Json => demo::Tour::LeftOut,
    };
    let ended = runtime()
        .map_err(demo::DemoError::from)
        .and_then(|runtime| runtime.block_on(demo::run(data, tour, super::serve::stop_on_signal)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}
