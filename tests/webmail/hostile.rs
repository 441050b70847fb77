//! Every vector of the corpus is sent as a real letter through the real binary into a real browser. Nothing may run,
//! nothing may be fetched, and the content security policy must not have had to block anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rig::browser::Kind;
use rig::{Browser, Config, Gateway, Hop, Screen, Trap, letters};
use serde_json::{Value, json};

use crate::vectors::{self, HOST};

const MAX: &str = "max.kunde@web.example";

/// In the page and in the letter's frame: calls every possible handler on every element, without following links; then
/// returns whether there is a frame, and forbidden content in it: elements, attributes, addresses.
const LOOK: &str = r#"
    const frame = document.querySelector('iframe.frame')?.contentDocument;
    const types = ['click', 'mouseover', 'mouseenter', 'pointerenter', 'pointerrawupdate', 'mousemove', 'copy', 'dragstart',
        'wheel', 'keydown', 'focus', 'input', 'submit', 'load', 'error', 'toggle', 'animationend'];
    for (const page of [document, frame])
        for (const element of page?.querySelectorAll('*') ?? [])
            for (const type of types) element.dispatchEvent(new Event(type, { bubbles: false, cancelable: true }));
    const tags = 'a abbr acronym address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del dfn div '
        + 'dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd li link main mark meta nav ol p pre q s samp section small span '
        + 'strike strong style sub sup table tbody td tfoot th thead time title tr tt u ul wbr';
    const known = new Set(tags.split(' '));
    const strange = [];
    for (const element of frame?.querySelectorAll('*') ?? []) {
        const name = element.localName;
        if (!known.has(name)) strange.push('<' + name + '>');
        if (name === 'style' && (element.parentNode !== frame.head || frame.querySelectorAll('style').length > 1)) strange.push('a style sheet');
        const own = ['link', 'meta'].includes(name) && element.parentNode === frame.head;
        if (['link', 'meta', 'style', 'title', 'head', 'html'].includes(name) && element.closest('.letter')) strange.push(name);
        for (const { name: key, value } of element.attributes) {
            const address = value.trim().toLowerCase();
            if (key.startsWith('on')) strange.push(key);
            if (key === 'src' && !/^\/m\/[0-9a-f]+\/inline\/\d+$/.test(address)) strange.push(key + '=' + value);
            if (key === 'href' && !own && !/^(https?:|mailto:|tel:)/.test(address)) strange.push(key + '=' + value);
            // A background picture is one of the letter's own; `background-position` places it there.
            const looks = value.replace(/url\("?\/m\/[0-9a-f]+\/inline\/\d+"?\)/g, 'own');
            if (key === 'style' && /url|expression|image-|image:(?!own)|(^|[;\s])(position|inset|top|z-index)\s*:|\\/i.test(looks))
                strange.push(key + '=' + value);
            if (/^(srcset|srcdoc|action|formaction|background|poster|data|ping|id|name:|xlink:.*)$/.test(key))
                strange.push(key + '=' + value);
            if (key === 'class' && !['letter', 'blocked', 'places', 'target', 'said'].includes(value)) strange.push(key + '=' + value);
        }
    }
    return [Boolean(frame?.querySelector('.letter')), strange];"#;

/// A browser for which the whole world is a trap.
struct Victim {
    browser: Browser,
    trap: Trap,
    origin: String,
    asked: u32,
}

impl Victim {
    fn new(gateway: &Gateway) -> Self {
        let trap = Trap::new(|_| None);
        let kind =
            Kind { watched: true, arguments: trap.for_all_but(&[gateway.config.web]), ..Kind::new("de") };
        let browser = Browser::of_kind(&kind);
        browser.look_on(Screen::DESKTOP);
        browser.devtools("Network.enable", &json!({}));
        Self { browser, trap, origin: format!("http://{}", gateway.config.web), asked: 0 }
    }

