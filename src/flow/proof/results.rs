//! `Authentication-Results` (RFC 8601 section 2.2): what a relay says it checked.
//!
//! Read by the letter: a field with anything that does not belong there is not read at all, for whoever
//! wrote the mail chose some of the words in it.

/// What one field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// Who says it: the `authserv-id`.
    pub server: String,
    /// What was checked, in the order it stands there.
    pub checks: Vec<Check>,
}

/// One `resinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The method, lower case: `dkim`, `spf`, `dmarc`…
    pub method: String,
    /// What came out, lower case: `pass`, `fail`, `none`, `temperror`…
    pub result: String,
    /// `ptype.property` in lower case, and its value as written; without a dot the words some relays add.
    pub properties: Vec<(String, String)>,
}

impl Check {
    /// The domain in a property, lower case: all of its value, or what stands behind its last `@`.
    pub fn domain(&self, property: &str) -> Option<String> {
        let (_, value) = self.properties.iter().find(|(name, _)| name == property)?;
        let domain = value.rsplit_once('@').map_or(value.as_str(), |(_, domain)| domain);
        (!domain.is_empty()).then(|| domain.to_lowercase())
    }
}

/// Reads the value of one field, unfolded; `None` when it is none, or of a later version of the format.
pub fn parse(field: &str) -> Option<Results> {
    let mut rest = Cursor { rest: field };
    rest.blank()?;
    let server = rest.value()?;
    rest.blank()?;
    // The version of the format, where it is named.
    if !rest.rest.starts_with(';') && rest.value()? != "1" {
        return None;
    }
    let mut checks = Vec::new();
    loop {
        rest.blank()?;
        if rest.rest.is_empty() {
            break;
        }
        rest.take(';')?;
        rest.blank()?;
        // Some relays end with a semicolon.
        if rest.rest.is_empty() {
            break;
        }
        checks.extend(rest.check()?);
    }
    Some(Results { server, checks })
}

