//! Directories that answer as no real server would.

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{
    LdapExtendedResponse, LdapMsg, LdapPartialAttribute, LdapResult, LdapResultCode,
    LdapSearchResultReference,
};
use proptest::prelude::*;
use sealpost_mail::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_util::codec::Encoder as _;

use super::*;

fn message(number: i32, op: LdapOp) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    let message = LdapMsg { msgid: number, op, ctrl: Vec::new() };
    LdapCodec::default().encode(message, &mut bytes).unwrap();
    bytes.to_vec()
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: "says\u{1b}[2J\nwho".to_owned(),
        referral: Vec::new(),
    }
}

fn done(code: LdapResultCode) -> Vec<u8> {
    message(1, LdapOp::SearchResultDone(result(code)))
}

fn entry(attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attribute = |(name, values): &(&str, &[&[u8]])| LdapPartialAttribute {
        atype: (*name).to_owned(),
        vals: values.iter().map(|value| value.to_vec()).collect(),
    };
    let attributes = attributes.iter().map(attribute).collect();
    message(
        1,
        LdapOp::SearchResultEntry(LdapSearchResultEntry { dn: "uid=a,o=Clinic".to_owned(), attributes }),
    )
}

fn elsewhere() -> Vec<u8> {
    let uris = vec!["ldap://127.0.0.1/o=Other".to_owned()];
    message(1, LdapOp::SearchResultReference(LdapSearchResultReference { uris }))
}

/// A server that sends this and closes the connection.
fn saying(bytes: Vec<u8>) -> DuplexStream {
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let _gone = theirs.write_all(&bytes).await;
        let _end = theirs.read_to_end(&mut Vec::new()).await;
    });
    ours
}

