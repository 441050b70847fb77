//! The test binaries of the workspace, as built and listed by cargo, so that none can be forgotten.
//!
//! Must never know: what is in them, how they are run.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::build;

/// One of them.
pub(crate) struct TestBinary {
    /// The folder of its package and its own name, like `store/postgres`.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// Where cargo would run it.
    pub(crate) package: PathBuf,
}

impl TestBinary {
    /// Whether it is the one of that name in its package, like `postgres`.
    pub(crate) fn is(&self, target: &str) -> bool {
        self.name.rsplit_once('/').is_some_and(|(_, own)| own == target)
    }
}

/// Builds and lists them.
pub(crate) fn built() -> Result<Vec<TestBinary>, String> {
    let mut cargo = build::cargo();
    cargo.args([
        "test",
        "--workspace",
        "--locked",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.args(build::TESTED);
    let done =
        cargo.stderr(Stdio::inherit()).output().map_err(|e| format!("cargo cannot be started: {e}"))?;
    if !done.status.success() {
        return Err(format!("the tests were not built: cargo ended with {}", done.status));
    }
    let messages = String::from_utf8(done.stdout).map_err(|e| format!("cargo's messages: {e}"))?;
    let all: Vec<TestBinary> = messages.lines().filter_map(listed).collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err("cargo named no test binary".to_owned());
    }
    Ok(all)
}

/// One of cargo's messages; `None`: not about a test binary. Objects of one line without spaces, of which
/// three fields are needed: not worth a library before the first line of this program runs.
fn listed(message: &str) -> Option<Result<TestBinary, String>> {
    let (_, profile) = message.split_once(r#""profile":{"#)?;
    let (profile, rest) = profile.split_once('}')?;
    if !profile.contains(r#""test":true"#) {
        return None;
    }
    let program = PathBuf::from(text(rest, "executable")?);
    Some(named(message, program).ok_or_else(|| format!("not understood of cargo: {message}")))
}

fn named(message: &str, program: PathBuf) -> Option<TestBinary> {
    let package = Path::new(text(message, "manifest_path")?).parent()?.to_path_buf();
    let (own, _hash) = program.file_name()?.to_str()?.rsplit_once('-')?;
    let name = format!("{}/{own}", package.file_name()?.to_str()?);
    Some(TestBinary { name, program, package })
}

/// A text in a message; a path with a quote or a backslash in it would not be understood.
fn text<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(&format!(r#""{key}":""#))?;
    let (text, _) = rest.split_once('"')?;
    (!text.contains('\\')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::listed;

    const MESSAGE: &str = r#"{"reason":"compiler-artifact","manifest_path":"/s/crates/store/Cargo.toml","target":{"kind":["test"],"name":"postgres","test":true},"profile":{"opt_level":"0","debuginfo":1,"test":true},"features":[],"filenames":["/s/target/debug/deps/postgres-0f"],"executable":"/s/target/debug/deps/postgres-0f","fresh":true}"#;

    #[test]
    fn a_test_binary_is_named_by_its_package_and_itself() {
        let binary = listed(MESSAGE).unwrap().unwrap();
        assert_eq!(binary.name, "store/postgres");
        assert_eq!(binary.package, std::path::Path::new("/s/crates/store"));
        assert!(binary.is("postgres") && !binary.is("store"));
    }

    #[test]
    fn what_is_no_test_binary_is_none_and_what_is_not_understood_is_told() {
        let program = MESSAGE.replace(r#""debuginfo":1,"test":true"#, r#""debuginfo":1,"test":false"#);
        assert!(listed(&program).is_none());
        assert!(
            listed(&MESSAGE.replace(r#""/s/target/debug/deps/postgres-0f","fresh""#, r#"null,"fresh""#))
                .is_none()
        );
        assert!(listed(&MESSAGE.replace("manifest_path", "other")).unwrap().is_err());
    }
}
