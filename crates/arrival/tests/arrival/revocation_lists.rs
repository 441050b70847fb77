//! Revocation lists in files: read when they are new, kept when a file no longer contains one, and the
//! warnings to the operator.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sealpost_arrival::RevocationLists as _;
use sealpost_arrival::crl_files::CrlFiles;
use sealpost_arrival::revocation_state::{self, Fetched};
use sealpost_seal::{Lists, RevocationList};

use crate::rig::{NOW, Setting};

const ONE: &[u8] = include_bytes!("crl/one.crl");
const OVER: &[u8] = include_bytes!("crl/over.crl");
const TWO: &[u8] = include_bytes!("crl/two.crl");
const LIAR: &[u8] = include_bytes!("crl/liar.crl");
const ROOT: &[u8] = include_bytes!("crl/one.der");

/// Writes a file newer than all before: its time distinguishes it.
fn put(path: &Path, bytes: &[u8], minute: u64) {
    fs::write(path, bytes).unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + minute * 60);
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

fn count(lists: &CrlFiles) -> usize {
    lists.now().len()
}

#[test]
fn a_folder_gives_every_list_in_it_but_none_of_a_file_that_is_being_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.crl"), folder.path().join("two.crl"));
    put(&one, ONE, 0);
    put(&folder.path().join(".two.crl.part"), TWO, 0);
    let lists = CrlFiles::new(vec![folder.path().to_owned()]);
    assert_eq!(count(&lists), 1);
    put(&two, &[TWO, OVER].concat(), 1);
    assert_eq!(count(&lists), 3, "one file may hold several");
    fs::remove_file(&one).unwrap();
    assert_eq!(count(&lists), 2, "a list that the operator has taken away counts no more");
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.crl");
    put(&file, ONE, 0);
    let lists = CrlFiles::new(vec![file.clone()]);
    let (first, second) = (lists.now(), lists.now());
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    put(&file, OVER, 1);
    let third = lists.now();
    assert_ne!(first, third, "another one under the same name");
}

/// Dropping a list would make the certificates on it valid again.
#[test]
fn a_file_that_holds_no_list_takes_nothing_away_from_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.crl");
    put(&file, ONE, 0);
    let lists = CrlFiles::new(vec![folder.path().to_owned()]);
    let good = lists.now();
    for (minute, broken) in [&b"<html>404 not found</html>"[..], &ONE[..ONE.len() / 2], b"", b"\x30\x03abc"]
        .into_iter()
        .enumerate()
    {
        put(&file, broken, 1 + minute as u64);
        assert_eq!(lists.now(), good, "{minute}");
    }
    put(&file, TWO, 9);
    assert_ne!(lists.now(), good);
    // The whole folder is missing for a moment: a share being remounted.
    let away = folder.path().join("../away-for-a-moment");
    let before = lists.now();
    let unreadable = CrlFiles::new(vec![away]);
    assert_eq!(count(&unreadable), 0);
    assert_eq!(lists.now(), before);
}

#[test]
fn lists_that_are_too_large_together_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("a.crl"), ONE, 0);
    let large = folder.path().join("b.crl");
    put(&large, TWO, 0);
    File::options().write(true).open(&large).unwrap().set_len(17 * 1024 * 1024).unwrap();
    let lists = CrlFiles::new(vec![folder.path().to_owned()]);
    assert_eq!(count(&lists), 1, "the small one counts all the same");
    let said = revocation_state::too_large(&[folder.path().to_owned()]).unwrap();
    for words in ["are 18 MB together, and 16 MB are read", "b.crl (17 MB), "] {
        assert!(said.contains(words), "{said}");
    }
}

/// All of them are passed to the worker with every letter, wherever they are.
#[test]
fn all_places_share_one_room() {
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, bytes) in places.iter().zip([ONE, TWO]) {
        let file = folder.path().join("a.crl");
        put(&file, bytes, 0);
        // Data after a list is ignored.
        File::options().write(true).open(&file).unwrap().set_len(9 * 1024 * 1024).unwrap();
    }
    let [first, second] = places.each_ref().map(|folder| folder.path().to_owned());
    assert_eq!(count(&CrlFiles::new(vec![first.clone()])), 1);
    assert_eq!(count(&CrlFiles::new(vec![first.clone(), second.clone()])), 1);
    put(&second.join("a.crl"), TWO, 1);
    assert_eq!(count(&CrlFiles::new(vec![first.clone(), second.clone()])), 2, "a small one fits");
    assert_eq!(revocation_state::too_large(&[first.clone(), second.clone()]), None);
    File::options().write(true).open(second.join("a.crl")).unwrap().set_len(9 * 1024 * 1024).unwrap();
    assert_eq!(revocation_state::too_large(std::slice::from_ref(&second)), None);
    let said = revocation_state::too_large(&[first, second]).unwrap();
    assert!(said.contains("are 18 MB together"), "{said}");
}

