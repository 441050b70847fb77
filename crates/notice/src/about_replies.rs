//! Notices about recipients' replies. Each says which texts it consists of. Knows no HTML.

use sealpost_mail::{EnhancedCode, Secret, Timestamp};

use crate::layout::Page;
use crate::notice::{ReplyState, Wrote};
use crate::report::Why;
use crate::sanitize;
use crate::writer::{REASON, Writer, Written};

impl Writer<'_> {
    pub(super) fn reply_safely(&self, link: &Secret<String>, wrote: Wrote) -> Written<Page> {
        let keys = match wrote {
            Wrote::Reply => ["safely-subject", "safely-heading", "safely-intro"],
            Wrote::Afresh => ["afresh-subject", "afresh-heading", "afresh-intro"],
        };
        let mut page = self.start(keys)?;
        page.button = self.button("safely-button", link)?;
        page.more = vec![self.say("safely-gone")?];
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }

    pub(super) fn reply_returned(
        &self,
        recipient: &str,
        subject: Option<&str>,
        date: Timestamp,
        (status, said): (EnhancedCode, Option<&str>),
        state: ReplyState,
        link: &Secret<String>,
    ) -> Written<Page> {
        let (keys, more) = match state {
            ReplyState::Delayed => (["waiting-subject", "waiting-heading", "waiting-intro"], "waiting-more"),
            ReplyState::Failed => {
                (["returned-subject", "returned-heading", "returned-intro"], "returned-more")
            }
        };
        let mut page = self.start(keys)?;
        page.facts.push(self.fact("label-recipient", sanitize::address(recipient))?);
        page.facts.extend(self.about(subject, date)?);
        page.facts.push(self.fact("label-why", self.say(Why::of(status.1, status.2).0)?)?);
        let said = sanitize::text(said.unwrap_or_default(), REASON);
        if !said.is_empty() {
            page.facts.push(self.fact("label-reason", said)?);
        }
        page.button = self.button("returned-button", link)?;
        page.more = vec![self.say(more)?];
        Ok(page)
    }

    pub(super) fn reply_came_back(&self, date: Timestamp, link: &Secret<String>) -> Written<Page> {
        let mut page = self.start(["cameback-subject", "cameback-heading", "cameback-intro"])?;
        page.facts.push(self.fact("label-date", self.moment(date)?)?);
        page.button = self.button("cameback-button", link)?;
        page.genuine = self.genuine(&["genuine-type", "genuine-never", "genuine-doubt"])?;
        Ok(page)
    }
}
