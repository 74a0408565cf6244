//! Who may say who is signed in.

use super::report::Report;
use crate::config;

/// Warns where somebody else than the proxy may be believed, or where nobody is.
pub(super) fn check(report: &mut Report, http: &config::Http) {
    let address = http.identity_listen.as_deref().filter(|address| !address.starts_with("unix:"));
    let is_open = |address: &str| {
        !address.starts_with("127.") && !address.starts_with("[::1]") && !address.starts_with("localhost:")
    };
    if let Some(address) = address.filter(|address| is_open(address)) {
        report.warning(
            "identity",
            format_args!(
                "http.identity_listen is {address}: whoever reaches it from another machine is whom they say they are"
            ),
            "Let only the proxy reach it: a Unix socket, 127.0.0.1, or a network that has nobody else in it.",
        );
    }
    let everybody: Vec<_> =
        http.trusted_proxies.iter().filter(|it| it.prefix_len() == 0).map(ToString::to_string).collect();
    if !everybody.is_empty() {
        report.warning(
            "identity",
            format_args!(
                "http.trusted_proxies has {}, which is everybody: http.proxy_secret alone says who is the proxy",
                everybody.join(", ")
            ),
            "Name the addresses that the proxy calls from.",
        );
    }
    if http.proxy_secret.is_some() && http.trusted_proxies.is_empty() {
        report.warning(
            "identity",
            "http.proxy_secret is set and http.trusted_proxies is empty: nobody is believed by that secret",
            "Name the addresses that the proxy calls from in http.trusted_proxies.",
        );
    }
    if http.identity_listen.is_some() && !http.trusted_proxies.is_empty() && http.proxy_secret.is_none() {
        report.warning(
            "identity",
            "http.trusted_proxies is set without http.proxy_secret: the proxy is believed behind http.identity_listen alone",
            "Empty http.trusted_proxies, or give http.proxy_secret.",
        );
    }
}
