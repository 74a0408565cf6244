//! `make chaos SEEDS=…` names the smallest seed that fails.

use std::process::Command;

/// How the search over these seeds ends, where the run with a seed over 3 fails; and what it says.
fn searched(seeds: &str) -> (Option<i32>, String) {
    let run = "echo said; test \"$SEED\" -le 3 || { echo what does not add up; exit 1; }";
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seeds.sh");
    let folder = tempfile::tempdir().unwrap();
    let search = Command::new(script).args([seeds, "sh", "-c", run]).env("TMPDIR", folder.path()).output().unwrap();
    let said = [search.stdout, search.stderr].concat();
    (search.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_smallest_seed_that_fails_is_named_with_what_it_said() {
    let (end, said) = searched("1..9");
    assert_eq!(end, Some(1), "{said}");
    assert!(said.contains("seed 3: passed") && said.contains("seed 4: FAILED, the smallest of 1..9"), "{said}");
    assert!(said.contains("what does not add up") && !said.contains("seed 5"), "{said}");
    assert_eq!(
        searched("1..3"),
        (Some(0), "seed 1: passed\nseed 2: passed\nseed 3: passed\nnone of the seeds 1..3 fails\n".to_owned())
    );
    for none in ["", "4", "9..1", "1..x", "1..2..3"] {
        let (end, said) = searched(none);
        assert!(end == Some(64) && said.contains("is no range of seeds"), "{none}: {end:?} {said}");
    }
}
