//! A flood of guesses with the login of the insurer's server, counted in turns at Argon2 and not in time: how many come
//! before the server itself, also in a new process.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sealpost_mail::{Secret, Timestamp};
use tokio::sync::Semaphore;

use super::authentication::{plain, secure};
use super::rig::Client;
use crate::reception::{LoginCheck, Logins};

/// More than have slots at once, each from a network of its own.
const FLOOD: usize = 60;
/// How many guesses may come between the server's request and its turn.
const MAX: usize = 2;
const SERVER: &str = "203.0.113.9";

/// Password checks that the test releases, and their order.
struct Counting {
    turn_ends: Semaphore,
    begun: Mutex<Vec<String>>,
    /// What the previous process has stored.
    known: Mutex<Vec<(IpAddr, String)>>,
}

#[async_trait]
impl Logins for Counting {
    async fn check(&self, _login: &str, password: Secret<String>) -> LoginCheck {
        self.begun.lock().unwrap().push(password.expose().clone());
        self.turn_ends.acquire().await.unwrap().forget();
        if password.expose() == "wheel" { LoginCheck::Right("Mill".to_owned()) } else { LoginCheck::Wrong }
    }

    async fn was_right(&self, client: IpAddr, login: &str, _now: Timestamp) -> bool {
        self.known.lock().unwrap().contains(&(client, login.to_owned()))
    }

    async fn remember(&self, client: IpAddr, login: &str, _now: Timestamp) {
        self.known.lock().unwrap().push((client, login.to_owned()));
    }
}

async fn settled() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}

/// How many guesses had their turn between the server's request and its own, in a new process with this stored state.
async fn guesses_first(known: Vec<(IpAddr, String)>) -> (usize, Vec<(IpAddr, String)>) {
    let logins = Arc::new(Counting {
        turn_ends: Semaphore::new(0),
        begun: Mutex::default(),
        known: Mutex::new(known),
    });
    let mut rig = secure().context(|context| context.logins = Arc::clone(&logins) as Arc<dyn Logins>);
    let mut flood: Vec<Client> = Vec::new();
    for nth in 0..FLOOD {
        rig.peer = Box::leak(format!("198.51.{nth}.1").into_boxed_str());
        let mut client = rig.client().await;
        client.say(&plain("\0mill\0guess")).await;
        flood.push(client);
    }
    rig.peer = SERVER;
    let mut server = rig.client().await;
    settled().await;
    let before = logins.begun.lock().unwrap().len();
    assert!(before > 0 && before < FLOOD, "some run and others wait: {before}");
    server.say(&plain("\0mill\0wheel")).await;
    settled().await;
    for _ in 0..=FLOOD {
        if logins.begun.lock().unwrap().iter().any(|password| password == "wheel") {
            break;
        }
        logins.turn_ends.add_permits(1);
        settled().await;
    }
    let place = logins.begun.lock().unwrap().iter().position(|password| password == "wheel").unwrap();
    logins.turn_ends.add_permits(FLOOD * 2);
    server.expect("235").await;
    let known = logins.known.lock().unwrap().clone();
    (place.saturating_sub(before), known)
}

#[tokio::test(start_paused = true)]
async fn the_insurers_own_server_comes_before_a_flood_also_after_a_restart() {
    // It is not known yet: it waits in the queue of strangers, and gets its turn.
    let (as_a_stranger, kept) = guesses_first(Vec::new()).await;
    assert!((MAX + 1..=FLOOD).contains(&as_a_stranger), "{as_a_stranger}");
    assert_eq!(kept, [(SERVER.parse().unwrap(), "mill".to_owned())]);
    // The same flood in the next process, with what the first one stored.
    let (known, _) = guesses_first(kept).await;
    assert!(known <= MAX, "{known} guesses came first");
}
