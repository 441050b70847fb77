//! What a compromised process could try once it is sandboxed: each is tried from inside, and refused. Once as a process
//! that was started alone, once as a copy of a resident program.
//!
//! Started with an argument it is that process: it opens valuable resources, sandboxes itself, tries, and reports the
//! results. Without an argument, it starts itself and judges.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test with a main of its own")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitStatus, Stdio};

use sealpost_sandbox::fork_server::{self, Role};
use sealpost_sandbox::{Landlock, Policy, enter};

/// Including one that it might close.
const DESCRIPTORS: u64 = 4;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("alone") => inside(|policy| enter(policy).unwrap()),
        Some("copy") => inside(|policy| match fork_server::serve(DESCRIPTORS).unwrap() {
            Role::Job(copied) => copied.enter(policy).unwrap(),
            Role::Over => std::process::exit(0),
        }),
        // Arguments of a test runner.
        Some(_) | None => outside(),
    }
}

fn outside() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let key = std::env::temp_dir().join(format!("sealpost-sandbox-{}.key", std::process::id()));
    std::fs::write(&key, "sealpost-server-key-1:secret").unwrap();
    let command = |how: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(how).env("KEY", &key).env("PORT", listener.local_addr().unwrap().port().to_string());
        command
    };
    judge(started_alone(&mut command("alone")));
    for said in copied(&mut command("copy"), 2) {
        judge(said);
    }
    std::fs::remove_file(&key).unwrap();
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; finished in 0.00s");
}

fn started_alone(command: &mut Command) -> (ExitStatus, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a letter").unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap(), said)
}

/// Several copies of one program, one after the other.
fn copied(command: &mut Command, copies: u64) -> Vec<(ExitStatus, String)> {
    let (theirs, ours) = fork_server::control().unwrap();
    let mut program = command.stdin(Stdio::from(theirs)).spawn().unwrap();
    let mut all = Vec::new();
    for id in 0..copies {
        let (input, mut letter) = std::io::pipe().unwrap();
        let (mut output, their_output) = std::io::pipe().unwrap();
        let (_errors, error) = std::io::pipe().unwrap();
        fork_server::begin(ours.as_fd(), id, [input.as_fd(), their_output.as_fd(), error.as_fd()]).unwrap();
        drop((input, their_output, error));
        letter.write_all(b"a letter").unwrap();
        drop(letter);
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        let (whose, status) = loop {
            match fork_server::ended(ours.as_fd()) {
                Ok(ended) => break ended.unwrap(),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        assert_eq!(whose, id);
        all.push((status, said));
    }
    drop(ours);
    // The command's copy would keep the socket open.
    command.stdin(Stdio::null());
    assert!(program.wait().unwrap().success(), "the program goes when nobody wants jobs done");
    all
}

fn judge((status, said): (ExitStatus, String)) {
    print!("{said}");
    assert!(status.success(), "it did not get to its end: {status}\n{said}");
    let lines: Vec<(&str, &str)> = said.lines().filter_map(|line| line.split_once(": ")).collect();
    let refused = |what: &str| {
        let line = lines.iter().find(|(name, _)| *name == what);
        let (_, became) = line.unwrap_or_else(|| panic!("{what} was not tried:\n{said}"));
        assert_eq!(*became, "refused", "{what}\n{said}");
    };
    for what in TRIED {
        refused(what);
    }
    for (what, wanted) in [("standard input", "a letter"), ("memory", "given")] {
        assert!(lines.contains(&(what, wanted)), "{what} does not work inside:\n{said}");
    }
}

/// What is tried.
const TRIED: [&str; 20] = [
    "a thread",
    "a copy",
    "descriptors from a socket",
    "another list of calls",
    "no end with the parent",
    "a program's number",
    "open the key",
    "open the key with a descriptor closed before",
    "list a folder",
    "write a file",
    "TCP",
    "UDP",
    "a socket pair",
    "start a program",
    "look into the parent",
    "look into itself",
    "a signal to the parent",
    "raise a limit",
    "read what was left open",
    "write what was left open",
];

fn inside(shut_in: impl FnOnce(Policy) -> Landlock) {
    let key = std::env::var("KEY").unwrap();
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    let parent = rustix::process::getppid().map_or(1, |pid| pid.as_raw_nonzero().get());
    // Controls: everything works before.
    assert!(std::fs::read(&key).is_ok() && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    assert!(Command::new("/bin/true").status().is_ok() && std::fs::read_dir("/").is_ok());
    let spare = std::fs::File::open("/dev/null").unwrap();
    // A descriptor that a library of the parent might have leaked to its children.
    let mut left = std::fs::OpenOptions::new().read(true).write(true).open(&key).unwrap();
    let (socket, _other) = UnixStream::pair().unwrap();
    let landlock = shut_in(Policy { memory: 1 << 30, cpu_seconds: 20, descriptors: DESCRIPTORS });

    let mut letter = String::new();
    std::io::stdin().read_to_string(&mut letter).unwrap();
    println!("standard input: {letter}");
    println!("memory: {}", if vec![1_u8; 50 << 20].iter().all(|b| *b == 1) { "given" } else { "not" });
    println!("landlock: {}", if landlock == Landlock::Present { "present" } else { "absent" });

    let tell = |what: &str, worked: bool| println!("{what}: {}", if worked { "WORKED" } else { "refused" });
    tell("open the key", std::fs::read(&key).is_ok());
    tell("a copy", fork::fork().is_ok());
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut rights = rustix::net::RecvAncillaryBuffer::new(&mut space);
    let flags = rustix::net::RecvFlags::DONTWAIT;
    let received = rustix::net::recvmsg(&socket, &mut [], &mut rights, flags);
    tell("descriptors from a socket", received.err() != Some(rustix::io::Errno::PERM));
    tell("another list of calls", enter(Policy { memory: 1 << 30, cpu_seconds: 20, descriptors: 9 }).is_ok());
    let death = rustix::process::set_parent_process_death_signal(None);
    tell("no end with the parent", death.is_ok());
    let this = rustix::process::getpid();
    tell(
        "a program's number",
        rustix::process::pidfd_open(this, rustix::process::PidfdFlags::empty()).is_ok(),
    );
    tell("a thread", std::thread::Builder::new().spawn(|| {}).is_ok());
    // The gap in the descriptor limit: with one closed, there is room for another.
    drop(spare);
    tell("open the key with a descriptor closed before", std::fs::read(&key).is_ok());
    tell("list a folder", std::fs::read_dir("/").is_ok());
    tell("write a file", std::fs::write("/tmp/sealpost-sandbox-written", "x").is_ok());
    tell("TCP", TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    tell("UDP", UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_ok());
    tell("a socket pair", UnixStream::pair().is_ok());
    tell("start a program", Command::new("/bin/true").status().is_ok());
    tell("look into the parent", std::fs::read(format!("/proc/{parent}/maps")).is_ok());
    tell("look into itself", std::fs::read("/proc/self/environ").is_ok());
    let pid = rustix::process::Pid::from_raw(parent).unwrap();
    tell("a signal to the parent", rustix::process::test_kill_process(pid).is_ok());
    tell("read what was left open", left.read(&mut [0; 8]).is_ok());
    tell("write what was left open", left.write(b"x").is_ok());
    let more = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
    tell("raise a limit", rustix::process::setrlimit(rustix::process::Resource::Nofile, more).is_ok());
}
