//! The calls of the API, each named once: for the router, for the description, and for what is counted of it.

use std::sync::Arc;

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, on},
};
use utoipa::{
    __dev::{SchemaReferences, Tags},
    Path,
    openapi::HttpMethod,
};

use super::services::Services;

/// Who is told of each call, by what `#[utoipa::path]` makes of its handler.
pub(super) trait Calls: Sized {
    /// With this one, too.
    fn call<P, H, T>(self, described: P, handler: H) -> Self
    where
        P: Path + Tags<'static> + SchemaReferences,
        H: Handler<T, Arc<Services>>,
        T: 'static;
}

impl Calls for Router<Arc<Services>> {
    fn call<P, H, T>(self, _: P, handler: H) -> Self
    where
        P: Path + Tags<'static> + SchemaReferences,
        H: Handler<T, Arc<Services>>,
        T: 'static,
    {
        let methods = P::methods().iter().map(filter).reduce(MethodFilter::or);
        match methods {
            Some(methods) => self.route(&<P as Path>::path(), on(methods, handler)),
            None => self,
        }
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}
