//! `sealpost serve`: runs the product until SIGTERM or SIGINT.

use std::path::Path;
use std::process::ExitCode;

use sealpost_sandbox::Landlock;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{complain_all, fail, runtime, say};
use crate::config::checked::{Plan, Readers, ServiceKeys};
use crate::logging;
use crate::roles::Roles;
use crate::serve::RunError;

pub(super) fn run(config: &Path, roles: Roles) -> ExitCode {
    let (plan, keys) = match Plan::load(config, roles) {
        Ok(loaded) => loaded,
        Err(problems) => return complain_all(&problems),
    };
    logging::start(&plan.log);
    for warning in &plan.warnings {
        tracing::warn!("{warning}");
    }
    match sealpost_sandbox::landlock() {
        Landlock::Present => {}
        Landlock::Absent => tracing::warn!(
            "no Landlock (the kernel has none, or landlock_* is missing in the unit's SystemCallFilter): workers are sandboxed by limits and the system call filter alone"
        ),
    }
    enough_files();
    if plan.readers == Readers::Group {
        for_the_group();
    }
    let ended =
        runtime().map_err(RunError::from).and_then(|runtime| runtime.block_on(serve(plan, keys, config)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(plan: Plan, keys: ServiceKeys, config: &Path) -> Result<(), RunError> {
    let ready = crate::serve::prepare(plan, keys, Some(config.to_owned()))?;
    ready.has_its_key().await?;
    ready.knows_its_webhooks().await?;
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    limits_of_files_are_errors()?;
    // A supervisor told that we are ready may send SIGHUP at once; by default that would end us.
    let _hangup = signal(SignalKind::hangup())?;
    // One line for the caller: scripts, tests, a person. systemd is notified separately.
    say(serde_json::json!({
        "ready": true,
        "smtp": ready.smtp().iter().map(|(name, at)| serde_json::json!({"name": name, "address": at.to_string()})).collect::<Vec<_>>(),
        "web": ready.web().iter().map(ToString::to_string).collect::<Vec<_>>(),
    }));
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "systemd was not told");
    }
    ready.run(stop).await
}

/// Cancels `stop` on SIGTERM or SIGINT.
pub(super) fn stop_on_signal(stop: &CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _signal = terminate.recv() => {}
            _signal = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });
    Ok(())
}

/// Makes growing a file beyond a limit (`ulimit -f`, `LimitFSIZE=`) an error of that write, like a full disk,
/// instead of the end of the process: a handler replaces the default action of SIGXFSZ.
fn limits_of_files_are_errors() -> std::io::Result<()> {
    /// SIGXFSZ, the same number on every Linux that we ship on.
    const TOO_LARGE: i32 = 25;
    signal(SignalKind::from_raw(TOO_LARGE)).map(drop)
}

/// Files are group-readable: the roles run as users of one group.
fn for_the_group() {
    let _before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o007));
}

/// Every connection and every body is an open file: with the usual limit of 1,024, visitors of the portal
/// alone could keep letters from being stored.
fn enough_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
