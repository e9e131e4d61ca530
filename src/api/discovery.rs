//! What token issuers publish: discovery documents and key sets, at the host of the configured URL, for everybody.
//!
//! Only requests without a signature come here, and all that are read so at that host do. An account that gives out no more
//! tokens goes on publishing: those that it gave out are good until they expire.
//! Source: OpenID Connect Discovery 1.0, sections 3 and 4; the members are those that AWS's issuers publish, and those that
//! the specification demands of all.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};

use super::{World, sts, token_issuers::TokenIssuer};
use crate::{
    base::{Fault, Need, Operation, condition::Value},
    federation::outbound::Algorithm,
    gateway::{
        backend::{Answer, ApiRequest, OwnApi, OwnOperation, Undescribed},
        caller::Caller,
        issuer::{Document, IssuerUrl},
    },
};

/// The API.
pub fn api(world: Arc<World>) -> Api {
    Api { world }
}

/// The documents of token issuers.
pub struct Api {
    world: Arc<World>,
}

impl OwnApi for Api {
    /// Signed requests never come here: they find STS's own API, which is asked first.
    fn service(&self) -> &'static str {
        "sts"
    }

    fn namespace(&self) -> &'static str {
        sts::NAMESPACE
    }

    fn version(&self) -> &'static str {
        sts::VERSION
    }

    fn body_bytes_max(&self) -> usize {
        0
    }

    fn takes_unsigned(&self, request: &ApiRequest<'_>) -> bool {
        let issuers = self.world.issuer.load();
        let reads = matches!(*request.head.method, Method::GET | Method::HEAD);
        reads && request.body.is_empty() && issuers.as_ref().is_some_and(|issuers| issuers.is_asked(&request.head))
    }

    fn describe(&self, request: &ApiRequest<'_>, _: &Caller) -> Result<Box<dyn OwnOperation>, Box<Undescribed>> {
        let unknown = || Undescribed::unknown(absent());
        let issuers = self.world.issuer.load_full().ok_or_else(unknown)?;
        let (id, document) = issuers.document(request.head.path).ok_or_else(unknown)?;
        let id = id.to_owned();
        Ok(Box::new(Published { id, document, issuers, world: self.world.clone() }))
    }
}

/// A document that is asked for.
struct Published {
    id: String,
    document: Document,
    issuers: Arc<IssuerUrl>,
    world: Arc<World>,
}

impl Operation for Published {
    fn service(&self) -> &'static str {
        "sts"
    }

    /// AWS has no names for these.
    fn name(&self) -> &str {
        match self.document {
            Document::Configuration => "GetOpenIDConfiguration",
            Document::Keys => "GetJSONWebKeySet",
        }
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn needs(&self) -> &[Need] {
        &[]
    }

    fn is_published(&self) -> bool {
        true
    }

    /// Nothing is decided.
    fn fact(&self, _: usize, _: &str) -> Value<'_> {
        Value::Absent
    }

    /// No operation here is a batch.
    fn refuse_item(&mut self, _: u32, _: &str) {}
}

impl OwnOperation for Published {
    fn run(self: Box<Self>, caller: &Caller) -> Result<Answer, Fault> {
        let known = self.world.directory.read(|work| TokenIssuer::with_id(work, &self.id))?.ok_or_else(absent)?;
        let document = match self.document {
            Document::Configuration => configuration(&self.issuers.issuer(known.name())),
            Document::Keys => known.keys().set(caller.at().as_second()),
        };
        let body = Bytes::from(document.to_string());
        Ok(Answer { body, content_type: "application/json", response_elements: Json::Null })
    }

    fn request_parameters(&self) -> Json {
        json!({ "issuer": self.issuers.issuer(&self.id) })
    }
}

fn configuration(issuer: &str) -> Json {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{}", Document::Keys.path()),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", sts::CLAIMS],
        "id_token_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::name),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    })
}

fn absent() -> Fault {
    Fault::new(404, "NotFound", "There is no such document.")
}
