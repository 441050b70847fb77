//! Our published keys: the page, its files, the Web Key Directory, security.txt. Read back by openssl and
//! gpg.

use std::path::Path;
use std::process::Command;

use rig::http::Page;
use rig::process::run;
use rig::{Config, Gateway, Hop};

use super::{insurer, sealpost};

fn with_keys(config: &Config) -> Gateway {
    let gateway = Gateway::start(config);
    let make = |kind: &str| {
        let args = ["domain-key", "make", "insurer.example", "--name", "Insurer AG", "--kind", kind];
        sealpost(&gateway, &args);
    };
    make("smime-p256");
    make("openpgp");
    gateway
}

fn get(gateway: &Gateway, path: &str) -> Page {
    gateway.web().get(path)
}

fn files(page: &str) -> Vec<String> {
    let parts = page.split("href=\"/partner/").skip(1);
    parts.map(|rest| format!("/partner/{}", rest.split('"').next().unwrap())).collect()
}

fn openssl(args: &[&str]) -> String {
    let (code, out, err) = run(Command::new("openssl").args(args));
    assert_eq!(code, 0, "{args:?}:\n{out}{err}");
    out
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).collect()
}

#[test]
fn the_page_shows_what_is_compared_and_gives_files_that_openssl_and_gpg_read() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = with_keys(&insurer(&world, &inside).0);
    let page = get(&gateway, "/partner?language=en");
    assert_eq!(page.status, 200);
    let text = page.text();
    for words in ["S/MIME certificate", "OpenPGP key", "insurer.example", "Insurer AG", "Valid until"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(get(&gateway, "/partner?language=de").text().contains("Fingerabdruck (SHA-256)"));
    assert!(page.header("set-cookie").is_none(), "the same for everybody");
    let shown: String =
        text.split("<span>").skip(1).filter_map(|rest| rest.split("</span>").next()).collect();

    let files = files(&text);
    let file = |ending: &str| {
        let path = files.iter().find(|path| path.ends_with(ending)).unwrap_or_else(|| panic!("no {ending}"));
        let page = get(&gateway, path);
        assert_eq!(page.status, 200, "{path}");
        let name = page.header("content-disposition").unwrap();
        assert!(name.starts_with("attachment; filename=\"insurer.example-"), "{name}");
        gateway.home.write(&format!("fetched{ending}"), &page.body)
    };
    let text_of = |path: &Path| path.to_str().unwrap().to_owned();
    for (ending, form) in [(".cer", "DER"), (".pem", "PEM")] {
        let path = text_of(&file(ending));
        let out = openssl(&["x509", "-in", &path, "-inform", form, "-noout", "-fingerprint", "-sha256"]);
        assert!(shown.contains(&digits(out.split('=').nth(1).unwrap())), "{out} {shown}");
    }
    let p7c = text_of(&file(".p7c"));
    assert!(openssl(&["pkcs7", "-in", &p7c, "-inform", "DER", "-print_certs"]).contains("Insurer AG"));
    let asc = text_of(&file(".asc"));
    let (code, out, _) = run(Command::new("gpg").args(["--batch", "--show-keys", "--with-colons", &asc]));
    let fingerprint = out.lines().find(|line| line.starts_with("fpr:")).unwrap().split(':').nth(9).unwrap();
    assert!(code == 0 && shown.contains(fingerprint), "{out} {shown}");
    assert!(!out.contains("sec:"), "{out}");
    // Under the domain's name there is the one that counts now.
    assert_eq!(get(&gateway, "/partner/insurer.example.p7c").body, std::fs::read(p7c).unwrap());
    assert_eq!(get(&gateway, "/partner/insurer.example.asc").body, std::fs::read(asc).unwrap());

    let letter = get(&gateway, files.iter().find(|path| path.ends_with(".txt")).unwrap()).text();
    assert!(letter.contains("1. Our key") && letter.contains("securemail@insurer.example"), "{letter}");
    assert!(digits(&letter).contains(&digits(fingerprint)), "{letter}");
    assert!(letter.lines().all(|line| line.len() < 120), "{letter}");
    for odd in
        ["/partner/x", "/partner/other.example.p7c", "/partner/insurer.example.key", "/partner/a.b.cer"]
    {
        assert_eq!(get(&gateway, odd).status, 404, "{odd}");
    }
    gateway.sweep();
}

#[test]
fn what_was_retired_is_gone_at_once_and_what_a_cache_has_is_asked_about() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = with_keys(&insurer(&world, &inside).0);
    let before = get(&gateway, "/partner");
    let tag = before.header("etag").unwrap().to_owned();
    let again = |tag: &str| {
        let mut web = gateway.web();
        web.extra.push(format!("If-None-Match: {tag}"));
        web.get("/partner")
    };
    assert_eq!((again(&tag).status, again(&tag).body.len()), (304, 0));
    let certificate = files(&before.text()).into_iter().find(|path| path.ends_with(".cer")).unwrap();
    let fingerprint = certificate.trim_start_matches("/partner/").trim_end_matches(".cer").to_owned();
    sealpost(&gateway, &["domain-key", "retire", &fingerprint]);
    let after = again(&tag);
    assert_eq!(after.status, 200);
    assert!(!after.text().contains(".cer\"") && after.text().contains(".asc\""), "{}", after.text());
    assert_eq!(get(&gateway, &certificate).status, 404);
    gateway.sweep();
}

