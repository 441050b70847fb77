//! Writes every notice in every language into a folder, for inspection: `cargo run -p sealpost-notice
//! --example preview -- FOLDER [hostile]`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a tool for designers")]

#[path = "../tests/samples/mod.rs"]
mod samples;

use sealpost_notice::{Language, render};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = std::path::PathBuf::from(arguments.next().unwrap_or_else(|| "notices".to_owned()));
    let hostile = arguments.next().is_some();
    let (facts, brand) = if hostile {
        (samples::hostile(), samples::odd_brand())
    } else {
        (samples::plain(), samples::brand())
    };
    std::fs::create_dir_all(&folder)?;
    for language in Language::all() {
        for (name, notice) in samples::notices(&facts) {
            let rendered = render(&notice, language, &brand, "Europe/Berlin").expect(name);
            let stem = format!("{name}.{}", language.tag());
            std::fs::write(folder.join(format!("{stem}.html")), rendered.html)?;
            let text = format!("Subject: {}\n\n{}", rendered.subject, rendered.text);
            std::fs::write(folder.join(format!("{stem}.txt")), text)?;
            println!("{stem}: {}", rendered.subject);
        }
    }
    Ok(())
}
