//! The worker from outside: what it is not given, what ends it, what it says then.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealpost_mail::Secret;
use sealpost_seal::{Kind, Lends, Limits, MAX_LENT, OpenError, OwnKey, PartnerKey, Worker, WorkerError};

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
    // A letter that ends early is no letter.
    let worker = Worker::find(Some(WORKER.as_ref()), Limits::default()).unwrap();
    let done = lab::runtime().block_on(worker.open(&letter[..100], length, &opening, tokio::io::sink()));
    assert!(matches!(done, Err(OpenError::Worker(_))), "{done:?}");
    // One that no worker could hold is not even begun, however often it comes.
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

/// Counts what it hands out.
struct Counted(AtomicUsize);

impl Lends for Counted {
    fn public(&self) -> Vec<PartnerKey> {
        vec![lab::own(Kind::SmimeP256).public().clone()]
    }

    fn private(&self, _at: usize) -> Option<Secret<Vec<u8>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        lab::own(Kind::SmimeP256).to_bytes().ok()
    }
}

#[test]
fn a_worker_that_was_taken_over_gets_a_few_keys_and_not_all() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = lab::folder();
    let taken = folder.path().join("taken");
    let asks = r#"printf 'sealpost-seal-1 11\n{"needs":%d}' $key"#;
    let script = format!("#!/bin/sh\nfor key in 0 1 2 3 4 5 6 7 8 9; do {asks}; done\nexec cat >/dev/null\n");
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
