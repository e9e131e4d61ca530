//! Policy templates: policies with parameters, which a delegation request fills in.
//!
//! Source: IAM user guide, "Policy templates" and "Policy evaluation guidelines" of temporary delegation. `@{name}` stands
//! for a value, in resources and in the values of conditions; a list of values makes an entry for each of its values, and
//! several lists one for each combination. A statement with `"@Enabled": "name"` counts if that parameter is `True`, one
//! with `"@Enabled": "!name"` if it is not.
//!
//! Beyond what AWS tells, a value has no wildcard and no `$`: how wide a permission is, is the template's to say. A role
//! may be made and given policies only under a permissions boundary that the template names.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::strict;
use crate::{
    base::{AccountId, Arn},
    policy::{
        Kind, Policy,
        document::{self, Effect, RawStatement},
        pattern::Glob,
        validate,
    },
};

/// The longest policy that comes of a template, in characters, as AWS has it.
pub const POLICY_CHARACTERS_MAX: usize = 2048;

/// The parameter that stands for the owner's account.
const ACCOUNT: &str = "AccountId";
/// What makes roles, or makes them able to do more.
const BOUNDED: [&str; 4] =
    ["iam:attachrolepolicy", "iam:createrole", "iam:putrolepermissionsboundary", "iam:putrolepolicy"];
/// Services of which every action has to be named.
const SENSITIVE: [&str; 8] =
    ["iam", "identitystore", "kms", "organizations", "ram", "secretsmanager", "sso", "sso-directory"];
/// What of IAM may be changed: roles and policies, not users, groups and their credentials.
const IAM_KINDS: [&str; 3] = ["role", "policy", "instanceprofile"];
const IAM_NOT: [&str; 3] = ["user", "group", "password"];
/// The condition that bounds a role, in lower case.
const BOUNDARY: &str = "iam:permissionsboundary";
/// The directive of a statement that counts only sometimes.
const ENABLED: &str = "@Enabled";

/// A policy with parameters.
#[derive(Debug)]
pub struct Template {
    document: Map<String, Json>,
    statements: Vec<Map<String, Json>>,
    parameters: BTreeMap<String, Use>,
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It stands in texts.
    Text,
    /// It says whether statements count.
    Flag,
}

/// A value of a request for a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The parameter.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
    /// Whether it is a `stringList`.
    pub is_list: bool,
}

