//! Notices to senders: what became of their letters, and the password they are to pass on. Each says which
//! texts it consists of. Knows no HTML.

use sealpost_mail::{ActivateBy, Secret, Timestamp};

use crate::layout::{Fact, Page, Reader};
use crate::notice::{Deletion, Reached, WentUnread};
use crate::sanitize;
use crate::writer::{Writer, Written};

impl Writer<'_> {
    pub(super) fn not_fetched(
        &self,
        recipient: &str,
        date: Timestamp,
        deletion: Option<Deletion>,
        reached: Reached,
        newcomer: Option<ActivateBy>,
    ) -> Written<Page> {
        let mut page = self.start(["unfetched-subject", "unfetched-heading", "unfetched-intro"])?;
        page.reader = Reader::Inside;
        page.intro.push(self.say(match reached {
            Reached::Notified => "unfetched-notified",
            Reached::CameBack => "unfetched-came-back",
        })?);
        page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
        page.facts.push(self.fact("label-date", self.moment(date)?)?);
        page.deadline = self.deadline_if(deletion, "unfetched-deadline")?;
        let mut steps = match reached {
            Reached::Notified => vec!["unfetched-call"],
            Reached::CameBack => vec!["unfetched-check-address", "unfetched-call-anyway"],
        };
        match newcomer {
            Some(ActivateBy::InitialPassword) => steps.push("unfetched-password"),
            Some(ActivateBy::Link) | None => {}
        }
        steps.push("unfetched-post");
        page.steps = self.section("unfetched-steps", &steps)?;
        Ok(page)
    }

    pub(super) fn gone_unread(
        &self,
        recipient: &str,
        date: Timestamp,
        at: Timestamp,
        how: WentUnread,
    ) -> Written<Page> {
        let (intro, step) = match how {
            WentUnread::Expired => ("unread-gone-intro", "unfetched-call"),
            WentUnread::Deleted => ("unread-gone-intro-deleted", "unread-gone-call"),
            WentUnread::WithMailbox => ("unread-gone-intro-mailbox", "unread-gone-again"),
        };
        let mut page = self.start(["unread-gone-subject", "unread-gone-heading", intro])?;
        page.reader = Reader::Inside;
        page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
        page.facts.push(self.fact("label-date", self.moment(date)?)?);
        page.facts.push(self.fact("label-deleted", self.moment(at)?)?);
        page.steps = self.section("unfetched-steps", &[step, "unfetched-post"])?;
        Ok(page)
    }

    pub(super) fn password_for_sender(
        &self,
        recipient: &str,
        password: &Secret<String>,
        subject: Option<&str>,
        date: Timestamp,
    ) -> Written<Page> {
        let mut page = self.start([
            "password-for-sender-subject",
            "password-for-sender-heading",
            "password-for-sender-intro",
        ])?;
        page.reader = Reader::Inside;
        page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
        page.facts.push(Fact {
            label: self.say("label-password")?,
            value: sanitize::line(password.expose()),
            exact: true,
        });
        page.facts.extend(self.about(subject, date)?);
        page.deadline = Some(self.say("password-for-sender-deadline")?);
        page.steps = self.section(
            "password-for-sender-steps",
            &["password-for-sender-tell", "password-for-sender-plain", "password-for-sender-never"],
        )?;
        Ok(page)
    }
}
