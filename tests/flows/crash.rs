//! `kill -9` at any time: no accepted letter is lost, no refused letter is delivered, none is deposited
//! twice.

use std::collections::BTreeMap;
use std::time::Duration;

use rig::process::poll;
use rig::{Answer, Config, Gateway, Hop, Smtp, Stage, letters};

fn empty_queue(gateway: &Gateway) {
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

#[test]
fn during_data_nothing_stays() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    for (n, subject) in ["ordinary", "[vertraulich] confidential"].into_iter().enumerate() {
        let letter = letters::sized(subject, 3_000_000);
        let mut client = gateway.smtp();
        client.envelope("a@insurer.example", &[&format!("k{n}@web.example")]);
        client.say("DATA").expect("354 *");
        client.bytes(&letter[..2_000_000]);
        gateway.kill();
        gateway.restart();
        assert_eq!(gateway.count("SELECT count(*) FROM legs"), 0);
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
        assert_eq!(gateway.count("SELECT count(*) FROM mailboxes"), 0);
    }
    let big = largest_file(&gateway.home.data().join("bodies"));
    assert!(big < 100_000, "a body of {big} bytes was left behind");
    assert!(hop.delivered().is_empty());
    gateway.sweep();
}

fn largest_file(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.map(|entry| {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        if meta.is_dir() { largest_file(&entry.path()) } else { meta.len() }
    });
    sizes.max().unwrap_or(0)
}

#[test]
fn after_250_nothing_is_lost() {
    let mut hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    hop.close();
    let mut client = gateway.smtp();
    let ordinary = letters::sized("ordinary", 500_000);
    client.letter("a@insurer.example", &["open@web.example"], &ordinary).expect("250 2.0.0 *");
    let confidential = letters::sized("[vertraulich] confidential", 500_000);
    client.letter("a@insurer.example", &["closed@web.example"], &confidential).expect("250 2.0.0 *");
    gateway.kill();
    hop.open();
    gateway.restart();
    assert_eq!(letters::without_trace(&hop.wait_to("open@web.example").bytes), ordinary);
    let _ = hop.wait_to("closed@web.example");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    empty_queue(&gateway);
    gateway.sweep();
}

#[test]
fn during_delivery_it_is_sent_again() {
    for stage in [Stage::Mail, Stage::Data, Stage::Body] {
        let hop = Hop::new();
        let mut gateway = Gateway::start(&Config::new(&hop));
        hop.script(move |at, _| if at == stage { Answer::Hang } else { Answer::Yes });
        let letter = letters::sized("Angebot", 300_000);
        gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
        hop.wait_stage(stage, 1);
        gateway.kill();
        hop.be_kind();
        gateway.restart();
        assert_eq!(letters::without_trace(&hop.wait_to("k@web.example").bytes), letter, "{stage:?}");
        empty_queue(&gateway);
        assert_eq!(hop.delivered().len(), 1, "{stage:?}");
        gateway.sweep();
    }
}

/// What the client knows of a letter when the server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientView {
    /// It saw 250.
    Accepted,
    /// It saw nothing and will send again.
    Unsure,
}

/// When the server dies, seen from the last byte of a letter.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after it.
    After(Duration),
    /// When the commit is being written: before the reply.
    Writing,
}

/// Sends one letter and has the server killed at that moment.
fn send_and_kill(gateway: &mut Gateway, to: &str, letter: &[u8], moment: Moment) -> ClientView {
    let mut client = gateway.smtp();
    client.envelope("a@insurer.example", &[to]);
    client.say("DATA").expect("354 *");
    let mut log = rig::gateway::find_database(&gateway.home.data()).into_os_string();
    log.push("-wal");
    let written = rig::watch::changes(log.as_ref(), rustix::fs::inotify::WatchFlags::MODIFY);
    client.bytes(&rig::smtp::stuffed(letter));
    match moment {
        Moment::After(after) => std::thread::sleep(after),
        Moment::Writing => written.recv_timeout(rig::PATIENCE).unwrap(),
    }
    gateway.kill();
    match client.try_reply() {
        Ok(reply) => {
            reply.expect("250 2.0.0 *");
            ClientView::Accepted
        }
        Err(_) => ClientView::Unsure,
    }
}

/// Moments before, in and after the commit, by how long one takes here and now.
fn moments(gateway: &Gateway, rounds: u32) -> Vec<Moment> {
    let mut client = gateway.smtp();
    let begun = rig::process::stopwatch();
    for n in 0..5 {
        let letter = letters::plain(&format!("[vertraulich] warm {n}"), "x");
        client.letter("a@insurer.example", &["warm@web.example"], &letter).expect("250 *");
    }
    let usual = begun() / 5;
    let spread = (0..rounds).map(|n| Moment::After(usual * 2 * n / rounds));
    spread.chain(std::iter::repeat_n(Moment::Writing, 12)).collect()
}

