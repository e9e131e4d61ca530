//! The AWS Query protocol: parameters in, XML out. Source: IAM API reference, "Making query requests".
//!
//! An operation is one [`Operation`] entry whose function reads its [`Input`] and gives a [`Plan`]: what has to be
//! allowed, and what is done once it is.

pub mod input;
pub mod parameters;
pub mod tree;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value as Json;

pub use input::{Input, Text};
pub use parameters::Parameters;
pub use tree::Node;

use super::{World, quotas::Quota};
use crate::{
    base::{self, AccountId, Fault, Need, condition::Value, principal::Vouched},
    gateway::{
        backend::{Answer, ApiRequest, OwnApi, OwnOperation, Undescribed},
        caller::Caller,
    },
    store::StoreError,
};

/// An API of the Query protocol.
pub struct Api {
    /// The signing name: `iam`.
    pub service: &'static str,
    /// `2010-05-08`.
    pub version: &'static str,
    /// The `xmlns` of its answers.
    pub namespace: &'static str,
    /// The longest body, in bytes.
    pub body_bytes_max: usize,
    /// What it offers, by name.
    pub offered: &'static [Operation],
    /// What it offers that AWS does not.
    pub extensions: &'static [Extension],
    /// Which of those take no signature: what they bring proves itself.
    pub unsigned: &'static [&'static str],
    /// Whether a caller with temporary credentials may call an operation at all.
    pub session_rule: fn(&Caller, &str) -> Result<(), Fault>,
    /// What AWS offers beyond that, by name. May only shrink.
    pub not_offered: &'static [NotOffered],
    /// How denials name a resource, by operation and ARN; `None` where it is by the ARN.
    pub told_resource: fn(&str, &str) -> Option<String>,
    /// What its operations work with.
    pub world: Arc<World>,
}

/// The name of an operation that is not offered, and the reason.
pub type NotOffered = (&'static str, &'static str);

/// An operation.
pub struct Operation {
    /// `CreateUser`.
    pub name: &'static str,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Reads its input.
    pub plan: fn(&Scene<'_>, &mut Input<'_>) -> Result<Plan, Fault>,
}

/// An operation that AWS does not have.
pub struct Extension {
    /// The operation.
    pub operation: Operation,
    /// The key of the configuration without which it is off.
    pub key: &'static str,
}

/// Who calls, and what there is to work with.
pub struct Scene<'a> {
    /// Identities, randomness.
    pub world: &'a World,
    /// The verified caller, who knows the time too.
    pub caller: &'a Caller,
}

