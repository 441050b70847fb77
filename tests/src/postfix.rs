//! A real Postfix with its own configuration, queue and ports in a temporary folder: the insurer's mail
//! server, and the reference for conformance. The system's own instance is never touched.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::gateway::mode;
use crate::process::{Process, run};
use crate::{Smtp, ports};

/// A running Postfix.
pub struct Postfix {
    /// Where it takes mail.
    pub address: SocketAddr,
    folder: TempDir,
    process: Process,
}

impl Postfix {
    /// An instance that hands all mail to `relayhost`; `extra` are more lines of main.cf.
    #[must_use]
    pub fn relaying_to(relayhost: SocketAddr, extra: &str) -> Self {
        let relay = format!("relayhost = [{}]:{}\n", relayhost.ip(), relayhost.port());
        Self::start(&format!("{relay}{extra}"))
    }

    /// The reference for conformance tests: takes mail for anyone and throws it away.
    #[must_use]
    pub fn reference() -> Self {
        Self::start("default_transport = discard\nrelay_transport = discard\n")
    }

    /// An instance that pipes every letter through `program` on its way to `relayhost`, as Postfix's FILTER_README
    /// ("simple content filter") sets it up: ten at a time, and the program hands in again what it made.
    ///
    /// The program is called with the reverse-path, `--` and the recipient and reads the letter; its `sendmail` is this
    /// instance's.
    #[must_use]
    pub fn filtering_with(program: &Path, relayhost: SocketAddr, extra: &str) -> Self {
        let relay = format!("relayhost = [{}]:{}\n", relayhost.ip(), relayhost.port());
        Self::start_with(&format!("{relay}content_filter = filter:all\n{extra}"), Some(program))
    }

    fn start(extra: &str) -> Self {
        Self::start_with(extra, None)
    }

    fn start_with(extra: &str, filter: Option<&Path>) -> Self {
        let (_, uid, _) = run(Command::new("id").arg("-u"));
        assert_eq!(
            uid.trim(),
            "0",
            "Postfix changes to its own users and so starts as root only: run the tests as root, \
             or leave these out with a filter"
        );
        let folder = tempfile::Builder::new().prefix("sealpost-postfix-").tempdir().unwrap();
        let (etc, spool, lib) =
            (folder.path().join("etc"), folder.path().join("spool"), folder.path().join("lib"));
        for path in [&etc, &spool, &lib] {
            fs::create_dir(path).unwrap();
        }
        // Its daemons run as user postfix and must be able to pass.
        mode(folder.path(), 0o755);
        let owner = run(Command::new("chown").arg("postfix").arg(&lib));
        assert_eq!(owner.0, 0, "{}", owner.2);
        let address = ports::free();
        let (mut main, mut master) = (main_cf(&etc, &spool, &lib, extra), master_cf(address));
        if let Some(program) = filter {
            main += &format!("command_directory = {}\n", commands(folder.path()).display());
            master = piped(&master, program);
        }
        fs::write(etc.join("main.cf"), main).unwrap();
        fs::write(etc.join("master.cf"), master).unwrap();
        let mut command = Command::new("postfix");
        command.arg("-c").arg(&etc).arg("start-fg");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", format!("{}:/usr/sbin:/sbin", path.to_string_lossy()));
        }
        let process = Process::start("postfix", &mut command);
        let _ = process.output.wait("*daemon started*");
        if filter.is_some() {
            mode(&spool.join("maildrop"), 0o733);
            mode(&spool.join("public"), 0o711);
        }
        Self { address, folder, process }
    }

    /// A session, greeted and EHLOed.
    #[must_use]
    pub fn smtp(&self) -> Smtp {
        let mut client = Smtp::connect(self.address);
        client.ehlo();
        client
    }

    /// Its log until now.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output.text()
    }

    /// Waits for a line in its log.
    #[must_use]
    pub fn wait_log(&self, shape: &str) -> String {
        self.process.output.wait(shape)
    }

    /// Tries everything in its queue at once.
    pub fn flush(&self) {
        let out = run(Command::new("postqueue").arg("-c").arg(self.folder.path().join("etc")).arg("-f"));
        assert_eq!(out.0, 0, "{}", out.2);
    }

    /// The process id of its master.
    #[must_use]
    pub fn master(&self) -> i32 {
        self.try_master().unwrap()
    }

    fn try_master(&self) -> Option<i32> {
        fs::read_to_string(self.folder.path().join("spool/pid/master.pid")).ok()?.trim().parse().ok()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // master leads a session of its own; its children belong to its group.
        if let Some(group) = self.try_master().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.process.kill();
    }
}

