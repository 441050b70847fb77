//! Sessions that send letters, each until it has its `250`. Knows nothing of kills.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rig::{PATIENCE, Smtp, letters};

/// Mailboxes for the confidential letters, each used a little more often than the one before.
const MAILBOXES: u64 = 40;

/// Letters that got a `250` in the end.
#[derive(Default)]
pub(crate) struct Sent {
    /// The recipient of each ordinary letter; no two have the same.
    pub(crate) ordinary: Vec<String>,
    /// How many went to each mailbox.
    pub(crate) confidential: BTreeMap<String, u64>,
}

pub(crate) struct Senders {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
    sent: Arc<Mutex<Sent>>,
    threads: Vec<JoinHandle<()>>,
}

impl Senders {
    /// To the first of these that accepts it: without `250` the next one is tried. A session pauses after
    /// each letter.
    pub(crate) fn start(gateways: &[SocketAddr], sessions: usize, rest: Duration) -> Self {
        let (stop, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (sent, number) = (Arc::new(Mutex::new(Sent::default())), Arc::new(AtomicU64::new(0)));
        let threads = (0..sessions).map(|session| {
            let gateways = gateways.to_vec();
            let (stop, accepted) = (Arc::clone(&stop), Arc::clone(&accepted));
            let (sent, number) = (Arc::clone(&sent), Arc::clone(&number));
            std::thread::spawn(move || {
                let (mut client, mut next) = (None, session);
                while !stop.load(Ordering::Relaxed) {
                    let n = number.fetch_add(1, Ordering::Relaxed);
                    let confidential = n % 3 == 0;
                    let to = if confidential {
                        format!("box{}@web.example", (n / 3 % (MAILBOXES * MAILBOXES)).isqrt())
                    } else {
                        format!("k{n}@web.example")
                    };
                    let subject =
                        if confidential { format!("[vertraulich] {n}") } else { format!("Angebot {n}") };
                    let letter = letters::sized(&subject, if n % 50 == 0 { 200_000 } else { 4_000 });
                    while !hand_in(&mut client, gateways[next % gateways.len()], &to, &letter) {
                        client = None;
                        next += 1;
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    accepted.fetch_add(1, Ordering::Relaxed);
                    let mut sent = sent.lock().unwrap();
                    if confidential {
                        *sent.confidential.entry(to).or_default() += 1;
                    } else {
                        sent.ordinary.push(to);
                    }
                    drop(sent);
                    std::thread::sleep(rest);
                }
            })
        });
        Self { threads: threads.collect(), stop, accepted, sent }
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Every letter that was begun still gets its `250`.
    pub(crate) fn finish(&mut self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

/// One attempt over a kept connection, or a new one. Any failure means a retry.
fn hand_in(client: &mut Option<Smtp>, gateway: SocketAddr, to: &str, letter: &[u8]) -> bool {
    let mut attempt = || -> std::io::Result<bool> {
        let mut smtp = match client.take() {
            Some(smtp) => smtp,
            None => {
                let stream = TcpStream::connect(gateway)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                let mut smtp = Smtp::over(stream);
                if smtp.try_reply()?.code != 220 || smtp.try_say("EHLO client.insurer.example")?.code != 250 {
                    return Ok(false);
                }
                smtp
            }
        };
        for command in ["MAIL FROM:<a@insurer.example>", &format!("RCPT TO:<{to}>")] {
            if smtp.try_say(command)?.code != 250 {
                return Ok(false);
            }
        }
        if smtp.try_say("DATA")?.code != 354 {
            return Ok(false);
        }
        smtp.try_bytes(&rig::smtp::stuffed(letter))?;
        let taken = smtp.try_reply()?.code == 250;
        if taken {
            *client = Some(smtp);
        }
        Ok(taken)
    };
    attempt().unwrap_or(false)
}
