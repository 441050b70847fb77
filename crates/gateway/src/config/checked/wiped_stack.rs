//! Runs work with keys on a stack of its own that is overwritten afterwards: moving a key leaves copies behind that
//! nothing drops, and the next thread would inherit them. Knows no key.

use std::hint::black_box;
use std::panic::resume_unwind;

/// More than reading and deriving keys needs.
const USED: usize = 512 * 1024;

/// The thread's whole stack: the overwritten part, and room for the frames above it.
const STACK: usize = 2 * USED;

/// Runs the work in a thread that ends afterwards, and erases its stack. The result is returned on the heap, where
/// freed memory is erased.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("keys".to_owned()).stack_size(STACK);
        let thread = builder.spawn_scoped(scope, || {
            let done = boxed(work);
            wipe();
            done
        });
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // Nothing works on a machine that cannot start a thread; the runtime will say so.
            Err(error) => resume_unwind(Box::new(format!("no thread for the keys: {error}"))),
        }
    });
    *done
}

/// Below the frame that wipes: everything the work left on the stack is where [`wipe`] writes.
#[inline(never)]
fn boxed<T>(work: impl FnOnce() -> T) -> Box<T> {
    Box::new(work())
}

#[inline(never)]
fn wipe() {
    let used = [0_u8; USED];
    // Keeps the compiler from removing the zeroed buffer.
    black_box(&used);
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn what_it_returns_comes_back() {
        let text = "seven".to_owned();
        assert_eq!(apart(|| text.len()), 5);
    }
}
