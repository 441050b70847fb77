//! Letters that take long to open: further ones are deferred, and our own are sent all the while.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rig::process::poll;
use rig::{Smtp, letters};

use super::inward::{ENTITY, HEAD, Scene};
use super::out::{our_certificate, path};
use super::{openssl, sealpost};

/// A worker that says who it is and then does nothing until it is ended.
fn idle(worker: &Path, pid: &Path) {
    let text = format!("#!/bin/sh\necho $$ > '{0}.new'\nmv '{0}.new' '{0}'\nexec sleep 600\n", pid.display());
    std::fs::write(worker, text).unwrap();
    std::fs::set_permissions(worker, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn strangers_wait_for_each_other_and_never_keep_our_letters() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, pid) = (folder.path().join("sealpost-seal"), folder.path().join("pid"));
    idle(&worker, &pid);
    let scene = Scene::new(|config| {
        config
            .set("partners", "worker", &format!("\"{}\"", worker.display()))
            .set("partners", "open-at-once", "1")
            .set("partners", "wait", r#""300 ms""#);
    });
    let house = openssl::House::new("moor@clinic.example");
    let letter = house.close(HEAD, ENTITY, &our_certificate(&scene.gateway));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let mut client = Smtp::connect(scene.world);
            client.ehlo();
            client.letter("moor@clinic.example", &["erika.muster@insurer.example"], &letter)
        });
        let busy = poll("the worker to be busy", || std::fs::read_to_string(&pid).ok());
        let mut client = Smtp::connect(scene.world);
        client.ehlo();
        client
            .letter("moor@clinic.example", &["erika.muster@insurer.example"], &letter)
            .expect("451 4.3.2 *");

        // The clinic's key came by another worker: the one above reads keys, too.
        let real = rig::gateway::binary().with_file_name("sealpost-seal");
        std::fs::remove_file(&worker).unwrap();
        std::os::unix::fs::symlink(real, &worker).unwrap();
        sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
        let ours = letters::plain("Befund", "Die Größe: 4711");
        scene
            .gateway
            .smtp()
            .letter("erika.muster@insurer.example", &["moor@clinic.example"], &ours)
            .expect("250 *");
        let text = scene.outside.wait_to("moor@clinic.example").text();
        assert!(text.contains("application/pkcs7-mime") && !text.contains("4711"), "{text}");

        let busy = rustix::process::Pid::from_raw(busy.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(busy, rustix::process::Signal::KILL).unwrap();
        first.join().unwrap().expect("451 *");
    });
    scene.arrives(&letter);
    scene.gateway.sweep();
}
