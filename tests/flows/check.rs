//! `sealpost check` reports file, line and hint for every error in a configuration.

use rig::gateway::{Home, mode};
use rig::{Config, Hop};

/// Checks a configuration that this change breaks; gives what was said.
fn broken(change: impl FnOnce(&mut Config)) -> (Home, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    change(&mut config);
    let home = Home::new(&config);
    let (code, out, err) = home.sealpost(&["check"]);
    assert_ne!(code, 0, "found nothing wrong:\n{out}{err}");
    (home, format!("{out}{err}"))
}

/// The line of the configuration with this text.
fn line_of(home: &Home, text: &str) -> usize {
    let config = std::fs::read_to_string(home.config()).unwrap();
    config.lines().position(|line| line.contains(text)).unwrap() + 1
}

fn says(said: &str, home: &Home, at: &str, words: &[&str]) {
    let place = format!("gateway.toml:{}:", line_of(home, at));
    assert!(said.contains(&place), "no `{place}` in:\n{said}");
    assert!(said.contains("hint: "), "no hint in:\n{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
}

#[test]
fn a_good_one_is_fine() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    let (code, out, err) = home.sealpost(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn an_unknown_key() {
    let (home, said) = broken(|c| {
        c.set("gateway", "nmae", "\"x\"");
    });
    says(&said, &home, "nmae", &["nmae", "name"]);
}

#[test]
fn a_value_of_the_wrong_kind() {
    let (home, said) = broken(|c| {
        c.set("[listener]", "max-size", "\"50 MB\"");
    });
    says(&said, &home, "50 MB", &["MiB"]);
}

#[test]
fn memory_that_holds_no_letter() {
    let (home, said) = broken(|c| {
        c.set("gateway", "memory", "\"1 KiB\"").set("[listener]", "max-size", "\"1 MiB\"");
    });
    says(&said, &home, "memory", &["no room for letters", "32 MiB"]);
    let (home, said) = broken(|c| {
        c.set("gateway", "memory", "\"64 MiB\"");
    });
    says(&said, &home, "memory", &["max-size", "100 MiB"]);
    let (home, said) = broken(|c| {
        c.set("[listener]", "max-size", "\"80 MiB\"");
    });
    says(&said, &home, "max-size", &["max-size", "160 MiB"]);
}

#[test]
fn a_missing_key_file() {
    let (home, said) = broken(|c| {
        c.set("gateway", "server-key", "\"elsewhere.key\"");
    });
    says(&said, &home, "elsewhere.key", &["elsewhere.key", "sealpost init"]);
}

#[test]
fn a_server_key_that_others_may_read() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    mode(&home.path().join("server.key"), 0o644);
    let (code, out, err) = home.sealpost(&["check"]);
    assert_ne!(code, 0);
    let said = format!("{out}{err}");
    says(&said, &home, "server-key", &["server.key", "600"]);
}

#[test]
fn a_server_key_that_is_none() {
    let hop = Hop::new();
    let home = Home::new(&Config::new(&hop));
    home.write("server.key", b"sealpost-server-key-1:c2hvcnQ=\n");
    let (code, out, err) = home.sealpost(&["check"]);
    assert_ne!(code, 0);
    let said = format!("{out}{err}");
    says(&said, &home, "server-key", &[]);
    assert!(!said.contains("c2hvcnQ"), "a secret in the complaint:\n{said}");
}

#[test]
fn a_missing_certificate_and_one_that_does_not_fit_its_key() {
    let change = |c: &mut Config| {
        c.set("[listener]", "tls", "\"starttls\"");
        c.set("[listener]", "certificate", "\"gate.pem\"").set("[listener]", "key", "\"gate.key\"");
    };
    let (home, said) = broken(change);
    assert!(said.contains("gate.key") || said.contains("gate.pem"), "{said}");
    let authority = rig::Authority::new();
    let _ = authority.issue(&["a.example"]).write(home.path(), "gate");
    std::fs::remove_file(home.path().join("gate.pem")).unwrap();
    let (_, out, err) = home.sealpost(&["check"]);
    says(&format!("{out}{err}"), &home, "gate.pem", &["gate.pem"]);
    let (other, _) = authority.issue(&["b.example"]).write(home.path(), "other");
    std::fs::copy(other, home.path().join("gate.pem")).unwrap();
    let (code, out, err) = home.sealpost(&["check"]);
    assert_ne!(code, 0, "a key of another certificate was fine:\n{out}{err}");
}

#[test]
fn tls_without_a_certificate() {
    let (home, said) = broken(|c| {
        c.set("[listener]", "tls", "\"starttls\"");
    });
    says(&said, &home, "tls = \"starttls\"", &["certificate"]);
}

#[test]
fn a_hop_that_cannot_be_resolved() {
    let (home, said) = broken(|c| {
        c.set("hops.world", "host", "\"no-such-host.invalid\"");
    });
    says(&said, &home, "no-such-host", &["no-such-host.invalid"]);
}

#[test]
fn a_route_to_no_hop() {
    let (home, said) = broken(|c| {
        c.set("delivery", "route", "\"wrold\"");
    });
    says(&said, &home, "wrold", &["wrold"]);
}

#[test]
fn a_rule_with_an_unknown_condition_a_bad_pattern_or_an_unknown_treatment() {
    let (home, said) = broken(|c| {
        c.rule("odd one", r#"{ colour = "blue" }"#, "\"portal\"");
    });
    says(&said, &home, "colour", &["colour"]);
    let (home, said) = broken(|c| {
        c.rule("odd two", r#"{ subject-pattern = "(unclosed" }"#, "\"portal\"");
    });
    assert!(said.contains("odd two"), "{said}");
    let _ = home;
    let (home, said) = broken(|c| {
        c.rule("odd three", r#"{ recipient = "a@b.example" }"#, "\"forward\"");
    });
    says(&said, &home, "forward", &["forward", "portal"]);
}

#[test]
fn a_missing_list_file() {
    let (home, said) = broken(|c| {
        c.set("lists", "partners", "\"partners.txt\"");
    });
    says(&said, &home, "partners.txt", &["partners.txt"]);
}

#[test]
fn several_wrong_things_are_all_said_at_once() {
    let (home, said) = broken(|c| {
        c.set("gateway", "server-key", "\"elsewhere.key\"");
        c.set("delivery", "route", "\"wrold\"");
    });
    says(&said, &home, "elsewhere.key", &[]);
    says(&said, &home, "wrold", &[]);
}

#[test]
fn a_configuration_that_check_refuses_does_not_start() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "route", "\"wrold\"");
    let home = Home::new(&config);
    let (code, _, err) = home.sealpost(&["serve"]);
    assert_ne!(code, 0);
    says(&err, &home, "wrold", &["wrold"]);
}

#[test]
fn init_makes_what_check_finds_fine() {
    use std::process::Command;
    let home = Home::empty();
    let binary = rig::gateway::binary();
    let (code, out, err) =
        rig::process::run(Command::new(&binary).arg("init").arg("--folder").arg(home.path()));
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = home.sealpost(&["check", "--offline"]);
    assert_eq!(code, 0, "{out}{err}");
    let key = std::fs::read(home.path().join("server.key")).unwrap();
    let (code, _, _) = rig::process::run(Command::new(&binary).arg("init").arg("--folder").arg(home.path()));
    assert_eq!(code, 0);
    assert_eq!(
        std::fs::read(home.path().join("server.key")).unwrap(),
        key,
        "init made a second key over the first"
    );
}

#[test]
fn a_floor_that_the_hop_can_never_meet() {
    for then in [r#""hold""#, r#"{ hold = { tls = "verified" } }"#, r#"{ relay = { tls = "encrypted" } }"#] {
        let (home, said) = broken(|c| {
            c.rule("watched", r#"{ recipient = "*@watched.example" }"#, then);
        });
        let line = line_of(&home, "watched.example") - 2;
        assert!(said.contains(&format!("gateway.toml:{line}:")), "{said}");
        assert!(said.contains("never leaves") && said.contains(r#"{ tls = "none" }"#), "{said}");
    }
}

#[test]
fn a_slip_of_the_fingers_gets_the_word_that_was_meant() {
    let (home, said) = broken(|c| {
        c.set("portal", "sesion-idle", "\"20 min\"");
    });
    says(&said, &home, "sesion-idle", &["did you mean `session-idle`?"]);
}

#[test]
fn values_that_are_none_are_told_at_their_own_line() {
    for (section, key, value, words) in [
        ("gateway", "time-zone", r#""Europe/Berlim""#, "Europe/Berlin"),
        ("portal", "session-idle", r#""20 s""#, "three minutes"),
        ("portal", "trusted-proxies", r#"["10.0.0.0/40"]"#, "10.0.0.0/24"),
        ("portal", "public-url", r#""mail.insurer.example""#, "https://"),
        ("[listener]", "addresses", r#"["127.0.0.1"]"#, "127.0.0.1:2525"),
        ("retention", "letters", r#""60 s""#, "a day at least"),
        ("brand", "colour", r#""blue""#, "#0b5c74"),
        ("notices", "bounces", r#""bounce""#, "securemail@insurer.example"),
        ("hops.world", "port", "70000", "65535"),
    ] {
        let (home, said) = broken(|c| {
            c.set(section, key, value);
        });
        says(&said, &home, &format!("{key} = {value}"), &[words]);
        assert_eq!(said.matches("error:").count(), 1, "one fault, said once:\n{said}");
    }
}

#[test]
fn two_that_listen_in_one_place() {
    let (home, said) = broken(|c| {
        let web = c.web;
        c.section("[listener]").set("[listener]", "name", r#""second""#);
        c.set("[listener]", "addresses", &format!("[\"{web}\"]"));
        c.set("[listener]", "networks", r#"["127.0.0.1"]"#);
    });
    let portal = line_of(&home, "[portal]") + 1;
    assert!(said.contains(&format!("gateway.toml:{portal}:")) && said.contains("twice"), "{said}");
}

/// What was said of a configuration that is fine all the same.
fn warned(change: impl FnOnce(&mut Config)) -> (Home, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    change(&mut config);
    let home = Home::new(&config);
    let (code, out, err) = home.sealpost(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    (home, err)
}

/// A rule's own line is that of its `[[rule]]`, above its name.
fn says_of_rule(said: &str, home: &Home, rule: &str, words: &[&str]) {
    let place = format!("gateway.toml:{}:", line_of(home, &format!("{rule:?}")) - 1);
    assert!(said.contains(&place), "no `{place}` in:\n{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
}

#[test]
fn a_rule_that_never_decides_because_one_above_it_relays() {
    let (home, said) = broken(|c| {
        c.rule("everybody", r#"{ recipient = "*" }"#, r#""relay""#);
        c.rule("too late", r#"{ subject-tag = "[geheim]" }"#, r#""portal""#);
    });
    says_of_rule(&said, &home, "too late", &["never decides", "everybody"]);
    let (home, said) = broken(|c| {
        c.rule("two tags", r#"{ subject-tag = ["[offen]", "[frei]"] }"#, r#""relay""#);
        c.rule("one of them", r#"{ subject-tag = "[frei]", recipient = "*@x.example" }"#, r#""portal""#);
    });
    says_of_rule(&said, &home, "one of them", &["never decides", "two tags"]);
}

#[test]
fn a_rule_that_never_decides_and_harms_nobody_is_a_warning() {
    let (home, said) = warned(|c| {
        c.rule("wide", r#"{ reverse-path = "*@insurer.example" }"#, r#""portal""#);
        c.rule("narrow", r#"{ reverse-path = "*@insurer.example", size-at-least = "1 MiB" }"#, r#""portal""#);
    });
    says_of_rule(&said, &home, "narrow", &["warning", "never decides"]);
    let (_, said) = warned(|c| {
        c.rule("one", r#"{ subject-tag = "[a-b]" }"#, r#""relay""#);
        c.rule("other", r#"{ subject-tag = "[c-d]" }"#, r#""portal""#);
    });
    assert!(!said.contains("never decides"), "{said}");
}

#[test]
fn networks_that_are_everybody() {
    for networks in [
        r#"["0.0.0.0/0"]"#,
        r#"["10.0.0.0/8", "::/0"]"#,
        r#"["0.0.0.0/1", "128.0.0.0/1"]"#,
        r#"["2000::/3"]"#,
    ] {
        let (home, said) = broken(|c| {
            c.set("[listener]", "networks", networks);
        });
        says(&said, &home, "networks", &["everybody"]);
    }
    let (home, said) = broken(|c| {
        c.set("portal", "trusted-proxies", r#"["0.0.0.0/0"]"#);
    });
    says(&said, &home, "trusted-proxies", &["believed"]);
}

#[test]
fn proxies_that_may_be_strangers() {
    for wide in [r#"["::/9"]"#, r#"["192.0.2.1", "8.0.0.0/7"]"#] {
        for (section, key) in [
            ("portal", "trusted-proxies"),
            ("portal", "proxy-protocol"),
            ("[listener]", "proxy-protocol"),
            ("[listener]", "xclient"),
        ] {
            let (home, said) = broken(|c| {
                c.set(section, key, wide);
            });
            says(&said, &home, key, &["strangers are believed"]);
        }
    }
    for (network, warns) in
        [("10.0.0.0/16", true), ("10.0.0.0/24", false), ("fd00:1::/48", true), ("fd00:1::/64", false)]
    {
        let (_, said) = warned(|c| {
            c.set("[listener]", "xclient", &format!("[{network:?}]"));
        });
        assert_eq!(said.contains(&format!("every machine in {network}")), warns, "{said}");
    }
}

#[test]
fn a_balancer_that_is_also_a_client_or_a_proxy_within_sessions() {
    let (home, said) = broken(|c| {
        c.set("[listener]", "networks", r#"["10.0.0.5"]"#).set(
            "[listener]",
            "proxy-protocol",
            r#"["10.0.0.0/24"]"#,
        );
    });
    says(&said, &home, "networks", &["10.0.0.5/32", "has no right to send"]);
    let (home, said) = broken(|c| {
        c.set("[listener]", "xclient", r#"["10.0.0.0/24"]"#).set(
            "[listener]",
            "proxy-protocol",
            r#"["10.0.0.5"]"#,
        );
    });
    says(&said, &home, "xclient", &["10.0.0.0/24", "in one way only"]);
    // One's own network, which contains the balancer.
    let (_, said) = warned(|c| {
        c.set("[listener]", "networks", r#"["10.0.0.0/8"]"#).set(
            "[listener]",
            "proxy-protocol",
            r#"["10.0.0.5"]"#,
        );
    });
    assert!(!said.contains("10.0.0.5"), "{said}");
}

#[test]
fn a_treatment_that_cannot_be_carried_out_and_subjects_in_notices_are_warned_of() {
    let (home, said) = warned(|c| {
        c.rule("partner", r#"{ recipient = "*@clinic.example" }"#, r#"{ domain = { partner = "clinic" } }"#);
    });
    assert!(said.contains("no key of our own") && said.contains("refused (550 5.7.5)"), "{said}");
    says(&said, &home, "show-subject", &["warning", "ordinary mail"]);
    let (_, said) = warned(|c| {
        c.unset("notices", "show-subject").set("delivery", "retry", r#"["1 min", "1 h"]"#);
    });
    // The rig's own database syncs nothing.
    let others = said.lines().filter(|line| !line.contains("fsync or full_page_writes is off"));
    assert_eq!(others.filter(|line| line.contains("warning")).count(), 0, "{said}");
}

#[test]
fn the_profiles_are_fine() {
    let profiles = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/profiles")).unwrap();
    for profile in profiles {
        let path = profile.unwrap().path();
        let home = Home::empty();
        home.write("gateway.toml", &std::fs::read(&path).unwrap());
        home.write("server.key", rig::gateway::SERVER_KEY.as_bytes());
        let (code, out, err) = home.sealpost(&["check", "--offline"]);
        assert_eq!(code, 0, "{}:\n{out}{err}", path.display());
    }
}

/// The rule after `replies = "portal"` is the last: a rule before it that matches everything sends replies
/// out in clear.
#[test]
fn a_rule_that_takes_answers_before_the_portal_does() {
    let (home, said) = broken(|c| {
        c.rule("all the rest", r#"{ recipient = "*" }"#, r#""relay""#);
    });
    says_of_rule(&said, &home, "all the rest", &["replies to letters of the portal", "default"]);
    let (_, said) = warned(|c| {
        c.set("policy", "replies", r#""rules""#);
        c.rule("all the rest", r#"{ recipient = "*" }"#, r#""relay""#);
    });
    assert!(!said.contains("replies"), "{said}");
}

#[test]
fn a_rule_is_covered_by_a_wider_address_and_by_a_part_of_its_tag() {
    for (wide, narrow) in [
        (
            r#"{ recipient = "clinic.example" }"#,
            r#"{ recipient = "eva@clinic.example", subject-tag = "[x-y]" }"#,
        ),
        (r#"{ subject-tag = "offen" }"#, r#"{ subject-tag = "[OFFEN gesagt]" }"#),
    ] {
        let (home, said) = broken(|c| {
            c.rule("wide", wide, r#""relay""#);
            c.rule("narrow", narrow, r#""portal""#);
        });
        says_of_rule(&said, &home, "narrow", &["never decides", "wide"]);
    }
}

#[test]
fn clients_that_are_everybody_and_subjects_on_the_page_alone_are_warned_of() {
    let (home, said) = warned(|c| {
        c.rule("clients", r#"{ client = ["0.0.0.0/1", "128.0.0.0/1"] }"#, r#""portal""#);
        c.unset("notices", "show-subject");
        c.set("portal", "show-subject", "true");
    });
    says_of_rule(&said, &home, "clients", &["warning", "everybody"]);
    says(&said, &home, "show-subject", &["warning", "link"]);
}

/// Errors: what such a rule protects, nothing protects.
#[test]
fn a_rule_that_can_never_hold() {
    for (when, words) in [
        (r#"{ listener = "insied" }"#, &["a listener that is not there", "insied", "inside"][..]),
        (r#"{ not = { listener = "nowhere" } }"#, &["a listener that is not there", "nowhere"]),
        (r#"{ login = "exchange" }"#, &["a login that is not there", "exchange"]),
        (r#"{ login = "*" }"#, &["a login that is not there"]),
        (r#"{ size-at-least = "1 GiB" }"#, &["never holds", "max-size"]),
        (r#"{ subject-tag = "[x-y]", not = { subject-tag = "[X-Y]" } }"#, &["never holds", "takes back"]),
        (r#"{ signed = true, not = { recipient = "*" } }"#, &["never holds"]),
    ] {
        let (home, said) = broken(|c| {
            c.rule("never", when, r#""portal""#);
        });
        says_of_rule(&said, &home, "never", words);
        assert_eq!(said.matches("error:").count(), 1, "one fault, said once:\n{said}");
    }
}

#[test]
fn everything_is_everything_however_it_is_written() {
    for wide in [
        r#"{ recipient = "*" }"#,
        r#"{ from = "*" }"#,
        r#"{ reverse-path = "*" }"#,
        r#"{ size-at-least = "0 B" }"#,
        r#"{ size-at-most = "1 GiB" }"#,
        r#"{ listener = "inside" }"#,
        r#"{ client = ["0.0.0.0/1", "128.0.0.0/1"] }"#,
        r#"{ client = "0.0.0.0/0" }"#,
        r#"{ not = { not = { from = "*" } } }"#,
    ] {
        let (home, said) = broken(|c| {
            c.set("policy", "replies", r#""rules""#);
            c.rule("wide", wide, r#""relay""#);
            c.rule("narrow", r#"{ subject-tag = "[x-y]" }"#, r#""portal""#);
        });
        says_of_rule(&said, &home, "narrow", &["never decides", "wide"]);
    }
}

#[test]
fn two_rules_may_leave_nothing_to_a_third() {
    for (first, second) in [
        ("{ encrypted = true }", "{ encrypted = false }"),
        (r#"{ signed = false, recipient = "*" }"#, "{ signed = true }"),
        (r#"{ size-at-least = "1 KiB" }"#, r#"{ size-at-most = "1 KiB" }"#),
        (r#"{ subject-tag = "[a-b]" }"#, r#"{ not = { subject-tag = "[a-b]" } }"#),
        (r#"{ client = "0.0.0.0/1" }"#, r#"{ client = "128.0.0.0/1" }"#),
    ] {
        let (home, said) = broken(|c| {
            c.set("policy", "replies", r#""rules""#);
            c.rule("one", first, r#""relay""#);
            c.rule("other", second, r#""relay""#);
            c.rule("third", r#"{ subject-tag = "[x-y]" }"#, r#""portal""#);
        });
        says_of_rule(&said, &home, "third", &["never decides", r#""one" and "other""#]);
    }
    // Where one of the two protects, it is as it may have been meant.
    let (home, said) = warned(|c| {
        c.set("policy", "replies", r#""rules""#);
        c.rule("one", "{ encrypted = true }", r#""relay""#);
        c.rule("other", "{ encrypted = false }", r#""portal""#);
        c.rule("third", r#"{ subject-tag = "[x-y]" }"#, r#""portal""#);
    });
    says_of_rule(&said, &home, "third", &["warning", "never decides"]);
}

#[test]
fn what_only_looks_dead_is_not_complained_of() {
    let (_, said) = warned(|c| {
        c.set("policy", "replies", r#""rules""#);
        c.rule("with a sender", r#"{ reverse-path = "*" }"#, r#""relay""#);
        c.rule("reports", r#"{ reverse-path = "<>" }"#, r#""portal""#);
    });
    assert!(!said.contains("never decides") && !said.contains("never holds"), "{said}");
    let (_, said) = warned(|c| {
        c.rule("large and signed", r#"{ size-at-least = "1 MiB", signed = true }"#, r#""relay""#);
        c.rule("not signed", "{ signed = false, encrypted = true }", r#""relay""#);
        c.rule("tagged", r#"{ subject-tag = "[x-y]" }"#, r#""portal""#);
    });
    assert!(!said.contains("never decides") && !said.contains("never holds"), "{said}");
}

#[test]
fn networks_that_are_a_large_part_of_the_world_are_warned_of() {
    for network in ["0.0.0.0/1", "64.0.0.0/7", "2000::/4"] {
        let (home, said) = warned(|c| {
            c.set("[listener]", "networks", &format!("[\"127.0.0.1\", \"{network}\"]"));
        });
        says(&said, &home, &format!("\"{network}\""), &["warning", "strangers"]);
        let (home, said) = warned(|c| {
            c.rule("clients", &format!("{{ client = \"{network}\" }}"), r#""portal""#);
        });
        says_of_rule(&said, &home, "clients", &["warning", "large part of the world"]);
    }
    let (home, said) = warned(|c| {
        c.set("delivery", "private-networks", r#"["0.0.0.0/0"]"#);
    });
    says(&said, &home, "private-networks", &["warning", "private-networks"]);
    let (_, said) = warned(|c| {
        c.set("[listener]", "networks", r#"["127.0.0.1", "10.0.0.0/8", "fc00::/7"]"#);
    });
    assert!(!said.contains("strangers"), "{said}");
}

/// Each of these passed once, and then nothing worked.
#[test]
fn values_with_which_nothing_could_work() {
    for (section, key, value, words) in [
        ("[listener]", "max-size", r#""0 B""#, "smaller than an ordinary letter"),
        ("[listener]", "max-recipients", "0", "refuses every recipient"),
        ("[listener]", "connections", "0", "lets nobody in"),
        ("[listener]", "connections-per-client", "0", "lets nobody in"),
        ("[listener]", "session", r#""0 s""#, "no time at all"),
        ("[listener]", "idle", r#""0 s""#, "no time at all"),
        ("[listener]", "data-time", r#""0 s""#, "no time at all"),
        ("[listener]", "max-line", "10", "RFC 5321"),
        ("portal.password", "minimum-length", "300", "nobody could set up a mailbox"),
        ("portal", "activation-within", r#""0 days""#, "no time at all"),
        ("portal", "lock-after", "0", "before the first try"),
        ("portal", "answer-attempts", "0", "before the first try"),
        ("delivery", "max-line", "10", "RFC 5321"),
        ("delivery", "give-up", r#""0 s""#, "before the second try"),
        ("delivery", "retry", r#"["400 days"]"#, "before the second try"),
    ] {
        let (_home, said) = broken(|config| {
            config.set(section, key, value);
        });
        assert!(said.contains(words) && said.contains("hint: "), "{key} = {value}:\n{said}");
    }
    let (_home, said) = broken(|config| {
        config.set("notices", "floor", r#""verified""#);
    });
    assert!(said.contains("none would ever leave"), "{said}");
    let (_home, said) = broken(|config| {
        let port = config.smtp.port();
        config.set("hops.world", "port", &port.to_string());
    });
    assert!(said.contains("our own listener"), "{said}");
}

#[test]
fn what_lets_strangers_write_and_times_that_nobody_means_are_warned_of() {
    for domain in ["web.de", "*.gmail.com", "GMX.at", "t-online.de", "outlook.com"] {
        let (home, said) = warned(|c| {
            c.set("portal.write", "domains", &format!("[\"insurer.example\", {domain:?}]"));
            c.set("portal.write", "floor", r#""none""#);
        });
        says(&said, &home, &format!("{domain:?}"), &["warning", "everybody"]);
    }
    let (_, said) = warned(|c| {
        c.rule("ours", r#"{ header = { name = "x-sealpost-portal", present = true } }"#, r#""relay""#);
    });
    assert!(said.contains("taken out of every letter"), "{said}");
    for (section, key, value, words) in [
        ("portal", "activation-within", r#""1 s""#, "before anybody has seen"),
        ("portal", "session-idle", "\"365 days\"\nsession-total = \"366 days\"", "more than a day"),
        ("portal", "lock-after", "1000000", "at leisure"),
        ("portal", "lock-for", r#""1 s""#, "hinders anybody"),
        ("delivery", "retry", r#"["5 min", "0 s"]"#, "without end"),
        ("delivery", "give-up", r#""20 min""#, "every server that restarts"),
    ] {
        let (home, said) = warned(|c| {
            c.set("delivery", "retry", r#"["1 min", "1 h"]"#).set(section, key, value);
        });
        says(&said, &home, &format!("{key} ="), &["warning", words]);
    }
}

#[test]
fn an_address_of_the_portal_that_would_break_every_link() {
    for wrong in [
        "https://evil@securemail.insurer.example",
        "https://securemail.insurer.example/x?y",
        "https://securemail.insurer.example/#z",
        "https://a:b@securemail.insurer.example",
        "http://securemail.insurer.example",
    ] {
        let (home, said) = broken(|c| {
            c.set("portal", "public-url", &format!("{wrong:?}"));
        });
        says(&said, &home, "public-url", &[]);
    }
}
