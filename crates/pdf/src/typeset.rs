//! From a job to a PDF, with as much of the letter as can be had. Knows no HTML and no process.

use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::fonts::Fonts;
use crate::job::{Effort, Job};
use crate::prepare::{self, Prepared};
use crate::world::Desk;

/// The PDF. A letter that cannot be set in full is set with less, never not at all: the original is in it
/// in any case.
pub(crate) fn pdf(mut job: Job) -> Option<Vec<u8>> {
    let fonts = Fonts::load();
    let files = prepare::take_files(&mut job);
    let efforts: &[Effort] = match job.effort {
        Effort::Full => &[Effort::Full, Effort::Careful, Effort::Cover],
        Effort::Careful => &[Effort::Careful, Effort::Cover],
        Effort::Cover => &[Effort::Cover],
    };
    efforts.iter().find_map(|effort| set(&job, prepare::letter(&job, &files, &fonts, *effort)?, &fonts).ok())
}

/// Why setting failed, for the tests; production tries again with less.
#[derive(Debug)]
pub(crate) struct Failed(
    // Holds words of the letter.
    #[expect(dead_code, reason = "shown by tests that fail, and never in production")] String,
);

pub(crate) fn set(job: &Job, prepared: Prepared, fonts: &Fonts) -> Result<Vec<u8>, Failed> {
    let desk =
        Desk::new(fonts, prepared.files).ok_or_else(|| Failed("the template has no name".to_owned()))?;
    let document =
        typst::compile::<PagedDocument>(&desk).output.map_err(|errors| Failed(format!("{errors:?}")))?;
    let [year, rest @ ..] = job.created;
    let [month, day, hour, minute, second] = rest.map(|part| u8::try_from(part).unwrap_or(0));
    let created = Datetime::from_ymd_hms(year, month, day, hour, minute, second);
    let options = PdfOptions {
        ident: Smart::Custom(job.ident.clone()),
        creator: Smart::Custom(Some("Sealpost".to_owned())),
        timestamp: created.map(Timestamp::new_utc),
        standards: PdfStandards::new(&[PdfStandard::A_3b]).map_err(|error| Failed(format!("{error:?}")))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| Failed(format!("{errors:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(body: &str) -> Job {
        let label = |name: &str| format!("\"{name}\":\"{name}\"");
        let labels =
            ["attachments", "page", "no_text", "embedded", "replaced", "shortened", "not_set", "picture"];
        let json = format!(
            r##"{{"language":"de","title":"#x $y$ *z*","author":"A","ident":"i","created":[2026,11,21,1,2,3],"letterhead":"L",
            "rows":[{{"label":"Von","people":[{{"name":"A","address":"a@b"}}]}},{{"label":"Datum","text":"heute"}}],
            "body":{{"html":{}}},"effort":"full","labels":{{{}}},
            "files":[{{"name":"original.eml","content_type":"message/rfc822","shown_size":"1","role":"source","cid":null,"bytes":1}}]}}"##,
            serde_json::to_string(body).unwrap(),
            labels.map(label).join(",")
        );
        let mut input = format!("sealpost-pdf-1 {}\n{json}x", json.len()).into_bytes();
        input.push(b'x');
        Job::read(&mut input.as_slice()).unwrap()
    }

    /// Sets without falling back to less.
    fn set_fully(body: &str, effort: Effort) -> Vec<u8> {
        let mut job = job(body);
        let fonts = Fonts::load();
        let files = prepare::take_files(&mut job);
        set(&job, prepare::letter(&job, &files, &fonts, effort).unwrap(), &fonts).unwrap()
    }

    #[test]
    fn every_kind_of_block_is_set() {
        let body = "<h1>a</h1><h6>b</h6><p>c<br><b><i><u><s><code>d</code></s></u></i></b><sub>e</sub><sup>f</sup>
            <small>g</small><font color=red>h</font><a href='https://x.example/y?a=#b'>i</a><ul><li>j<ol start=5><li>k</ol></ul>
            <blockquote>l<blockquote>m</blockquote></blockquote><pre>n\n  o</pre><hr><center>p</center><p align=right>q
            <table border=1><caption>r</caption><tr><th>s<th>t<tr><td rowspan=2 bgcolor=#eee>u<td>v<tr><td>w</table>
            <p>שלום<p>مرحبا<p>日本<p>e\u{301} 👍 Danke 👍🏽 🎉 ✅ ❤️ 👩‍👩‍👧 🇩🇪 😀😎 ☕ हिन्दी ไทย \u{e000} 𝒳 𝔸 ∀x∈ℝ
            <p>Z̸̢̛̖a̷̡l̴g̶o̵<p>A\u{30a}\u{323} x\u{300}\u{301}";
        for effort in [Effort::Full, Effort::Careful, Effort::Cover] {
            assert!(set_fully(body, effort).starts_with(b"%PDF-1.7"), "{effort:?}");
        }
    }

    #[test]
    fn the_deepest_nesting_is_within_the_typesetters_own_limits() {
        for part in [
            "<blockquote>a",
            "<ul><li>a",
            "<table border=1><tr><td>a<td>b",
            "<ol><li><blockquote>a<table border=1><tr><td>b<td>c",
        ] {
            assert!(set_fully(&part.repeat(50), Effort::Full).starts_with(b"%PDF"), "{part}");
        }
    }

    #[test]
    fn the_same_letter_gives_the_same_bytes() {
        assert!(set_fully("<p>a", Effort::Full) == set_fully("<p>a", Effort::Full));
    }
}
