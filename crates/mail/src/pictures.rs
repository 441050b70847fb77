//! Finds the files that a letter's page shows as pictures, and the name that it uses for each. Knows no
//! markup beyond the addresses in it.

use std::collections::HashMap;

use crate::body::{self, Body};
use crate::encoded_words;
use crate::file_type::{self, Extent};
use crate::html;
use crate::parts::Part;

/// Types that every browser displays. HEIC, TIFF and drawings are listed as files, wherever the page refers
/// to them.
const SHOWN: [&str; 6] = ["image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "image/x-icon"];

/// The inline pictures.
#[derive(Default)]
pub(crate) struct Pictures {
    /// Parts that the page shows, with the Content-ID that it uses.
    pub(crate) shown: HashMap<usize, String>,
    /// Addresses of a page that have to be rewritten, so that each picture has a unique name.
    pub(crate) renamed: HashMap<usize, Vec<(String, String)>>,
}

/// `files`: the parts that are not the body.
pub(crate) fn find(parts: &[Part<'_>], body: &Body, files: &[usize]) -> Pictures {
    let mut found = Pictures::default();
    let pages: Vec<usize> = body.blocks.iter().flat_map(|block| block.html.iter().copied()).collect();
    if pages.is_empty() {
        return found;
    }
    let is_picture = |at: &&usize| {
        parts.get(**at).is_some_and(|part| {
            let extent = if part.beginning_is_all() { Extent::Whole } else { Extent::Beginning };
            let kind = file_type::meant(&part.content_type, &part.name().unwrap_or_default(), &part.start());
            SHOWN.contains(&kind.as_str()) && file_type::can_be_drawn(&part.beginning(), extent)
        })
    };
    let pictures: Vec<usize> = files.iter().filter(is_picture).copied().collect();
    if pictures.is_empty() {
        return found;
    }
    let parents = parents(parts);
    for page in pages {
        let Some(part) = parts.get(page) else { continue };
        let Some((_, seen)) = html::seen(&body::page(part)) else { continue };
        let near = by_distance(&parents, page, &pictures);
        for address in seen.into_iter().map(|picture| picture.address) {
            let Some(at) = meant(parts, page, &near, &address) else { continue };
            let id = html::content_id(&address);
            let taken = |name: &String| found.shown.iter().any(|(other, one)| *other != at && one == name);
            let own = found.shown.get(&at).cloned().or_else(|| id.clone().filter(|id| !taken(id)));
            let own = own.unwrap_or_else(|| format!("part-{at}"));
            if id.as_ref() != Some(&own) {
                let renamed = found.renamed.entry(page).or_default();
                if !renamed.iter().any(|(old, _)| *old == address) {
                    renamed.push((address, format!("cid:{}", escaped(&own))));
                }
            }
            found.shown.entry(at).or_insert(own);
        }
    }
    found
}

/// The part that an address of the page refers to: of several with one name, the nearest.
fn meant(parts: &[Part<'_>], page: usize, near: &[usize], address: &str) -> Option<usize> {
    let find =
        |alike: &dyn Fn(&Part<'_>) -> bool| near.iter().copied().find(|at| parts.get(*at).is_some_and(alike));
    if let Some(id) = html::content_id(address) {
        let bare = id.trim_matches(['<', '>']);
        let called =
            |alike: &dyn Fn(&str) -> bool| find(&|part| part.content_id.as_deref().is_some_and(alike));
        // RFC 2392 §2 is case-sensitive; some writers are not.
        return called(&|one| one == id || one == bare)
            .or_else(|| called(&|one| one.eq_ignore_ascii_case(bare)))
            .or_else(|| called(&|one| encoded_words::decode(one.as_bytes()) == bare));
    }
    // RFC 2557 §5: the content at that location was sent along.
    let base = parts.get(page).and_then(Part::location).and_then(|base| url::Url::parse(&base).ok());
    let full = |address: &str| base.as_ref().and_then(|base| base.join(address).ok()).map(String::from);
    find(&|part| {
        part.location()
            .is_some_and(|place| place == address || (base.is_some() && full(&place) == full(address)))
    })
}

/// The pictures, nearest to the page first.
fn by_distance(parents: &HashMap<usize, usize>, page: usize, pictures: &[usize]) -> Vec<usize> {
    let above = |at: usize| std::iter::successors(Some(at), |at| parents.get(at).copied()).take(100);
    let around: Vec<usize> = above(page).collect();
    let distance = |at: usize| {
        above(at).find_map(|one| around.iter().position(|other| *other == one)).unwrap_or(usize::MAX)
    };
    let mut near = pictures.to_vec();
    near.sort_by_cached_key(|at| distance(*at));
    near
}

fn parents(parts: &[Part<'_>]) -> HashMap<usize, usize> {
    let children = |(at, part): (usize, &Part<'_>)| {
        part.children.iter().map(move |child| (*child, at)).collect::<Vec<_>>()
    };
    parts.iter().enumerate().flat_map(children).collect()
}

/// A page with its addresses rewritten.
pub(crate) fn renamed(page: String, names: &[(String, String)]) -> String {
    names.iter().fold(page, |page, (old, new)| {
        let escaped = old.replace('&', "&amp;");
        let page = replaced(&page, old, new);
        if escaped == *old { page } else { replaced(&page, &escaped, new) }
    })
}

/// Replaces only whole attribute values.
fn replaced(page: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut copied = 0;
    for (at, _) in page.match_indices(old) {
        let before = page.get(..at).and_then(|text| text.trim_end().chars().next_back());
        let end = at + old.len();
        let after = page.get(end..).and_then(|text| text.chars().next());
        let begins = before.is_some_and(|c| matches!(c, '"' | '\'' | '='));
        let ends = after.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '>'));
        if begins && ends && at >= copied {
            out.push_str(page.get(copied..at).unwrap_or_default());
            out.push_str(new);
            copied = end;
        }
    }
    out.push_str(page.get(copied..).unwrap_or_default());
    out
}

fn escaped(id: &str) -> String {
    id.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Letter;
    use crate::attached_name::tests::english;

    const PNG: &str = "Content-Transfer-Encoding: base64\n\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC\n";

    fn related(boundary: &str, page: &str, pictures: &[&str]) -> String {
        let mut out = format!(
            "Content-Type: multipart/related; boundary={boundary}\n\n--{boundary}\nContent-Type: text/html\n\n{page}\n"
        );
        for fields in pictures {
            out.push_str(&format!("--{boundary}\n{fields}\n{PNG}"));
        }
        out.push_str(&format!("--{boundary}--\n"));
        out
    }

    /// Name and Content-ID of each file, and the page.
    fn seen(letter: &str) -> (Vec<(String, Option<String>)>, String) {
        let bytes = format!("Subject: x\n{letter}").replace('\n', "\r\n").into_bytes();
        let letter = Letter::parse(&bytes).unwrap();
        let files =
            letter.attachments().into_iter().map(|one| (english(&one.name), one.inline_cid)).collect();
        (files, letter.html().unwrap_or_default())
    }

    #[test]
    fn the_nearest_of_two_is_meant() {
        let one = related(
            "a",
            "<img src=\"cid:logo\">",
            &["Content-Type: image/png; name=eins.png\nContent-ID: <logo>"],
        );
        let two = related(
            "b",
            "<img src='cid:logo'>",
            &["Content-Type: image/png; name=zwei.png\nContent-ID: <logo>"],
        );
        let (files, page) =
            seen(&format!("Content-Type: multipart/mixed; boundary=m\n\n--m\n{one}\n--m\n{two}\n--m--\n"));
        let ids: Vec<&str> = files.iter().map(|(_, id)| id.as_deref().unwrap_or_default()).collect();
        assert_eq!(files.len(), 2);
        assert!(ids[0] == "logo" && ids[1].starts_with("part-"), "{ids:?}");
        assert!(page.contains("\"cid:logo\"") && page.contains(&format!("'cid:{}'", ids[1])), "{page}");
    }

    #[test]
    fn what_came_along_is_found_by_its_place() {
        for (address, fields) in [
            (
                "http://b.example/a.png?x=1&amp;y=2",
                "Content-Type: image/png\nContent-Location: http://b.example/a.png?x=1&y=2",
            ),
            ("bild.png", "Content-Type: image/png\nContent-Location: bild.png"),
            ("CID:%41", "Content-Type: image/png\nContent-ID: <a>"),
        ] {
            let (files, page) = seen(&related("a", &format!("<p>x <img src=\"{address}\"></p>"), &[fields]));
            let id = files[0].1.clone().unwrap_or_else(|| panic!("{address}: {files:?}"));
            assert!(address.starts_with("CID") || page.contains(&format!("src=\"cid:{id}\"")), "{page}");
        }
        for (address, fields) in [
            // A path on the author's own disk.
            ("IMG_1.png", "Content-Type: image/png; name=IMG_1.png"),
            ("file:///C:/tmp/IMG_3.png", "Content-Type: image/png; name=IMG_3.png"),
            ("https://other.example/IMG_1.png", "Content-Type: image/png; name=IMG_1.png"),
            ("cid:h1", "Content-Type: image/heic; name=IMG.HEIC\nContent-ID: <h1>"),
            ("cid:t1", "Content-Type: image/tiff; name=a.tif\nContent-ID: <t1>"),
            ("cid:s1", "Content-Type: image/svg+xml; name=a.svg\nContent-ID: <s1>"),
            ("cid:z\" hidden=\"", "Content-Type: image/png; name=a.png\nContent-ID: <z>"),
        ] {
            let (files, page) = seen(&related("a", &format!("<p>x <img src=\"{address}\"></p>"), &[fields]));
            assert_eq!((files.len(), &files[0].1), (1, &None), "{address}");
            assert!(page.contains(address));
        }
    }

    #[test]
    fn only_whole_values_are_written_anew() {
        let names = [("a.png".to_owned(), "cid:p".to_owned())];
        let page = "<img src=a.png><img src = 'a.png'> a.png <img src=\"xa.png\"><img src=a.png/x>";
        let new = "<img src=cid:p><img src = 'cid:p'> a.png <img src=\"xa.png\"><img src=a.png/x>";
        assert_eq!(renamed(page.to_owned(), &names), new);
    }
}
