//! The request is not larger than the academy takes. What comes by a form is bounded where it is read (`http.max_size`),
//! and its files by `[attachments]`, which names what it leaves out.

use super::{Rejection, Rules};
use crate::request::{Origin, Reason, Received};

pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    let is_mail = matches!(received.origin, Origin::Mail(_));
    if is_mail && rules.enabled("too-large") && received.size > rules.max_size {
        return Err(rules.refuse(Reason::TooLarge));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::samples, check};

    #[test]
    fn the_limit_itself_passes_and_one_byte_more_does_not() {
        let rules = samples::rules(|config| config.max_size = 1000);
        let mut mail = samples::mail(|_| {});
        mail.size = 1000;
        assert!(check(&mail, &rules).is_ok());
        mail.size = 1001;
        assert!(check(&mail, &rules).is_err());
        let form = samples::form(crate::request::FormFields::default());
        assert!(check(&crate::request::Received { size: 1001, ..form }, &rules).is_ok());
    }
}
