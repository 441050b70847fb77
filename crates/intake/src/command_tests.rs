//! Tests of the command grammar, against the RFCs and against smtp-proto as a second parser.

use proptest::prelude::*;
use sealpost_mail::{BodyType, Notify, Ret};
use smtp_proto::Request;

use super::*;

fn postmaster() -> Address {
    Address::parse("postmaster@gw.example").unwrap()
}

fn read(line: &str) -> Result<Command, u16> {
    parse(line.as_bytes(), &postmaster()).map_err(|reply| reply.code())
}

fn envelope(line: &str) -> Envelope {
    match read(line) {
        Ok(Command::Mail(envelope)) => *envelope,
        other => panic!("{line}: {other:?}"),
    }
}

fn recipient(line: &str) -> Recipient {
    match read(line) {
        Ok(Command::Rcpt(rcpt)) => rcpt.recipient,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn every_parameter_of_mail_travels() {
    let given =
        envelope("mail from:<a@b.de> SIZE=100 BODY=8bitmime SMTPUTF8 ret=HDRS ENVID=a+2Bb+20c AUTH=<>");
    assert_eq!(given.reverse_path.to_path(), "a@b.de");
    assert_eq!(given.announced_size, Some(100));
    let countless = envelope("MAIL FROM:<a@b.de> SIZE=99999999999999999999");
    assert_eq!(countless.announced_size, Some(u64::MAX));
    assert_eq!(given.body, BodyType::EightBitMime);
    assert!(given.smtputf8);
    assert_eq!(given.ret, Some(Ret::Headers));
    assert_eq!(given.envid.as_deref(), Some("a+b c"));
}

#[test]
fn every_parameter_of_rcpt_travels() {
    let given = recipient("RCPT TO:<c@d.de> NOTIFY=success,DELAY ORCPT=rfc822;x+2By@z.de");
    assert_eq!(given.notify, Notify::On { success: true, failure: false, delay: true });
    assert_eq!(given.orcpt, Some(Orcpt { kind: "rfc822".into(), address: "x+y@z.de".into() }));
    assert_eq!(recipient("RCPT TO:<c@d.de> NOTIFY=NEVER").notify, Notify::Never);
    assert_eq!(recipient("RCPT TO:<c@d.de>").notify, Notify::Unspecified);
}

#[test]
fn the_null_reverse_path_and_postmaster_are_addresses() {
    assert_eq!(envelope("MAIL FROM:<>").reverse_path, ReversePath::Null);
    assert_eq!(recipient("RCPT TO:<PostMaster>").address, postmaster());
    assert_eq!(read("RCPT TO:<>"), Err(501));
    assert_eq!(read("MAIL FROM:<postmaster>"), Err(501));
}

#[test]
fn routes_quotes_and_literals_are_read() {
    for (path, address) in [
        ("@relay.example:u@d.de", "u@d.de"),
        ("@a.example,@b.example:u@d.de", "u@d.de"),
        ("\"a b\"@d.de", "\"a b\"@d.de"),
        ("\"a>b\"@d.de", "\"a>b\"@d.de"),
        ("\"a\\\">b\"@d.de", "\"a\\\">b\"@d.de"),
        ("a@[IPv6:2001:db8::1]", "a@[ipv6:2001:db8::1]"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a%b@c.de", "a%b@c.de"),
    ] {
        assert_eq!(recipient(&format!("RCPT TO:<{path}>")).address.to_path(), address);
    }
}

/// RFC 5321 §4.5.3.1.1: 64 octets; §4.5.3.1.2: 255 octets.
#[test]
fn the_longest_address_is_read() {
    let label = "d".repeat(60);
    let path = format!("{}@{label}.{label}.{label}.{label}.example", "l".repeat(64));
    assert_eq!(recipient(&format!("RCPT TO:<{path}>")).address.to_path(), path);
}

#[test]
fn other_than_ascii_needs_smtputf8() {
    assert_eq!(read("MAIL FROM:<jürgen@b.de>"), Err(553));
    assert_eq!(read("MAIL FROM:<a@bücher.example>"), Err(553));
    assert!(envelope("MAIL FROM:<jürgen@bücher.example> SMTPUTF8").smtputf8);
    let needs = |line: &str| match read(line) {
        Ok(Command::Rcpt(rcpt)) => rcpt.needs_smtputf8,
        other => panic!("{line}: {other:?}"),
    };
    assert!(needs("RCPT TO:<jürgen@b.de>"));
    assert!(needs("RCPT TO:<a@b.de> ORCPT=utf-8;jürgen@b.de"));
    assert!(!needs("RCPT TO:<a@b.de> ORCPT=utf-8;j\\x{FC}rgen@b.de"));
}

#[test]
fn what_is_not_the_grammar_is_refused() {
    let long_path = format!("MAIL FROM:<a@{}.de>", "b.".repeat(130));
    let long_envid = format!("MAIL FROM:<a@b.de> ENVID={}", "x".repeat(101));
    for (line, code) in [
        ("MAIL FROM:a@b.de", 501),
        ("MAIL FROM:<a@b.de", 501),
        ("MAIL FROM:<a@b.de>SIZE=1", 501),
        ("MAIL FROM:<a@b.de> SIZE=", 501),
        ("MAIL FROM:<a@b.de> SIZE=-1", 501),
        ("MAIL FROM:<a@b.de> SIZE=184467440737095516159", 501),
        ("MAIL FROM:<a@b.de> SIZE=1 SIZE=2", 501),
        ("MAIL FROM:<a@b.de> =1", 501),
        ("MAIL FROM:<a@b.de> RET=SOME", 501),
        ("MAIL FROM:<a@b.de> ENVID=a+2", 501),
        ("MAIL FROM:<a@b.de> ENVID=a+0A", 501),
        ("MAIL FROM:<a@b.de> ENVID=a=b", 501),
        ("MAIL FROM:<a@b.de> BODY=BINARYMIME", 555),
        ("MAIL FROM:<a@b.de> BODY=9BIT", 501),
        ("MAIL FROM:<a@b.de> REQUIRETLS", 555),
        ("MAIL FROM:<a@b.de> HOLDFOR=1", 555),
        ("MAIL FROM:<a@b.de> NOTIFY=NEVER", 555),
        ("MAIL FROM:<a b@d.de>", 501),
        ("MAIL FROM:<a@b\u{1}.de>", 501),
        ("MAIL TO:<a@b.de>", 501),
        ("MAIL", 501),
        (&long_path, 501),
        (&long_envid, 501),
        ("RCPT TO:<a@b.de> NOTIFY=NEVER,SUCCESS", 501),
        ("RCPT TO:<a@b.de> NOTIFY=SUCCESS,NEVER", 501),
        ("RCPT TO:<a@b.de> NOTIFY=", 501),
        ("RCPT TO:<a@b.de> ORCPT=rfc822", 501),
        ("RCPT TO:<a@b.de> ORCPT=rfc822;a+0D+0Ab", 501),
        ("RCPT TO:<a@b.de> ORCPT=rfc822;jürgen@b.de", 501),
        ("RCPT TO:<a@b.de> SIZE=1", 555),
        ("RCPT TO:<u@d.de:@a.example>", 501),
        ("RCPT TO:<@a:b:u@d.de>", 501),
        ("STARTTLS foo", 501),
        ("DATA now", 501),
        ("QUIT now", 501),
        ("EHLO", 501),
        ("EHLO a b", 501),
        ("EHLO (evil)", 501),
        ("VRFY", 501),
        ("FOO", 500),
        ("", 500),
        ("AUTH", 501),
        ("AUTH PLAIN a b", 501),
    ] {
        assert_eq!(read(line), Err(code), "{line}");
    }
    assert_eq!(parse(b"MAIL FROM:<a\xff@b.de>", &postmaster()).unwrap_err().code(), 500);
    assert_eq!(read(&format!("NOOP {}", "x".repeat(510))), Err(500));
}

#[test]
fn a_bdat_whose_end_nobody_knows_is_told_apart() {
    assert_eq!(read("BDAT 10"), Ok(Command::Bdat { size: 10, chunk: Chunk::More }));
    assert_eq!(read("bdat 0 last"), Ok(Command::Bdat { size: 0, chunk: Chunk::Last }));
    for line in ["BDAT", "BDAT x", "BDAT -1", "BDAT 1 MIN", "BDAT 1 LAST x", "BDAT 18446744073709551616"] {
        assert_eq!(read(line), Ok(Command::BdatWithoutSize), "{line}");
    }
}

/// Why smtp-proto does not read our commands (docs/decisions/0001). When it reads one of these strictly, that
/// list can become shorter.
#[test]
fn what_smtp_proto_reads_otherwise_is_known() {
    let theirs = |line: &str| Request::parse(&mut line.as_bytes().iter()).map(Request::into_owned);
    let five = Request::Bdat { chunk_size: 5, is_last: false };
    assert_eq!(theirs("BDAT 999999999999999999995\r\n"), Ok(five), "counts round");
    assert_eq!(read("BDAT 999999999999999999995"), Ok(Command::BdatWithoutSize));
    for (line, ours) in [
        ("MAIL FROM:<a@b> ENVID=a+ZZ", 501),
        ("MAIL FROM:<a@b> RET=FULL RET=HDRS", 501),
        ("MAIL FROM:<a@b> SIZE=999999999999999999995", 501),
        ("RCPT TO:<a@b> NOTIFY=NEVER,SUCCESS", 501),
        ("STARTTLS foo", 501),
    ] {
        assert_eq!(read(line), Err(ours), "{line}");
        assert!(theirs(&format!("{line}\r\n")).is_ok(), "{line}");
    }
    for line in ["RCPT TO:<a@[IPv6:::1]>", "RCPT TO:<a@b> ORCPT=utf-8;a@b"] {
        assert!(read(line).is_ok(), "{line}");
        assert!(theirs(&format!("{line}\r\n")).is_err(), "{line}");
    }
}

#[test]
fn trailing_spaces_and_a_space_behind_the_colon_are_let_through() {
    assert_eq!(read("QUIT  "), Ok(Command::Quit));
    assert_eq!(envelope("MAIL FROM: <a@b.de>  SIZE=1 ").announced_size, Some(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever we accept, a second parser accepts in the same sense; the other way round we may refuse.
    #[test]
    fn what_we_read_smtp_proto_reads_alike(
        verb in prop_oneof![Just("MAIL FROM:"), Just("RCPT TO:"), Just("EHLO "), Just("BDAT "), Just("NOOP")],
        path in prop_oneof![Just("<a@b.de>"), Just("<>"), Just("<@r.de:a@b.de>"), Just("<\"a b\"@b.de>"),
            Just("<a>"), Just("a.example"), Just("12"), Just("12 LAST"), Just("")],
        parameters in proptest::collection::vec(prop_oneof![
            Just(" SIZE=12"), Just(" SIZE=0012"), Just(" BODY=8BITMIME"), Just(" BODY=7BIT"), Just(" RET=FULL"),
            Just(" RET=HDRS"), Just(" SMTPUTF8"), Just(" ENVID=a+2Bb"), Just(" NOTIFY=NEVER"),
            Just(" NOTIFY=DELAY,SUCCESS"), Just(" ORCPT=rfc822;a+2Bb@c.de"), Just(" FOO"), Just(" "), Just("="),
        ], 0..4),
    ) {
        let line = format!("{verb}{path}{}", parameters.concat());
        let theirs = format!("{line}\r\n");
        let theirs = Request::parse(&mut theirs.as_bytes().iter());
        match (read(&line), theirs) {
            (Ok(Command::Mail(ours)), Ok(Request::Mail { from })) => {
                let path = ours.reverse_path.address().map_or(String::new(), |a| format!("{}@{}", a.local(), a.domain()));
                prop_assert_eq!(path, from.address.as_ref());
                prop_assert_eq!(ours.announced_size.unwrap_or(0), u64::try_from(from.size).unwrap());
                prop_assert_eq!(ours.envid.as_deref(), from.env_id.as_deref());
                prop_assert_eq!(ours.smtputf8, from.flags & smtp_proto::MAIL_SMTPUTF8 != 0);
                prop_assert_eq!(ours.body == BodyType::EightBitMime, from.flags & smtp_proto::MAIL_BODY_8BITMIME != 0);
                prop_assert_eq!(ours.ret == Some(Ret::Full), from.flags & smtp_proto::MAIL_RET_FULL != 0);
                prop_assert_eq!(ours.ret == Some(Ret::Headers), from.flags & smtp_proto::MAIL_RET_HDRS != 0);
            }
            (Ok(Command::Rcpt(ours)), Ok(Request::Rcpt { to })) => {
                let ours = ours.recipient;
                prop_assert_eq!(format!("{}@{}", ours.address.local(), ours.address.domain()), to.address.as_ref());
                let orcpt = ours.orcpt.map(|orcpt| orcpt.address);
                prop_assert_eq!(orcpt.as_deref(), to.orcpt.as_deref());
                prop_assert_eq!(ours.notify == Notify::Never, to.flags & smtp_proto::RCPT_NOTIFY_NEVER != 0);
            }
            (Ok(Command::Bdat { size, chunk }), Ok(Request::Bdat { chunk_size, is_last })) => {
                prop_assert_eq!((size, chunk == Chunk::Last), (u64::try_from(chunk_size).unwrap(), is_last));
            }
            (Ok(Command::Hello(ours)), Ok(Request::Ehlo { host })) => prop_assert_eq!(&ours.name, host.as_ref()),
            (Ok(Command::Noop), Ok(Request::Noop { .. })) | (Ok(Command::BdatWithoutSize) | Err(_), _) => {}
            (ours, theirs) => prop_assert!(false, "{}: we {:?}, they {:?}", line, ours, theirs),
        }
    }
}
