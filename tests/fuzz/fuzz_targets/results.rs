//! Whatever a field says, it is read by the letter or not at all, and what stands in comments is no result.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::flow::proof::results::parse;

fuzz_target!(|input: &str| {
    let Some(results) = parse(input) else { return };
    for check in &results.checks {
        assert!(!check.method.is_empty() && !check.result.is_empty());
        assert!(check.properties.iter().all(|(name, _)| !name.is_empty()));
    }
    // A comment before the first result changes nothing, whatever it holds.
    let comment = "(; dkim=pass header.d=ac-dijon.fr)";
    if let Some((server, rest)) = input.split_once(';').filter(|(server, _)| !server.contains(['"', '(', '\\'])) {
        assert_eq!(parse(&format!("{server} {comment};{rest}")), Some(results));
    }
});
