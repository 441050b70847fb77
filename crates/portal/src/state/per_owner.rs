//! Limits the work of each owner at once, so that an owner who asks often delays others no more than one who
//! asks once. In memory of this process only; knows no letter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

/// Slots of every owner who has work under way.
pub(crate) struct PerOwner {
    most: usize,
    owners: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl PerOwner {
    /// This many slots per owner.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, owners: Mutex::default() }
    }

    /// The slots of one owner; removed when none is held or awaited.
    pub(crate) fn slots(&self, mailbox_id: &str) -> Arc<Semaphore> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = owners.get(mailbox_id).and_then(Weak::upgrade) {
            return places;
        }
        owners.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.most));
        owners.insert(mailbox_id.to_owned(), Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_places_of_their_own_and_nothing_is_kept_of_who_has_left() {
        let all = PerOwner::new(1);
        let held = all.slots("a").try_acquire_owned().unwrap();
        assert!(all.slots("a").try_acquire_owned().is_err());
        assert!(all.slots("b").try_acquire_owned().is_ok());
        drop(held);
        assert!(all.slots("a").try_acquire_owned().is_ok());
        let _c = all.slots("c");
        assert_eq!(all.owners.lock().unwrap().len(), 1);
    }
}
