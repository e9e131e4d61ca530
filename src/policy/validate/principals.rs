//! What is common to documents that name principals: their members, read in the order in which AWS finds faults. The
//! words are AWS's; who asks gives them its code.

use serde_json::{Map, Value};

/// A document, and its statements.
pub(super) struct Outline {
    /// How long it is without white space between its parts.
    pub(super) bytes: usize,
    pub(super) statements: Vec<Map<String, Value>>,
}

/// Reads the members of a document and of its statements. `prohibited` is a member that statements must not have.
pub(super) fn read(text: &str, prohibited: &[&str]) -> Result<Outline, String> {
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return Err("This policy contains invalid Json".into());
    };
    let bytes = json.to_string().len();
    let Value::Object(mut members) = json else { return Err("This policy contains invalid Json".into()) };
    known(&members, &["Version", "Id", "Statement"])?;
    if !matches!(members.get("Version").map(Value::as_str), None | Some(Some("2008-10-17" | "2012-10-17"))) {
        return Err("The policy must contain a valid version string".into());
    }
    let statements = match members.remove("Statement") {
        None => return Err(missing("Statement")),
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
    };
    if statements.is_empty() {
        return Err("Could not parse the policy: Statement is empty!".into());
    }
    let statements = statements.into_iter().map(|statement| match statement {
        Value::Object(members) => check(&members, prohibited).map(|()| members),
        _ => Err(INVALID_SYNTAX.into()),
    });
    Ok(Outline { bytes, statements: statements.collect::<Result<_, _>>()? })
}

pub(super) const INVALID_SYNTAX: &str = "Invalid policy syntax.";

fn check(members: &Map<String, Value>, prohibited: &[&str]) -> Result<(), String> {
    const MEMBERS: [&str; 9] =
        ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    known(members, &MEMBERS)?;
    match members.get("Effect") {
        None => return Err(missing("Effect")),
        Some(Value::String(effect)) if effect == "Allow" || effect == "Deny" => {}
        Some(Value::String(effect)) => return Err(format!("Invalid effect: {effect}")),
        Some(_) => return Err(INVALID_SYNTAX.into()),
    }
    let has = |name: &str| members.contains_key(name) || members.contains_key(&format!("Not{name}"));
    for name in ["Principal", "Action", "Resource"] {
        if !has(name) && !prohibited.contains(&name) {
            return Err(missing(name));
        }
    }
    match prohibited.iter().find(|name| has(name)) {
        Some(name) => Err(format!("Has prohibited field {name}")),
        None => Ok(()),
    }
}

fn known(members: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("Unknown field {name}")),
        None => Ok(()),
    }
}

fn missing(name: &str) -> String {
    format!("Missing required field {name}")
}
