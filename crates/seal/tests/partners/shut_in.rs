//! The worker from outside: what it is not given, what ends it, what it reports then.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealpost_seal::{Kind, Lends, Limits, MAX_LENT, OpenError, OwnKey, RecipientKey, Worker, WorkerError};

use crate::lab;

const WORKER: &str = env!("CARGO_BIN_EXE_sealpost-seal");

#[test]
fn it_does_not_run_without_limits_and_takes_nothing_but_a_job() {
    use std::io::Write as _;
    for (arguments, input, says) in [
        (&[][..], &b""[..], "usage"),
        (&["--memory", "1000000000"], b"", "usage"),
        (&["--memory", "1000000000", "--cpu", "9"], b"hello", "no job"),
        (&["--memory", "1000000000", "--cpu", "9"], b"sealpost-seal-1 99999999999\n", "too large"),
        (&["--memory", "1000000000", "--cpu", "9"], b"sealpost-seal-1 2\n{}", "cannot be read"),
        (
            &["--memory", "1000000000", "--cpu", "9"],
            b"sealpost-seal-1 24\n{\"keys\":{\"file\":100}}   ",
            "too early",
        ),
    ] {
        let mut child = Command::new(WORKER)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input);
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(!done.status.success() && done.stdout.is_empty());
        assert!(said.starts_with("sealpost-seal: ") && said.contains(says), "{said}");
    }
}

#[test]
fn a_limit_ends_it_and_is_told() {
    let nobody: &[&OwnKey] = &[];
    let opening = lab::opening(&nobody, &[]);
    let tight = Limits { memory: 64 << 20, ..Limits::default() };
    let worker = Worker::find(Some(WORKER.as_ref()), tight).unwrap();
    let letter = lab::large(80 << 20);
    let length = u64::try_from(letter.len()).unwrap();
    let done = lab::runtime().block_on(worker.open(&letter[..], length, &opening, tokio::io::sink()));
    assert!(matches!(done, Err(OpenError::Worker(_))), "{done:?}");
    let nowhere = Worker::find(Some("/nonexistent/sealpost-seal".as_ref()), Limits::default());
    assert!(matches!(nowhere, Err(WorkerError::Missing(_))));
    // A truncated letter is an error.
    let worker = Worker::find(Some(WORKER.as_ref()), Limits::default()).unwrap();
    let done = lab::runtime().block_on(worker.open(&letter[..100], length, &opening, tokio::io::sink()));
    assert!(matches!(done, Err(OpenError::Worker(_))), "{done:?}");
    // One that no worker could hold is not begun at all, however often it comes.
    let done = lab::runtime().block_on(worker.open(&b"x"[..], u64::MAX / 2, &opening, tokio::io::sink()));
    assert!(matches!(done, Err(OpenError::Worker(WorkerError::Limit(_)))), "{done:?}");
    let impatient = Limits { wall: Duration::from_millis(1), ..Limits::default() };
    let worker = Worker::find(Some(WORKER.as_ref()), impatient).unwrap();
    let endless = tokio::io::repeat(b'x');
    let done = lab::runtime().block_on(worker.open(endless, 1 << 28, &opening, tokio::io::sink()));
    assert!(
        matches!(done, Err(OpenError::Worker(WorkerError::Stopped(_) | WorkerError::Failed(_)))),
        "{done:?}"
    );
}

/// Counts requests.
struct Counted(AtomicUsize);

impl Lends for Counted {
    fn recipients(&self) -> Vec<RecipientKey> {
        vec![RecipientKey::of(lab::own(Kind::SmimeP256).public())]
    }

    fn private(&self, _at: usize) -> Option<Arc<OwnKey>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(lab::own(Kind::SmimeP256).clone()))
    }
}