/// The values of a request by parameter.
type Given<'a> = BTreeMap<&'a str, &'a Parameter>;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, for whoever configures it.
    pub fn read(text: &str) -> Result<Self, String> {
        let Json::Object(mut document) = strict::read(text)? else { return Err("is no object".into()) };
        let statements = match document.remove("Statement") {
            Some(Json::Array(statements)) => statements,
            Some(statement @ Json::Object(_)) => vec![statement],
            _ => return Err("has no Statement".into()),
        };
        if document.values().any(|value| value.to_string().contains("@{")) {
            return Err("has parameters outside its statements".into());
        }
        let mut template = Self { document, statements: Vec::new(), parameters: BTreeMap::new() };
        for statement in statements {
            let Json::Object(statement) = statement else { return Err("has a statement that is no object".into()) };
            template.learn(&statement)?;
            template.statements.push(statement);
        }
        template.check()?;
        Ok(template)
    }

    /// Notes the parameters of a statement.
    fn learn(&mut self, statement: &Map<String, Json>) -> Result<(), String> {
        for (key, value) in statement {
            if key == ENABLED {
                let flag = value.as_str().ok_or("has an @Enabled that is no text")?;
                self.note(flag.strip_prefix('!').unwrap_or(flag), Use::Flag)?;
                continue;
            }
            let texts = match &**key {
                "Resource" | "NotResource" => texts(value)?,
                "Condition" => condition_texts(value)?,
                _ if value.to_string().contains("@{") => {
                    return Err(format!("has parameters in {key}; they stand in resources and values of conditions"));
                }
                _ => continue,
            };
            for text in texts {
                for piece in pieces(text)? {
                    if let Piece::Parameter(name) = piece {
                        self.note(name, Use::Text)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, name: &str, used: Use) -> Result<(), String> {
        let is_name = (5..=256).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_name {
            return Err(format!("has a parameter `{name}`; its name has 5 to 256 printable ASCII characters"));
        }
        match self.parameters.insert(name.to_owned(), used) {
            Some(before) if before != used => Err(format!("uses the parameter `{name}` as a value and in @Enabled")),
            _ => Ok(()),
        }
    }

    /// With every statement and some value for each parameter it is a policy, and makes no role without a boundary.
    fn check(&self) -> Result<(), String> {
        let probe = |(name, used): (&String, &Use)| {
            let value = match used {
                Use::Flag => "True",
                Use::Text if name == ACCOUNT => "123456789012",
                Use::Text => "value",
            };
            Parameter { name: name.clone(), values: vec![value.into()], is_list: false }
        };
        let probes: Vec<Parameter> = self.parameters.iter().map(probe).collect();
        let given = probes.iter().map(|probe| (&*probe.name, probe)).collect();
        let all = self.statements.iter().map(|statement| fill(statement, &given)).collect::<Result<Vec<_>, _>>()?;
        let text = self.whole(all);
        validate(&text).map_err(|fault| format!("is no policy: {}", fault.message))?;
        let parsed = document::parse(&text).map_err(|error| format!("is no policy: {error}"))?;
        parsed.statements.iter().try_for_each(check_statement)
    }

    /// The policy that comes of a request's values. Where a template names `AccountId` and the request does not, it is the
    /// owner's account, if that is known.
    ///
    /// # Errors
    /// What is wrong with the values, for whoever gave them.
    pub fn fill(&self, parameters: &[Parameter], owner: Option<AccountId>) -> Result<String, String> {
        let account =
            owner.map(|owner| Parameter { name: ACCOUNT.into(), values: vec![owner.as_str().into()], is_list: false });
        let mut given: Given<'_> = BTreeMap::new();
        for parameter in parameters {
            let used = self.parameters.get(&parameter.name);
            let used = used.ok_or_else(|| format!("The template has no parameter {}.", parameter.name))?;
            check_values(parameter, *used)?;
            if given.insert(&parameter.name, parameter).is_some() {
                return Err(format!("The parameter {} is given twice.", parameter.name));
            }
        }
        if let Some(account) = account.as_ref().filter(|_| self.parameters.contains_key(ACCOUNT)) {
            let known = given.entry(ACCOUNT).or_insert(account);
            if known.values != account.values {
                return Err("The parameter AccountId is not the owner's account.".into());
            }
        }
        if let Some(missing) = self.parameters.keys().find(|name| !given.contains_key(name.as_str())) {
            return Err(format!("The parameter {missing} is missing."));
        }
        let mut statements = Vec::with_capacity(self.statements.len());
        for statement in &self.statements {
            if counts(statement, &given) {
                statements.push(fill(statement, &given)?);
            }
        }
        if statements.is_empty() {
            return Err("No statement of the template is enabled.".into());
        }
        let policy = self.whole(statements);
        if policy.chars().count() > POLICY_CHARACTERS_MAX {
            return Err(too_long());
        }
        let refused = |why: &dyn std::fmt::Display| format!("The values do not make a policy of the template: {why}");
        validate(&policy).map_err(|fault| refused(&fault.message))?;
        Policy::compile_as(&policy, Kind::Session).map_err(|error| refused(&error))?;
        Ok(policy)
    }

    fn whole(&self, statements: Vec<Map<String, Json>>) -> String {
        let mut document = self.document.clone();
        document.insert("Statement".into(), statements.into_iter().map(Json::Object).collect());
        Json::Object(document).to_string()
    }
}

/// The ARNs of the boundaries under which a policy lets roles be made, each once.
pub fn boundaries(policy: &str) -> Vec<String> {
    let Ok(parsed) = document::parse(policy) else { return Vec::new() };
    let allows = parsed.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow));
    let named = allows.flat_map(|statement| &statement.conditions).filter(|(_, key, _)| is_boundary(key));
    let arns: BTreeSet<&String> = named.flat_map(|(_, _, values)| values).collect();
    arns.into_iter().cloned().collect()
}

fn is_boundary(key: &str) -> bool {
    key.eq_ignore_ascii_case(BOUNDARY)
}

/// Source: "Policy evaluation guidelines": no action of everything, `NotAction` only where it denies, roles under a
/// boundary.
fn check_statement(statement: &RawStatement) -> Result<(), String> {
    if statement.effect != Some(Effect::Allow) {
        return Ok(());
    }
    let actions = statement.action.as_ref().ok_or("has a statement without actions")?;
    if actions.negated {
        return Err("allows with NotAction; name the actions".into());
    }
    actions.patterns.iter().try_for_each(|action| check_action(action))?;
    let makes_roles = actions.patterns.iter().any(|action| {
        let glob = Glob::new(&action.to_lowercase());
        BOUNDED.iter().any(|bounded| glob.matches(bounded))
    });
    let is_bounded = statement.conditions.iter().any(|(operator, key, values)| {
        let is_equal = ["StringEquals", "ArnEquals"].iter().any(|equal| operator.eq_ignore_ascii_case(equal));
        let is_whole = |arn: &String| Arn::parse(arn).is_some() && !arn.contains(['*', '?', '$']);
        is_equal && is_boundary(key) && !values.is_empty() && values.iter().all(is_whole)
    });
    if makes_roles && !is_bounded {
        return Err("lets roles be made or given policies without a boundary; \
                    add StringEquals with the ARNs of iam:PermissionsBoundary"
            .into());
    }
    Ok(())
}

/// Services that manage access, credentials and keys have to be asked for by the names of their actions, and not for what
/// would outlast the delegation.
fn check_action(action: &str) -> Result<(), String> {
    let lowered = action.to_lowercase();
    let Some((service, name)) = lowered.split_once(':').filter(|(service, _)| !service.contains(['*', '?'])) else {
        return Err(format!("allows `{action}`; name the services"));
    };
    if !SENSITIVE.contains(&service) {
        return Ok(());
    }
    if name.contains(['*', '?']) {
        return Err(format!("allows `{action}`; name the actions of {service}"));
    }
    let reads = ["describe", "generate", "get", "list", "simulate"].iter().any(|start| name.starts_with(start));
    let is_lent = match service {
        "iam" => {
            reads || IAM_KINDS.iter().any(|kind| name.contains(kind)) && !IAM_NOT.iter().any(|kind| name.contains(kind))
        }
        "organizations" => reads,
        _ => true,
    };
    if is_lent { Ok(()) } else { Err(format!("allows `{action}`, which nobody lends to another account")) }
}

fn check_values(parameter: &Parameter, used: Use) -> Result<(), String> {
    let name = &parameter.name;
    match (used, &*parameter.values) {
        (_, []) => return Err(format!("The parameter {name} has no value.")),
        (_, values) if values.len() > 1 && !parameter.is_list => {
            return Err(format!("The parameter {name} of type string has several values."));
        }
        (Use::Flag, [value]) if !parameter.is_list && matches!(&**value, "True" | "False") => {}
        (Use::Flag, _) => return Err(format!("The parameter {name} is one string, True or False.")),
        (Use::Text, values) if name == ACCOUNT && values.iter().any(|value| value.parse::<AccountId>().is_err()) => {
            return Err(format!("The parameter {name} is no account."));
        }
        (Use::Text, _) => {}
    }
    match parameter.values.iter().any(|value| value.contains(['*', '?', '$']) || value.contains("@{")) {
        true => Err(format!("The values of the parameter {name} must not have wildcards or variables.")),
        false => Ok(()),
    }
}

/// Whether a statement is enabled.
fn counts(statement: &Map<String, Json>, given: &Given<'_>) -> bool {
    let Some(flag) = statement.get(ENABLED) else { return true };
    let flag = flag.as_str().unwrap_or_default();
    let is_true = |name: &str| given.get(name).is_some_and(|given| given.values.iter().all(|value| value == "True"));
    match flag.strip_prefix('!') {
        Some(name) => given.contains_key(name) && !is_true(name),
        None => is_true(flag),
    }
}

/// A statement with the values in their places.
fn fill(statement: &Map<String, Json>, given: &Given<'_>) -> Result<Map<String, Json>, String> {
    let mut filled = Map::new();
    for (key, value) in statement.iter().filter(|(key, _)| *key != ENABLED) {
        let value = match &**key {
            "Resource" | "NotResource" => fill_texts(value, given)?,
            "Condition" => fill_conditions(value, given)?,
            _ => value.clone(),
        };
        filled.insert(key.clone(), value);
    }
    Ok(filled)
}

fn fill_conditions(conditions: &Json, given: &Given<'_>) -> Result<Json, String> {
    let mut filled = Map::new();
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        let mut of_operator = Map::new();
        for (key, values) in keys.as_object().into_iter().flatten() {
            of_operator.insert(key.clone(), fill_texts(values, given)?);
        }
        filled.insert(operator.clone(), Json::Object(of_operator));
    }
    Ok(Json::Object(filled))
}

