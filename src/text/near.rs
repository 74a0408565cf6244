//! Which known names a misspelt one may be meant for.

use super::fold::words;

/// Less alike, from 0 to 1, a name is another one.
pub(crate) const ALIKE: f64 = 0.5;

/// The known names that are so much `alike` with this one, the nearest first; of those that are as near, the first known
/// one is. Case, accents and what stands between words do not matter; of a name with a slash what follows it counts by
/// itself, too.
pub(crate) fn near<N: AsRef<str>>(given: &str, known: impl IntoIterator<Item = N>, alike: f64) -> Vec<N> {
    let given = words(given).join(" ");
    let likeness = |name: &str| {
        let behind = name.split_once('/').map_or("", |(_, behind)| behind);
        [name, behind].map(|name| likeness(&given, &words(name).join(" "))).into_iter().fold(0.0, f64::max)
    };
    let mut known: Vec<(f64, N)> = known.into_iter().map(|name| (likeness(name.as_ref()), name)).collect();
    known.retain(|(likeness, _)| *likeness >= alike);
    known.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    known.into_iter().map(|(_, name)| name).collect()
}

/// By the letters that are other ones or elsewhere; half a name is alike, too: «token» and «`user_token`».
fn likeness(one: &str, other: &str) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let has = |whole: &str, part: &str| format!(" {whole} ").contains(&format!(" {part} "));
    let by_words = if has(one, other) || has(other, one) { ALIKE } else { 0.0 };
    strsim::normalized_damerau_levenshtein(one, other).max(by_words)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ALIKE, near};

    const KEYS: [&str; 6] = ["app_token", "login", "password", "timeout", "url", "user_token"];
    const ZONES: [&str; 5] = ["021", "058", "021/Dijon Nord", "021/Dijon Sud", "058/Nevers"];
    const APPLICATIONS: [&str; 4] = ["LSU", "ONDE", "ECECA", "Base élèves"];

    #[rstest]
    #[case::a_letter_too_few("usr_token", &KEYS, &["user_token", "app_token"])]
    #[case::no_sign_between_words("usertoken", &KEYS, &["user_token", "app_token"])]
    #[case::another_sign_between_words("user-token", &KEYS, &["user_token", "app_token"])]
    #[case::a_word_of_it("token", &KEYS, &["app_token", "user_token"])]
    #[case::a_word_too_many("url_of_glpi", &KEYS, &["url"])]
    #[case::its_beginning("pass", &KEYS, &["password"])]
    #[case::nothing_like_it("flowers", &KEYS, &[])]
    #[case::two_digits_of_three("0Z1", &ZONES, &["021"])]
    #[case::the_name_behind_the_slash("dijon nord", &ZONES, &["021/Dijon Nord", "021/Dijon Sud"])]
    #[case::letters_changed_about("021/Dijon Nrod", &ZONES, &["021/Dijon Nord", "021/Dijon Sud", "021"])]
    #[case::a_digit_of_three("971", &ZONES, &[])]
    #[case::no_letter("?", &ZONES, &[])]
    #[case::nothing("", &ZONES, &[])]
    #[case::a_letter_too_many("LSUU", &APPLICATIONS, &["LSU"])]
    #[case::changed_about_in_other_case("oned", &APPLICATIONS, &["ONDE"])]
    #[case::accents("Écéca", &APPLICATIONS, &["ECECA"])]
    #[case::no_accents("BASE ELEVES", &APPLICATIONS, &["Base élèves"])]
    #[case::its_short_name_in_the_long_one("Livret scolaire (LSU)", &APPLICATIONS, &["LSU"])]
    fn the_names_that_may_be_meant_are_found_the_nearest_first(
        #[case] given: &str,
        #[case] known: &[&str],
        #[case] expected: &[&str],
    ) {
        assert_eq!(near(given, known, ALIKE), expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn who_asks_for_more_likeness_gets_no_half_names() {
        assert_eq!(near("usr_token", KEYS, 0.85), ["user_token"]);
        assert!(near("token", KEYS, 0.85).is_empty());
    }
}
