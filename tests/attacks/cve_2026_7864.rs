//! CVE-2026-7864: anybody could read the server's environment. Here no page discloses it.

use crate::portal::Portal;

#[test]
fn nobody_is_told_of_the_servers_inside() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    // The gateway has inherited ours.
    let secrets: Vec<String> =
        std::env::vars().map(|(_, value)| value).filter(|value| value.len() >= 16).collect();
    assert!(!secrets.is_empty(), "there is no environment to leak");
    for path in [
        "/.env",
        "/env",
        "/printenv",
        "/debug",
        "/debug/vars",
        "/debug/pprof/",
        "/actuator/env",
        "/server-status",
        "/server-info",
        "/status",
        "/metrics",
        "/health",
        "/info",
        "/phpinfo.php",
        "/cgi-bin/printenv",
        "/console",
        "/api",
        "/api/v1/env",
        "/proc/self/environ",
        "/config",
        "/gateway.toml",
        "/.git/config",
        "/trace",
        "/swagger",
        "/.well-known/",
        "/v2/",
        "/admin",
        "/%65nv",
        "/static/",
        "/static/.env",
        "/favicon.ico/env",
    ] {
        for visitor in [&mut portal.gateway.web(), &mut anna.clone()] {
            let page = visitor.get(path);
            assert_eq!(page.status, 404, "{path}");
            clean(&page.text(), &secrets, path);
        }
    }
    for (method, path) in
        [("TRACE", "/"), ("DEBUG", "/"), ("OPTIONS", "*"), ("GET", "/inbox?debug=1&XDEBUG=1")]
    {
        let page = anna.request(method, path, None);
        clean(&format!("{:?}{}", page.headers, page.text()), &secrets, path);
    }
    let page = anna.get(&letter);
    clean(&format!("{:?}{}", page.headers, page.text()), &secrets, &letter);
    assert!(page.header("server").is_none() && page.header("x-powered-by").is_none(), "{:?}", page.headers);
}

fn clean(text: &str, secrets: &[String], place: &str) {
    for word in
        secrets.iter().map(String::as_str).chain(["panicked at", "RUST_BACKTRACE", ".rs:", "server.key"])
    {
        assert!(!text.contains(word), "{place} tells {word}:\n{text}");
    }
}
