//! The engine, asked as the gateway asks it. A fuzz target uses this file too.

use std::borrow::Cow;

use countersign::{
    base::condition::{Context, Value},
    policy::{Decision, DenyKind, Layers, Party, PolicySet, Question, decide, resource::Resource},
};

use super::reference::{self, Fact, Outcome};

/// A condition context from a table, its keys in lower case.
#[derive(Debug, Clone, Default)]
pub struct Facts(pub reference::Facts);

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
pub fn outcome(sets: &[&PolicySet], action: &str, resource: &str, context: &Facts) -> Outcome {
    answer(sets, action, resource, context).0
}

/// The same, with the statement that decided.
pub fn answer(sets: &[&PolicySet], action: &str, resource: &str, context: &Facts) -> (Outcome, Option<String>) {
    let layers = Layers { identity: sets.iter().copied().collect(), ..Layers::default() };
    let question = Question { action, resource: Resource::new(resource), resource_account: None, context };
    match decide(&layers, &Party::user("111122223333", "arn:aws:iam::111122223333:user/a", "AIDA1"), &question) {
        Decision::Allow(decided) => (Outcome::Allow, Some(decided.to_string())),
        Decision::Deny(DenyKind::Explicit(decided)) => (Outcome::Explicit, Some(decided.to_string())),
        Decision::Deny(DenyKind::Implicit(_)) => (Outcome::Implicit, None),
    }
}