#[test]
fn a_worker_that_was_taken_over_gets_a_few_keys_and_not_all() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = lab::folder();
    let taken = folder.path().join("taken");
    let task = "{\"decrypt\":{\"how\":\"pkcs1\",\"encrypted\":\"AAAA\",\"length\":32}}";
    for asks in ["{\"needs\":7}".to_owned(), format!("{{\"asks\":{{\"at\":0,\"task\":{task}}}}}")] {
        // In place of a program that forks for the job, this one requests keys itself.
        let script = format!(
            r#"#!/usr/bin/python3
import array, os, socket
control = socket.socket(fileno=0)
_, [(_, _, rights)], _, _ = control.recvmsg(8, socket.CMSG_SPACE(12))
streams = array.array("i", rights)
asks = b'{asks}'
for key in range(10):
    os.write(streams[1], b'sealpost-seal-1 %d\n' % len(asks) + asks)
while os.read(streams[0], 65536): pass
"#
        );
        std::fs::write(&taken, script).unwrap();
        std::fs::set_permissions(&taken, std::fs::Permissions::from_mode(0o700)).unwrap();
        let counted = Counted(AtomicUsize::new(0));
        let nobody: &[&OwnKey] = &[];
        let opening = sealpost_seal::Opening { own: &counted, ..lab::opening(&nobody, &[]) };
        let worker = Worker::find(Some(&taken), Limits::default()).unwrap();
        let done = lab::runtime().block_on(worker.open(&b"x"[..], 1, &opening, tokio::io::sink()));
        assert!(
            matches!(&done, Err(OpenError::Worker(WorkerError::Failed(why))) if why.contains("more keys")),
            "{done:?}"
        );
        assert!(counted.0.load(Ordering::Relaxed) <= MAX_LENT, "{counted:?}", counted = counted.0);
    }
}

/// What a compromised worker gets when it requests an S/MIME key; only this test requests one.
#[test]
fn an_smime_key_is_lent_to_no_worker() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = lab::folder();
    let (taken, heard) = (folder.path().join("taken"), folder.path().join("heard"));
    let script = format!(
        r#"#!/usr/bin/python3
import array, os, socket
control = socket.socket(fileno=0)
_, [(_, _, rights)], _, _ = control.recvmsg(8, socket.CMSG_SPACE(12))
streams = array.array("i", rights)
os.write(streams[1], b'sealpost-seal-1 11\n{{"needs":0}}')
seen = b""
while not seen.endswith(b"null") and len(seen) < 100000: seen += os.read(streams[0], 65536)
open("{}", "wb").write(seen[-23:])
"#,
        heard.display()
    );
    std::fs::write(&taken, script).unwrap();
    std::fs::set_permissions(&taken, std::fs::Permissions::from_mode(0o700)).unwrap();
    let counted = Counted(AtomicUsize::new(0));
    let nobody: &[&OwnKey] = &[];
    let opening = sealpost_seal::Opening { own: &counted, ..lab::opening(&nobody, &[]) };
    let worker = Worker::find(Some(&taken), Limits::default()).unwrap();
    let done = lab::runtime().block_on(worker.open(&b"x"[..], 1, &opening, tokio::io::sink()));
    assert!(matches!(done, Err(OpenError::Worker(_))), "{done:?}");
    assert!(std::fs::read(&heard).unwrap().ends_with(b"sealpost-seal-1 4\nnull"));
}

#[test]
fn a_program_is_put_away_when_a_copy_of_it_crashed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = lab::folder();
    let (program, starts) = (folder.path().join("program"), folder.path().join("starts"));
    let script = format!(
        r#"#!/usr/bin/python3
import array, os, socket, struct
open("{}", "a").write("x")
control = socket.socket(fileno=0)
while True:
    job, rights, _, _ = control.recvmsg(8, socket.CMSG_SPACE(12))
    if not job: break
    for _, _, streams in rights:
        for stream in array.array("i", streams): os.close(stream)
        control.send(job + struct.pack("<i", 6))
"#,
        starts.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let nobody: &[&OwnKey] = &[];
    let opening = lab::opening(&nobody, &[]);
    let worker = Worker::find(Some(&program), Limits::default()).unwrap();
    let runtime = lab::runtime();
    for started in ["x", "xx"] {
        let done = runtime.block_on(worker.open(&b"x"[..], 1, &opening, tokio::io::sink()));
        assert!(matches!(done, Err(OpenError::Worker(WorkerError::Limit(_)))), "{done:?}");
        assert_eq!(std::fs::read_to_string(&starts).unwrap(), started);
    }
}