fn main_cf(etc: &Path, spool: &Path, lib: &Path, extra: &str) -> String {
    format!(
        "compatibility_level = 3.6\n\
         config_directory = {etc}\n\
         queue_directory = {spool}\n\
         data_directory = {lib}\n\
         maillog_file = /dev/stdout\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         myhostname = mail.insurer.example\n\
         mydomain = insurer.example\n\
         mydestination =\n\
         local_recipient_maps =\n\
         alias_maps =\n\
         alias_database =\n\
         mynetworks = 127.0.0.0/8\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         biff = no\n\
         {extra}",
        etc = etc.display(),
        spool = spool.display(),
        lib = lib.display(),
    )
}

/// Debian's master.cf without chroot, on our port.
fn master_cf(address: SocketAddr) -> String {
    let unix = |name: &str, wakeup: &str, limit: &str, command: &str| {
        format!("{name} unix {private} - n {wakeup} {limit} {command}\n", private = private(name))
    };
    let mut text = format!("{address} inet n - n - - smtpd\n");
    for (name, wakeup, limit, command) in [
        ("pickup", "60", "1", "pickup"),
        ("cleanup", "-", "0", "cleanup"),
        ("qmgr", "300", "1", "qmgr"),
        ("tlsmgr", "1000?", "1", "tlsmgr"),
        ("rewrite", "-", "-", "trivial-rewrite"),
        ("bounce", "-", "0", "bounce"),
        ("defer", "-", "0", "bounce"),
        ("trace", "-", "0", "bounce"),
        ("verify", "-", "1", "verify"),
        ("flush", "1000?", "0", "flush"),
        ("proxymap", "-", "-", "proxymap"),
        ("proxywrite", "-", "1", "proxymap"),
        ("smtp", "-", "-", "smtp"),
        ("relay", "-", "-", "smtp"),
        ("showq", "-", "-", "showq"),
        ("error", "-", "-", "error"),
        ("retry", "-", "-", "error"),
        ("discard", "-", "-", "discard"),
        ("local", "-", "-", "local"),
        ("virtual", "-", "-", "virtual"),
        ("lmtp", "-", "-", "lmtp"),
        ("anvil", "-", "1", "anvil"),
        ("scache", "-", "1", "scache"),
    ] {
        text.push_str(&unix(name, wakeup, limit, command));
    }
    text.push_str("postlog unix-dgram n - n - 1 postlogd\n");
    text
}

/// This master.cf with a program in the way. Letters that it hands in again by `sendmail` are not filtered twice.
fn piped(master: &str, program: &Path) -> String {
    let again = master.replace(" 60 1 pickup\n", " 60 1 pickup -o content_filter=\n");
    assert_ne!(again, master, "there is no pickup");
    format!(
        "{again}filter unix - n n - 10 pipe flags=Rq user=nobody null_sender= \
         argv={} ${{sender}} -- ${{recipient}}\n",
        program.display()
    )
}

/// Postfix's commands with a postdrop that belongs to no group: the one that does hands in letters to the system's own
/// instance only.
fn commands(folder: &Path) -> PathBuf {
    let commands = folder.join("bin");
    fs::create_dir(&commands).unwrap();
    for entry in fs::read_dir("/usr/sbin").unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == "postdrop" {
            fs::copy(entry.path(), commands.join(&name)).unwrap();
            mode(&commands.join(&name), 0o755);
        } else if name.to_string_lossy().starts_with("post") || name == "sendmail" {
            std::os::unix::fs::symlink(entry.path(), commands.join(name)).unwrap();
        }
    }
    commands
}

fn private(name: &str) -> &'static str {
    if ["pickup", "cleanup", "qmgr", "showq", "flush"].contains(&name) { "n" } else { "-" }
}

#[cfg(test)]
mod tests {
    use super::Postfix;
    use crate::{Hop, letters};

    #[test]
    fn hands_over_to_the_next_hop() {
        let hop = Hop::new();
        let postfix = Postfix::relaying_to(hop.address(), "");
        let letter = letters::plain("Angebot", "Guten Tag\n.\nein Punkt allein");
        postfix.smtp().letter("a@insurer.example", &["b@web.example"], &letter).expect("250 2.0.0 *");
        let delivered = hop.wait_to("b@web.example");
        assert!(delivered.bytes.ends_with(&letter), "{}", delivered.text());
    }
}
