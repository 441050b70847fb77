//! `sealpost check` tests the worker programs in the way in which they will be used.

use std::os::unix::fs::PermissionsExt as _;

use rig::gateway::Home;
use rig::{Config, Hop};

#[test]
fn a_worker_that_cannot_shut_itself_in_is_told_of() {
    let (hop, shelf) = (Hop::new(), Home::empty());
    // As the worker speaks where a unit's SystemCallFilter lacks `seccomp`.
    let worker = shelf.path().join("sealpost-pdf");
    std::fs::write(
        &worker,
        "#!/bin/sh\necho 'sealpost-pdf: cannot limit itself: Operation not permitted' >&2\nexit 3\n",
    )
    .unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = Config::new(&hop);
    config.set("portal.export", "pdf-worker", &format!("{:?}", worker.display().to_string()));
    let home = Home::new(&config);
    let (code, out, err) = home.sealpost(&["check", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        err.contains("no PDF can be made: sealpost-pdf cannot limit itself") && err.contains("landlock_"),
        "{err}"
    );
}

/// It is tried in the way it will be used: one that would do alone may not do as a program that stays.
#[test]
fn a_worker_that_cannot_copy_itself_is_told_of() {
    let (hop, shelf) = (Hop::new(), Home::empty());
    let real = rig::gateway::binary().with_file_name("sealpost-seal");
    let worker = shelf.path().join("sealpost-seal");
    let mut config = Config::new(&hop);
    config.set("partners", "worker", &format!("{:?}", worker.display().to_string()));
    let home = Home::new(&config);
    for (served, told) in [
        (
            "echo 'sealpost-seal: cannot limit itself: not permitted' >&2; exit 3",
            "cannot limit itself: not permitted",
        ),
        (
            "echo 'sealpost-seal: its control socket does not work' >&2; exit 2",
            "its control socket does not work",
        ),
        ("kill -31 $$", "ended by signal 31"),
        ("exit 0", "no reason given"),
    ] {
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = --serve ]; then {served}; fi\nexec '{}' \"$@\"\n",
            real.display()
        );
        // Atomically, or a process could start half of it.
        let new = worker.with_extension("new");
        std::fs::write(&new, script).unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(&new, &worker).unwrap();
        let (code, out, err) = home.sealpost(&["check", "--offline"]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(
            err.contains("no partner's letter can be opened: sealpost-seal ") && err.contains(told),
            "{err}"
        );
    }
    config.set("partners", "worker", &format!("{:?}", real.display().to_string()));
    let (code, out, err) = Home::new(&config).sealpost(&["check", "--offline"]);
    assert!(code == 0 && !err.contains("can be opened"), "{out}{err}");
}
