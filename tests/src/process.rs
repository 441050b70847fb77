//! A child process whose output lines are events: wait for one, read all, kill, stop, measure.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::{PATIENCE, pattern};

/// Everything a process has printed so far, on both streams, in order of arrival.
#[derive(Clone, Default)]
pub struct Output(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    open: u8,
}

impl Output {
    fn follow(&self, stream: impl Read + Send + 'static) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
        let output = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                output.0.0.lock().unwrap_or_else(PoisonError::into_inner).lines.push(text);
                output.0.1.notify_all();
                line.clear();
            }
            output.0.0.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
            output.0.1.notify_all();
        });
    }

    /// All lines until now.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }

    /// How many lines there are until now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).lines.len()
    }

    /// All text until now.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Waits for a line of that shape, from line number `from` on; says which line it was.
    pub fn wait_from(&self, from: usize, shape: &str) -> Result<(usize, String), String> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = from;
        loop {
            while seen < state.lines.len() {
                if pattern::matches(shape, &state.lines[seen]) {
                    return Ok((seen, state.lines[seen].clone()));
                }
                seen += 1;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.open == 0 || left.is_zero() {
                return Err(format!("no line `{shape}` in:\n{}", state.lines.join("\n")));
            }
            state = self.0.1.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits for a line of that shape.
    #[must_use]
    pub fn wait(&self, shape: &str) -> String {
        self.wait_from(0, shape).unwrap_or_else(|why| panic!("{why}")).1
    }
}

/// A running child; killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    /// What it has printed.
    pub output: Output,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts it with its output caught.
    #[must_use]
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {command:?} cannot be started: {e}"));
        let output = Output::default();
        output.follow(child.stdout.take().unwrap());
        output.follow(child.stderr.take().unwrap());
        Self { name: name.to_owned(), child, output, ended: None }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    /// SIGTERM, and waits for its exit.
    pub fn stop(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its exit.
    pub fn wait(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        // std knows no wait with a deadline: a thread waits for the end of its output, which is the event.
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.output.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while state.open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} did not end:\n{}", self.name, state.lines.join("\n"));
            state = self.output.0.1.wait_timeout(state, left).unwrap().0;
        }
        drop(state);
        let status = self.child.wait().unwrap();
        self.ended = Some(status);
        status
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.ended.is_none() && self.child.try_wait().unwrap().is_none()
    }

    /// The most memory it ever had resident, in bytes (`VmHWM`).
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Resets the peak to the current memory, which it returns, in bytes (proc(5), `clear_refs`).
    #[must_use]
    pub fn forget_peak(&self) -> u64 {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.status("VmRSS:")
    }

    /// Its own program and other files in memory, in bytes (`RssFile`): much in a debug build.
    #[must_use]
    pub fn file_memory(&self) -> u64 {
        self.status("RssFile:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- output of {} ----\n{}", self.name, self.output.text());
        }
    }
}

/// Runs a command to its end and returns exit code, standard output and standard error.
#[must_use]
pub fn run(command: &mut Command) -> (i32, String, String) {
    let out = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    (
        out.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&out.stdout).into_owned(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    )
}

/// Starts a watch; calling it says how long ago that was.
pub fn stopwatch() -> impl Fn() -> Duration {
    let begun = Instant::now();
    move || begun.elapsed()
}

/// Asks again and again until there is an answer. Only for things that give no event, like rows of
/// another process's database.
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The living children of a process that run the program of that name (15 characters at most).
#[must_use]
pub fn children(of: u32, name: &str) -> Vec<u32> {
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| living(*pid).is_some_and(|(its, parent)| its == name && parent == of)).collect()
}

/// Name and parent; `None`: it is gone, or a zombie (proc(5), `/proc/pid/stat`).
fn living(pid: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once(" (")?;
    let mut fields = after.split_whitespace();
    let is_over = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    (!is_over).then(|| (name.to_owned(), parent))
}

/// `kill -9` to processes that are not ours to wait for, until they live no more.
pub fn kill_and_wait(all: &[u32]) {
    for pid in all {
        let process = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
        rustix::process::kill_process(process, Signal::KILL).unwrap();
        poll("its end", || living(*pid).is_none().then_some(()));
    }
}