    /// Opens a page, now and then as another client: this many pages a minute are more than anybody reads.
    fn open(&mut self, path: &str) {
        if self.asked.is_multiple_of(50) {
            let headers = json!({ "headers": { "X-Forwarded-For": format!("10.7.7.{}", self.asked / 50) } });
            self.browser.devtools("Network.setExtraHTTPHeaders", &headers);
        }
        self.asked += 1;
        self.browser.open(&format!("{}{path}", self.origin));
    }

    /// Nothing ran, nothing was fetched, nothing had to be blocked.
    fn unharmed(&self, what: &str) {
        let browser = &self.browser;
        let marked = browser.execute("return [window.name, document.title, document.cookie]");
        assert_eq!(marked[0], "", "{what} ran a script:\n{}", browser.source());
        let records = browser.records();
        assert!(
            records.strays(&self.origin).is_empty(),
            "{what} asked for {:?}",
            records.strays(&self.origin)
        );
        assert!(records.dialogs.is_empty() && records.complaints.is_empty(), "{what}: {records:#?}");
        // The browser's own errands fall into the trap, too; the corpus knows only one host.
        let mut visits = self.trap.visits();
        visits.retain(|line| line.contains(HOST));
        assert!(visits.is_empty(), "{what} fetched {visits:?}");
        assert!(browser.url().starts_with(&self.origin), "{what} led away to {}", browser.url());
    }
}

fn office() -> (Hop, Gateway) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "trusted-proxies", r#"["127.0.0.1"]"#);
    let gateway = Gateway::start(&config);
    (hop, gateway)
}

/// Every letter of the inbox, by subject.
fn inbox(victim: &mut Victim) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for page in 1.. {
        victim.open(&format!("/inbox?page={page}"));
        let letters = victim.browser.execute(
            "return [...document.querySelectorAll('ul.letters a')].map(a => [a.querySelector('.what').textContent, a.getAttribute('href').split('?')[0]])",
        );
        let before = found.len();
        for letter in letters.as_array().unwrap() {
            found.insert(letter[0].as_str().unwrap().to_owned(), letter[1].as_str().unwrap().to_owned());
        }
        if found.len() == before {
            break;
        }
    }
    found
}

fn send(gateway: &Gateway, letters: &[Vec<u8>], to: &str) {
    let mut session = gateway.smtp();
    for letter in letters {
        session.letter("erika.muster@insurer.example", &[to], letter).expect("250 *");
    }
}

#[test]
fn no_markup_runs_or_fetches() {
    let (hop, gateway) = office();
    let mut sent: Vec<(String, Vec<u8>)> = Vec::new();
    for (n, html) in vectors::markup().iter().enumerate() {
        // A letter of which nothing is to be seen has no frame.
        let seen = format!("<p>Text</p>{html}");
        let letter =
            vectors::html_letter(&format!("[vertraulich] v{n}"), seen.as_bytes(), "text/html; charset=utf-8");
        sent.push((html.clone(), letter));
    }
    for (content_type, bytes) in vectors::disguises() {
        let subject = format!("[vertraulich] v{}", sent.len());
        sent.push((content_type.to_owned(), vectors::html_letter(&subject, &bytes, content_type)));
    }
    assert!(sent.len() >= 150);
    let letters: Vec<Vec<u8>> = sent.iter().map(|(_, letter)| letter.clone()).collect();
    send(&gateway, &letters, MAX);
    let mut victim = Victim::new(&gateway);
    victim.browser.activate(&letters::link(&hop.wait_to(MAX).bytes));
    let places = inbox(&mut victim);
    let _ = victim.browser.records();
    let mut framed = 0;
    let paths: Vec<String> = (0..sent.len()).map(|n| places[&format!("v{n}")].clone()).collect();
    for (n, (path, (vector, _))) in paths.iter().zip(&sent).enumerate() {
        victim.open(path);
        let looked = victim.browser.execute(LOOK);
        assert_eq!(looked[1], json!([]), "vector {n}, {vector:?}, left something");
        framed += usize::from(looked[0] == true);
        // The record is long in coming; marks and addresses carry the number of their vector.
        if n % 25 == 24 || n + 1 == sent.len() {
            victim.unharmed(&format!("vector {n} or one shortly before"));
        }
    }
    assert!(framed > 300, "only {framed} were shown as HTML");
    // The frame on its own, as an attacker might link to it: the policy is in the response, not in the page around it.
    for path in paths.iter().take(vectors::markup().len()).step_by(9) {
        victim.open(&format!("{path}/html"));
        victim.browser.execute(LOOK);
    }
    victim.unharmed("a frame without the page around it");
}