/// Zombies that are not reaped go to process 1, and in a container that may be the gateway, which only reaps
/// its own.
#[test]
fn a_copy_that_was_given_up_leaves_nothing_behind() {
    use tokio::io::AsyncWriteExt as _;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let folder = lab::folder();
    // Its copies have this name, whatever else is running.
    let name = "given-up-worker";
    let program = folder.path().join(name);
    std::os::unix::fs::symlink(WORKER, &program).unwrap();
    let worker = Worker::find(Some(&program), Limits::default()).unwrap();
    let nobody: &[&OwnKey] = &[];
    let opening = lab::opening(&nobody, &[]);
    lab::runtime().block_on(async {
        let (letter, mut rest) = tokio::io::duplex(1 << 16);
        // More than fits into the pipes, so a copy has read some of it.
        let much = vec![b'x'; 1 << 20];
        tokio::select! {
            done = worker.open(letter, 1 << 28, &opening, tokio::io::sink()) => panic!("there is more to come: {done:?}"),
            written = rest.write_all(&much) => written.unwrap(),
        }
        assert!(!processes(name).is_empty());
        let mut looks = 0;
        while !processes(name).is_empty() {
            looks += 1;
            assert!(looks < 6_000, "these stay: {:?}", processes(name));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// Processes of that name, including zombies.
fn processes(name: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = all.filter_map(|one| std::fs::read_to_string(one.path().join("stat")).ok());
    stats.filter(|stat| stat.contains(&format!("({name})"))).collect()
}

/// Two letters at the same time: neither copy has anything of the other's.
#[test]
fn a_copy_has_the_pipes_of_its_own_letter_and_no_others() {
    use std::os::fd::{AsFd as _, AsRawFd as _};
    if !rustix::process::getuid().is_root() {
        println!("not looked at: only root sees what copies have open");
        return;
    }
    let (theirs, ours) = sealpost_sandbox::fork_server::control().unwrap();
    let mut command = Command::new(WORKER);
    command.args(["--serve", "--memory", "1073741824", "--cpu", "9"]).stdin(Stdio::from(theirs));
    let mut program = command.spawn().unwrap();
    let inode = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    let mut jobs = Vec::new();
    for id in [1, 2] {
        let (input, letter) = std::io::pipe().unwrap();
        let (answer, output) = std::io::pipe().unwrap();
        let (errors, error) = std::io::pipe().unwrap();
        let streams = [input.as_fd(), output.as_fd(), error.as_fd()];
        sealpost_sandbox::fork_server::begin(ours.as_fd(), id, streams).unwrap();
        let wanted: Vec<_> = streams.iter().map(|stream| inode(stream.as_raw_fd())).collect();
        jobs.push((wanted, letter, answer, errors));
    }
    let children = format!("/proc/{0}/task/{0}/children", program.id());
    let pipes: Vec<_> = jobs.iter().flat_map(|(wanted, ..)| wanted.clone()).collect();
    // Descriptors that the test itself inherited are in all processes.
    let open = |pid: &str| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
        let open = open.filter_map(|one| std::fs::read_link(one.path()).ok());
        let mut open: Vec<_> = open.filter(|to| pipes.contains(to)).collect();
        open.sort();
        Some(open)
    };
    let mut looks = 0;
    loop {
        // What a copy has for a moment before it is sandboxed, is gone before it reads.
        let copies = std::fs::read_to_string(&children).unwrap();
        let mut have: Vec<_> = copies.split_whitespace().filter_map(open).collect();
        have.sort();
        let mut wanted: Vec<_> = jobs.iter().map(|(wanted, ..)| wanted.clone()).collect();
        wanted.iter_mut().for_each(|wanted| wanted.sort());
        wanted.sort();
        if have == wanted {
            break;
        }
        looks += 1;
        assert!(looks < 6_000, "{have:?} is open, {wanted:?} should be");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(ours);
    command.stdin(Stdio::null());
    assert!(program.wait().unwrap().success());
    drop(jobs);
}

/// A program without free descriptors neither takes a job for the end of one, nor ends.
#[test]
fn a_job_that_did_not_come_through_whole_is_not_begun() {
    use std::os::fd::AsFd as _;
    use std::os::unix::process::ExitStatusExt as _;
    let (theirs, ours) = sealpost_sandbox::fork_server::control().unwrap();
    let script = format!("ulimit -n 4; exec '{WORKER}' --serve --memory 1073741824 --cpu 9");
    let mut program =
        Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::from(theirs)).spawn().unwrap();
    let nothing = std::fs::File::open("/dev/null").unwrap();
    for id in [3, 4] {
        let streams = [nothing.as_fd(), nothing.as_fd(), nothing.as_fd()];
        sealpost_sandbox::fork_server::begin(ours.as_fd(), id, streams).unwrap();
        let mut looks = 0;
        let (whose, status) = loop {
            match sealpost_sandbox::fork_server::ended(ours.as_fd()) {
                Ok(ended) => break ended.expect("the program has gone"),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
            looks += 1;
            assert!(looks < 6_000, "no answer");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!((whose, status.signal()), (id, Some(9)));
    }
    drop(ours);
    assert!(program.wait().unwrap().success());
}

#[test]
fn letters_that_are_neither_signed_nor_encrypted_are_left_alone() {
    for (name, letter) in lab::letters() {
        let (opened, got) = lab::open(&letter, &[], &[]);
        assert!(
            opened.layers.is_empty() && opened.signatures.is_empty() && got.is_empty(),
            "{name}: {opened:?}"
        );
    }
}
