//! The policy engine: golden cases, save-time validation, and the comparison with a slow evaluator.

mod agrees;
mod evaluation;
mod golden;
mod order;
mod reference;
mod validate;
mod validate_resource;

use std::borrow::Cow;

use countersign::{
    base::condition::{Context, Value},
    policy::{Decision, DenyKind, Layers, Party, PolicySet, Question, decide, resource::Resource},
};

use reference::{Fact, Outcome};

/// A condition context from a table, its keys in lower case.
#[derive(Debug, Clone, Default)]
struct Facts(reference::Facts);

impl Context for Facts {
    fn value(&self, key: &str) -> Value<'_> {
        match self.0.get(key) {
            None => Value::Absent,
            Some(Fact::One(value)) => Value::borrowed(value),
            Some(Fact::Many(values)) => Value::Many(values.iter().map(|value| Cow::Borrowed(&**value)).collect()),
        }
    }
}

/// A decision as the gateway asks for it.
fn outcome(sets: &[&PolicySet], action: &str, resource: &str, context: &Facts) -> Outcome {
    let layers = Layers { identity: sets.iter().copied().collect(), ..Layers::default() };
    let question = Question { action, resource: Resource::new(resource), resource_account: None, context };
    match decide(&layers, &Party::user("111122223333", "arn:aws:iam::111122223333:user/a", "AIDA1"), &question) {
        Decision::Allow(_) => Outcome::Allow,
        Decision::Deny(DenyKind::Explicit(_)) => Outcome::Explicit,
        Decision::Deny(DenyKind::Implicit(_)) => Outcome::Implicit,
    }
}
