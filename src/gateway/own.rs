//! Steps 3 to 5 for the APIs that this program serves itself.
//!
//! The call runs on a thread that may block: the store is read and written there, never on the data path. The order of
//! the steps is the same as for every other backend.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use tokio::task::spawn_blocking;

use super::{
    authorize::{Verdict, authorize},
    backend::{Answer, ApiRequest, OwnApi, Undescribed},
    caller::Caller,
    context::Circumstances,
    organization::Organization,
    read::Received,
    reply::Reply,
    trail::{Described, Head, OwnCall, Trail},
};
use crate::{
    base::{AccountId, Fault, Operation},
    store::{Directory, MessageKey},
};

/// What a call of ours works with.
pub struct Call {
    /// The API.
    pub api: Arc<dyn OwnApi>,
    /// Where the caller's policies are.
    pub directory: Arc<Directory>,
    /// What denials tell sealed is sealed with this.
    pub messages: Arc<MessageKey>,
    /// The whole body.
    pub body: Bytes,
    /// The account of the deployment.
    pub account: AccountId,
    /// The region that was asked for.
    pub region: Box<str>,
}

/// Describes, authorizes and runs one call. The trail comes back with everything that was learned; `None` if the server
/// ends meanwhile, in which case the trail has written itself down.
pub async fn call(call: Call, mut trail: Box<Trail>) -> Option<(Box<Trail>, Result<Reply, Fault>)> {
    let ran = spawn_blocking(move || {
        // A panic must not take the trail with it: this request is answered like any other.
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&call, &mut trail)));
        let outcome = outcome.unwrap_or_else(|_| Err(service_failure("a call of our own API panicked")));
        (trail, outcome)
    });
    let (trail, outcome) = ran.await.ok()?;
    Some((trail, outcome.map(reply)))
}

/// The Query protocol's answer to a fault of ours.
fn service_failure(detail: impl Display) -> Fault {
    let message = "The request processing has failed because of an unknown error, exception or failure.";
    Fault::new(500, "ServiceFailure", message).because(detail)
}

fn run(call: &Call, trail: &mut Trail) -> Result<Answer, Fault> {
    let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
        return Err(service_failure("a call without head or caller"));
    };
    let (described, verdict, outcome) = steps(call, received, caller, trail.id, &trail.settings.organization);
    if let Some(described) = described {
        trail.operation = Described::Own(Box::new(described));
    }
    trail.verdict = verdict;
    let answer = outcome?;
    if let Described::Own(own) = &mut trail.operation {
        own.response = answer.response_elements.clone();
    }
    Ok(answer)
}

fn steps(
    call: &Call,
    received: &Received,
    caller: &Caller,
    request_id: crate::base::RequestId,
    organization: &Organization,
) -> (Option<OwnCall>, Option<Verdict>, Result<Answer, Fault>) {
    let request = ApiRequest { head: received.head(), body: &call.body, request_id };
    let operation = match call.api.describe(&request, caller) {
        Ok(operation) => operation,
        Err(undescribed) => {
            let Undescribed { fault, operation, read_only } = *undescribed;
            let described = operation.map(|name| OwnCall {
                service: call.api.service(),
                version: call.api.version(),
                name: name.to_owned(),
                read_only,
                needs: Vec::new(),
                vouched: None,
                request: serde_json::Value::Null,
                response: serde_json::Value::Null,
            });
            return (described, None, Err(fault));
        }
    };
    let described = OwnCall {
        service: call.api.service(),
        version: call.api.version(),
        name: operation.name().to_owned(),
        read_only: operation.is_read_only(),
        needs: operation.needs().to_vec(),
        vouched: operation.vouched().cloned(),
        request: operation.request_parameters(),
        response: serde_json::Value::Null,
    };
    let snapshot = call.directory.snapshot();
    let around = Circumstances::new(caller, received, &call.region, call.account, &snapshot, organization);
    match authorize(around, operation, &snapshot) {
        Ok((permit, verdict)) => (Some(described), verdict, permit.redeem().run(caller)),
        Err((denied, _)) => {
            let (fault, verdict) = denied.refuse(&call.messages);
            (Some(described), Some(verdict), Err(fault))
        }
    }
}

fn reply(answer: Answer) -> Reply {
    let mut headers = HeaderMap::new();
    if !answer.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    Reply::made(StatusCode::OK, headers, answer.body)
}
