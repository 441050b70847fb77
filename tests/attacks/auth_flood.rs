//! Password guesses at SMTP AUTH from very many addresses, with the login of the insurer's own server: its logins come
//! first, an honest server that is not known yet gets in too, also directly after a restart, and the log stays short.
//! How many turns come first is counted where turns are given (`crates/intake/src/tests/flood.rs`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rig::gateway::Home;
use rig::{Authority, Config, Gateway, Hop, PATIENCE, Smtp};
use socket2::{Domain, Socket, Type};

const NAME: &str = "mailgate.insurer.example";
const PASSWORD: &str = "Geheim-4711";

/// A session over TLS from another address of this machine, up to the login.
fn session(source: Ipv4Addr, to: SocketAddr, authority: &Authority) -> std::io::Result<Smtp> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(IpAddr::V4(source), 0).into())?;
    socket.connect_timeout(&to.into(), PATIENCE)?;
    let mut client = Smtp::over(socket.into());
    client.try_reply()?;
    client.try_say("EHLO x.example")?;
    client.try_say("STARTTLS")?;
    client.secure(authority.client(), NAME)?;
    client.try_say("EHLO x.example")?;
    Ok(client)
}

fn auth(client: &mut Smtp, password: &str) -> std::io::Result<u16> {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("\0exchange\0{password}"));
    client.try_say(&format!("AUTH PLAIN {secret}")).map(|reply| reply.code)
}

/// Wrong passwords with the login of the insurer's server, each from a different address, until stopped.
struct Flood {
    stop: Arc<AtomicBool>,
    wrong: Receiver<()>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Flood {
    fn start(to: SocketAddr, authority: &Arc<Authority>) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (tell, wrong) = channel();
        let threads = (0..24_u8).map(|lane| {
            let (stop, tell, authority) = (Arc::clone(&stop), tell.clone(), Arc::clone(authority));
            thread::spawn(move || {
                for host in (1..=250_u8).cycle() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // What happens to an attacker's connection does not matter.
                    let Ok(mut client) = session(Ipv4Addr::new(127, 9, lane, host), to, &authority) else {
                        continue;
                    };
                    if auth(&mut client, "guess").is_ok_and(|code| code == 535) {
                        let _nobody_counts = tell.send(());
                    }
                }
            })
        });
        let threads = threads.collect();
        Self { stop, wrong, threads }
    }

    fn until(&self, wrong: usize) {
        (0..wrong).for_each(|_| self.wrong.recv_timeout(PATIENCE).unwrap());
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn guesses_from_everywhere_keep_no_honest_server_out() {
    let hop = Hop::new();
    let authority = Arc::new(Authority::new());
    let mut config = Config::new(&hop);
    config.set("[listener]", "networks", "[]").log_in_with(PASSWORD);
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let mut gateway = Gateway::start_in(home, &config);
    let to = gateway.config.smtp;
    let log_in = |source: Ipv4Addr| auth(&mut session(source, to, &authority).unwrap(), PASSWORD).unwrap();
    let known = Ipv4Addr::new(127, 0, 0, 1);
    assert_eq!(log_in(known), 235);

    let flood = Flood::start(to, &authority);
    flood.until(30);
    for _ in 0..5 {
        assert_eq!(log_in(known), 235, "it was right before");
    }
    // This client is not known, and the login is under attack; it waits with others, and gets its turn.
    let mut codes = Vec::new();
    while codes.last() != Some(&235) {
        assert!(codes.len() < 10, "never let in: {codes:?}");
        codes.push(log_in(Ipv4Addr::new(127, 0, 0, 2)));
    }
    // The process is killed and restarted during the flood: the client is still known.
    assert_eq!(gateway.count("SELECT count(*) FROM tries WHERE wrong = 0 AND length(whose) = 32"), 2);
    gateway.kill();
    gateway.restart();
    flood.until(30);
    for _ in 0..5 {
        assert_eq!(log_in(known), 235, "it was right before");
    }
    flood.end();
    let lines = gateway.log().matches("login ").count();
    assert!(lines < 200, "{lines} lines about logins");
}