/// A text or a list of texts; what a list parameter stands in becomes a list.
fn fill_texts(value: &Json, given: &Given<'_>) -> Result<Json, String> {
    let (items, was_list) = match value {
        Json::Array(items) => (items.iter().collect(), true),
        value => (vec![value], false),
    };
    let (mut filled, mut is_list) = (Vec::new(), was_list);
    for item in items {
        match item.as_str() {
            Some(text) => is_list |= product(text, given, &mut filled)?,
            None => filled.push(item.clone()),
        }
    }
    match (is_list, filled.pop()) {
        (false, Some(one)) if filled.is_empty() => Ok(one),
        (_, last) => Ok(filled.into_iter().chain(last).collect()),
    }
}

/// Every combination of the values that stand in a text; whether one of them is of a list.
fn product(text: &str, given: &Given<'_>, filled: &mut Vec<Json>) -> Result<bool, String> {
    let (mut texts, mut is_list) = (vec![String::new()], false);
    for piece in pieces(text)? {
        match piece {
            Piece::Text(literal) => texts.iter_mut().for_each(|text| text.push_str(literal)),
            Piece::Parameter(name) => {
                let parameter = given.get(name).ok_or_else(|| format!("The parameter {name} is missing."))?;
                is_list |= parameter.is_list;
                // Looked at first: what is too much is not made.
                if texts.len().saturating_mul(parameter.values.len()) > POLICY_CHARACTERS_MAX {
                    return Err(too_long());
                }
                let of = |text: &String| parameter.values.iter().map(|value| format!("{text}{value}")).collect();
                texts = texts.iter().flat_map::<Vec<String>, _>(of).collect();
            }
        }
        if texts.iter().map(String::len).sum::<usize>() > 4 * POLICY_CHARACTERS_MAX {
            return Err(too_long());
        }
    }
    if texts.len() + filled.len() > POLICY_CHARACTERS_MAX {
        return Err(too_long());
    }
    filled.extend(texts.into_iter().map(Json::String));
    Ok(is_list)
}