#[test]
fn the_directory_has_what_gpg_would_look_for() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = with_keys(&insurer(&world, &inside).0);
    let folder = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
    let gpg = |args: &[&str]| {
        let home = ["--batch", "--no-tty", "--homedir", folder.path().to_str().unwrap()];
        let (code, out, err) = run(Command::new("gpg").args(home).args(args));
        assert_eq!(code, 0, "{args:?}:\n{out}{err}");
        out
    };
    let key = gateway.home.write("key.asc", &get(&gateway, "/partner/insurer.example.asc").body);
    gpg(&["--import", key.to_str().unwrap()]);
    // The name under which gpg looks: hash@domain.
    let listed = gpg(&["--with-wkd-hash", "--list-keys"]);
    let hash = listed.lines().find_map(|line| line.trim().strip_suffix("@insurer.example")).unwrap();
    let paths = [
        format!("/.well-known/openpgpkey/insurer.example/hu/{hash}?l=securemail"),
        format!("/.well-known/openpgpkey/hu/{hash}?l=securemail"),
    ];
    for path in &paths {
        let page = get(&gateway, path);
        assert_eq!((page.status, page.header("content-type").unwrap()), (200, "application/octet-stream"));
        assert_eq!(page.header("access-control-allow-origin"), Some("*"));
        let found = gateway.home.write("found.pgp", &page.body);
        let shown = gpg(&["--show-keys", found.to_str().unwrap()]);
        assert!(shown.contains("securemail@insurer.example"), "{shown}");
        assert!(!page.body.starts_with(b"-----"), "binary, not armoured");
    }
    // An employee: the same key, under their own address only.
    let fingerprint = listed.lines().map(str::trim).find(|line| line.len() == 40).unwrap();
    sealpost(&gateway, &["domain-key", "address", fingerprint, "Erika.Muster@insurer.example"]);
    let hash = "7itt1gyxt4kfeju8ur1xb1yekico5gjz";
    let page = get(&gateway, &format!("/.well-known/openpgpkey/insurer.example/hu/{hash}?l=erika.muster"));
    let found = gateway.home.write("found.pgp", &page.body);
    let shown = gpg(&["--show-keys", "--with-wkd-hash", found.to_str().unwrap()]);
    assert!(shown.contains(fingerprint) && shown.to_lowercase().contains("erika.muster@"), "{shown}");
    assert!(shown.contains(hash) && !shown.contains("securemail@"), "{shown}");
    let (code, _, err) = gateway.sealpost(&["domain-key", "address", fingerprint, "a@elsewhere.example"]);
    assert!(code != 0 && err.contains("elsewhere.example"), "{err}");
    for path in ["/.well-known/openpgpkey/policy", "/.well-known/openpgpkey/insurer.example/policy"] {
        assert_eq!(get(&gateway, path).status, 200, "{path}");
    }
    for path in [
        format!("/.well-known/openpgpkey/other.example/hu/{hash}"),
        "/.well-known/openpgpkey/other.example/policy".to_owned(),
        format!("/.well-known/openpgpkey/insurer.example/hu/{}", "y".repeat(32)),
        "/.well-known/openpgpkey/insurer.example/hu/..".to_owned(),
    ] {
        assert_eq!(get(&gateway, &path).status, 404, "{path}");
    }
    gateway.sweep();
}

#[test]
fn nothing_is_shown_where_it_is_off_and_security_txt_says_what_is_configured() {
    let (world, inside) = (Hop::new(), Hop::new());
    let (mut config, _) = insurer(&world, &inside);
    config.set("partners", "page", "false");
    let gateway = with_keys(&config);
    for path in ["/partner", "/partner/insurer.example.p7c", "/.well-known/openpgpkey/insurer.example/policy"]
    {
        assert_eq!(get(&gateway, path).status, 404, "{path}");
    }
    assert_eq!(get(&gateway, "/.well-known/security.txt").status, 404);
    gateway.sweep();

    let (mut config, _) = insurer(&world, &inside);
    let year = this_year() + 1;
    config
        .set(
            "security-txt",
            "contact",
            r#"["mailto:security@insurer.example", "https://insurer.example/security"]"#,
        )
        .set("security-txt", "expires", &format!("{year}-01-15"));
    let gateway = with_keys(&config);
    let page = get(&gateway, "/.well-known/security.txt");
    assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
    let text = page.text();
    let first = "Contact: mailto:security@insurer.example\nContact: https://insurer.example/security\n";
    assert!(
        text.starts_with(first) && text.contains(&format!("Expires: {year}-01-16T00:00:00Z\n")),
        "{text}"
    );
    assert!(text.contains("/partner\n") && text.contains("Preferred-Languages: de, en\n"), "{text}");
    gateway.sweep();
}

/// This year, as the machine says.
fn this_year() -> i64 {
    let (_, out, _) = run(Command::new("date").args(["-u", "+%Y"]));
    out.trim().parse().unwrap()
}
