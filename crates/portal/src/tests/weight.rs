//! The size of pages, and the server's shutdown.

use std::collections::BTreeSet;

use super::rig::{HOUR, Rig, sample};

/// Everything a page loads automatically.
fn loaded(text: &str) -> BTreeSet<String> {
    let from = |mark: &str| {
        text.split(mark)
            .skip(1)
            .filter_map(|rest| rest.split(['"', '#']).next())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    ["src=\"/static", "href=\"/static"]
        .iter()
        .flat_map(|mark| from(mark))
        .map(|rest| format!("/static{rest}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn log_in_and_inbox_are_light() {
    let rig = Rig::start().await;
    let (made, mut browser) = rig.owner("max@web.example").await;
    for n in 0..30 {
        let letter = sample::plain("Anna Muster <anna@insurer.example>", &format!("Ihr Vertrag {n}"), "Text");
        rig.world.letter(&made, &letter, HOUR, 5).await;
    }
    let visitor = rig.browser();
    for (path, mut browser) in [("/", visitor), ("/inbox", browser.clone())] {
        let page = browser.get(path).await;
        let files = loaded(&page.text());
        let mut weight = page.body.len();
        for file in &files {
            let reply = browser.request("GET", file, &[("accept-encoding", "gzip")], b"").await;
            assert_eq!(reply.status, 200, "{file}");
            assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
            weight += reply.body.len();
        }
        assert!(weight <= 40_000, "{path} weighs {weight}");
        assert!(files.len() < 6, "{path} loads {files:?}");
    }
    assert_eq!(browser.get("/favicon.ico").await.status, 303);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_in_order_lets_nothing_through_afterwards() {
    let rig = Rig::start().await;
    let address = rig.address;
    assert_eq!(rig.browser().get("/").await.status, 200);
    rig.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