/// What it names is revoked, however large another authority's list was for a while.
#[test]
fn a_list_that_did_not_fit_is_read_when_there_is_room() {
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first, second, third] = places.each_ref().map(|folder| folder.path().join("a.crl"));
    put(&first, ONE, 0);
    put(&second, OVER, 0);
    let lists = CrlFiles::new(places.iter().map(|folder| folder.path().to_owned()).collect());
    let read = |file: &Path| RevocationList::ders(&fs::read(file).unwrap());
    let (one, over, two) = (read(&first), read(&second), RevocationList::ders(TWO));
    assert_eq!(*lists.now(), [one.clone(), over.clone()].concat());
    let grown = |file: &Path, bytes: &[u8], minute: u64| {
        put(file, bytes, minute);
        let open = File::options().write(true).open(file).unwrap();
        // Data after a list is ignored.
        open.set_len(9 * 1024 * 1024).unwrap();
        open.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute)).unwrap();
    };
    grown(&first, ONE, 1);
    lists.now();
    grown(&second, TWO, 2);
    grown(&third, TWO, 2);
    assert_eq!(*lists.now(), [one.clone(), over].concat(), "the former one counts, and of the new file none");
    put(&first, ONE, 3);
    assert_eq!(*lists.now(), [one, two].concat(), "the second file has changed no more");
    fs::remove_file(&second).unwrap();
    assert_eq!(count(&lists), 2, "and a file of which nothing was read yet");
}

/// The warnings of `check` for these files, with this root and rule.
fn warnings(files: &[(&str, &[u8])], roots: &[&[u8]], rule: Lists) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        put(&folder.path().join(name), bytes, 0);
    }
    let places: Vec<PathBuf> = vec![folder.path().to_owned()];
    let mut inbound = Setting::default().inbound;
    inbound.roots = roots.iter().map(|root| root.to_vec()).collect();
    inbound.lists = rule;
    inbound.crls = std::sync::Arc::new(CrlFiles::new(places.clone()));
    revocation_state::warnings(&inbound, &places, &Fetched::Never, NOW)
}

#[test]
fn an_operator_hears_of_lists_that_prove_nothing() {
    let good = warnings(&[("one.crl", ONE)], &[ROOT], Lists::Require);
    assert!(good.is_empty(), "{good:?}");
    for (what, files, roots, rule, word) in [
        ("over", &[("one.crl", OVER)][..], &[ROOT][..], Lists::WhenKnown, "says nothing of today"),
        ("forged", &[("one.crl", LIAR)], &[ROOT], Lists::WhenKnown, "is not signed by the root of that name"),
        (
            "none",
            &[],
            &[ROOT],
            Lists::Require,
            "there is no revocation list of the root \"CN=Test Root One\"",
        ),
        (
            "another's",
            &[("two.crl", TWO)],
            &[ROOT],
            Lists::Require,
            "there is no revocation list of the root",
        ),
        ("no roots", &[("one.crl", ONE)], &[], Lists::WhenKnown, "there are no partners.roots"),
        ("no list", &[("one.crl", b"404")], &[ROOT], Lists::Off, "holds no revocation list"),
    ] {
        let said = warnings(files, roots, rule);
        assert!(said.iter().any(|line| line.contains(word)), "{what}: {said:?}");
    }
    let gone = [PathBuf::from("/nowhere/at/all.crl")];
    let said = revocation_state::warnings(&Setting::default().inbound, &gone, &Fetched::Never, NOW);
    assert!(matches!(said.as_slice(), [line] if line.contains("cannot be read")), "{said:?}");
}

#[test]
fn where_lists_are_off_or_not_required_nobody_is_warned_of_missing_ones() {
    for rule in [Lists::Off, Lists::WhenKnown] {
        assert!(warnings(&[], &[ROOT], rule).is_empty());
    }
    assert!(warnings(&[("over.crl", OVER)], &[ROOT], Lists::Off).is_empty(), "it is held against nothing");
}
