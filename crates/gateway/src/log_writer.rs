//! Standard error as the log's destination: a line that cannot be written soon is dropped and counted. A
//! stuck reader of the log must never stop the mail. Does not know what lines mean.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::time::Instant;
use tracing_subscriber::fmt::MakeWriter;

/// POSIX: what a pipe reported as writable accepts without blocking (PIPE_BUF is 4096 on Linux).
const PIECE: usize = 4096;
/// How long a reader may keep us waiting.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long nothing is tried after that.
const REST: Duration = Duration::from_secs(1);

/// Writes lines to standard error, one after the other.
#[derive(Debug, Default)]
pub(crate) struct StandardError(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    lost: u64,
    /// The reader is stuck: nothing is tried before this.
    rests_until: Option<Instant>,
}

/// The lock held while one event is written.
pub(crate) struct Line<'a>(MutexGuard<'a, State>);

impl<'a> MakeWriter<'a> for StandardError {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Line<'_> {
    /// Always reports success: the code that logs could do nothing about a lost log.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write(&mut io::stderr().lock(), line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn write(&mut self, end: &mut (impl Write + AsFd), line: &[u8]) {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            self.lost += 1;
            return;
        }
        self.rests_until = None;
        if self.lost > 0 {
            let said = format!("WARN {} lines of the log were lost: nobody took them\n", self.lost);
            if !self.piece_by_piece(end, said.as_bytes()) {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if !self.piece_by_piece(end, line) {
            self.lost += 1;
        }
    }

    /// Whether all of it was written.
    fn piece_by_piece(&mut self, end: &mut (impl Write + AsFd), line: &[u8]) -> bool {
        for piece in line.chunks(PIECE) {
            if !is_ready(end) {
                self.rests_until = Some(Instant::now() + REST);
                return false;
            }
            if end.write_all(piece).is_err() {
                return false;
            }
        }
        true
    }
}

fn is_ready(end: &impl AsFd) -> bool {
    let patience = Timespec { tv_sec: 0, tv_nsec: PATIENCE.subsec_nanos().into() };
    let mut ends = [PollFd::new(end, PollFlags::OUT)];
    loop {
        match poll(&mut ends, Some(&patience)) {
            Ok(0) => return false,
            // An error of the file shows when writing to it.
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;

    use super::*;

    fn pipe() -> (File, File) {
        let (read, write) = rustix::pipe::pipe().unwrap();
        (read.into(), write.into())
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_and_is_told_how_many() {
        let (mut read, mut write) = pipe();
        let mut state = State::default();
        let line = [b'x'; 1000];
        while state.lost == 0 {
            state.write(&mut write, &line);
        }
        // However long the test was delayed: nothing is tried meanwhile.
        state.rests_until = Some(Instant::now() + Duration::from_secs(3600));
        (0..9).for_each(|_| state.write(&mut write, &line));
        assert_eq!(state.lost, 10);
        state.rests_until = None;
        let mut full = vec![0; 1 << 20];
        let _taken = read.read(&mut full).unwrap();
        state.write(&mut write, b"again\n");
        assert_eq!(state.lost, 0);
        drop(write);
        let mut rest = String::new();
        read.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("WARN 10 lines of the log were lost: nobody took them\nagain\n"), "{rest}");
    }

    #[test]
    fn a_reader_that_is_gone_costs_lines() {
        let (read, mut write) = pipe();
        drop(read);
        let mut state = State::default();
        (0..3).for_each(|_| state.write(&mut write, b"line\n"));
        assert!(state.lost >= 3);
    }

    #[test]
    fn a_disk_that_is_full_costs_lines() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let mut state = State::default();
        state.write(&mut full, b"line\n");
        assert_eq!(state.lost, 1);
    }
}
