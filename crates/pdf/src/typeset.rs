//! Typesets a job as a PDF, with as much of the letter as possible. Knows no HTML and no process.

use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::fonts::Fonts;
use crate::job::{Effort, Job};
use crate::template_input::{self, Prepared};
use crate::world::LetterWorld;

/// The PDF. A letter that cannot be set in full is set in part, never not at all: the original is embedded in
/// any case.
pub(crate) fn pdf(mut job: Job) -> Option<Vec<u8>> {
    let fonts = Fonts::load();
    let files = template_input::take_files(&mut job);
    let efforts: &[Effort] = match job.effort {
        Effort::Full => &[Effort::Full, Effort::Careful, Effort::Cover],
        Effort::Careful => &[Effort::Careful, Effort::Cover],
        Effort::Cover => &[Effort::Cover],
    };
    efforts
        .iter()
        .find_map(|effort| set(&job, template_input::letter(&job, &files, &fonts, *effort)?, &fonts).ok())
}

/// Why typesetting failed, for the tests; production tries again with less.
#[derive(Debug)]
pub(crate) struct Failed(
    // Contains words of the letter.
    #[expect(dead_code, reason = "shown by tests that fail, and never in production")] String,
);

pub(crate) fn set(job: &Job, prepared: Prepared, fonts: &Fonts) -> Result<Vec<u8>, Failed> {
    let world = LetterWorld::new(fonts, prepared.files)
        .ok_or_else(|| Failed("the template has no name".to_owned()))?;
    let document =
        typst::compile::<PagedDocument>(&world).output.map_err(|errors| Failed(format!("{errors:?}")))?;
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
#[expect(clippy::print_stdout, reason = "which letter it was, if one fails")]
mod tests {
    use super::*;

    fn job(body: &serde_json::Value, files: &[(serde_json::Value, Vec<u8>)]) -> Job {
        let labels = [
            "attachments",
            "page",
            "more",
            "no_text",
            "embedded",
            "replaced",
            "shortened",
            "not_set",
            "picture",
        ];
        let labels: serde_json::Map<_, _> =
            labels.iter().map(|name| ((*name).to_owned(), serde_json::Value::from(*name))).collect();
        let heads: Vec<_> = files.iter().map(|(head, _)| head).collect();
        let json = serde_json::json!({
            "language": "de", "title": "#x $y$ *z*", "author": "A", "ident": "i", "letterhead": "L",
            "created": [2026, 11, 21, 1, 2, 3], "effort": "full", "labels": labels, "body": body, "files": heads,
            "rows": [{"label": "Von", "people": [{"name": "A", "address": "a@b"}]}, {"label": "Datum", "text": "heute"}],
        })
        .to_string();
        let mut input = format!("sealpost-pdf-1 {}\n{json}", json.len()).into_bytes();
        files.iter().for_each(|(_, data)| input.extend(data));
        Job::read(&mut input.as_slice()).unwrap()
    }

    /// Sets without falling back to less.
    fn set_job(mut job: Job, effort: Effort) -> Vec<u8> {
        let fonts = Fonts::load();
        let files = template_input::take_files(&mut job);
        set(&job, template_input::letter(&job, &files, &fonts, effort).unwrap(), &fonts).unwrap()
    }

    fn set_fully(html: &str, effort: Effort) -> Vec<u8> {
        set_job(job(&serde_json::json!({ "html": html }), &[]), effort)
    }

    #[test]
    fn no_letter_of_the_corpus_needs_to_be_set_with_less() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "eml") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let letter = sealpost_mail::Letter::parse(&bytes).unwrap();
            let body = match (letter.html(), letter.text()) {
                (Some(html), _) => serde_json::json!({ "html": html }),
                (None, text) => serde_json::json!({ "plain": text.unwrap_or_default() }),
            };
            let file = |file: sealpost_mail::Attachment| {
                let data = letter.attachment_bytes(file.index).unwrap().into_owned();
                let head = serde_json::json!({
                    "name": file.name.given().unwrap_or("file"), "content_type": file.content_type, "shown_size": "1 kB", "role": "attachment",
                    "cid": file.inline_cid, "bytes": data.len(),
                });
                (head, data)
            };
            let files: Vec<_> = letter.attachments().into_iter().map(file).collect();
            println!("{}", path.display());
            set_job(job(&body, &files), Effort::Full);
        }
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

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, ..Default::default() })]
        /// Any order of tags and text is set in full: the builder's output is within the limits of the
        /// template and the typesetter.
        #[test]
        fn any_soup_of_tags_is_set(pieces in proptest::collection::vec(proptest::sample::select(SOUP.to_vec()), 1..60)) {
            set_fully(&pieces.concat(), Effort::Full);
        }
    }

    const SOUP: &[&str] = &[
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<br>",
        "a ",
        "wort\u{a0}",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<ul>",
        "</ul>",
        "<ol start=9>",
        "</ol>",
        "<li>",
        "</li>",
        "<table border=1>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "<td colspan=3 rowspan=0>",
        "<td rowspan=2>",
        "</td>",
        "<th>",
        "</th>",
        "<thead>",
        "</thead>",
        "<caption>",
        "<blockquote>",
        "</blockquote>",
        "<pre>",
        "</pre>",
        "<h1>",
        "</h1>",
        "<h6>",
        "<hr>",
        "<a href=https://x.example/y>",
        "</a>",
        "<svg>",
        "</svg>",
        "<sup>",
        "</sup>",
        "<center>",
        "</center>",
        "<img src=cid:none alt=bild>",
        "שלום ",
        "日本 ",
        "&amp;&lt;",
        "<select>",
        "</select>",
        "<span hidden>",
        "</span>",
        "<font color=red>",
        "<dl><dt>",
        "<dd>",
        "#x $y$ ",
        "\\",
        "\n\n",
    ];

    #[test]
    fn the_same_letter_gives_the_same_bytes() {
        assert!(set_fully("<p>a", Effort::Full) == set_fully("<p>a", Effort::Full));
    }
}
