//! The route smtp-source → server under test → smtp-sink, driven once.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rig::{Config, Gateway, Postfix, ports, process};

use crate::case::{Case, Subject};
use crate::measure::{Tree, Watch};

/// The longest one drive may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// What one drive showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Letters a second that got their 250.
    pub(crate) accepted: f64,
    /// Letters a second that arrived.
    pub(crate) delivered: f64,
    /// CPU time of the server per letter.
    pub(crate) cpu: Duration,
    /// Most memory of the server, bytes.
    pub(crate) memory: u64,
}

/// Postfix's throw-away server; counts letters.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    child: Child,
    count: Arc<(Mutex<usize>, Condvar)>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let address = ports::free();
        // It will not run as root, and prints its counters after every letter.
        let mut child = Command::new("smtp-sink")
            .args(["-c", "-u", "postfix", &address.to_string(), "1000"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let count = Arc::new((Mutex::new(0), Condvar::new()));
        let (mut output, counted) = (child.stdout.take().unwrap(), count.clone());
        std::thread::spawn(move || {
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            while let Ok(n @ 1..) = rig::patient::read(&mut output, &mut buffer) {
                text.push_str(&String::from_utf8_lossy(&buffer[..n]));
                // "sess=7 quit=3 mesg=3\r": the last whole one counts.
                let Some(end) = text.rfind('\r') else { continue };
                if let Some((_, number)) = text[..end].rsplit_once("mesg=") {
                    *counted.0.lock().unwrap() = number.trim().parse().unwrap();
                    counted.1.notify_all();
                }
                text.drain(..=end);
            }
        });
        let sink = Self { address, child, count };
        process::poll("the sink", || std::net::TcpStream::connect(address).ok());
        sink
    }

    /// Waits until it has this many.
    pub(crate) fn wait(&self, letters: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut count = self.count.0.lock().unwrap();
        while *count < letters {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {count} of {letters} letters reached the sink");
            count = self.count.1.wait_timeout(count, left).unwrap().0;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends all letters of a case and says how long that took.
fn send(case: &Case, to: SocketAddr, confidential: bool) -> Duration {
    let from = if confidential { "clerk@unfall.insurer.example" } else { "clerk@insurer.example" };
    let begun = Instant::now();
    let status = Command::new("smtp-source")
        .args([
            "-s",
            &case.sessions.to_string(),
            "-m",
            &case.letters.to_string(),
            "-l",
            &case.size.to_string(),
        ])
        // -N numbers the recipients: every letter has its own.
        .args(["-N", "-f", from, "-t", "customer@web.example", &to.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "smtp-source ended with {status}");
    begun.elapsed()
}

/// Drives a case over one server and measures.
pub(crate) fn drive(case: &Case, subject: Subject) -> Figures {
    let sink = Sink::start();
    match subject {
        Subject::Postfix => {
            // Debian's defaults but for paths, ports and the size of our largest letter.
            let postfix = Postfix::relaying_to(sink.address, "message_size_limit = 52428800\n");
            let tree = Tree::Session(u32::try_from(postfix.master()).unwrap());
            time(case, postfix.address, tree, false, || sink.wait(case.letters))
        }
        Subject::Relay | Subject::Deposit | Subject::NewMailbox => {
            let mut config = Config::to(sink.address);
            config.unset("log", "level").unset("delivery", "retry");
            let gateway = Gateway::start(&config);
            let tree = Tree::Process(gateway.process().id());
            let confidential = subject != Subject::Relay;
            let mut before = 0;
            if subject == Subject::Deposit {
                // Makes the mailboxes: smtp-source gives the same numbers again.
                let small = Case { size: 100, sessions: 10, ..*case };
                send(&small, config.smtp, true);
                sink.wait(case.letters);
                before = case.letters;
            }
            let figures = time(case, config.smtp, tree, confidential, || {
                sink.wait(before + case.letters);
                let deposits = if confidential { before + case.letters } else { 0 };
                process::poll("all deposits", || {
                    (gateway.count("SELECT count(*) FROM deposits") == i64::try_from(deposits).unwrap())
                        .then_some(())
                });
            });
            gateway.sweep();
            figures
        }
    }
}

fn time(case: &Case, to: SocketAddr, tree: Tree, confidential: bool, arrived: impl FnOnce()) -> Figures {
    let watch = Watch::over(tree);
    let (cpu, begun) = (tree.cpu(), Instant::now());
    let accepted = send(case, to, confidential);
    arrived();
    let delivered = begun.elapsed();
    let cpu = tree.cpu().saturating_sub(cpu);
    let letters = f64::from(u32::try_from(case.letters).unwrap());
    Figures {
        accepted: letters / accepted.as_secs_f64(),
        delivered: letters / delivered.as_secs_f64(),
        cpu: cpu / u32::try_from(case.letters).unwrap(),
        memory: watch.end(),
    }
}
