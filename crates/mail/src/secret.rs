//! Secret values: not printable, and erased from memory when dropped.

use std::fmt;

use zeroize::Zeroize;

/// A secret value. `Debug` prints only the type; there is no `Display`; erased when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value; copies of the caller are the caller's to erase.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call deserves attention in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