fn too_long() -> String {
    format!("The policy that comes of the template is longer than {POLICY_CHARACTERS_MAX} characters.")
}

enum Piece<'a> {
    Text(&'a str),
    Parameter(&'a str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("@{") {
        let (name, next) = after.split_once('}').ok_or_else(|| format!("has an open parameter in `{text}`"))?;
        pieces.extend([Piece::Text(before), Piece::Parameter(name)]);
        rest = next;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn texts(value: &Json) -> Result<Vec<&str>, String> {
    match value {
        Json::String(text) => Ok(vec![text]),
        Json::Array(items) => {
            items.iter().map(|item| item.as_str().ok_or("has a resource that is no text".into())).collect()
        }
        _ => Err("has a resource that is no text".into()),
    }
}

/// The texts among the values of conditions, whose operators and keys have no parameters.
fn condition_texts(conditions: &Json) -> Result<Vec<&str>, String> {
    let unclear = || "has a condition that is no object of operators".to_owned();
    let mut texts = Vec::new();
    for (operator, keys) in conditions.as_object().ok_or_else(unclear)? {
        for (key, values) in keys.as_object().ok_or_else(unclear)? {
            if operator.contains("@{") || key.contains("@{") {
                return Err("has parameters in the operator or key of a condition".into());
            }
            match values {
                Json::Array(items) => texts.extend(items.iter().filter_map(Json::as_str)),
                value => texts.extend(value.as_str()),
            }
        }
    }
    Ok(texts)
}
