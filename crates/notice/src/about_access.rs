//! Notices to owners about access to their mailbox and changes to it. Each says which texts it consists of.
//! Knows no HTML.

use sealpost_mail::{Brand, Secret, Timestamp};

use crate::layout::Page;
use crate::notice::{DeletedBy, OldMessages, PasswordReplaced, SupportDid};
use crate::writer::{Writer, Written};

impl Writer<'_> {
    pub(super) fn reactivation_by_password(
        &self,
        link: &Secret<String>,
        messages: OldMessages,
    ) -> Written<Page> {
        let mut page = self.start(["again-subject", "again-heading", "again-initial-intro"])?;
        page.intro.push(self.old_messages(messages)?);
        page.button = self.button("initial-button", link)?;
        page.deadline = Some(self.say("again-initial-deadline")?);
        page.more = vec![self.say("again-initial-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn reactivation_by_link(&self, link: &Secret<String>, messages: OldMessages) -> Written<Page> {
        let mut page = self.start(["again-subject", "again-heading", "again-intro"])?;
        page.intro.push(self.old_messages(messages)?);
        page.button = self.button("again-button", link)?;
        page.deadline = Some(self.say("again-deadline")?);
        page.more = vec![self.say("again-stranger")?];
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    /// Older messages in the mailbox.
    fn old_messages(&self, messages: OldMessages) -> Written<String> {
        self.say(match messages {
            OldMessages::Kept => "again-kept",
            OldMessages::Lost => "again-lost",
        })
    }

    pub(super) fn reset_link(&self, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start(["reset-subject", "reset-heading", "reset-intro"])?;
        page.button = self.button("reset-button", link)?;
        page.deadline = Some(self.say("reset-deadline")?);
        page.more = vec![self.say("reset-stranger")?];
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn password_changed(
        &self,
        at: Timestamp,
        how: PasswordReplaced,
        network: Option<&str>,
    ) -> Written<Page> {
        let intro = match how {
            PasswordReplaced::Forgotten => "changed-intro-forgotten",
            PasswordReplaced::ByOwner => "changed-intro",
        };
        let mut page = self.start(["changed-subject", "changed-heading", intro])?;
        page.facts = self.happened("label-changed", at, network)?;
        page.more = vec![self.say("changed-you")?, self.say("changed-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn question_changed(&self, at: Timestamp, network: &str) -> Written<Page> {
        let mut page = self.start(["question-subject", "question-heading", "question-intro"])?;
        page.facts = self.happened("label-changed", at, Some(network))?;
        page.more = vec![self.say("changed-you")?, self.say("question-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn mailbox_deleted(&self, at: Timestamp, network: &str, by: DeletedBy) -> Written<Page> {
        let intro = match by {
            DeletedBy::Password => "deleted-intro",
            DeletedBy::Link => "deleted-intro-requested",
        };
        let mut page = self.start(["deleted-subject", "deleted-heading", intro])?;
        page.facts = self.happened("label-deleted", at, Some(network))?;
        page.more = vec![self.say("changed-you")?, self.say("deleted-stranger")?];
        page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    /// Without a link: imitating this mail must gain an attacker nothing.
    pub(super) fn by_support(&self, did: SupportDid, at: Timestamp) -> Written<Page> {
        let (keys, label, more) = match did {
            SupportDid::Deleted => (
                ["support-deleted-subject", "support-deleted-heading", "support-deleted-intro"],
                "label-deleted",
                "support-deleted-more",
            ),
            SupportDid::Locked => (
                ["support-locked-subject", "support-locked-heading", "support-locked-intro"],
                "label-locked",
                "support-locked-more",
            ),
            SupportDid::Unlocked => (
                ["support-unlocked-subject", "support-unlocked-heading", "support-unlocked-intro"],
                "label-unlocked",
                "support-unlocked-more",
            ),
        };
        let mut page = self.start(keys)?;
        page.facts = self.happened(label, at, None)?;
        page.more = vec![self.say(more)?, self.say("support-ask")?];
        page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn new_browser(&self, at: Timestamp, network: &str) -> Written<Page> {
        let mut page = self.start(["browser-subject", "browser-heading", "browser-intro"])?;
        page.facts = self.happened("label-login", at, Some(network))?;
        page.more = vec![self.say("changed-you")?, self.say("browser-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn mailbox_locked(&self, at: Timestamp, until: Timestamp, brand: &Brand) -> Written<Page> {
        let mut page = self.start(["locked-subject", "locked-heading", "locked-intro"])?;
        page.facts.push(self.fact("label-locked", self.moment(at)?)?);
        page.facts.push(self.fact("label-opens", self.moment(until)?)?);
        page.button = self.button("locked-button", &Secret::new(brand.portal_url.clone()))?;
        page.more = vec![self.say("locked-you")?, self.say("locked-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn answers_used_up(
        &self,
        at: Timestamp,
        until: Option<Timestamp>,
        brand: &Brand,
    ) -> Written<Page> {
        let mut page = self.start(["answers-subject", "answers-heading", "answers-intro"])?;
        page.facts.push(self.fact("label-closed", self.moment(at)?)?);
        if let Some(until) = until {
            page.facts.push(self.fact("label-opens", self.moment(until)?)?);
        }
        page.button = self.button("locked-button", &Secret::new(brand.portal_url.clone()))?;
        page.more = vec![self.say("answers-you")?, self.say("answers-stranger")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }
}