/// The link in a notice, whatever links its subject contains.
fn portal_link(hop: &Hop, victim: &Victim, to: &str) -> String {
    let notice = hop.wait_to(to).text().replace("=\r\n", "");
    let start = format!("{}/a/", victim.origin);
    let (_, rest) = notice.split_once(&start).unwrap_or_else(|| panic!("no link in:\n{notice}"));
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    start + &token
}

#[test]
fn no_word_becomes_markup() {
    let (hop, gateway) = office();
    let words = vectors::words();
    let letters: Vec<Vec<u8>> = words.iter().map(|word| vectors::word_letter(word)).collect();
    let mut victim = Victim::new(&gateway);
    for (n, letter) in letters.iter().enumerate() {
        let to = format!("neu{n}@web.example");
        send(&gateway, std::slice::from_ref(letter), &to);
        let link = portal_link(&hop, &victim, &to);
        victim.open(&link[victim.origin.len()..]);
        victim.browser.execute(LOOK);
        victim.unharmed(&format!("activation with {:?}", words[n]));
    }
    send(&gateway, &letters, MAX);
    victim.browser.activate(&portal_link(&hop, &victim, MAX));
    victim.open("/inbox");
    let places = victim
        .browser
        .execute("return [...document.querySelectorAll('ul.letters a')].map(a => a.getAttribute('href').split('?')[0])");
    let places: Vec<String> =
        places.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect();
    assert!(places.len() >= 20, "{places:?}");
    victim.browser.execute(LOOK);
    victim.unharmed("the inbox");
    for place in places {
        victim.open(&place);
        victim.browser.execute(LOOK);
        assert_eq!(
            victim.browser.count("article img, article script, article svg:not(.icon), article meta"),
            0
        );
        let heading = victim.browser.text_of("article h1");
        victim.unharmed(&heading);
    }
}

/// The corpus without the product in between: otherwise the other tests could not fail.
#[test]
fn the_corpus_does_run_and_fetch_where_nobody_stops_it() {
    let pages: Vec<String> = vectors::markup();
    let served = Arc::new(Mutex::new(pages.clone()));
    let trap = Trap::new(move |path| {
        let n: usize = path.rsplit_once("/raw/")?.1.parse().ok()?;
        Some(format!("<!doctype html><title>raw</title>{}", served.lock().unwrap().get(n)?))
    });
    let kind = Kind { arguments: trap.for_all_but(&[]), ..Kind::new("de") };
    let browser = Browser::of_kind(&kind);
    let (mut ran, mut fetched) = (0, 0);
    // A quarter of it says enough about the rest.
    for n in (0..pages.len()).step_by(4) {
        browser.open("about:blank");
        browser.execute("window.name = ''");
        browser.open(&format!("http://{}/raw/{n}", trap.address()));
        browser.execute(LOOK);
        if browser.execute("return window.name").as_str() == Some(n.to_string().as_str()) {
            ran += 1;
        }
        if trap.visits().iter().any(|line| line.contains(HOST)) {
            fetched += 1;
        }
    }
    assert!(
        ran >= 25 && fetched >= 12,
        "of {} vectors only {ran} ran and {fetched} fetched",
        pages.len() / 4
    );
}
