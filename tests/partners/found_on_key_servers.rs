//! Keys on key servers (VKS, HKP): queried over https only if configured, found, proposed, remembered.
//! Internal servers are not contacted.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rig::{Authority, Config, Gateway, Hop, patient};

use super::{gpg, sealpost};

/// A key server on loopback, with a certificate for `localhost`: files by path, and what it was asked.
struct KeyServer {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl KeyServer {
    fn new(authority: &Authority, files: HashMap<String, String>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://localhost:{}", socket.local_addr().unwrap().port());
        let (config, asked) =
            (authority.issue(&["localhost"]).server(), Arc::<Mutex<Vec<String>>>::default());
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for tcp in socket.incoming() {
                let mut tcp = tcp.unwrap();
                let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tls = rustls::Stream::new(&mut session, &mut tcp);
                let mut request = [0; 4096];
                let length = patient::read(&mut tls, &mut request).unwrap_or_default();
                let head = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = match files.get(&path) {
                    Some(file) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{file}", file.len()),
                    None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
                };
                log.lock().unwrap().push(path);
                let _gone = tls.write_all(answer.as_bytes());
                session.send_close_notify();
                let _gone = session.write_tls(&mut tcp);
                // Until the other side has hung up.
                let _end = tcp.read(&mut request);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn gateway(authority: &Authority, server: &KeyServer, lookup: &str, networks: &str) -> Gateway {
    let mut config = Config::new(&Hop::new());
    config
        .set("partners", "lookup", lookup)
        .set("partners", "key-servers", &format!("[\"{}\"]", server.address))
        .set("partners", "lookup-roots", r#""ca.pem""#)
        .set("partners", "lookup-networks", networks);
    let home = rig::gateway::Home::new(&config);
    let _ = authority.write(home.path());
    Gateway::start_in(home, &config)
}

const EVERY: &str = r#"["127.0.0.0/8", "::1/128"]"#;
const MOOR: &str = "dr.moor@clinic.example";
const ESCAPED: &str = "dr.moor%40clinic.example";

#[test]
fn a_persons_key_is_found_on_either_kind_of_server_and_asked_for_once() {
    let authority = Authority::new();
    let moor = gpg::House::new(MOOR);
    let armoured = std::fs::read_to_string(moor.key()).unwrap();
    let (vks, hkp) = (
        format!("/vks/v1/by-email/{ESCAPED}"),
        format!("/pks/lookup?op=get&options=mr&exact=on&search={ESCAPED}"),
    );
    let server =
        KeyServer::new(&authority, HashMap::from([(vks.clone(), armoured.clone()), (hkp.clone(), armoured)]));
    let gateway = gateway(&authority, &server, r#"["vks", "hkp"]"#, EVERY);
    let add = || sealpost(&gateway, &["partner", "add", MOOR, "--offer"]);
    let said = add();
    assert!(said.contains(&vks) && said.contains(&hkp) && said.contains("kept, and not used"), "{said}");
    assert_eq!(*server.asked.lock().unwrap(), [vks.clone(), hkp]);
    let shown = sealpost(&gateway, &["partner", "show", MOOR]);
    assert!(shown.contains("offered") && shown.contains(&vks), "{shown}");
    assert!(sealpost(&gateway, &["partner", "list"]).contains("0 of 1 keys usable"));
    sealpost(&gateway, &["partner", "remove", MOOR, "--yes"]);
    add();
    assert_eq!(server.asked(), 2, "it was asked again");
    gateway.sweep();
}

#[test]
fn a_key_for_somebody_else_is_left_and_nobody_inside_is_asked() {
    let authority = Authority::new();
    let other = gpg::House::new("mallory@evil.example");
    let armoured = std::fs::read_to_string(other.key()).unwrap();
    let vks = format!("/vks/v1/by-email/{ESCAPED}");
    let server = KeyServer::new(&authority, HashMap::from([(vks, armoured)]));
    let outside = gateway(&authority, &server, r#"["vks"]"#, EVERY);
    let (code, out, err) = outside.sealpost(&["partner", "add", MOOR, "--offer"]);
    assert!(code != 0 && err.contains("names nothing of"), "{out}{err}");
    outside.sweep();

    let inside = gateway(&authority, &server, r#"["vks"]"#, "[]");
    let before = server.asked();
    let (code, out, err) = inside.sealpost(&["partner", "add", MOOR, "--offer"]);
    assert!(code != 0 && err.contains("is no address of the public internet"), "{out}{err}");
    assert_eq!(server.asked(), before);
    inside.sweep();
}
