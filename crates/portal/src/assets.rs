//! Styles, scripts and icons, compiled in, at addresses that change with their content. No path from outside
//! reaches a file system.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sealpost_mail::Brand;

use crate::brand::{as_shape, style_sheet};
use crate::config::PortalError;
use crate::links;

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/styles/"]
struct Styles;

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/scripts/"]
struct Scripts;

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/icons/"]
struct Icons;

/// The colour in `mark.svg` that is replaced by the operator's.
const MARK: &str = "#0b5c74";

/// A file ready to be sent.
pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
    /// The content compressed, if that is smaller.
    pub(crate) gzip: Option<Bytes>,
}

/// All assets, and the addresses that pages refer to.
pub(crate) struct Assets {
    files: HashMap<String, Asset>,
    pub(crate) app_css: String,
    /// Inlined in the frame.
    pub(crate) letter_css: String,
    pub(crate) app_js: String,
    pub(crate) write_js: String,
    pub(crate) icons: String,
    /// All symbols, inlined in pages that already have much to fetch.
    pub(crate) symbols: String,
    pub(crate) logo: String,
}

impl Assets {
    pub(crate) fn new(brand: &Brand) -> Result<Self, PortalError> {
        let mut files = HashMap::new();
        let mut add = |stem: &str, extension: &str, content_type, bytes: Cow<'static, [u8]>| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            let name = format!("{stem}.{:08x}.{extension}", hasher.finish() >> 32);
            let bytes = match bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let gzip = zipped(&bytes);
            files.insert(name.clone(), Asset { content_type, bytes, gzip });
            links::asset(&name)
        };
        let css = "text/css; charset=utf-8";
        let svg = "image/svg+xml";
        let colour = brand.colour;
        let logo = match &brand.logo {
            Some(logo) if logo.content_type == "image/png" => {
                add("logo", "png", "image/png", Cow::Owned(logo.bytes.clone()))
            }
            Some(logo) if logo.content_type == svg => add("logo", "svg", svg, Cow::Owned(logo.bytes.clone())),
            Some(logo) => {
                return Err(PortalError::Assets(format!(
                    "a logo must be image/svg+xml or image/png, not {}",
                    logo.content_type
                )));
            }
            None => {
                let mark =
                    String::from_utf8_lossy(&file::<Icons>("mark.svg")?).replace(MARK, &as_shape(colour));
                add("mark", "svg", svg, Cow::Owned(mark.into_bytes()))
            }
        };
        // One file: every request less makes the page appear sooner.
        let mut look = String::new();
        for name in ["app.css", "write.css"] {
            look.push_str(&style_squeezed(&file::<Styles>(name)?));
        }
        look.push_str(&style_sheet(colour));
        let app_css = add("app", "css", css, Cow::Owned(look.into_bytes()));
        let letter_css = style_squeezed(&file::<Styles>("letter.css")?);
        let script =
            |name: &str| Ok::<_, PortalError>(Cow::Owned(squeezed(&file::<Scripts>(name)?).into_bytes()));
        let app_js = add("app", "js", "text/javascript; charset=utf-8", script("app.js")?);
        let write_js = add("write", "js", "text/javascript; charset=utf-8", script("write.js")?);
        let symbols = String::from_utf8_lossy(&file::<Icons>("icons.svg")?).replacen(
            "<svg ",
            "<svg class=\"hidden\" aria-hidden=\"true\" ",
            1,
        );
        let icons = add("icons", "svg", svg, file::<Icons>("icons.svg")?);
        Ok(Self { app_css, letter_css, app_js, write_js, icons, symbols, logo, files })
    }

    /// The file of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }
}

/// Without comment lines and indentation.
fn squeezed(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            out.push_str(line);
            out.push('\n');
        }
        in_comment &= !line.contains("*/");
    }
    out
}

/// And without the blanks that a browser does not need.
fn style_squeezed(bytes: &[u8]) -> String {
    squeezed(bytes)
        .replace("; ", ";")
        .replace(": ", ":")
        .replace(" {", "{")
        .replace("{ ", "{")
        .replace(" }", "}")
}

/// Compressed once and thoroughly, not quickly for every request.
fn zipped(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    let zipped = encoder.finish().ok()?;
    (zipped.len() < bytes.len()).then(|| Bytes::from(zipped))
}

fn file<E: RustEmbed>(name: &str) -> Result<Cow<'static, [u8]>, PortalError> {
    E::get(name).map(|file| file.data).ok_or_else(|| PortalError::Assets(format!("{name} is missing")))
}
