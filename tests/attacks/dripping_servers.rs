//! Servers of the world that take a connection, greet, and then say their next reply octet by octet, for as long as delivery listens.
//! They hold its connections, its legs under way and its memory for letters; mail to the operator's own server goes meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rig::dns::{Dns, Record};
use rig::gateway::Home;
use rig::process::poll;
use rig::{Config, Gateway, Hop, Smtp, World, letters};

/// One server for many domains. It ends with the process.
struct Dripping {
    address: SocketAddr,
    connected: Arc<AtomicUsize>,
    /// Those that have sent MAIL: their letters are in memory.
    held: Arc<AtomicUsize>,
}

impl Dripping {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connected, held) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (all, holding) = (Arc::clone(&connected), Arc::clone(&held));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                all.fetch_add(1, Ordering::SeqCst);
                let holding = Arc::clone(&holding);
                // Whoever listened may have gone.
                std::thread::spawn(move || drop(drip(stream, &holding)));
            }
        });
        Self { address, connected, held }
    }
}

fn drip(mut stream: TcpStream, held: &AtomicUsize) -> std::io::Result<()> {
    let mut said = [0; 1024];
    stream.write_all(b"220 mx.world.example ESMTP\r\n")?;
    let _hello = stream.read(&mut said)?;
    stream.write_all(b"250-mx.world.example\r\n250 SIZE 0\r\n")?;
    let _mail = stream.read(&mut said)?;
    held.fetch_add(1, Ordering::SeqCst);
    stream.write_all(b"250-")?;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        stream.write_all(b"x")?;
    }
}

struct Scene {
    dripping: Dripping,
    hop: Hop,
    gateway: Gateway,
    /// Where letters for the operator's own domain come in.
    outside: SocketAddr,
    _world: World,
    _dns: Dns,
}

/// All letters for the world's domains go to the dripping server, those for the operator's own to its hop.
fn scene(domains: usize, settings: &[(&str, &str)]) -> Scene {
    let (world, dns, dripping, hop) = (World::new(), Dns::new(), Dripping::start(), Hop::new());
    dns.publish("mx.world.example", Record::A(world.host(25, dripping.address)));
    for number in 0..domains {
        dns.publish(&format!("d{number}.example"), Record::Mx("mx.world.example".to_owned()));
    }
    let mut config = Config::new(&hop);
    World::lies_before(&mut config, dns.address());
    config.set("delivery", "reports", r#""world""#);
    for (key, value) in settings {
        config.set("delivery", key, value);
    }
    let outside = config.listener("outside");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    let environment = world.environment(Vec::new());
    let gateway = Gateway::start_in_with(Home::new(&config), &config, &environment);
    Scene { dripping, hop, gateway, outside, _world: world, _dns: dns }
}

fn from_outside(scene: &Scene) -> Smtp {
    let mut client = Smtp::connect(scene.outside);
    client.ehlo();
    client
}

/// All of them to one domain.
fn recipients(domain: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("r{number}@{domain}")).collect()
}

fn send(client: &mut Smtp, to: &[String], letter: &[u8]) {
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    client.letter("a@elsewhere.example", &to, letter).expect("250 *");
}

#[test]
fn legs_to_the_world_leave_room_for_the_operators_own() {
    let scene = scene(12, &[("recipients-per-transaction", "1")]);
    let mut inside = scene.gateway.smtp();
    // More than may be under way altogether.
    for number in 0..12 {
        send(&mut inside, &recipients(&format!("d{number}.example"), 100), &letters::plain("x", "y"));
    }
    poll("three quarters of the connections", || {
        (scene.dripping.held.load(Ordering::SeqCst) >= 30).then_some(())
    });
    // Of 1,024 the world has three quarters; once half are taken, no further 256 fit in.
    let leased = "SELECT count(*) FROM legs WHERE lease_owner IS NOT NULL AND destination <> 'world'";
    poll("the world's share of the legs", || (scene.gateway.count(leased) > 512).then_some(()));
    // By the fast path, and through the queue where that is full.
    let mut outside = from_outside(&scene);
    for number in 0..3 {
        let to = recipients("insurer.example", 100);
        send(&mut outside, &to, &letters::plain(&format!("to ourselves {number}"), "y"));
    }
    let _all = scene.hop.wait(300);
    assert!(scene.gateway.count(leased) <= 768, "and no more than its share");
}

#[test]
fn large_letters_to_the_world_leave_memory_for_the_operators_own() {
    // Of 128 MiB 16 are for letters that go out.
    let scene = scene(4, &[]);
    let large = letters::sized("large", 15_000_000);
    let mut inside = scene.gateway.smtp();
    for number in 0..4 {
        send(&mut inside, &[format!("r@d{number}.example")], &large);
    }
    poll("all of them to be on their way", || {
        (scene.dripping.connected.load(Ordering::SeqCst) >= 4).then_some(())
    });
    poll("one in memory", || (scene.dripping.held.load(Ordering::SeqCst) >= 1).then_some(()));
    let mut outside = from_outside(&scene);
    send(&mut outside, &["small@insurer.example".to_owned()], &letters::plain("x", "y"));
    let _small = scene.hop.wait_to("small@insurer.example");
    send(&mut outside, &["large@insurer.example".to_owned()], &large);
    let letter = scene.hop.wait_to("large@insurer.example");
    assert!(letter.bytes.len() > 15_000_000);
    assert_eq!(scene.dripping.held.load(Ordering::SeqCst), 1, "one of them is alone in the world's share");
}
