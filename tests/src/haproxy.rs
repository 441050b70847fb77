//! A real haproxy in front of listeners: sends PROXY headers and health checks. Knows nothing of the product.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use crate::ports;
use crate::process::Process;

/// A running haproxy that hands on what comes, byte for byte.
pub struct Haproxy {
    /// In front of the SMTP listener.
    pub smtp: SocketAddr,
    /// In front of the portal.
    pub web: SocketAddr,
    process: Process,
    _folder: TempDir,
}

impl Haproxy {
    /// In front of these two; it connects from 127.0.0.1, whatever its client.
    #[must_use]
    pub fn before(smtp: SocketAddr, web: SocketAddr) -> Self {
        let folder = tempfile::Builder::new().prefix("sealpost-haproxy-").tempdir().unwrap();
        let file = folder.path().join("haproxy.cfg");
        let (smtp_here, web_here) = (ports::free(), ports::free());
        let text = format!(
            "global
    maxconn 100
    log stdout format raw local0 debug
defaults
    mode tcp
    log global
    option log-health-checks
    timeout connect 30s
    timeout client 60s
    timeout server 60s
    timeout check 30s
listen smtp
    bind {smtp_here}
    option smtpchk EHLO balancer.example
    server one {smtp} send-proxy-v2 check inter 500ms
listen web
    bind {web_here}
    option httpchk
    http-check send meth GET uri / ver HTTP/1.1 hdr Host portal.example
    server one {web} send-proxy-v2 check inter 500ms
"
        );
        fs::write(&file, text).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", format!("{}:/usr/sbin:/sbin", path.to_string_lossy()));
        }
        let process = Process::start("haproxy", &mut command);
        Self { smtp: smtp_here, web: web_here, process, _folder: folder }
    }

    /// Waits until it has looked at a server and found it well.
    pub fn finds_well(&self, proxy: &str) {
        let _ = self.process.output.wait(&format!("*ealth check for server {proxy}/one succeeded*"));
    }

    /// What it has said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output.text()
    }
}
