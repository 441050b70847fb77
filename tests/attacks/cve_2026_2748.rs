//! CVE-2026-2748: addresses with white space were accepted and compared as if they had none. Here an address
//! has one spelling, and white space makes it invalid.

use rig::letters;
use rig::reader::PASSWORD;

use crate::portal::{Portal, activate};

#[test]
fn an_address_with_blanks_is_no_address() {
    let portal = Portal::new();
    let mut session = portal.gateway.smtp();
    for address in [
        " anna@web.example",
        "anna@web.example ",
        "anna @web.example",
        "anna@ web.example",
        "an na@web.example",
        "anna@web .example",
        "\tanna@web.example",
        "anna@web.example\t",
        "anna\u{a0}@web.example",
        "anna%20@web.example\u{b}",
    ] {
        session.say("MAIL FROM:<erika@insurer.example> SMTPUTF8").expect("250 *");
        let reply = session.say(&format!("RCPT TO:<{address}>"));
        assert!((500..600).contains(&reply.code), "{address:?}: {reply}");
        session.say("RSET").expect("250 *");
    }
}

/// Some invisible characters mean nothing in a domain (UTS #46 §4): they are dropped before it is compared or
/// sent.
#[test]
fn what_a_domain_does_not_count_never_goes_on() {
    let portal = Portal::new();
    let mut session = portal.gateway.smtp();
    for (n, address) in
        ["anna@web.example\u{200b}", "anna@web.\u{ad}example", "anna@web.example\u{3000}"].iter().enumerate()
    {
        session.say("MAIL FROM:<erika@insurer.example> SMTPUTF8").expect("250 *");
        if session.say(&format!("RCPT TO:<{address}>")).code == 250 {
            session.data(&letters::plain(&format!("offen {n}"), "x")).expect("250 *");
            assert_eq!(
                portal.hop.wait_where("it", |got| got.text().contains(&format!("offen {n}"))).to(),
                ["anna@web.example"]
            );
        } else {
            session.say("RSET").expect("250 *");
        }
    }
}

#[test]
fn all_spellings_of_an_address_are_one_mailbox() {
    let portal = Portal::new();
    let link = portal.send("Anna@Web.Example", &letters::plain("[vertraulich] x", "x"));
    portal.send("anna@WEB.EXAMPLE", &letters::plain("[vertraulich] y", "y"));
    activate(&mut portal.gateway.web(), &link, PASSWORD, &[]).expect(200);
    assert_eq!(portal.gateway.count("SELECT count(*) FROM mailboxes"), 1);
    for address in ["anna@web.example", "  ANNA@web.example  "] {
        assert!(portal.log_in(address, PASSWORD).1, "{address:?} is the same address");
    }
    for address in ["an na@web.example", "anna@web.example,bernd@web.example"] {
        assert!(!portal.log_in(address, PASSWORD).1, "{address:?} is another address, or none");
    }
}
