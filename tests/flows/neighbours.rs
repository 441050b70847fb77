//! An office behind one address: signed-in users are not limited because of others, the portal's static files
//! are not counted, and a client that asks too often is told when to retry.

use rig::http::Page;
use rig::reader::{PASSWORD, activate};
use rig::{Config, Gateway, Hop, Web, letters};

fn office(limits: &[(&str, &str)]) -> (Hop, Gateway) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    for (key, value) in limits {
        config.set("portal.limits", key, value);
    }
    let gateway = Gateway::start(&config);
    (hop, gateway)
}

fn reader(gateway: &Gateway, hop: &Hop, to: &str) -> Web {
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrte Damen und Herren");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    let mut web = gateway.web();
    activate(&mut web, &letters::link(&hop.wait_to(to).bytes));
    web
}

/// Asks as often as it may, until it is too often.
fn worn_out(web: &mut Web, path: &str) -> (usize, Page) {
    for n in 0..2000 {
        let page = web.get(path);
        if page.status == 429 {
            return (n, page);
        }
    }
    panic!("2000 times and no end");
}

#[test]
fn a_session_counts_for_itself() {
    let (hop, gateway) = office(&[
        ("network-per-second", "1"),
        ("network-burst", "60"),
        ("session-per-second", "1"),
        ("session-burst", "300"),
    ]);
    let mut anna = reader(&gateway, &hop, "anna@web.example");
    let mut max = reader(&gateway, &hop, "max@web.example");
    // Once found alive, it is its own.
    anna.get("/inbox").expect(200);
    max.get("/inbox").expect(200);

    let mut stranger = gateway.web();
    stranger.extra.push("Accept-Language: de".to_owned());
    let (asked, refused) = worn_out(&mut stranger, "/");
    assert!(asked <= 61, "{asked}");
    let seconds: u64 = refused.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let text = refused.text();
    assert!(text.contains("Zu viele Anfragen") && text.contains("Bitte versuchen Sie es in"), "{text}");
    assert!(text.contains("von Ihnen oder von anderen im selben Netz"), "{text}");
    let mut english = gateway.web();
    english.extra.push("Accept-Language: en".to_owned());
    let text = worn_out(&mut english, "/").1.text();
    assert!(text.contains("Too many requests") && text.contains("Please try again in"), "{text}");
    // An invalid session does not evade the limit.
    let mut liar = gateway.web();
    let made_up =
        anna.cookies.iter().map(|(name, value)| (name.clone(), value.chars().rev().collect())).collect();
    liar.cookies = made_up;
    assert!(worn_out(&mut liar, "/inbox").0 <= 3);

    // The neighbours read on, and their styles come.
    for n in 0..100 {
        anna.get("/inbox").expect(200);
        if n % 2 == 0 {
            max.get("/inbox").expect(200);
        }
    }
    let page = anna.get("/inbox").text();
    let style =
        page.split("href=\"/static/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    for _ in 0..500 {
        stranger.get(&format!("/static/{style}")).expect(200);
    }
    assert!(worn_out(&mut stranger, "/static/nothing.css").0 < 61, "what is no file of ours counts");

    // One session alone has an end, too, and it is its own.
    let (_, refused) = worn_out(&mut anna, "/inbox");
    assert!(refused.header("retry-after").is_some());
    max.get("/inbox").expect(200);
    gateway.sweep();
}

#[test]
fn right_passwords_take_nothing_from_the_neighbours() {
    let (hop, gateway) = office(&[("attempts-per-minute", "1"), ("attempts-burst", "6")]);
    let _ = reader(&gateway, &hop, "anna@web.example");
    let log_in = |password: &str| {
        let mut web = gateway.web();
        let page = web.get("/");
        web.submit(&page, "/login", &[("address", "anna@web.example"), ("password", password)])
    };
    for _ in 0..12 {
        log_in(PASSWORD).expect(303);
    }
    let wrong = (0..12).take_while(|_| log_in("Falsch-1947-Leiter").status != 429).count();
    assert!(wrong < 12, "wrong ones have no end");
    gateway.sweep();
}
