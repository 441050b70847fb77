//! Letters per second; for information, not a pass or fail.

use std::time::Instant;

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, Post, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run by hand, best in a release build"]
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a measurement")]
async fn ten_kibibyte_letters() {
    let count = 5000;
    let hop = Hop::start(Script::default()).await;
    let mut fixture = Fixture::new(&hop);
    if let Ok(port) = std::env::var("SINK_PORT") {
        fixture.config.hops.get_mut("hop").unwrap().port = port.parse().unwrap();
    }
    let queueing = Instant::now();
    for chunk in 0..count / 100 {
        let some: Vec<_> = (0..100)
            .map(|number| {
                let rest = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(160);
                fixture.queue(Post { rest, ..post(&format!("r{chunk}-{number}@d.example")) })
            })
            .collect();
        for one in some {
            one.await;
        }
    }
    eprintln!("queued {count} in {:?}", queueing.elapsed());
    let started = Instant::now();
    let running = fixture.start();
    while !fixture.legs().await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let took = started.elapsed();
    eprintln!("delivered {count} in {took:?}: {:.0} a second", f64::from(count) / took.as_secs_f64());
    running.stop().await;
}
