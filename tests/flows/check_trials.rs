//! `sealpost check` tries rules on letters made from their own values: a rule that matches everything is
//! detected however it is written, so is one that matches nothing, and no sensible rule is reported.

use std::path::{Path, PathBuf};

use rig::gateway::Home;
use rig::{Config, Hop};

/// Whether it passed, and what was said.
fn checked(change: impl FnOnce(&mut Config)) -> (bool, Home, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("policy", "replies", r#""rules""#).unset("notices", "show-subject");
    change(&mut config);
    let home = Home::new(&config);
    home.write("everybody.txt", b"# all of them\n*\n");
    home.write("clinics.txt", b"clinic.example\n*.hospital.example\n");
    let (code, out, err) = home.sealpost(&["check"]);
    (code == 0, home, format!("{out}{err}"))
}

fn line_of(home: &Home, text: &str) -> usize {
    let config = std::fs::read_to_string(home.config()).unwrap();
    config.lines().position(|line| line.contains(text)).unwrap() + 1
}

/// That the rule's own line is named, with these words and a hint.
fn says_of(said: &str, home: &Home, rule: &str, words: &[&str]) {
    let place = format!("gateway.toml:{}:", line_of(home, &format!("name = {rule:?}")) - 1);
    assert!(said.contains(&place), "no `{place}` in:\n{said}");
    assert!(said.contains("hint: "), "{said}");
    words.iter().for_each(|word| assert!(said.contains(word), "no `{word}` in:\n{said}"));
}

#[test]
fn a_rule_that_takes_every_ordinary_letter_before_confidential_ones_is_wrong() {
    for wide in [
        r#"{ header = { name = "From" } }"#,
        r#"{ header = { name = "Date", present = true } }"#,
        "{ reply = false }",
        "{ encrypted = false }",
        "{ signed = false, from-partner = false }",
        r#"{ text-pattern = "." }"#,
        r#"{ text-pattern = '(?s).+' }"#,
        r#"{ subject-pattern = '\S' }"#,
        r#"{ not = { size-at-least = "60 MiB" } }"#,
        r#"{ not = { header = { name = "From", present = false } } }"#,
        r#"{ recipient-list = "everybody" }"#,
        r#"{ from-list = "everybody" }"#,
        r#"{ not = { reverse-path = "<>" } }"#,
        r#"{ client = ["127.0.0.0/8", "::/0"] }"#,
        // Of those that have a file, a few are left.
        r#"{ not = { attachment-name = "*" } }"#,
        r#"{ not = { attachment-type = "*/*" } }"#,
        r#"{ reply = false, not = { attachment-name = "*" } }"#,
    ] {
        let (passed, home, said) = checked(|c| {
            c.set("lists", "everybody", r#""everybody.txt""#);
            c.rule("wide", wide, r#""relay""#);
            c.rule("geheim", r#"{ subject-tag = "[geheim]" }"#, r#""portal""#);
        });
        assert!(!passed, "{wide}:\n{said}");
        says_of(&said, &home, "geheim", &["never decides", "\"wide\" above it"]);
    }
}

#[test]
fn a_rule_that_leaves_a_few_to_the_confidential_ones_is_told_of() {
    for wide in [
        r#"{ not = { recipient = "eva@clinic.example" } }"#,
        r#"{ not = { recipient-list = "clinics" } }"#,
        r#"{ not = { from = "chef@insurer.example" } }"#,
        r#"{ size-at-most = "10 MiB" }"#,
        r#"{ header = { name = "X-Never", present = false } }"#,
        r#"{ not = { sensitivity = "private" } }"#,
        // All that leaves the house.
        r#"{ from = "*@insurer.example" }"#,
        r#"{ reverse-path = "insurer.example" }"#,
    ] {
        let (passed, home, said) = checked(|c| {
            c.set("lists", "clinics", r#""clinics.txt""#);
            c.set("portal.write", "domains", r#"["insurer.example"]"#).set(
                "portal.write",
                "floor",
                r#""none""#,
            );
            c.rule("wide", wide, r#""relay""#);
            c.rule("geheim", r#"{ subject-tag = "[geheim]" }"#, r#""portal""#);
        });
        assert!(passed, "{wide}:\n{said}");
        says_of(&said, &home, "geheim", &["warning", "every letter but those", "wide"]);
    }
    let (passed, home, said) = checked(|c| {
        c.set("policy", "default", r#""portal""#);
        c.rule("wide", "{ reply = false }", r#""relay""#);
    });
    assert!(passed, "{said}");
    says_of(&said, &home, "wide", &["warning", "the default protects nothing"]);
}

#[test]
fn replies_are_kept_in_the_portal_by_a_rule_like_others() {
    let (passed, home, said) = checked(|c| {
        c.set("policy", "replies", r#""portal""#);
        c.rule("wide", r#"{ header = { name = "Message-ID" } }"#, r#""relay""#);
    });
    assert!(!passed, "{said}");
    says_of(&said, &home, "wide", &["replies to letters of the portal would leave in clear"]);
}

#[test]
fn a_rule_that_no_letter_meets_is_told_of() {
    for never in [
        r#"{ header = { name = "From", present = false } }"#,
        r#"{ subject-pattern = 'a^b' }"#,
        r#"{ recipient = "eva@clinic.example", not = { recipient-list = "clinics" } }"#,
        r#"{ subject-tag = "[geheim-x]", not = { subject-pattern = "(?i)geheim" } }"#,
    ] {
        let (passed, home, said) = checked(|c| {
            c.set("lists", "clinics", r#""clinics.txt""#);
            c.rule("never", never, r#""portal""#);
        });
        assert!(passed, "{never}:\n{said}");
        says_of(&said, &home, "never", &["warning", "no letter made of its own values meets the rule"]);
    }
    for unseen in ["[ ]", "\\u00ad\\u200b"] {
        let (passed, home, said) = checked(|c| {
            c.rule("unseen", &format!("{{ subject-tag = \"{unseen}\" }}"), r#""portal""#);
        });
        assert!(!passed, "{said}");
        says_of(&said, &home, "unseen", &["subject-tag"]);
    }
}

const COMPLAINTS: [&str; 4] = ["never decides", "no letter made of", "protects nothing", "leave in clear"];

fn is_left_alone(what: &str, said: &str) {
    COMPLAINTS.iter().for_each(|words| assert!(!said.contains(words), "{what}:\n{said}"));
}

/// Every configuration that this repository shows to operators.
#[test]
fn no_configuration_of_ours_is_complained_of() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = |name: &str| -> Vec<PathBuf> {
        std::fs::read_dir(root.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut files = vec![root.join("gateway.toml"), root.join("crates/gateway/src/demo/gateway.toml")];
    files.extend(folder("deploy/profiles"));
    for file in files {
        let home = Home::empty();
        home.write("gateway.toml", &std::fs::read(&file).unwrap());
        home.write("server.key", rig::gateway::SERVER_KEY.as_bytes());
        // What else is missing for it here is another matter.
        let (_, out, err) = home.sealpost(&["check", "--offline"]);
        is_left_alone(&file.display().to_string(), &format!("{out}{err}"));
    }
    let mut pages: Vec<PathBuf> =
        [folder("docs"), folder("docs/operators"), folder("docs/decisions")].concat();
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
    let mut seen = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for example in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if !example.contains("[[rule]]") {
                continue;
            }
            seen += 1;
            let start = example.find("[[rule]]").unwrap();
            let rules: Vec<&str> = example[start..].split("\n[").map(str::trim).collect();
            let (passed, _, said) = checked(|c| {
                c.set("lists", "partners", r#""clinics.txt""#).set("hops.world", "tls", r#""starttls""#);
                for rule in rules.iter().filter(|rule| rule.contains("[rule]]")) {
                    c.section("[rule]");
                    for line in rule.lines().filter_map(|line| line.split_once(" = ")) {
                        // The configuration of the tests has a rule about that tag itself.
                        c.set("[rule]", line.0, &line.1.replace("[vertraulich]", "[geheim]"));
                    }
                }
            });
            assert!(passed, "{}:\n{said}", page.display());
            is_left_alone(&page.display().to_string(), &said);
        }
    }
    assert!(seen >= 2, "the examples moved: {seen}");
}

/// Rules as offices have them.
#[test]
fn honest_rules_are_left_alone() {
    for rules in [
        &[(
            r#"{ recipient-list = "clinics", not = { sensitivity = "company-confidential" } }"#,
            r#"{ relay = { tls = "none" } }"#,
        )][..],
        &[
            (r#"{ encrypted = true }"#, r#""relay""#),
            (r#"{ text-pattern = '(?i)\bdiagnose\b' }"#, r#""portal""#),
        ],
        &[(r#"{ reverse-path = "<>" }"#, r#""relay""#), (r#"{ attachment-name = "*.xlsx" }"#, r#""portal""#)],
        &[
            (r#"{ recipient = "*@insurer.example" }"#, r#""relay""#),
            (r#"{ label = "Streng Vertraulich" }"#, r#""portal""#),
        ],
        &[
            (r#"{ subject-pattern = '^\[offen\]' }"#, r#""relay""#),
            (r#"{ header = { name = "X-Class", pattern = "(?i)confidential" } }"#, r#""portal""#),
        ],
        &[(r#"{ size-at-least = "20 MiB" }"#, r#""portal""#), (r#"{ signed = true }"#, r#""relay""#)],
        &[
            (r#"{ client = "127.0.0.2" }"#, r#""relay""#),
            (r#"{ attachment-type = "image/*" }"#, r#""portal""#),
        ],
    ] {
        let (passed, _, said) = checked(|c| {
            c.set("lists", "clinics", r#""clinics.txt""#);
            for (n, (when, then)) in rules.iter().enumerate() {
                c.rule(&format!("honest {n}"), when, then);
            }
        });
        assert!(passed, "{rules:?}:\n{said}");
        is_left_alone(&format!("{rules:?}"), &said);
    }
}

#[test]
fn owners_may_not_write_to_domains_that_are_nobodys_own() {
    for domain in ["com", "*.com", "co.uk", "*.at", "*.or.at"] {
        let (passed, home, said) = checked(|c| {
            c.set("portal.write", "domains", &format!("[\"insurer.example\", {domain:?}]"));
            c.set("portal.write", "floor", r#""none""#);
        });
        let place = format!("gateway.toml:{}:", line_of(&home, "domains = [\"insurer.example\""));
        assert!(
            !passed && said.contains(&place) && said.contains("nobody's own domain"),
            "{domain}:\n{said}"
        );
    }
    let (passed, _, said) = checked(|c| {
        c.set("portal.write", "domains", r#"["insurer.example", "*.insurer.co.uk", "mail.local"]"#);
        c.set("portal.write", "floor", r#""none""#);
    });
    assert!(passed, "{said}");
}

/// However it is cut up.
#[test]
fn most_of_the_world_in_pieces_is_everybody() {
    let pieces = |network: &dyn Fn(u32) -> String, from: u32, to: u32| {
        let all: Vec<String> =
            (from..to).filter(|n| ![10, 127].contains(n)).map(|n| format!("{:?}", network(n))).collect();
        format!("[{}]", all.join(", "))
    };
    let v4 = |n: u32| format!("{n}.0.0.0/8");
    let v6 = |n: u32| format!("{:x}::/16", 0x2000 + n);
    for networks in [
        pieces(&v4, 1, 224),
        r#"["0.0.0.0/1", "128.0.0.0/2"]"#.to_owned(),
        r#"["2000::/4", "3000::/5"]"#.to_owned(),
        pieces(&v6, 0x300, 0x1500),
    ] {
        let (passed, home, said) = checked(|c| {
            c.set("[listener]", "networks", &networks);
        });
        assert!(!passed && said.contains("everybody"), "{said}");
        assert!(said.contains(&format!("gateway.toml:{}:", line_of(&home, "networks = ["))), "{said}");
    }
    for networks in [pieces(&v4, 40, 60), pieces(&v6, 0, 0x200)] {
        let networks = networks.replacen('[', "[\"127.0.0.1\", ", 1);
        let (passed, _, said) = checked(|c| {
            c.set("[listener]", "networks", &networks);
        });
        assert!(passed && said.contains("together so much of the world"), "{said}");
        let (passed, _, said) = checked(|c| {
            c.rule("clients", &format!("{{ client = {networks} }}"), r#""portal""#);
        });
        assert!(passed && said.contains("large part of the world"), "{said}");
        let (passed, _, said) = checked(|c| {
            c.set("portal", "trusted-proxies", &networks);
        });
        assert!(!passed && said.contains("believed"), "{said}");
    }
}
