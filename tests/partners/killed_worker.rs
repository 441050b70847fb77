//! The program that opens letters is killed, or cannot be started: not because of the letter. Its sender is
//! deferred, nothing is passed on, and the next time it is opened.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rig::gateway::binary;
use rig::{Smtp, process};

use super::inward::{ENTITY, HEAD, Scene};
use super::openssl;
use super::out::our_certificate;

fn script(path: &Path, text: &str) {
    // Atomically, or a process could start half of it.
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(new, path).unwrap();
}

#[test]
fn a_worker_that_is_killed_or_missing_keeps_the_letter_with_its_sender() {
    let folder = tempfile::tempdir().unwrap();
    let worker = folder.path().join("sealpost-seal");
    let real = binary().with_file_name("sealpost-seal");
    let good = format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display());
    script(&worker, &good);
    let scene = Scene::new(|config| {
        config.set("partners", "worker", &format!("\"{}\"", worker.display()));
    });
    let house = openssl::House::new("moor@clinic.example");
    let letter = house.close(HEAD, ENTITY, &our_certificate(&scene.gateway));
    let hand_in = || {
        let mut client = Smtp::connect(scene.world);
        client.ehlo();
        client.letter("moor@clinic.example", &["erika.muster@insurer.example"], &letter)
    };
    for bad in ["#!/bin/sh\nkill -9 $$\n", "#!/nonexistent/interpreter\n"] {
        script(&worker, bad);
        hand_in().expect("451 *");
        assert_eq!(scene.gateway.count("SELECT count(*) FROM legs"), 0, "{bad}");
    }
    script(&worker, &good);
    hand_in().expect("250 *");
    let text = scene.inside.wait(1).remove(0).text();
    assert!(text.contains("4711") && text.contains("encrypted=yes"), "{text}");
    assert_eq!(scene.inside.delivered().len(), 1);

    // The program that stays is killed between two letters: the next one starts another.
    let programs = process::children(scene.gateway.process().id(), "sealpost-seal");
    assert_eq!(programs.len(), 1, "{programs:?}");
    process::kill_and_wait(&programs);
    let again = |id: &str| String::from_utf8(letter.clone()).unwrap().replace("befund@", id);
    let text = scene.arrives(again("befund-2@").as_bytes()).text();
    assert!(text.contains("4711") && text.contains("encrypted=yes"), "{text}");

    // One that does not come up at all is no letter's fault, however it ends.
    process::kill_and_wait(&process::children(scene.gateway.process().id(), "sealpost-seal"));
    script(&worker, "#!/bin/sh\nkill -6 $$\n");
    let mut client = Smtp::connect(scene.world);
    client.ehlo();
    client
        .letter("moor@clinic.example", &["erika.muster@insurer.example"], again("befund-3@").as_bytes())
        .expect("451 *");
    scene.gateway.sweep();
}
