//! Notices to those who request by mail that a mailbox be deleted. Each says which texts it consists of.
//! Knows no HTML.

use sealpost_mail::Secret;

use crate::layout::Page;
use crate::writer::{Writer, Written};

impl Writer<'_> {
    pub(super) fn deletion_request(&self, link: &Secret<String>) -> Written<Page> {
        let mut page =
            self.start(["deletion-request-subject", "deletion-request-heading", "deletion-request-intro"])?;
        page.button = self.button("deletion-request-button", link)?;
        page.deadline = Some(self.say("deletion-request-deadline")?);
        page.more = vec![self.say("deletion-request-all")?, self.say("deletion-request-not-you")?];
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn deletion_held(&self) -> Written<Page> {
        let mut page = self.start([
            "deletion-request-held-subject",
            "deletion-request-held-heading",
            "deletion-request-held-intro",
        ])?;
        page.more = vec![self.say("deletion-request-held-more")?];
        Ok(page)
    }

    pub(super) fn deletion_nothing(&self) -> Written<Page> {
        self.start([
            "deletion-request-nothing-subject",
            "deletion-request-nothing-heading",
            "deletion-request-nothing-intro",
        ])
    }

    pub(super) fn deletion_unproven(&self, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start([
            "deletion-request-unproven-subject",
            "deletion-request-unproven-heading",
            "deletion-request-unproven-intro",
        ])?;
        page.button = self.button("safely-button", link)?;
        page.steps = self.section(
            "deletion-request-unproven-steps",
            &["deletion-request-unproven-login", "deletion-request-unproven-help"],
        )?;
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }
}
