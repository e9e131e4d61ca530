//! `GetHumanReadableSummary`: what a request asks for, in plain words.
//!
//! AWS has its summaries written by a language model. Here they are made of the request's policy, statement by statement,
//! so that the same request always reads the same.

use std::fmt::Write;

use super::{ID, Lent, Target, arn, invalid};
use crate::{
    api::{
        delegation::request::Request,
        iam::texts::ARN,
        query::{Input, Node, Plan, Scene, Text},
    },
    base::{Arn, Fault},
    policy::document::{self, Effect, Matching, RawStatement},
};

const LOCALE: Text = Text { length: 2..=12, pattern: "", fits: |_| true };
/// The one language that summaries are made in.
const ENGLISH: &str = "en";
/// The longest summary, in characters.
const CHARACTERS_MAX: usize = 10_000;

/// Who may see a request may have its summary.
pub(in crate::api::iam) fn summary(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let entity = input.required("EntityArn", &ARN);
    let locale = input.optional("Locale", &LOCALE);
    input.check()?;
    let id = id_of(&entity)?;
    let mut target = Target::of(scene, id.to_owned())?;
    if arn(scene.account().as_str(), id) != entity {
        // Another account's, whatever there is of that id here.
        target.found = None;
        target.arn = entity.clone();
    }
    let target = std::sync::Arc::new(target);
    let known = target.clone();
    Ok(target.plan(scene, "iam:GetHumanReadableSummary", Lent::OwnerOrFirst, move |_| {
        let request = known.found()?;
        let locale = locale.unwrap_or_else(|| ENGLISH.to_owned());
        let text = if locale == ENGLISH { told(request) } else { None };
        let state = match (&text, &*locale) {
            (Some(_), _) => "AVAILABLE",
            (None, ENGLISH) => "FAILED",
            (None, _) => "NOT_SUPPORTED",
        };
        Ok(Node::Struct(vec![
            ("SummaryContent", Node::Text(text.unwrap_or_default())),
            ("Locale", Node::Text(locale)),
            ("SummaryState", Node::text(state)),
        ]))
    }))
}

fn id_of(entity: &str) -> Result<&str, Fault> {
    let refused = || invalid(format!("ARN {entity} is not the ARN of a delegation request."));
    let arn =
        Arn::parse(entity).filter(|arn| arn.service() == "iam" && arn.resource().starts_with("delegation-request/"));
    let id = arn.and_then(|_| entity.rsplit('/').next()).ok_or_else(refused)?;
    if (ID.fits)(id) && ID.length.contains(&id.len()) { Ok(id) } else { Err(refused()) }
}

/// The whole text; `None` if it cannot be made.
fn told(request: &Request) -> Option<String> {
    let details = &request.details;
    let parsed = document::parse(&details.policy).ok()?;
    let account = details.owner_account.as_deref().unwrap_or("that accepts");
    let mut text = format!(
        "{} (account {}) asks for permissions in the account {account} for {}.\n\nIf it is given them it may do the \
         following, as far as whoever accepts may do it too:\n",
        details.requester_name,
        request.requester(),
        duration(details.seconds)
    );
    for (effect, lead) in [(Effect::Allow, ""), (Effect::Deny, "never ")] {
        for statement in parsed.statements.iter().filter(|statement| statement.effect == Some(effect)) {
            tell(&mut text, lead, statement)?;
        }
    }
    if !details.boundaries.is_empty() {
        let boundaries = details.boundaries.join(", ");
        write!(text, "\nRoles that it makes stay when its time is over. They can do no more than: {boundaries}.\n")
            .ok()?;
    }
    (text.chars().count() <= CHARACTERS_MAX).then_some(text)
}

fn tell(text: &mut String, lead: &str, statement: &RawStatement) -> Option<()> {
    let (actions, resources) = (statement.action.as_ref()?, statement.resource.as_ref()?);
    write!(text, "- {lead}{} on {}", listed(actions), listed(resources)).ok()?;
    let conditions = statement.conditions.iter();
    for (at, (operator, key, values)) in conditions.enumerate() {
        let word = if at == 0 { "if" } else { "and" };
        write!(text, ", {word} {key} passes {operator} of {}", values.join(" or ")).ok()?;
    }
    text.push_str(".\n");
    Some(())
}

fn listed(matching: &Matching) -> String {
    let all = matching.patterns.join(", ");
    match (matching.negated, &*all) {
        (true, all) => format!("everything but {all}"),
        (false, "*") => "everything".to_owned(),
        (false, all) => all.to_owned(),
    }
}

fn duration(seconds: u32) -> String {
    let parts = [(seconds / 3600, "hour"), (seconds % 3600 / 60, "minute"), (seconds % 60, "second")];
    let told = parts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> =
        told.map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" })).collect();
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_their_parts() {
        let cases = [(300, "5 minutes"), (3600, "1 hour"), (43_200, "12 hours"), (3661, "1 hour 1 minute 1 second")];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }
}