/// What an operation needs to be allowed, and what it then does.
pub struct Plan {
    /// Every decision; facts below are seen by all of them.
    pub needs: Vec<Need>,
    /// Condition keys in lower case, with their values.
    pub facts: Vec<(String, Value<'static>)>,
    /// Somebody whom the operation itself proved.
    pub vouched: Option<Vouched>,
    /// Whether the account lends its users all this, as a policy of theirs would allow it. What denies still denies.
    pub is_lent: bool,
    /// Facts that only the decision of this number sees, before those above.
    pub own_facts: Vec<(usize, String, Value<'static>)>,
    run: Run,
}

type Run = Box<dyn FnOnce(&Scene<'_>) -> Result<Node, Fault> + Send>;

impl Scene<'_> {
    /// The account that is worked on: the caller's. Anonymous callers are shown that of the deployment, and are denied.
    pub fn account(&self) -> AccountId {
        self.caller.principal().account().unwrap_or(self.world.account)
    }

    /// Bytes that nobody can predict.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.world.random.fill(&mut bytes).map_err(StoreError::from)?;
        Ok(bytes)
    }

    /// The most of something, as it is configured now.
    pub fn quota(&self, quota: Quota) -> usize {
        self.world.quotas.load().of(quota)
    }
}

impl Plan {
    /// A plan that needs one decision. What it answers is the operation's result; [`Node::Nothing`] for none.
    pub fn new(
        action: &'static str,
        resource: impl Into<String>,
        run: impl FnOnce(&Scene<'_>) -> Result<Node, Fault> + Send + 'static,
    ) -> Self {
        let own_facts = Vec::new();
        Self {
            needs: vec![Need::new(action, resource)],
            facts: Vec::new(),
            own_facts,
            vouched: None,
            is_lent: false,
            run: Box::new(run),
        }
    }

    /// A plan that every authenticated caller may carry out.
    pub fn open(run: impl FnOnce(&Scene<'_>) -> Result<Node, Fault> + Send + 'static) -> Self {
        let own_facts = Vec::new();
        Self { needs: Vec::new(), facts: Vec::new(), own_facts, vouched: None, is_lent: false, run: Box::new(run) }
    }

    /// One more decision.
    #[must_use]
    pub fn needing(mut self, action: &'static str, resource: impl Into<String>) -> Self {
        self.needs.push(Need::new(action, resource));
        self
    }

    /// Whether the account lends it.
    #[must_use]
    pub fn lent(mut self, is_lent: bool) -> Self {
        self.is_lent = is_lent;
        self
    }

    /// Somebody whom the operation itself proved.
    #[must_use]
    pub fn vouched(mut self, vouched: Vouched) -> Self {
        self.vouched = Some(vouched);
        self
    }

    /// Facts for conditions.
    #[must_use]
    pub fn knowing(mut self, facts: impl IntoIterator<Item = (String, Value<'static>)>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// Facts for the conditions of one decision, counted from 0: the others are about other resources.
    #[must_use]
    pub fn knowing_of(mut self, need: usize, facts: impl IntoIterator<Item = (String, Value<'static>)>) -> Self {
        self.own_facts.extend(facts.into_iter().map(|(key, value)| (need, key, value)));
        self
    }
}

impl OwnApi for Api {
    fn service(&self) -> &'static str {
        self.service
    }

    fn namespace(&self) -> &'static str {
        self.namespace
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    fn takes_unsigned(&self, request: &ApiRequest<'_>) -> bool {
        // What cannot be read is refused for its lack of a signature.
        let Ok(parameters) = Parameters::read(&request.head, request.body) else { return false };
        let is = |name: &str, value: &str| parameters.get(name) == Some(value);
        // Elsewhere than at the root something else is meant.
        request.head.path == "/" && is("Version", self.version) && self.unsigned.iter().any(|name| is("Action", name))
    }

    fn describe(&self, request: &ApiRequest<'_>, caller: &Caller) -> Result<Box<dyn OwnOperation>, Box<Undescribed>> {
        let parameters = Parameters::read(&request.head, request.body).map_err(Undescribed::unknown)?;
        let operation = self.operation(&parameters)?;
        let refused = |fault| Undescribed::known(operation.name, operation.read_only, fault);
        (self.session_rule)(caller, operation.name).map_err(refused)?;
        let mut input = Input::new(&parameters);
        let plan = (operation.plan)(&Scene { world: &self.world, caller }, &mut input);
        Ok(Box::new(Planned {
            service: self.service,
            namespace: self.namespace,
            operation,
            plan: plan.map_err(refused)?,
            request: input.shown(),
            request_id: request.request_id,
            told_resource: self.told_resource,
            world: self.world.clone(),
        }))
    }
}

impl Api {
    fn operation(&self, parameters: &Parameters) -> Result<&'static Operation, Box<Undescribed>> {
        let Some(name) = parameters.get("Action").filter(|name| !name.is_empty()) else {
            let message = "The request is missing an action or a required parameter.";
            return Err(Undescribed::unknown(Fault::new(400, "MissingAction", message)));
        };
        let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        if version == self.version {
            let extensions = self.extensions.iter().map(|extension| &extension.operation);
            if let Some(operation) = self.offered.iter().chain(extensions).find(|known| known.name == name) {
                return Ok(operation);
            }
            if let Some((known, why)) = self.not_offered.iter().copied().find(|(known, _)| *known == name) {
                let fault = Fault::new(501, "NotImplemented", format!("The operation {name} is not implemented."));
                return Err(Undescribed::known(known, reads(known), fault.because(why)));
            }
        }
        let name: String = name.chars().take(128).collect();
        let version: String = version.chars().take(32).collect();
        let message = format!("Could not find operation {name} for version {version}");
        Err(Undescribed::unknown(Fault::new(400, "InvalidAction", message)))
    }
}

/// Whether an operation that is not offered would only read, as its name tells.
pub fn reads(name: &str) -> bool {
    ["Get", "List", "Simulate"].iter().any(|start| name.starts_with(start))
}

/// A call with its plan.
struct Planned {
    service: &'static str,
    namespace: &'static str,
    operation: &'static Operation,
    plan: Plan,
    request: Json,
    request_id: base::RequestId,
    told_resource: fn(&str, &str) -> Option<String>,
    world: Arc<World>,
}

impl base::Operation for Planned {
    fn service(&self) -> &'static str {
        self.service
    }

    fn name(&self) -> &str {
        self.operation.name
    }

    fn is_read_only(&self) -> bool {
        self.operation.read_only
    }

    fn needs(&self) -> &[Need] {
        &self.plan.needs
    }

    fn fact(&self, need: usize, key: &str) -> Value<'_> {
        let own = self.plan.own_facts.iter().find(|(of, known, _)| *of == need && known == key);
        let own = own.map(|(_, _, value)| value);
        let known = own.or_else(|| self.plan.facts.iter().find(|(known, _)| known == key).map(|(_, value)| value));
        known.cloned().unwrap_or(Value::Absent)
    }

    fn is_lent(&self) -> bool {
        self.plan.is_lent
    }

    fn vouched(&self) -> Option<&Vouched> {
        self.plan.vouched.as_ref()
    }

    fn told_resource(&self, need: usize) -> Option<String> {
        (self.told_resource)(self.operation.name, &self.plan.needs.get(need)?.resource)
    }

    /// No operation here is a batch.
    fn refuse_item(&mut self, _: u32, _: &str) {}
}

impl OwnOperation for Planned {
    fn run(self: Box<Self>, caller: &Caller) -> Result<Answer, Fault> {
        let Planned { namespace, operation, plan, request_id, world, .. } = *self;
        let result = (plan.run)(&Scene { world: &world, caller })?;
        // Who makes credentials changes nothing, and is told all the same.
        let makes_credentials =
            matches!(&result, Node::Struct(members) if members.iter().any(|(name, _)| *name == "Credentials"));
        let shown = if operation.read_only && !makes_credentials { Json::Null } else { result.shown() };
        let body = tree::answer(operation.name, namespace, &request_id.to_string(), &result);
        Ok(Answer { body: Bytes::from(body), content_type: "text/xml", response_elements: shown })
    }

    fn request_parameters(&self) -> Json {
        self.request.clone()
    }
}
