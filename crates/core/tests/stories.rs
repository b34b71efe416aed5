//! Every story in `tests/stories` comes true. How one is written: `story/mod.rs`.

mod common;
mod story;

use std::path::Path;

#[test]
fn every_story_comes_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut told = 0;
    for entry in std::fs::read_dir(folder).expect("stories") {
        story::tell(&entry.expect("a story").path());
        told += 1;
    }
    assert!(told >= 12, "only {told} stories were told");
}
