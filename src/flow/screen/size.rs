//! The request is not larger than the academy takes.

use super::{Rejection, Rules};
use crate::request::{Reason, Received};

pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    if rules.enabled("too-large") && received.size > rules.max_size {
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
    }
}
