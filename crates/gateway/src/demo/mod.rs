//! The whole product on one machine with nothing to configure: own certificates, a sink in place of the
//! recipients' mail servers, and letters sent by SMTP. Uses the product unchanged.

mod certificates;
mod error;
mod letters;
mod sink;
mod tour;
mod visit;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sealpost_mail::{Random as _, SystemRandom};
use sealpost_vault::ServerKey;
use tokio_util::sync::CancellationToken;

use crate::config::checked::Plan;
use crate::logging;
use crate::roles::Roles;
use crate::serve::{self, RunError};

pub(crate) use error::DemoError;
use visit::{Facts, Visit};

/// What the demo prints besides its line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tour {
    /// A guided tour for a person; the log shows warnings only.
    Told,
    /// Nothing: a program reads the line.
    LeftOut,
}

/// Runs the demo until a signal arrives.
pub(crate) async fn run(
    folder: Option<PathBuf>,
    tour: Tour,
    stop_on_signal: fn(&CancellationToken) -> std::io::Result<()>,
) -> Result<(), DemoError> {
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    let folder = match folder {
        Some(folder) => std::path::absolute(folder)?,
        None => std::env::temp_dir().join(format!("sealpost-demo-{}", SystemRandom.id().split_at(8).0)),
    };
    let visit = if folder.join("server.key").exists() { Visit::Again } else { Visit::First };
    make_folder(&folder)?;
    let sink_folder = folder.join("sink");
    make_folder(&sink_folder)?;
    certificates::make(&folder.join("tls"))?;
    let sink = sink::Sink::bind(&sink_folder, &folder.join("tls"))?;
    let config = write_config(&folder, sink.address(), tour)?;
    let (plan, keys) = Plan::load(&config, Roles::ALL).map_err(|problems| {
        DemoError::Config(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    logging::start(&plan.log);
    let data = plan.data.clone();
    let ready = serve::prepare(plan, keys, Some(config.clone()))?;
    let (Some((_, smtp)), Some(web)) = (ready.smtp().first().cloned(), ready.web().first().copied()) else {
        return Err(DemoError::Config("no listener".to_owned()));
    };
    let facts = Facts { smtp, web, sink: sink_folder, config, data };
    let sinking = tokio::spawn(sink.run(stop.clone()));
    let running = tokio::spawn(ready.run(stop.clone()));
    if visit == Visit::First
        && let Err(error) = letters::send(smtp).await
    {
        stop.cancel();
        running.await.map_err(RunError::from)??;
        return Err(error);
    }
    match tour {
        Tour::Told => tour::tell(&facts, visit).await?,
        Tour::LeftOut => {}
    }
    announce(&facts)?;
    running.await.map_err(RunError::from)??;
    stop.cancel();
    sinking.await.map_err(RunError::from)?;
    Ok(())
}

fn announce(facts: &Facts) -> std::io::Result<()> {
    let line = serde_json::json!({
        "smtp": facts.smtp.to_string(),
        "web": format!("http://{}", facts.web),
        "sink": facts.sink,
        "config": facts.config,
        "data": facts.data,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes the configuration with free ports; a folder used before keeps its key.
fn write_config(folder: &Path, sink: SocketAddr, tour: Tour) -> Result<PathBuf, DemoError> {
    let key = folder.join("server.key");
    if !key.exists() {
        sealpost_keyfile::write_new(&key, ServerKey::generate(&SystemRandom).to_file_text().expose())?;
    }
    let level = match tour {
        Tour::Told => "warn",
        Tour::LeftOut => "info",
    };
    let text = include_str!("gateway.toml")
        .replace("{smtp}", &free_port()?.to_string())
        .replace("{web}", &free_port()?.to_string())
        .replace("{sink}", &sink.port().to_string())
        .replace("{level}", level);
    let file = folder.join("gateway.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// A port that is free now. Links in notices contain the portal's port, so it must be known beforehand.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