async fn search(answers: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, LdapError> {
    let mut connection = Connection::new(saying(answers.concat()));
    connection.send(LdapOp::UnbindRequest).await?;
    found(&mut connection).await
}

#[tokio::test]
async fn values_that_were_asked_for_are_found_once_each() {
    let first = entry(&[
        ("userCertificate;binary", &[b"one", b"two"]),
        ("USERSMIMECERTIFICATE", &[b"two", b"three", b""]),
        ("userPassword", &[b"secret"]),
        ("jpegPhoto;userCertificate", &[b"picture"]),
    ]);
    let second = entry(&[("pgpKey", &[b"four"]), ("userCertificate", &[b"one"])]);
    let found = search(&[first, second, elsewhere(), done(LdapResultCode::Success)]).await.unwrap();
    assert_eq!(found, [&b"one"[..], b"two", b"three", b"four"]);
    assert_eq!(search(&[done(LdapResultCode::Success)]).await.unwrap(), [[0_u8; 0]; 0]);
    let cut = search(&[entry(&[("pgpKey", &[b"one"])]), done(LdapResultCode::SizeLimitExceeded)]).await;
    assert_eq!(cut.unwrap(), [b"one"]);
}

#[tokio::test]
async fn who_refers_to_others_has_nothing() {
    let referred = search(&[elsewhere(), done(LdapResultCode::Success)]).await;
    assert!(matches!(referred, Err(LdapError::Referred)), "{referred:?}");
    let referred = search(&[done(LdapResultCode::Referral)]).await;
    assert!(matches!(referred, Err(LdapError::Referred)), "{referred:?}");
}

#[tokio::test]
async fn its_words_are_shown_on_one_line() {
    let refused = search(&[done(LdapResultCode::NoSuchObject)]).await.unwrap_err().to_string();
    assert_eq!(refused, "it answered NoSuchObject (says[2Jwho)");
}

#[tokio::test]
async fn an_answer_ends_whatever_it_says() {
    let big = entry(&[("description", &[&vec![b'x'; 400_000]])]);
    let many: Vec<[u8; 1]> = (0..=32).map(|number| [number]).collect();
    let many: Vec<&[u8]> = many.iter().map(|key| &key[..]).collect();
    for endless in [
        vec![entry(&[]); 20],
        vec![entry(&[("pgpKey", &many)])],
        vec![big; 3],
        vec![elsewhere(); 40_000],
        vec![vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]],
    ] {
        let answer = search(&endless).await;
        assert!(matches!(answer, Err(LdapError::TooMuch(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_ends_the_question() {
    let deep = {
        let mut inner = vec![0x04, 0x00];
        for _ in 0..40 {
            inner = [vec![0x30, u8::try_from(inner.len()).unwrap()], inner].concat();
        }
        let op = [vec![0x64, u8::try_from(inner.len()).unwrap()], inner].concat();
        [vec![0x30, u8::try_from(op.len() + 3).unwrap(), 0x02, 0x01, 0x01], op].concat()
    };
    for odd in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"220 mail.clinic.example ESMTP\r\n".to_vec(),
        message(7, LdapOp::SearchResultDone(result(LdapResultCode::Success))),
        message(1, LdapOp::ExtendedResponse(extended(LdapResultCode::Success))),
        message(1, LdapOp::DelRequest("o=Clinic".to_owned())),
        vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x64, 0x00],
        deep,
    ] {
        let answer = search(std::slice::from_ref(&odd)).await;
        assert!(matches!(answer, Err(LdapError::Garbled)), "{odd:?}: {answer:?}");
    }
    let notice = message(0, LdapOp::ExtendedResponse(extended(LdapResultCode::Unavailable)));
    let half = done(LdapResultCode::Success)[..5].to_vec();
    for end in [notice, half, Vec::new()] {
        let mut connection = Connection::new(cut(end.clone()));
        let _gone = connection.send(LdapOp::UnbindRequest).await;
        let answer = found(&mut connection).await;
        assert!(matches!(answer, Err(LdapError::HungUp)), "{end:?}: {answer:?}");
    }
}

/// A server that sends this and is gone.
fn cut(bytes: Vec<u8>) -> DuplexStream {
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let mut asked = [0; 64];
        let _asked = theirs.read(&mut asked).await;
        let _gone = theirs.write_all(&bytes).await;
    });
    ours
}

fn extended(code: LdapResultCode) -> LdapExtendedResponse {
    LdapExtendedResponse { res: result(code), name: None, value: None }
}

fn to_start_tls(code: LdapResultCode) -> Vec<u8> {
    message(1, LdapOp::ExtendedResponse(extended(code)))
}

#[tokio::test]
async fn start_tls_is_begun_or_nothing_is() {
    assert!(start_tls(saying(to_start_tls(LdapResultCode::Success))).await.is_ok());
    let stripped = start_tls(saying(to_start_tls(LdapResultCode::ProtocolError))).await;
    assert!(matches!(stripped, Err(LdapError::NoStartTls(_))), "{stripped:?}");
    let elsewhere = start_tls(saying(to_start_tls(LdapResultCode::Referral))).await;
    assert!(matches!(elsewhere, Err(LdapError::Referred)), "{elsewhere:?}");
    let answered = start_tls(saying(done(LdapResultCode::Success))).await;
    assert!(matches!(answered, Err(LdapError::Garbled)), "{answered:?}");
    // Sent in clear, to be taken for a response under TLS.
    let injected = [to_start_tls(LdapResultCode::Success), done(LdapResultCode::Success)].concat();
    let injected = start_tls(saying(injected)).await;
    assert!(matches!(injected, Err(LdapError::BehindStartTls)), "{injected:?}");
}

#[tokio::test]
async fn a_login_that_is_refused_asks_nothing() {
    let login = Login::new("cn=reader,o=Clinic", Secret::new("secret".to_owned())).unwrap();
    let response = |code| {
        let response = ldap3_proto::proto::LdapBindResponse { res: result(code), saslcreds: None };
        message(1, LdapOp::BindResponse(response))
    };
    let refused =
        bind(&mut Connection::new(saying(response(LdapResultCode::InvalidCredentials))), &login).await;
    assert!(matches!(refused, Err(LdapError::Login(_))), "{refused:?}");
    assert!(bind(&mut Connection::new(saying(response(LdapResultCode::Success))), &login).await.is_ok());
    assert!(Login::new("cn=reader,o=Clinic", Secret::new(String::new())).is_err());
    assert!(!format!("{login:?}").contains("secret"));
}

proptest! {
    /// Octets that often look like a message, of every kind of response.
    #[test]
    fn no_octets_are_more_than_wrong(
        begin in prop::sample::select(vec![0x61_u8, 0x64, 0x65, 0x73, 0x78, 0x30, 0x04]),
        octets in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(vec![0x30_u8, 0x31, 0x04, 0x02, 0x0a, 0x80, 0x84, 0xa0, 1, 0])], 0..120),
    ) {
        let op = [vec![0x02, 0x01, 0x01, begin, u8::try_from(octets.len()).unwrap()], octets].concat();
        let whole = [vec![0x30, 0x81, u8::try_from(op.len()).unwrap()], op].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _answer = runtime.block_on(search(&[whole, done(LdapResultCode::Success)]));
    }
}
