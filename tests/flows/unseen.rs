//! No process of the same user can read the memory of ours, whichever command it runs.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rig::gateway::binary;
use rig::process::poll;

/// A user without privileges, if the tests run as root.
const USER: u32 = 20_919;

/// Started, and waiting for its standard input.
fn waiting(command: &mut Command) -> Child {
    if rustix::process::geteuid().is_root() {
        command.uid(USER).gid(USER);
    }
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let name = command.get_program().to_string_lossy().into_owned();
    poll("the program to be the one that was started", || {
        let line = std::fs::read_to_string(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
        line.starts_with(&name).then_some(())
    });
    child
}

fn owner_of_memory(child: &Child) -> u32 {
    std::fs::metadata(format!("/proc/{}/mem", child.id())).unwrap().uid()
}

/// proc_pid(5): files of a non-dumpable process belong to root, so other users cannot open them.
#[test]
fn a_password_that_is_typed_is_not_seen_by_others_of_the_same_user() {
    let mut plain = waiting(&mut Command::new("cat"));
    poll("an ordinary program's memory to be its user's", || (owner_of_memory(&plain) != 0).then_some(()));
    plain.kill().unwrap();
    plain.wait().unwrap();
    let mut ours = waiting(Command::new(binary()).arg("hash-password"));
    poll("memory that is not the user's", || (owner_of_memory(&ours) == 0).then_some(()));
    drop(ours.stdin.take());
    ours.wait().unwrap();
}