#[test]
fn at_any_moment_around_the_commit_a_confidential_letter_is_there_exactly_once() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::on_sqlite(&hop));
    let moments = moments(&gateway, 24);
    let warm = gateway.count("SELECT count(*) FROM deposits");
    let mut seen = BTreeMap::new();
    for (n, moment) in moments.iter().enumerate() {
        let to = format!("k{n}@web.example");
        let letter = letters::plain(&format!("[vertraulich] Brief {n}"), "x");
        let known = send_and_kill(&mut gateway, &to, &letter, *moment);
        gateway.restart();
        let stored = gateway.count("SELECT count(*) FROM deposits");
        let before = warm + i64::try_from(n).unwrap();
        if known == ClientView::Accepted {
            assert_eq!(stored, before + 1, "accepted and lost (round {n}, {moment:?})");
        } else {
            // As every mail server does: no reply, so the same letter comes again.
            gateway.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
        }
        *seen.entry((known == ClientView::Accepted, stored == before + 1)).or_insert(0) += 1;
        assert_eq!(
            gateway.count("SELECT count(*) FROM deposits"),
            before + 1,
            "round {n}, {moment:?}, {known:?}"
        );
    }
    println!("(accepted, committed) → rounds: {seen:?}");
    // The critical moment was hit: committed, but not confirmed.
    assert!(seen.contains_key(&(false, true)), "{seen:?}");
    for n in 0..moments.len() {
        let _ = hop.wait_to(&format!("k{n}@web.example"));
    }
    gateway.sweep();
}

#[test]
fn at_any_moment_around_the_commit_an_ordinary_letter_goes_out_at_least_once() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::on_sqlite(&hop));
    let moments = moments(&gateway, 12);
    for (n, moment) in moments.iter().enumerate() {
        let to = format!("k{n}@web.example");
        let letter = letters::plain(&format!("Angebot {n}"), "x");
        let known = send_and_kill(&mut gateway, &to, &letter, *moment);
        gateway.restart();
        if known == ClientView::Unsure {
            gateway.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
        }
        assert_eq!(
            letters::without_trace(&hop.wait_to(&to).bytes),
            letter,
            "round {n}, {moment:?}, {known:?}"
        );
    }
    empty_queue(&gateway);
    gateway.sweep();
}

#[test]
fn many_clients_at_once_and_a_kill_in_the_middle() {
    let hop = Hop::new();
    let mut gateway = Gateway::start(&Config::new(&hop));
    let address = gateway.config.smtp;
    let send = move |worker: usize| {
        let mut accepted = Vec::new();
        for n in 0..1000 {
            let to = format!("w{worker}n{n}@web.example");
            let subject = if n % 2 == 0 { "[vertraulich] Brief" } else { "Angebot" };
            let Ok(250) = deliver(address, &to, &letters::plain(subject, &to)) else { break };
            accepted.push(to);
        }
        accepted
    };
    let workers: Vec<_> = (0..8).map(|worker| std::thread::spawn(move || send(worker))).collect();
    poll("some letters", || (hop.delivered().len() > 100).then_some(()));
    gateway.kill();
    let accepted: Vec<String> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    gateway.restart();
    for to in &accepted {
        let _ = hop.wait_to(to);
    }
    empty_queue(&gateway);
    let confidential = accepted.iter().filter(|to| even(to)).count();
    let deposits = usize::try_from(gateway.count("SELECT count(*) FROM deposits")).unwrap();
    // Each worker may have one more committed letter whose 250 it never saw.
    assert!(
        (confidential..=confidential + 8).contains(&deposits),
        "{confidential} accepted, {deposits} deposited"
    );
    gateway.sweep();
}

fn even(to: &str) -> bool {
    let number = to.split('@').next().unwrap().rsplit('n').next().unwrap();
    number.parse::<u32>().unwrap() % 2 == 0
}

/// One whole session without panicking: the server may die under it.
fn deliver(address: std::net::SocketAddr, to: &str, letter: &[u8]) -> std::io::Result<u16> {
    let stream = std::net::TcpStream::connect(address)?;
    drop(stream);
    let mut client = Smtp::connect_silently(address);
    client.try_reply()?;
    for command in ["EHLO c.example", "MAIL FROM:<a@insurer.example>", &format!("RCPT TO:<{to}>"), "DATA"] {
        client.try_bytes(format!("{command}\r\n").as_bytes())?;
        client.try_reply()?;
    }
    client.try_bytes(&rig::smtp::stuffed(letter))?;
    client.try_reply().map(|reply| reply.code)
}
