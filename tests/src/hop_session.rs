//! One SMTP session of the scripted next hop: a minimal server that judges nothing.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::hop::{Answer, Delivered, QUEUED, Shared, Stage};

pub(crate) struct Session {
    shared: Arc<Shared>,
    number: usize,
    tls: bool,
    hello: String,
    login: Option<String>,
    mail: Option<String>,
    rcpts: Vec<String>,
}

enum Next {
    StartTls,
    End,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, number: usize) -> Self {
        let (hello, login, mail, rcpts) = (String::new(), None, None, Vec::new());
        Self { shared, number, tls: false, hello, login, mail, rcpts }
    }
}

pub(crate) async fn serve(stream: TcpStream, mut session: Session) {
    let mut stream = stream;
    let greet = session.shared.answer(Stage::Connect, "");
    if !matches!(say(&mut stream, greet, "220 world.example ESMTP").await, Ok(true)) {
        return;
    }
    if let Ok(Next::StartTls) = talk(&mut stream, &mut session).await
        && let Some(config) = session.shared.tls.clone()
        && let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await
    {
        session.tls = true;
        let _ = talk(&mut stream, &mut session).await;
    }
}

/// Sends what the script says; `false` ends the session.
async fn say(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    answer: Answer,
    yes: &str,
) -> io::Result<bool> {
    let line = match answer {
        Answer::Yes => yes.to_owned(),
        Answer::Say(line) => line,
        Answer::Drop | Answer::TakeAndDrop => return Ok(false),
        Answer::Hang => {
            let mut sink = [0; 1024];
            while stream.read(&mut sink).await? > 0 {}
            return Ok(false);
        }
    };
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await?;
    // 421 is said before closing (RFC 5321 §3.8).
    Ok(!line.starts_with("421"))
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, session: &mut Session) -> io::Result<Next> {
    let mut unread = Vec::new();
    loop {
        let line = line(stream, &mut unread).await?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let shared = session.shared.clone();
        let go_on = match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => {
                session.hello = argument.to_owned();
                let offer = offer(session, verb.eq_ignore_ascii_case("EHLO"));
                say(stream, shared.answer(Stage::Hello, argument), &offer).await?
            }
            "STARTTLS" if shared.tls.is_some() && !session.tls => {
                say(stream, Answer::Yes, "220 2.0.0 go").await?;
                return Ok(Next::StartTls);
            }
            "AUTH" => {
                session.login = login(argument);
                say(stream, Answer::Yes, "235 2.7.0 welcome").await?
            }
            "MAIL" => {
                let argument = argument.get(5..).unwrap_or_default().to_owned();
                let answer = shared.answer(Stage::Mail, inside(&argument));
                session.rcpts.clear();
                session.mail = (answer == Answer::Yes).then_some(argument);
                say(stream, answer, "250 2.1.0 ok").await?
            }
            "RCPT" => {
                let argument = argument.get(3..).unwrap_or_default().to_owned();
                let answer = shared.answer(Stage::Rcpt, inside(&argument));
                if answer == Answer::Yes {
                    session.rcpts.push(argument);
                }
                say(stream, answer, "250 2.1.5 ok").await?
            }
            "DATA" => data(stream, session, &mut unread).await?,
            "RSET" => {
                session.mail = None;
                session.rcpts.clear();
                say(stream, Answer::Yes, "250 2.0.0 ok").await?
            }
            "QUIT" => {
                say(stream, Answer::Yes, "221 2.0.0 bye").await?;
                return Ok(Next::End);
            }
            "NOOP" => say(stream, Answer::Yes, "250 2.0.0 ok").await?,
            _ => say(stream, Answer::Yes, "500 5.5.1 what?").await?,
        };
        if !go_on {
            return Ok(Next::End);
        }
    }
}

async fn data<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    session: &mut Session,
    unread: &mut Vec<u8>,
) -> io::Result<bool> {
    let shared = session.shared.clone();
    if session.rcpts.is_empty() {
        return say(stream, Answer::Yes, "554 5.5.1 no valid recipients").await;
    }
    let answer = shared.answer(Stage::Data, "");
    let taken = answer == Answer::Yes;
    if !say(stream, answer, "354 go on").await? || !taken {
        return Ok(taken);
    }
    let bytes = body(stream, unread).await?;
    let rcpts = std::mem::take(&mut session.rcpts);
    let answer = shared.answer(Stage::Body, &rcpts.join(" "));
    if matches!(answer, Answer::Yes | Answer::TakeAndDrop) {
        let delivered = Delivered {
            at: Instant::now(),
            mail: session.mail.take().unwrap_or_default(),
            rcpts,
            bytes,
            tls: session.tls,
            login: session.login.clone(),
            session: session.number,
            hello: session.hello.clone(),
        };
        shared.log.lock().unwrap().delivered.push(delivered);
        shared.news.notify_all();
    }
    say(stream, answer, &format!("250 2.0.0 Ok: queued as {QUEUED}")).await
}

/// Reads to the final dot and takes the stuffing out (RFC 5321 §4.5.2).
async fn body(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let line = line(stream, unread).await?;
        if line == b".\r\n" {
            return Ok(bytes);
        }
        bytes.extend_from_slice(if line.first() == Some(&b'.') { &line[1..] } else { &line });
    }
}

/// Reads a line through its CRLF; what comes after it stays in `unread`.
async fn line(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut searched = 0;
    loop {
        while let Some(at) = unread[searched..].iter().position(|byte| *byte == b'\n') {
            searched += at + 1;
            if unread[..searched].ends_with(b"\r\n") {
                return Ok(unread.drain(..searched).collect());
            }
        }
        searched = unread.len();
        let mut buffer = [0; 16_384];
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        unread.extend_from_slice(&buffer[..n]);
    }
}

fn offer(session: &Session, extended: bool) -> String {
    if !extended {
        return "250 world.example".to_owned();
    }
    let mut lines = vec!["world.example".to_owned()];
    lines.extend(session.shared.keywords.lock().unwrap().iter().cloned());
    if session.shared.tls.is_some() && !session.tls {
        lines.push("STARTTLS".to_owned());
    }
    if session.tls {
        lines.push("AUTH PLAIN".to_owned());
    }
    let last = lines.len() - 1;
    let lines =
        lines.iter().enumerate().map(|(n, text)| format!("250{}{text}", if n == last { ' ' } else { '-' }));
    lines.collect::<Vec<_>>().join("\r\n")
}

fn login(argument: &str) -> Option<String> {
    let secret = argument.strip_prefix("PLAIN ")?;
    let plain = base64::engine::general_purpose::STANDARD.decode(secret).ok()?;
    let mut parts = plain.split(|b| *b == 0).skip(1);
    parts.next().map(|login| String::from_utf8_lossy(login).into_owned())
}

fn inside(argument: &str) -> &str {
    let start = argument.find('<').map_or(0, |at| at + 1);
    argument[start..].split('>').next().unwrap_or_default()
}
