//! How moments and numbers are written in answers and addresses.

use jiff::Zoned;

/// A moment as machines read it (RFC 3339), with its offset.
pub(super) fn rfc3339(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A number of GLPI's in a path: plain digits, of 32 bits as GLPI's are, and not 0.
pub(super) fn glpi_number<I: From<u64>>(segment: &str) -> Option<I> {
    let is_plain = segment.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = segment.parse().ok().filter(|number| is_plain && *number > 0)?;
    Some(u64::from(number).into())
}
