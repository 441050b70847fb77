//! The reader of the log exits, stalls, or runs out of disk space: mail is still accepted, delivered and
//! read, and the process ends when told to.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rig::gateway::{Home, binary};
use rig::{Config, Hop, PATIENCE, Smtp, letters};
use rustix::process::{Pid, Signal, kill_process};

/// The gateway with this as its standard error, ready.
fn start(home: &Home, stderr: impl Into<Stdio>) -> Child {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(home.config());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(ready.contains("\"ready\":true"), "{ready:?}");
    child
}

/// A letter over a session of its own arrives.
fn letter(config: &Config, hop: &Hop, number: usize) {
    let mut client = Smtp::connect(config.smtp);
    client.be_patient(PATIENCE);
    client.ehlo();
    let to = format!("k{number}@web.example");
    client.letter("a@insurer.example", &[&to], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to(&to);
}

fn ends_well(mut child: Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

fn talkative(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.set("log", "level", r#""debug""#);
    config
}

#[test]
fn nobody_reads_the_log_any_more() {
    let hop = Hop::new();
    let config = talkative(&hop);
    let home = Home::new(&config);
    let (read, write) = rustix::pipe::pipe().unwrap();
    let gateway = start(&home, File::from(write));
    letter(&config, &hop, 0);
    drop(read);
    (1..5).for_each(|number| letter(&config, &hop, number));
    ends_well(gateway);
}

#[test]
fn the_log_has_no_room_from_the_start() {
    let hop = Hop::new();
    let config = talkative(&hop);
    let home = Home::new(&config);
    let gateway = start(&home, File::options().write(true).open("/dev/full").unwrap());
    (0..3).for_each(|number| letter(&config, &hop, number));
    ends_well(gateway);
}

/// A pipe buffers 64 KiB: further output that is not read must not block.
#[test]
fn who_reads_the_log_stalls() {
    let hop = Hop::new();
    let config = talkative(&hop);
    let home = Home::new(&config);
    let (read, write) = rustix::pipe::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&write, 4096).unwrap();
    let gateway = start(&home, File::from(write));
    (0..20).for_each(|number| letter(&config, &hop, number));
    ends_well(gateway);
    drop(read);
}