/// What is left to read.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    /// A `resinfo` behind its semicolon; nothing for `none` and for a method in another version than its first.
    #[expect(clippy::option_option, reason = "outside: whether it is one; inside: whether it says something")]
    fn check(&mut self) -> Option<Option<Check>> {
        let method = self.keyword()?;
        self.blank()?;
        if method == "none" && (self.rest.is_empty() || self.rest.starts_with(';')) {
            return Some(None);
        }
        let mut is_first_version = true;
        if self.take('/').is_some() {
            self.blank()?;
            is_first_version = self.keyword()? == "1";
            self.blank()?;
        }
        self.take('=')?;
        self.blank()?;
        let result = self.keyword()?;
        let mut properties = Vec::new();
        loop {
            let apart = self.blank()?;
            if self.rest.is_empty() || self.rest.starts_with(';') {
                break;
            }
            if !apart {
                return None;
            }
            properties.push(self.property()?);
        }
        Some(is_first_version.then_some(Check { method, result, properties }))
    }

    /// A `propspec` or a `reasonspec`.
    fn property(&mut self) -> Option<(String, String)> {
        let mut name = self.keyword()?;
        self.blank()?;
        while self.take('.').is_some() {
            self.blank()?;
            name = format!("{name}.{}", self.keyword()?);
            self.blank()?;
        }
        self.take('=')?;
        self.blank()?;
        Some((name, self.value()?))
    }

    /// Skips blanks and comments (CFWS), also nested ones; tells whether there were any. `None`: one does not end.
    fn blank(&mut self) -> Option<bool> {
        let before = self.rest.len();
        let (mut depth, mut quoted) = (0_usize, false);
        let end = self.rest.char_indices().find(|&(_, c)| {
            match c {
                _ if quoted => quoted = false,
                '\\' if depth > 0 => quoted = true,
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                _ => return depth == 0 && !matches!(c, ' ' | '\t' | '\r' | '\n'),
            }
            false
        });
        self.rest = &self.rest[end.map_or(self.rest.len(), |(at, _)| at)..];
        (depth == 0).then_some(self.rest.len() < before)
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    /// Letters, digits, hyphens and underlines, in lower case; at least one.
    fn keyword(&mut self) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_ascii_lowercase())
    }

    /// A token, a quoted string, or an address, whose local part may be quoted; may be empty only in quotes.
    fn value(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut any = false;
        loop {
            match self.rest.chars().next() {
                Some('"') => value.push_str(&self.quoted()?),
                Some(c) if !c.is_whitespace() && !c.is_control() && !matches!(c, ';' | '(' | ')' | '\\') => {
                    value.push(c);
                    self.rest = &self.rest[c.len_utf8()..];
                }
                _ => return any.then_some(value),
            }
            any = true;
        }
    }

    /// A quoted string without its quotes.
    fn quoted(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(characters.next()?.1),
                _ => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Check, parse};

    fn check(method: &str, result: &str, properties: &[(&str, &str)]) -> Check {
        Check {
            method: method.into(),
            result: result.into(),
            properties: properties.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    /// The examples of RFC 8601 appendix B.
    #[rstest]
    #[case("example.org 1; none", "example.org", vec![])]
    #[case(
        "example.com;\r\n          spf=pass smtp.mailfrom=example.net",
        "example.com",
        vec![check("spf", "pass", &[("smtp.mailfrom", "example.net")])]
    )]
    #[case(
        "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=fail smtp.mailfrom=example.net",
        "example.com",
        vec![
            check("auth", "pass", &[("smtp.auth", "sender@example.net")]),
            check("spf", "fail", &[("smtp.mailfrom", "example.net")]),
        ]
    )]
    #[case(
        "example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net;\
         \r\n dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
        "example.com",
        vec![
            check("dkim", "pass", &[("reason", "good signature"), ("header.i", "@mail-router.example.net")]),
            check("dkim", "fail", &[("reason", "bad signature"), ("header.i", "@newyork.example.com")]),
        ]
    )]
    #[case(
        "foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n\
         \u{20}     policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wanted it) 1362471462",
        "foo.example.net",
        vec![check("dkim", "fail", &[("policy.expired", "1362471462")])]
    )]
    fn the_examples_of_the_standard_are_read(#[case] field: &str, #[case] server: &str, #[case] expected: Vec<Check>) {
        let results = parse(field).unwrap();
        assert_eq!((results.server.as_str(), results.checks), (server, expected));
    }

    /// As opendkim, opendmarc, rspamd, amavisd and policyd-spf write them.
    #[rstest]
    #[case(
        "mx.ac-dijon.fr; dkim=pass (2048-bit key; unprotected) header.d=ac-dijon.fr header.i=@ac-dijon.fr \
         header.a=rsa-sha256 header.s=s2026 header.b=aB/c+d12",
        "dkim",
        "header.d",
        "ac-dijon.fr"
    )]
    #[case(
        "mx.ac-dijon.fr; dmarc=pass (p=none dis=none) header.from=AC-Dijon.fr",
        "dmarc",
        "header.from",
        "ac-dijon.fr"
    )]
    #[case("\"mx.ac-dijon.fr\" (amavisd-new); dkim=pass header.d=\"ac-dijon.fr\";", "dkim", "header.d", "ac-dijon.fr")]
    #[case(
        "mx; spf=pass (sender SPF authorized) smtp.mailfrom=liste+a=b.fr@ac-dijon.fr (client-ip=192.0.2.1; helo=x)",
        "spf",
        "smtp.mailfrom",
        "ac-dijon.fr"
    )]
    #[case(
        "mx; dmarc=pass action=none header.from=ac-dijon.fr;compauth=pass reason=100",
        "dmarc",
        "header.from",
        "ac-dijon.fr"
    )]
    fn what_relays_write_is_read(
        #[case] field: &str,
        #[case] method: &str,
        #[case] property: &str,
        #[case] domain: &str,
    ) {
        let results = parse(field).unwrap();
        let found = results.checks.iter().find(|check| check.method == method).unwrap();
        assert_eq!((found.result.as_str(), found.domain(property).as_deref()), ("pass", Some(domain)));
    }

    #[rstest]
    #[case::comment("mx (dkim=pass header.d=ac-dijon.fr); spf=none (; dkim=pass header.d=ac-dijon.fr)")]
    #[case::nested("mx; spf=none (a (b) \\) ; dkim=pass header.d=ac-dijon.fr)")]
    #[case::quoted("mx; spf=fail reason=\"; dkim=pass header.d=ac-dijon.fr\"")]
    #[case::escaped("mx; spf=fail reason=\"\\\"; dkim=pass header.d=ac-dijon.fr\"")]
    #[case::quoted_local_part("mx; spf=pass smtp.mailfrom=\"; dkim=pass header.d=ac-dijon.fr \"@evil.org")]
    #[case::later_method("mx; dkim/2=pass header.d=ac-dijon.fr")]
    #[case::none("mx; none")]
    #[case::nothing("mx;")]
    fn what_is_quoted_is_no_result(#[case] field: &str) {
        let results = parse(field).unwrap();
        assert!(results.checks.iter().all(|check| check.method != "dkim"), "{results:?}");
        assert!(results.checks.iter().all(|check| check.domain("smtp.mailfrom").is_none_or(|d| d == "evil.org")));
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_server("; dkim=pass header.d=ac-dijon.fr")]
    #[case::no_server_but_a_result("spf=pass smtp.mailfrom=ac-dijon.fr; dkim=pass")]
    #[case::later_version("mx 2; dkim=pass header.d=ac-dijon.fr")]
    #[case::open_comment("mx; dkim=pass (header.d=ac-dijon.fr")]
    #[case::open_quote("mx; dkim=pass header.d=\"ac-dijon.fr")]
    #[case::words_between("mx; dkim=pass evil header.d=ac-dijon.fr")]
    #[case::no_result("mx; dkim header.d=ac-dijon.fr")]
    #[case::no_blank("mx; dkim=pass.header.d=ac-dijon.fr")]
    #[case::no_value("mx; dkim=pass header.d=; spf=pass")]
    #[case::control("mx; dkim=pass header.d=ac-dijon.fr\u{0}.evil.org")]
    fn what_is_not_by_the_letter_is_not_read(#[case] field: &str) {
        assert_eq!(parse(field), None);
    }

    #[test]
    fn a_longer_domain_is_all_of_its_value() {
        let results = parse("mx; dkim=pass header.d=ac-dijon.fr.evil.org header.i=ac-dijon.fr@evil.org").unwrap();
        assert_eq!(results.checks[0].domain("header.d").unwrap(), "ac-dijon.fr.evil.org");
        assert_eq!(results.checks[0].domain("header.i").unwrap(), "evil.org");
    }

    proptest! {
        #[test]
        fn no_field_makes_the_reader_fail(field in "(mx; )?[ a-z=;.()\"\\\\@\t\u{e9}\u{0}/1]{0,60}|(?s).{0,80}") {
            let _ = parse(&field);
        }
    }
}
