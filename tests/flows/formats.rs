//! Data on disk can be opened without our code: `tests/formats/read.py` does so with an independent library.

use rig::readers::{python, root, said};

#[test]
fn somebody_else_opens_one_of_every_sealed_format() {
    let told = said(python().arg(root().join("tests/formats/read.py")));
    assert!(told.contains("opened: records") && told.contains("session"), "{told}");
}
