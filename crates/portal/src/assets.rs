//! Styles, scripts and icons, compiled in, under addresses that change with their content. No path from outside
//! reaches a file system.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::brand::{as_shape, style_sheet};
use crate::colour::Colour;
use crate::config::{PortalBrand, PortalError};

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/styles/"]
struct Styles;

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/scripts/"]
struct Scripts;

#[derive(RustEmbed)]
#[folder = "../../webmail-ui/icons/"]
struct Icons;

/// The colour in `mark.svg` that gives way to the operator's.
const MARK: &str = "#0b5c74";

/// A file ready to be sent.
pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
    /// The same, as small as it gets, where that is smaller.
    pub(crate) gzip: Option<Bytes>,
}

/// All of them, and the addresses that pages name.
pub(crate) struct Assets {
    files: HashMap<String, Asset>,
    pub(crate) app_css: String,
    pub(crate) brand_css: String,
    pub(crate) letter_css: String,
    pub(crate) app_js: String,
    pub(crate) write_css: String,
    pub(crate) write_js: String,
    pub(crate) icons: String,
    pub(crate) logo: String,
}

impl Assets {
    pub(crate) fn new(brand: &PortalBrand) -> Result<Self, PortalError> {
        let mut files = HashMap::new();
        let mut add = |stem: &str, extension: &str, content_type, bytes: Cow<'static, [u8]>| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            let name = format!("{stem}.{:016x}.{extension}", hasher.finish());
            let bytes = match bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let gzip = zipped(&bytes);
            files.insert(name.clone(), Asset { content_type, bytes, gzip });
            format!("/static/{name}")
        };
        let css = "text/css; charset=utf-8";
        let svg = "image/svg+xml";
        let colour = Colour::parse(&brand.colour)?;
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
        let (app_css, letter_css) = (
            add("app", "css", css, file::<Styles>("app.css")?),
            add("letter", "css", css, file::<Styles>("letter.css")?),
        );
        let brand_css = add("brand", "css", css, Cow::Owned(style_sheet(colour).into_bytes()));
        let app_js = add("app", "js", "text/javascript; charset=utf-8", file::<Scripts>("app.js")?);
        let write_css = add("write", "css", css, file::<Styles>("write.css")?);
        let write_js = add("write", "js", "text/javascript; charset=utf-8", file::<Scripts>("write.js")?);
        let icons = add("icons", "svg", svg, file::<Icons>("icons.svg")?);
        Ok(Self { app_css, brand_css, letter_css, app_js, write_css, write_js, icons, logo, files })
    }

    /// The file of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }
}

/// Done once and thoroughly, not for every request and in haste.
fn zipped(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    let zipped = encoder.finish().ok()?;
    (zipped.len() < bytes.len()).then(|| Bytes::from(zipped))
}

fn file<E: RustEmbed>(name: &str) -> Result<Cow<'static, [u8]>, PortalError> {
    E::get(name).map(|file| file.data).ok_or_else(|| PortalError::Assets(format!("{name} is missing")))
}
