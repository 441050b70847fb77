//! One read that a signal does not end: a socket with a timeout gives `EINTR` after the process was merely
//! stopped and continued (signal(7), "Interruption of system calls by stop signals"), which is not a failure.
//!
//! Must never know: what is read.

use std::io::{ErrorKind, Read, Result};

/// As [`Read::read`], begun again when a signal interrupted it.
///
/// # Errors
/// What the stream says, but for `Interrupted`.
pub fn read(stream: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped(usize);

    impl Read for Stopped {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            self.0 += 1;
            if self.0 < 3 {
                return Err(ErrorKind::Interrupted.into());
            }
            buffer[0] = b'x';
            Ok(1)
        }
    }

    #[test]
    fn an_interruption_is_not_the_end() {
        let mut buffer = [0; 4];
        assert_eq!(read(&mut Stopped(0), &mut buffer).unwrap(), 1);
    }
}
