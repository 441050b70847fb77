//! Notices to who wishes by mail that a mailbox be deleted. Each says which texts it consists of. Knows no HTML.

use sealpost_mail::Secret;

use crate::layout::Page;
use crate::writer::{Writer, Written};

impl Writer<'_> {
    pub(super) fn deletion_wish(&self, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start(["wish-subject", "wish-heading", "wish-intro"])?;
        page.button = self.button("wish-button", link)?;
        page.deadline = Some(self.say("wish-deadline")?);
        page.more = vec![self.say("wish-all")?, self.say("wish-not-you")?];
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn deletion_held(&self) -> Written<Page> {
        let mut page = self.start(["wish-held-subject", "wish-held-heading", "wish-held-intro"])?;
        page.more = vec![self.say("wish-held-more")?];
        Ok(page)
    }

    pub(super) fn deletion_nothing(&self) -> Written<Page> {
        self.start(["wish-nothing-subject", "wish-nothing-heading", "wish-nothing-intro"])
    }

    pub(super) fn deletion_unproven(&self, link: &Secret<String>) -> Written<Page> {
        let mut page =
            self.start(["wish-unproven-subject", "wish-unproven-heading", "wish-unproven-intro"])?;
        page.button = self.button("safely-button", link)?;
        page.steps = self.section("wish-unproven-steps", &["wish-unproven-login", "wish-unproven-help"])?;
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }
}
