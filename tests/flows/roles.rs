//! Each role in a process of its own, as a user of its own where the tests may do that, with its own key
//! file: everything works, and no process has a key in memory that it must not have.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rig::gateway::{Home, SERVER_KEY, binary, mode};
use rig::process::{Process, run};
use rig::reader::{PASSWORD, activate, activate_with, letter_path};
use rig::{Config, Gateway, Hop, Smtp, Web, letters};

/// The group that the roles share, and a user for each.
const GROUP: u32 = 20_910;
const ROLES: [(&str, u32); 4] =
    [("intake", 20_911), ("portal", 20_912), ("delivery", 20_913), ("jobs", 20_914)];

fn bytes_of(line: &str) -> Vec<u8> {
    STANDARD.decode(line.trim().rsplit(':').next().unwrap()).unwrap()
}

/// One key of a role's file.
fn key(home: &Home, role: &str, name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(home.path().join(format!("keys/{role}.key"))).unwrap();
    bytes_of(text.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap())
}

fn escrow_seed(home: &Home) -> Vec<u8> {
    bytes_of(&std::fs::read_to_string(home.path().join("keys/escrow.key")).unwrap())
}

/// RFC 5869: what HKDF extracts of the server key is as good as the key.
fn extracted(server_key: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-hmac", "sealpost/1/server-key", "-binary"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(server_key).unwrap();
    let out = child.wait_with_output().unwrap().stdout;
    assert_eq!(out.len(), 32);
    out
}

/// proc_pid_pagemap(5): a page that is in memory, or swapped out. The rest of a mapping was never written to.
const THERE: u64 = 3 << 62;

/// The written parts of the memory that a process may write to, neighbouring pages in one piece.
fn written(process: &Process) -> Vec<Vec<u8>> {
    let folder = format!("/proc/{}", process.id());
    let page = rustix::param::page_size() as u64;
    let maps = std::fs::read_to_string(format!("{folder}/maps")).unwrap();
    let (memory, there) =
        (File::open(format!("{folder}/mem")).unwrap(), File::open(format!("{folder}/pagemap")).unwrap());
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut flags = vec![0; usize::try_from((to - from) / page * 8).unwrap()];
        there.read_exact_at(&mut flags, from / page * 8).unwrap();
        let mut last = None;
        for (number, flags) in (0_u64..).zip(flags.chunks_exact(8)) {
            let mut bytes = vec![0; usize::try_from(page).unwrap()];
            let is_there = u64::from_ne_bytes(flags.try_into().unwrap()) & THERE != 0;
            // What went meanwhile is not there.
            if !is_there || memory.read_exact_at(&mut bytes, from + number * page).is_err() {
                continue;
            }
            match pieces.last_mut().filter(|_| number > 0 && last == Some(number - 1)) {
                Some(piece) => piece.extend_from_slice(&bytes),
                None => pieces.push(bytes),
            }
            last = Some(number);
        }
    }
    pieces
}

/// Which of these a process has anywhere in memory.
fn held(process: &Process, needles: &[&[u8]]) -> Vec<bool> {
    let pieces = written(process);
    let found = |needle: &&[u8]| {
        let finder = memchr::memmem::Finder::new(needle);
        pieces.iter().any(|piece| finder.find(piece).is_some())
    };
    needles.iter().map(found).collect()
}

