//! The sample letters, sent by SMTP like any other mail.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::error::DemoError;

struct Sample {
    from: &'static str,
    to: &'static [&'static str],
    mail: &'static [u8],
}

const SAMPLES: &[Sample] = &[
    Sample {
        from: "kfz@insurer.example",
        to: &["peter.braun@post.example"],
        mail: include_bytes!("letters/ordinary.eml"),
    },
    Sample {
        from: "max.mustermann@unfall.insurer.example",
        to: &["kaethe.schaefer@post.example"],
        mail: include_bytes!("letters/confidential.eml"),
    },
    Sample {
        from: "leistung@insurer.example",
        to: &["office@broker.example", "kaethe.schaefer@post.example", "archiv@insurer.example"],
        mail: include_bytes!("letters/several.eml"),
    },
];

/// Sends all samples to the gateway.
pub(super) async fn send(smtp: SocketAddr) -> Result<(), DemoError> {
    let mut talk = Talk { stream: BufReader::new(TcpStream::connect(smtp).await?) };
    talk.expect("220").await?;
    talk.say("EHLO mail.insurer.example").await?;
    talk.expect("250").await?;
    for sample in SAMPLES {
        talk.say(&format!("MAIL FROM:<{}> BODY=8BITMIME", sample.from)).await?;
        talk.expect("250").await?;
        for to in sample.to {
            talk.say(&format!("RCPT TO:<{to}>")).await?;
            talk.expect("250").await?;
        }
        talk.say("DATA").await?;
        talk.expect("354").await?;
        talk.stream.write_all(&on_the_wire(sample.mail)).await?;
        talk.say(".").await?;
        talk.expect("250").await?;
    }
    talk.say("QUIT").await?;
    talk.expect("221").await
}

struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.stream.write_all(line.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await
    }

    async fn expect(&mut self, code: &str) -> Result<(), DemoError> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            if !line.starts_with(code) {
                return Err(DemoError::Letter(line.trim_end().to_owned()));
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

/// CRLF, and a dot before every dot at the start of a line (RFC 5321 §4.5.2).
fn on_the_wire(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 40);
    for line in mail.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out
}
