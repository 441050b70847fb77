//! Media types that are equivalent under several names, as programs and people write them. Knows no letter
//! and no rule.

/// One type per line; the registered name comes first.
const SAME: [&[&str]; 26] = [
    &[
        "application/pdf",
        "application/x-pdf",
        "application/acrobat",
        "text/pdf",
        "text/x-pdf",
        "application/vnd.pdf",
    ],
    &["image/jpeg", "image/jpg", "image/pjpeg", "image/jpe"],
    &["image/png", "image/x-png"],
    &["image/tiff", "image/tif", "image/x-tiff", "image/x-tif"],
    &["image/bmp", "image/x-bmp", "image/x-ms-bmp", "image/x-windows-bmp", "image/ms-bmp"],
    &["image/svg+xml", "image/svg"],
    &["image/heic", "image/heif"],
    &[
        "application/zip",
        "application/x-zip-compressed",
        "application/x-zip",
        "application/x-compressed",
        "multipart/x-zip",
    ],
    &["application/gzip", "application/x-gzip", "application/gzip-compressed"],
    &["application/vnd.rar", "application/x-rar-compressed", "application/x-rar", "application/rar"],
    &["application/x-7z-compressed", "application/7z", "application/x-7zip"],
    &[
        "application/msword",
        "application/doc",
        "application/x-msword",
        "application/vnd.ms-word",
        "application/word",
    ],
    &[
        "application/vnd.ms-excel",
        "application/msexcel",
        "application/x-msexcel",
        "application/excel",
        "application/x-excel",
        "application/xls",
    ],
    &[
        "application/vnd.ms-powerpoint",
        "application/mspowerpoint",
        "application/powerpoint",
        "application/x-mspowerpoint",
        "application/ppt",
    ],
    &["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/docx"],
    &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/xlsx"],
    &["application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/pptx"],
    &["application/rtf", "text/rtf", "application/x-rtf", "text/richtext"],
    &["text/csv", "application/csv", "text/x-csv", "text/comma-separated-values"],
    &["application/xml", "text/xml"],
    &["text/calendar", "application/ics", "text/x-vcalendar"],
    &["text/vcard", "text/x-vcard", "text/directory"],
    &["message/rfc822", "application/eml", "message/eml"],
    &["application/vnd.ms-outlook", "application/x-msg", "application/msg", "application/msoutlook"],
    &["application/pkcs7-mime", "application/x-pkcs7-mime"],
    &["application/pkcs7-signature", "application/x-pkcs7-signature"],
];

/// RFC 6838 §4.2.7 and what came later (`font`, `haptics`).
const TOP_LEVEL: [&str; 11] = [
    "application",
    "audio",
    "example",
    "font",
    "haptics",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

/// Every name of this type, the given one first.
pub(crate) fn names_of(kind: &str) -> Vec<String> {
    let wanted = kind.to_ascii_lowercase();
    let others = SAME.iter().find(|names| names.contains(&wanted.as_str()));
    let others = others.into_iter().flat_map(|names| names.iter().copied()).filter(|name| *name != wanted);
    std::iter::once(kind.to_owned()).chain(others.map(str::to_owned)).collect()
}

/// Whether the part before the slash can begin a media type.
pub(crate) fn is_top_level(kind: &str) -> bool {
    kind.contains(['*', '?']) || TOP_LEVEL.contains(&kind) || kind.starts_with("x-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_all_its_names() {
        assert!(names_of("application/x-pdf").contains(&"application/pdf".to_owned()));
        assert!(names_of("Image/JPG").contains(&"image/jpeg".to_owned()));
        assert_eq!(names_of("application/x-unknown"), ["application/x-unknown"]);
        let mut all: Vec<&str> = SAME.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "a name stands for one type");
        assert!(all.iter().all(|name| name.split_once('/').is_some_and(|(top, _)| is_top_level(top))));
    }
}
