//! The guided tour of the demo, in colour on a terminal. Says what is there and where to click.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealpost_mail::Letter;

use super::visit::{Facts, Visit};

/// How long the tour waits for the notices before it continues without links.
const PATIENCE: Duration = Duration::from_secs(20);

/// Prints the tour on standard error; standard output is for the line of JSON.
pub(super) async fn tell(facts: &Facts, visit: Visit) -> std::io::Result<()> {
    let paint = Paint { on: std::io::stderr().is_terminal() };
    let mails = match visit {
        Visit::First => await_mails(&facts.sink, 5).await?,
        Visit::Again => arrived(&facts.sink)?,
    };
    let mut text = String::new();
    write_tour(&mut text, facts, &mails, &paint);
    std::io::stderr().lock().write_all(text.as_bytes())
}

fn write_tour(text: &mut String, facts: &Facts, mails: &[Arrived], paint: &Paint) {
    let _infallible = (|| -> std::fmt::Result {
        writeln!(text, "\n{}\n", paint.title(" Sealpost "))?;
        writeln!(text, "Three letters of an insurer have just gone through the gateway:\n")?;
        writeln!(text, "  1. an ordinary one: it went on untouched")?;
        writeln!(
            text,
            "  2. one tagged [vertraulich], with HTML and a PDF: it lies sealed in a new mailbox"
        )?;
        writeln!(
            text,
            "  3. one marked confidential, to three people: two read it in mailboxes, the archive got it by mail\n"
        )?;
        writeln!(
            text,
            "What left the gateway (every mail is a file in {}):\n",
            paint.dim(&facts.sink.display().to_string())
        )?;
        for mail in mails {
            writeln!(text, "  {}  {}", paint.strong(&mail.file), mail.subject)?;
        }
        writeln!(text)?;
        let mut told: Vec<&str> = Vec::new();
        for mail in mails {
            if let Some(link) = mail.link.as_deref().filter(|link| !told.contains(link)) {
                told.push(link);
                writeln!(
                    text,
                    "{} opens the mailbox here, with a password of their own:\n  {}\n",
                    paint.strong(&mail.to),
                    paint.link(link)
                )?;
            }
        }
        writeln!(text, "The portal: {}", paint.link(&format!("http://{}", facts.web)))?;
        writeln!(
            text,
            "Send your own: any mail program, server {}, no login; put {} in the subject.",
            paint.strong(&facts.smtp.to_string()),
            paint.strong("[vertraulich]")
        )?;
        writeln!(
            text,
            "Why was it treated so?\n  {}",
            paint.dim(&format!(
                "{} explain {} --from you@insurer.example --to them@web.example --config {}",
                std::env::current_exe().unwrap_or_else(|_unknown| PathBuf::from("sealpost")).display(),
                mails
                    .first()
                    .map_or_else(|| PathBuf::from("MAIL.eml"), |mail| facts.sink.join(&mail.file))
                    .display(),
                facts.config.display()
            ))
        )?;
        let folder = facts.config.parent().unwrap_or(&facts.config);
        writeln!(
            text,
            "\nStop with Ctrl-C. Everything lies in {}: delete it when you are done.\n",
            folder.display()
        )
    })();
}

/// A mail in the sink.
struct Arrived {
    file: String,
    to: String,
    subject: String,
    link: Option<String>,
}

async fn await_mails(folder: &Path, count: usize) -> std::io::Result<Vec<Arrived>> {
    let waiting = async {
        loop {
            let mails = arrived(folder)?;
            if mails.len() >= count {
                return Ok(mails);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(mails) => mails,
        Err(_too_late) => arrived(folder),
    }
}

fn arrived(folder: &Path) -> std::io::Result<Vec<Arrived>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> std::io::Result<Arrived> {
    let bytes = std::fs::read(path)?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Ok(letter) = Letter::parse(&bytes) else {
        return Ok(Arrived { file, to: String::new(), subject: String::new(), link: None });
    };
    let summary = letter.summary();
    let to = summary.to.iter().filter_map(|m| m.address.clone()).collect::<Vec<_>>().join(", ");
    let link = letter
        .text()
        .and_then(|text| text.split_whitespace().find(|word| word.contains("/a/")).map(str::to_owned));
    Ok(Arrived { file, to, subject: summary.subject.unwrap_or_default(), link })
}

struct Paint {
    on: bool,
}

impl Paint {
    fn wrap(&self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn title(&self, text: &str) -> String {
        self.wrap("1;97;46", text)
    }

    fn strong(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn link(&self, text: &str) -> String {
        self.wrap("4;36", text)
    }
}
