//! Two nodes under load are upgraded without downtime: the schema is migrated first while both serve, then one after
//! the other is drained and restarted. Nothing is lost, and nothing comes twice.

use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rig::gateway::change;
use rig::postgres::Cluster;
use rig::process::poll;
use rig::{Gateway, Hop, PATIENCE, Smtp, letters};

use crate::nodes::{empty_queue, stop_all, times, two};

/// Letters accepted between two steps.
const BETWEEN: usize = 40;

/// What was answered with `250`.
#[derive(Default)]
struct Taken {
    ordinary: Mutex<Vec<String>>,
    confidential: AtomicUsize,
    all: AtomicUsize,
    stop: AtomicBool,
}

impl Taken {
    /// Hands in one letter after the other, each until it has its `250`, at whichever node takes it.
    fn fill(&self, session: usize, nodes: &[SocketAddr]) {
        let (mut client, mut at) = (None, session);
        for nth in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let confidential = nth % 3 == 0;
            let to = format!("s{session}n{}@web.example", if confidential { 0 } else { nth });
            let subject = if confidential {
                format!("[vertraulich] {session} {nth}")
            } else {
                format!("{session} {nth}")
            };
            let letter = letters::sized(&subject, if nth % 20 == 0 { 150_000 } else { 3_000 });
            while !hand_in(&mut client, nodes[at % nodes.len()], &to, &letter).unwrap_or(false) {
                (client, at) = (None, at + 1);
            }
            match confidential {
                true => _ = self.confidential.fetch_add(1, Ordering::SeqCst),
                false => self.ordinary.lock().unwrap().push(to),
            }
            self.all.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn more(&self) {
        let before = self.all.load(Ordering::SeqCst);
        poll("more letters to be taken", || {
            (self.all.load(Ordering::SeqCst) >= before + BETWEEN).then_some(())
        });
    }
}

/// One attempt over the session that is there, or a new one.
fn hand_in(client: &mut Option<Smtp>, node: SocketAddr, to: &str, letter: &[u8]) -> std::io::Result<bool> {
    let mut smtp = match client.take() {
        Some(smtp) => smtp,
        None => {
            let stream = TcpStream::connect(node)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut smtp = Smtp::over(stream);
            if smtp.try_reply()?.code != 220 || smtp.try_say("EHLO client.insurer.example")?.code != 250 {
                return Ok(false);
            }
            smtp
        }
    };
    let welcome = smtp.try_say("MAIL FROM:<a@insurer.example>")?.code == 250
        && smtp.try_say(&format!("RCPT TO:<{to}>"))?.code == 250
        && smtp.try_say("DATA")?.code == 354;
    if !welcome {
        return Ok(false);
    }
    smtp.try_bytes(&rig::smtp::stuffed(letter))?;
    let taken = smtp.try_reply()?.code == 250;
    *client = Some(smtp);
    Ok(taken)
}

#[test]
fn nodes_are_upgraded_one_after_the_other_and_no_letter_notices() {
    let hop = Hop::new();
    let ([first, second], bodies) = two(&hop, Cluster::shared());
    let mut nodes = [Gateway::start(&first), Gateway::start(&second)];
    let addresses = nodes.each_ref().map(|node| node.config.smtp);
    let taken = Taken::default();
    std::thread::scope(|scope| {
        for session in 0..4 {
            let (taken, addresses) = (&taken, &addresses);
            scope.spawn(move || taken.fill(session, addresses));
        }
        taken.more();
        // What the next release's `sealpost migrate` does; for as long as these programs run they are the older ones.
        let known = nodes[0].count("SELECT max(version) FROM schema_version");
        change(
            &nodes[0].home.data(),
            &format!(
                "CREATE TABLE of_tomorrow (id TEXT NOT NULL PRIMARY KEY);
                 ALTER TABLE legs ADD COLUMN of_tomorrow BIGINT;
                 ALTER TABLE deposits ADD COLUMN of_tomorrow TEXT;
                 INSERT INTO schema_version (version, least) VALUES (9999, {known})"
            ),
        );
        taken.more();
        for node in &mut nodes {
            node.stop();
            // The other one takes everything meanwhile.
            taken.more();
            let (code, out, err) = node.sealpost(&["migrate"]);
            assert_eq!(code, 0, "{out}{err}");
            node.restart();
            taken.more();
        }
        taken.stop.store(true, Ordering::SeqCst);
    });
    empty_queue(&nodes[0]);
    let (ordinary, delivered) = (taken.ordinary.lock().unwrap(), times(&hop));
    for to in ordinary.iter() {
        assert_eq!(delivered.get(to), Some(&1), "{to}");
    }
    let confidential = i64::try_from(taken.confidential.load(Ordering::SeqCst)).unwrap();
    assert_eq!(nodes[0].count("SELECT count(*) FROM deposits"), confidential);
    println!("{} ordinary and {confidential} confidential letters", ordinary.len());
    stop_all(nodes);
    drop(bodies);
}
