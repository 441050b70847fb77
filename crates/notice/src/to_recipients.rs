//! Notices to recipients: that letters are waiting, and for how long. Each says which texts it consists of.
//! Knows no HTML.

use sealpost_mail::{ActivateBy, Secret, Timestamp};

use crate::layout::Page;
use crate::notice::{Access, Deletion, LetterClock};
use crate::sanitize;
use crate::writer::{Letter, SUBJECT, Writer, Written, preview};

impl Writer<'_> {
    pub(super) fn activation(
        &self,
        letter: &Letter<'_>,
        link: &Secret<String>,
        clock: LetterClock,
    ) -> Written<Page> {
        let mut page = self.start(["activation-subject", "activation-heading", "activation-intro"])?;
        page.facts = self.letter(letter)?;
        page.preview = preview(&page);
        page.button = self.button("activation-button", link)?;
        page.deadline = self.deadline_by(clock, "activation-deadline")?;
        page.steps = self.section("steps-title", &["step-open", "step-password", "step-question"])?;
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn activation_reminder(
        &self,
        letters: u32,
        date: Timestamp,
        link: &Secret<String>,
        by: ActivateBy,
    ) -> Written<Page> {
        let mut page = self.start(["reminder-subject", "reminder-heading", "reminder-intro"])?;
        page.facts.push(self.fact("label-letters", letters.to_string())?);
        page.facts.push(self.fact("label-oldest", self.moment(date)?)?);
        match by {
            ActivateBy::InitialPassword => {
                page.button = self.button("initial-button", link)?;
                page.deadline = Some(self.say("reminder-initial-deadline")?);
                page.steps =
                    self.section("initial-steps", &["initial-ask", "initial-login", "initial-own"])?;
            }
            ActivateBy::Link => {
                page.button = self.button("activation-button", link)?;
                page.deadline = Some(self.say("reminder-deadline")?);
                page.steps = self.section("steps-title", &["step-open", "step-password", "step-question"])?;
            }
        }
        page.genuine = self.genuine(&["genuine-link", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn digest(
        &self,
        letters: u32,
        date: Timestamp,
        link: &Secret<String>,
        deletion: Option<Deletion>,
        newcomer: Option<ActivateBy>,
    ) -> Written<Page> {
        let intro = if newcomer.is_some() { "digest-intro-newcomer" } else { "digest-intro" };
        let mut page = self.start(["digest-subject", "digest-heading", intro])?;
        page.facts.push(self.fact("label-letters", letters.to_string())?);
        page.facts.push(self.fact("label-oldest", self.moment(date)?)?);
        let (button, genuine) = match newcomer {
            None => ("message-button", "genuine-type"),
            Some(ActivateBy::Link) => ("activation-button", "genuine-link"),
            Some(ActivateBy::InitialPassword) => ("initial-button", "genuine-link"),
        };
        page.button = self.button(button, link)?;
        page.deadline = self.deadline_if(deletion, "digest-deadline")?;
        match newcomer {
            None => page.more = self.keep_in_time(deletion)?,
            Some(ActivateBy::Link) => {
                page.steps = self.section("steps-title", &["step-open", "step-password", "step-question"])?;
            }
            Some(ActivateBy::InitialPassword) => {
                page.steps =
                    self.section("initial-steps", &["initial-ask", "initial-login", "initial-own"])?;
            }
        }
        page.genuine = self.genuine(&[genuine, "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    /// If nothing expires, there is no reason to hurry.
    fn keep_in_time(&self, deletion: Option<Deletion>) -> Written<Vec<String>> {
        deletion.map(|_| self.say("message-keep")).into_iter().collect()
    }

    pub(super) fn unread_reminder(&self, letters: u32, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start(["unread-subject", "unread-heading", "unread-intro"])?;
        page.facts.push(self.fact("label-letters", letters.to_string())?);
        page.button = self.button("message-button", link)?;
        page.deadline = Some(self.say("unread-deadline")?);
        page.more = vec![self.say("message-keep")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn mailbox_reminder(&self, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start(["idle-subject", "idle-heading", "idle-intro"])?;
        page.button = self.button("idle-button", link)?;
        page.deadline = Some(self.say("idle-deadline")?);
        page.more = vec![self.say("idle-nothing")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn new_message(
        &self,
        letter: &Letter<'_>,
        link: &Secret<String>,
        deletion: Option<Deletion>,
        access: Access,
    ) -> Written<Page> {
        let shown = !sanitize::text(letter.subject.unwrap_or_default(), SUBJECT).is_empty();
        let title = if shown { "message-subject-shown" } else { "message-subject" };
        let intro = match access {
            Access::Open => "message-intro",
            Access::Locked => "message-intro-locked",
        };
        let mut page = self.start([title, "message-heading", intro])?;
        page.facts = self.letter(letter)?;
        page.preview = preview(&page);
        page.deadline = self.deadline_if(deletion, "message-deadline")?;
        match access {
            Access::Open => {
                page.button = self.button("message-button", link)?;
                page.more = self.keep_in_time(deletion)?;
                page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
            }
            Access::Locked => {
                page.more = vec![self.say("support-ask")?];
                page.genuine = self.genuine(&["genuine-never", "genuine-doubt"])?;
            }
        }
        Ok(page)
    }

    pub(super) fn initial_password(
        &self,
        letter: &Letter<'_>,
        link: &Secret<String>,
        clock: LetterClock,
    ) -> Written<Page> {
        let mut page = self.start(["initial-subject", "initial-heading", "initial-intro"])?;
        page.facts = self.letter(letter)?;
        page.preview = preview(&page);
        page.button = self.button("initial-button", link)?;
        page.deadline = self.deadline_by(clock, "initial-deadline")?;
        page.steps = self.section("initial-steps", &["initial-wait", "initial-login", "initial-own"])?;
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }
}
