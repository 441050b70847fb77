//! With a session every page is in the language of the account: also for unknown addresses, wrong methods and links that are used
//! up. Without a session the browser's language counts.

use rig::http::Page;
use rig::reader::activate_in;
use rig::{Config, Gateway, Hop, Web, letters};

fn speaks(page: &Page, language: &str) {
    let text = page.text();
    assert!(text.contains(&format!("<html lang=\"{language}\"")), "not {language}: {} {text}", page.status);
}

fn prefer(web: &mut Web, language: &str) {
    web.extra = vec![format!("Accept-Language: {language}")];
}

#[test]
fn pages_where_nothing_is_speak_the_accounts_language() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    for (own, browsers, address) in [("de", "en", "max@web.example"), ("en", "de", "mia@web.example")] {
        let letter = letters::plain("[vertraulich] Zusage", "Text");
        gateway.smtp().letter("a@insurer.example", &[address], &letter).expect("250 *");
        let link = letters::link(&hop.wait_to(address).bytes);
        let mut web = gateway.web();
        prefer(&mut web, browsers);
        speaks(&activate_in(&mut web, &link, own), own);
        web.cookies.retain(|name, _| !name.ends_with("language"));

        let mut visitor = gateway.web();
        prefer(&mut visitor, browsers);
        for (path, status) in [
            ("/nothing", 404),
            ("/m/0123456789abcdef0123456789abcdef", 404),
            ("/letters", 404),
            ("/r/0123456789", 404),
            ("/accessibility", 200),
            ("/forgot", 200),
            (link.as_str(), 410),
        ] {
            let page = web.get(path);
            assert!([status, 404, 410].contains(&page.status), "{path}: {}", page.status);
            speaks(&page, own);
            let page = visitor.get(path);
            if page.header("location").is_none() {
                speaks(&page, browsers);
            }
        }
        // A method that this address does not have.
        speaks(&web.request("DELETE", "/inbox", None), own);
        speaks(&visitor.request("DELETE", "/inbox", None), browsers);
        // After logging out the browser's language counts again.
        let inbox = web.get("/inbox");
        web.submit(&inbox, "/logout", &[]);
        web.cookies.retain(|name, _| !name.ends_with("language"));
        speaks(&web.get("/nothing"), browsers);
    }
}
