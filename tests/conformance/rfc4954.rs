//! RFC 4954: SMTP Service Extension for Authentication. Postfix has no password database of its own to be a
//! reference with.

use rig::gateway::Home;
use rig::{Authority, Config, Gateway, Hop, Smtp, letters};

const NAME: &str = "mailgate.insurer.example";

/// Argon2id of "geheim", small: this is not about strength.
const PASSWORD: &str = "geheim";

struct Listener {
    authority: Authority,
    hop: Hop,
    gateway: Gateway,
}

fn start() -> Listener {
    let hop = Hop::new();
    let authority = Authority::new();
    let mut config = Config::new(&hop);
    config.set("[listener]", "networks", "[]").log_in_with(PASSWORD);
    let home = Home::new(&config);
    let _ = authority.issue(&[NAME]).write(home.path(), "gate");
    let gateway = Gateway::start_in(home, &config);
    Listener { authority, hop, gateway }
}

impl Listener {
    fn secure(&self) -> Smtp {
        let mut client = self.gateway.smtp();
        client.starttls(self.authority.client(), NAME);
        client.ehlo();
        client
    }
}

/// §3: "The AUTH EHLO keyword contains as a parameter a space-separated list of the names of available [SASL]
/// mechanisms." §4: "implementations of this extension MUST implement the [PLAIN] SASL mechanism running over TLS".
#[test]
fn plain_is_offered_over_tls_and_works() {
    let listener = start();
    let mut client = listener.secure();
    assert!(client.ehlo().offers("AUTH *PLAIN*"));
    client.auth_plain("exchange", PASSWORD).expect("235 2.7.0 *");
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    // §7: "servers SHOULD use RFC 3848 transmission types".
    let got = listener.hop.wait_to("k@web.example");
    assert!(letters::field(&got.bytes, "Received").unwrap().contains("ESMTPSA"), "{}", got.text());
}

/// §4: "In SMTP, a server challenge that contains no data is defined as a 334 reply with no text part."
#[test]
fn the_response_may_come_on_a_line_of_its_own() {
    let listener = start();
    let mut client = listener.secure();
    let reply = client.say("AUTH PLAIN");
    assert_eq!((reply.code, reply.lines[0].as_str()), (334, ""));
    client.say("AGV4Y2hhbmdlAGdlaGVpbQ==").expect("235 *");
}

/// §4: "After a successful AUTH command completes, a server MUST reject any further AUTH commands with a 503
/// reply."
#[test]
fn a_second_login_is_a_bad_sequence() {
    let listener = start();
    let mut client = listener.secure();
    client.auth_plain("exchange", PASSWORD).expect("235 *");
    client.auth_plain("exchange", PASSWORD).expect("503 *");
}

/// §4: "An AUTH command issued during a mail transaction MUST be rejected with a 503 reply."
#[test]
fn a_login_inside_a_transaction_is_a_bad_sequence() {
    let listener = start();
    let mut client = listener.secure();
    // Whether MAIL is taken without a login is the server's choice; if it is, AUTH must wait.
    if client.say("MAIL FROM:<a@insurer.example>").code == 250 {
        client.auth_plain("exchange", PASSWORD).expect("503 *");
    }
}

/// §4: "If the requested authentication mechanism is invalid (e.g., is not supported or requires an encryption
/// layer), the server rejects the AUTH command with a 504 reply."
#[test]
fn an_unknown_mechanism_is_504() {
    let listener = start();
    listener.secure().say("AUTH CRAM-MD5").expect("504 5.5.4 *");
}

/// §4: "If the client wishes to cancel the authentication exchange, it issues a line with a single "*". If the
/// server receives such a response, it MUST reject the AUTH command by sending a 501 reply."
#[test]
fn an_exchange_can_be_cancelled() {
    let listener = start();
    let mut client = listener.secure();
    client.say("AUTH PLAIN").expect("334 *");
    client.say("*").expect("501 *");
    client.auth_plain("exchange", PASSWORD).expect("235 *");
}

/// §4: "If the server cannot [BASE64] decode any client response, it MUST reject the AUTH command with a 501 reply
/// (and an enhanced status code of 5.5.2)." and "MUST reject any sequence of BASE64 characters that contains the pad
/// character ('=') anywhere other than the end of the string".
#[test]
fn what_is_no_base64_is_501() {
    let listener = start();
    let mut client = listener.secure();
    for bad in ["!!!!", "=AAA", "AAA=BBB", "AGV4Y2hhbmdlAGdlaGVpbQ", "AA AA"] {
        client.say(&format!("AUTH PLAIN {bad}")).expect("501 5.5.* *");
    }
}

/// §4: "If the server is unable to authenticate the client, it SHOULD reject the AUTH command with a 535 reply".
#[test]
fn wrong_credentials_are_535() {
    let listener = start();
    let mut client = listener.secure();
    client.auth_plain("exchange", "falsch").expect("535 5.7.8 *");
    client.auth_plain("nobody", PASSWORD).expect("535 5.7.8 *");
    client.auth_plain("exchange", "").expect("535 5.7.8 *");
}

/// §4: "A server implementation MUST implement a configuration in which it does NOT permit any plaintext password
/// mechanisms, unless […] the STARTTLS [SMTP-TLS] command has been negotiated". Ours permits nothing else.
#[test]
fn no_password_is_taken_in_clear() {
    let listener = start();
    let mut client = listener.gateway.smtp();
    assert!(!client.ehlo().offers("AUTH *"));
    let reply = client.auth_plain("exchange", PASSWORD);
    assert!(reply.code >= 500, "{reply}");
}

/// §6: "530 5.7.0 Authentication required. This response SHOULD be returned by any command other than AUTH, EHLO,
/// HELO, NOOP, RSET, or QUIT when server policy requires authentication in order to perform the requested action".
#[test]
fn mail_without_a_login_is_not_taken() {
    let listener = start();
    let mut client = listener.secure();
    let (mail, rcpt) = (client.say("MAIL FROM:<a@insurer.example>"), client.say("RCPT TO:<k@web.example>"));
    assert!(mail.code == 530 || [530, 550].contains(&rcpt.code), "{mail} / {rcpt}");
}

/// §4: "If, during an authentication exchange, the server receives a line that is longer than the server's
/// authentication buffer, the server fails the AUTH command with the 500 reply."
#[test]
fn an_endless_response_is_500() {
    let listener = start();
    let mut client = listener.secure();
    client.say("AUTH PLAIN").expect("334 *");
    client.bytes("A".repeat(20_000).as_bytes()).bytes(b"\r\n");
    client.reply().expect("500 5.5.6 *");
}

/// §5: "An optional parameter using the keyword "AUTH" is added to the MAIL FROM command"
#[test]
fn mail_may_carry_auth() {
    let listener = start();
    let mut client = listener.secure();
    client.auth_plain("exchange", PASSWORD).expect("235 *");
    client.say("MAIL FROM:<a@insurer.example> AUTH=<>").expect("250 *");
}