fn holds(process: &Process, needle: &[u8]) -> bool {
    held(process, &[needle])[0]
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The process of one role; as its own user where that can be.
fn serve(home: &Home, role: &str, user: u32) -> Process {
    let mut command = Command::new(binary());
    command.args(["serve", "--role", role, "--config"]).arg(home.config()).current_dir(home.path());
    if is_root() {
        command.uid(user).gid(GROUP);
    }
    let process = Process::start(&format!("sealpost serve --role {role}"), &mut command);
    let _ = process.output.wait("{*\"ready\":true*}");
    process
}

/// `sealpost key split`, and what an operator then does: each file to its user, the server key into the safe.
fn split(home: &Home) {
    let mut command = Command::new(binary());
    let (code, out, err) = run(command
        .args(["key", "split", "--server-key", "server.key", "--to", "keys"])
        .current_dir(home.path()));
    assert_eq!(code, 0, "{out}{err}");
    std::fs::remove_file(home.path().join("server.key")).unwrap();
    std::fs::create_dir(home.data()).unwrap();
    if is_root() {
        mode(home.path(), 0o755);
        mode(&home.config(), 0o644);
        mode(&home.path().join("keys"), 0o711);
        for (role, user) in ROLES {
            let file = home.path().join(format!("keys/{role}.key"));
            std::os::unix::fs::chown(file, Some(user), Some(GROUP)).unwrap();
        }
        // Owned by no user, readable by the group.
        std::os::unix::fs::chown(home.data(), Some(20_910), Some(GROUP)).unwrap();
    }
    mode(&home.data(), 0o2770);
}

fn shared(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.unset("gateway", "server-key").set("gateway", "role-keys", "\"keys\"");
    config
}

fn log_in(config: &Config, password: &str) -> (Web, u16) {
    let mut web = Web::new(config.web);
    let page = web.get("/");
    let page = web.submit(&page, "/login", &[("address", "k@web.example"), ("password", password)]);
    let status = page.status;
    (web, status)
}

#[test]
fn each_role_as_a_user_of_its_own_with_its_own_keys_and_no_other() {
    let hop = Hop::new();
    let config = shared(&hop);
    let home = Home::new(&config);
    split(&home);
    let processes: Vec<Process> = ROLES.iter().map(|(role, user)| serve(&home, role, *user)).collect();

    // The story: a letter, its notice, an activation, a reset with the escrow key.
    let mut smtp = Smtp::connect(config.smtp);
    smtp.ehlo();
    let small = letters::plain("[vertraulich] Brief", "Inhalt-4711");
    smtp.letter("erika@insurer.example", &["k@web.example"], &small).expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut web = Web::new(config.web);
    let inbox = activate(&mut web, &link);
    assert!(web.get(&letter_path(&inbox)).text().contains("Inhalt-4711"));
    // One whose body is a file written by one user and read by another.
    let large = letters::sized("[vertraulich] Akte", 300_000);
    smtp.letter("erika@insurer.example", &["k@web.example"], &large).expect("250 *");
    let _ = hop.wait(2);
    smtp.letter("erika@insurer.example", &["x@world.example"], &letters::sized("Offen", 300_000))
        .expect("250 *");
    let _ = hop.wait(3);
    assert_eq!(log_in(&config, PASSWORD).1, 303);
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", "k@web.example"), ("note", "0170 1234567")]).expect(200);
    let release = |more: &[&str]| {
        home.sealpost(&[&["request", "release", "1", "--note", "called back"], more].concat())
    };
    let (code, _, said) = release(&[]);
    assert!(code != 0 && said.contains("--escrow-key"), "without the key nothing is given up: {said}");
    let (code, out, err) = release(&["--escrow-key", "keys/escrow.key"]);
    assert!(code == 0 && out.contains("the messages are kept"), "{out}{err}");
    // In addition the owner was notified of the log-in.
    let again =
        hop.wait(5)[3..].iter().map(|mail| letters::link(&mail.bytes)).find(|link| link.contains("/a/"));
    let again = again.expect("a new link");
    let mut web = Web::new(config.web);
    let inbox = activate_with(&mut web, &again, "Kirschkern-1953-Segel");
    assert!(inbox.text().contains("href=\"/m/"), "the letters are kept");

    // The keys of each; that the search finds those that must be there is half of the test.
    let server = bytes_of(SERVER_KEY);
    let nobody_s = [server.clone(), extracted(&server), escrow_seed(&home)];
    let names =
        ["spool", "rows", "tags", "deposits", "tokens", "pepper", "sessions", "letters"].map(str::to_owned);
    let keys: Vec<Vec<u8>> = names.iter().map(|name| key(&home, "portal", name)).collect();
    let texts: Vec<Vec<u8>> =
        nobody_s.iter().chain(&keys).map(|secret| STANDARD.encode(secret).into_bytes()).collect();
    for (process, (role, _)) in processes.iter().zip(ROLES) {
        // proc_pid(5): files of a non-dumpable process belong to root and not to its user.
        let memory = std::fs::metadata(format!("/proc/{}/mem", process.id())).unwrap();
        assert_eq!(
            std::os::unix::fs::MetadataExt::uid(&memory),
            0,
            "{role}: others of its user read its memory"
        );
        let all: Vec<&[u8]> = keys.iter().chain(&nobody_s).chain(&texts).map(Vec::as_slice).collect();
        let found = held(process, &all);
        let its_own = match role {
            "jobs" => 0,
            "delivery" => 4,
            "intake" => 6,
            _ => 8,
        };
        let (keys_found, others) = found.split_at(keys.len());
        let found: Vec<&String> =
            names.iter().zip(keys_found).filter(|(_, found)| **found).map(|(name, _)| name).collect();
        assert_eq!(found, names[..its_own].iter().collect::<Vec<_>>(), "{role}");
        assert_eq!(
            others,
            vec![false; others.len()],
            "{role}: server key, its extract, escrow key, or a file's text"
        );
    }
    for mut process in processes {
        assert!(process.stop().success(), "{}", process.output.text());
    }
    let (code, out, err) = home.sealpost(&["check", "--store"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn the_server_key_is_gone_after_the_start_also_in_one_process() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let server = bytes_of(SERVER_KEY);
    let mut command = Command::new(binary());
    let there = gateway.home.path();
    let (code, out, err) =
        run(command.args(["key", "split", "--server-key", "server.key", "--to", "keys"]).current_dir(there));
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        holds(gateway.process(), &key(&gateway.home, "intake", "spool")),
        "the search finds what is there"
    );
    for secret in [server.clone(), extracted(&server), escrow_seed(&gateway.home)] {
        assert!(!holds(gateway.process(), &secret));
        assert!(!holds(gateway.process(), STANDARD.encode(&secret).as_bytes()));
    }
}

#[test]
fn a_role_does_not_start_with_another_s_keys_or_none() {
    let hop = Hop::new();
    let home = Home::new(&shared(&hop));
    split(&home);
    let keys = home.path().join("keys");
    let check = |role: &str| home.sealpost(&["check", "--offline", "--role", role]);
    for role in ["intake", "portal", "delivery", "jobs", "intake,delivery"] {
        assert_eq!(check(role).0, 0, "{role}: {}", check(role).2);
    }
    let from = |role: &str| std::fs::read(keys.join(format!("{role}.key"))).unwrap();
    let put = |role: &str, bytes: &[u8]| std::fs::write(keys.join(format!("{role}.key")), bytes).unwrap();
    let own = from("delivery");
    put("delivery", &from("intake"));
    let (code, _, said) = check("delivery");
    assert!(
        code != 0 && said.contains("not the key file of the role delivery"),
        "more than it may have: {said}"
    );
    put("delivery", SERVER_KEY.as_bytes());
    assert_ne!(check("delivery").0, 0, "the server key is no role's");
    put("delivery", &own);
    std::fs::remove_file(keys.join("portal.key")).unwrap();
    let (code, _, said) = check("portal");
    assert!(code != 0 && said.contains("key split"), "{said}");
    assert_eq!(check("delivery").0, 0, "what another role lacks is not its business");
    mode(&keys.join("delivery.key"), 0o640);
    assert!(check("delivery").2.contains("600"));
}

/// `escrow = "offline"`, in one process.
fn offline(hop: &Hop) -> (Gateway, Web) {
    let mut config = Config::new(hop);
    config.set("gateway", "escrow", "\"offline\"").set("gateway", "escrow-public", "\"escrow.public\"");
    let home = Home::new(&config);
    let mut command = Command::new(binary());
    let (code, out, err) = run(command.args(["key", "escrow", "--folder"]).arg(home.path()));
    assert_eq!(code, 0, "{out}{err}");
    let gateway = Gateway::start_in(home, &config);
    let letter = letters::plain("[vertraulich] Brief", "Inhalt-4711");
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut web = gateway.web();
    let _inbox = activate(&mut web, &link);
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", "k@web.example"), ("note", "0170 1234567")]).expect(200);
    (gateway, web)
}

fn release(gateway: &Gateway, key: Option<&Path>, more: &[&str]) -> (i32, String) {
    let mut args = vec!["request", "release", "1", "--note", "called back"];
    args.extend(key.iter().flat_map(|key| ["--escrow-key", key.to_str().unwrap()]));
    args.extend(more);
    let (code, out, err) = gateway.sealpost(&args);
    (code, format!("{out}{err}"))
}

#[test]
fn with_an_offline_escrow_key_the_messages_are_kept_when_it_is_brought() {
    let hop = Hop::new();
    let (gateway, _web) = offline(&hop);
    let key = gateway.home.path().join("escrow.key");
    let seed = bytes_of(&std::fs::read_to_string(&key).unwrap());
    assert!(!holds(gateway.process(), &seed), "the service has never had it");
    let safe = tempfile::tempdir().unwrap();
    let kept = safe.path().join("escrow.key");
    std::fs::rename(&key, &kept).unwrap();

    let (code, said) = release(&gateway, None, &[]);
    assert!(code != 0 && said.contains("nothing was changed"), "{said}");
    let wrong = safe.path().join("other");
    let (code, _, said) = run(Command::new(binary()).args(["key", "escrow", "--folder"]).arg(&wrong));
    assert_eq!(code, 0, "{said}");
    let (code, said) = release(&gateway, Some(&wrong.join("escrow.key")), &[]);
    // Keys are known by one octet of theirs: one in 256 wrong ones is found out by what it opens.
    let refused = said.contains("another key") || said.contains("belongs to something else");
    assert!(code != 0 && refused, "{said}");
    let (code, said) = release(&gateway, Some(&kept), &[]);
    assert!(code == 0 && said.contains("the messages are kept"), "{said}");
    let again = letters::link(&hop.wait(2)[1].bytes);
    let mut web = gateway.web();
    let inbox = activate_with(&mut web, &again, "Kirschkern-1953-Segel");
    assert!(web.get(&letter_path(&inbox)).text().contains("Inhalt-4711"));
    gateway.sweep();
}

#[test]
fn a_lost_offline_key_loses_the_messages_and_not_the_recipient() {
    let hop = Hop::new();
    let (gateway, _web) = offline(&hop);
    let (code, said) = release(&gateway, None, &["--lose-messages"]);
    assert!(code == 0 && said.contains("the old messages are gone"), "{said}");
    let again = letters::link(&hop.wait(2)[1].bytes);
    let inbox = activate_with(&mut gateway.web(), &again, "Kirschkern-1953-Segel");
    assert!(!inbox.text().contains("href=\"/m/"), "nothing is left");
    gateway.sweep();
}

#[test]
fn an_escrow_that_cannot_work_is_said_beforehand() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "escrow", "\"offline\"");
    let (code, _, said) = Home::new(&config).sealpost(&["check", "--offline"]);
    assert!(code != 0 && said.contains("sealpost key escrow"), "{said}");
    config.set("gateway", "escrow-public", "\"escrow.public\"");
    let home = Home::new(&config);
    // The secret part in its place would be the worst of all.
    home.write("escrow.public", b"sealpost-escrow-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    let (code, _, said) = home.sealpost(&["check", "--offline"]);
    assert!(code != 0 && said.contains("escrow.public") && !said.contains("AAECAwQF"), "{said}");
    config.set("gateway", "escrow", "\"none\"");
    let (code, _, said) = Home::new(&config).sealpost(&["check", "--offline"]);
    assert!(code != 0 && said.contains("escrow-public is for"), "{said}");
}
