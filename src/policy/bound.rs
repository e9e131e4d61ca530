//! Policies that name principals, as they are kept: the text as it was given, and beside it the unique ids of those
//! whose ARNs it names. Who is deleted and made again under the same name is somebody else; who gets another name stays.
//!
//! Source: IAM user guide, "AWS JSON policy elements: Principal": ARNs of users and roles are turned into unique ids when
//! a policy is saved, and shown as ids once their bearers are gone.
//!
//! The form in which a store keeps one: the text alone where it names nobody, else `bound 1 `, a JSON object of ARNs and
//! ids, a line feed and the text. No policy begins so.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    compiled::{Kind, Policy},
    document::{self, PrincipalKind, SyntaxError},
};

/// What stands before the ids.
const MARK: &str = "bound 1 ";

/// A policy as it is kept.
#[derive(Debug)]
pub struct Bound<'t> {
    text: &'t str,
    /// By what the text names them with.
    ids: BTreeMap<String, String>,
}

impl<'t> Bound<'t> {
    /// Reads the form in which a store keeps it.
    pub fn read(kept: &'t str) -> Result<Self, SyntaxError> {
        let Some(rest) = kept.strip_prefix(MARK) else { return Ok(Self { text: kept, ids: BTreeMap::new() }) };
        let (ids, text) =
            rest.split_once('\n').ok_or_else(|| SyntaxError("the ids of principals do not end".into()))?;
        let ids = serde_json::from_str(ids).map_err(|error| SyntaxError(format!("ids of principals: {error}")))?;
        Ok(Self { text, ids })
    }

    /// The form in which a store keeps a text; `ids` holds the unique id of each principal that has one.
    pub fn keep(text: &str, ids: &BTreeMap<String, String>) -> String {
        match serde_json::to_string(ids) {
            Ok(json) if !ids.is_empty() => format!("{MARK}{json}\n{text}"),
            _ => text.to_owned(),
        }
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        self.text
    }

    /// Compiles it: principals with ids are those of the ids, whatever their names are by now.
    pub fn compile(&self, kind: Kind) -> Result<Policy, SyntaxError> {
        let mut document = document::parse(self.text)?;
        for principal in document.statements.iter_mut().filter_map(|statement| statement.principal.as_mut()) {
            for (kind, name) in principal.named.iter_mut().flatten().filter(|(kind, _)| *kind == PrincipalKind::Aws) {
                if let Some(id) = self.ids.get(name) {
                    (*kind, *name) = (PrincipalKind::Id, id.clone());
                }
            }
        }
        Policy::of(document, self.text, kind)
    }

    /// The text with every principal as it is now: what `now` tells of its id, or the id itself. All other bytes are
    /// those that were given.
    pub fn shown<E>(&self, mut now: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<String, E> {
        let (mut shown, mut done) = (String::with_capacity(self.text.len()), 0);
        for place in places(self.text) {
            let Some(id) = self.ids.get(&place.name) else { continue };
            let name = now(id)?.unwrap_or_else(|| id.clone());
            if name == place.name {
                continue;
            }
            shown.push_str(self.text.get(done..place.start).unwrap_or_default());
            shown.push_str(&serde_json::Value::from(name).to_string());
            done = place.end;
        }
        shown.push_str(self.text.get(done..).unwrap_or_default());
        Ok(shown)
    }
}

/// The values of `AWS` in the principals of a policy, in their order: by the reader that compiles it, so that none counts
/// that was not looked up.
pub fn named(text: &str) -> Result<Vec<String>, SyntaxError> {
    let statements = document::parse(text)?.statements;
    let principals = statements.into_iter().filter_map(|statement| statement.principal);
    let named = principals.map(|principal| principal.named).collect::<Result<Vec<_>, _>>()?;
    Ok(named.into_iter().flatten().filter(|(kind, _)| *kind == PrincipalKind::Aws).map(|(_, name)| name).collect())
}

/// Where a principal stands, quotes included.
struct Place {
    start: usize,
    end: usize,
    name: String,
}

#[derive(Deserialize)]
struct Outline<'t> {
    #[serde(borrow, rename = "Statement")]
    statement: &'t RawValue,
}

#[derive(Deserialize)]
struct Statement<'t> {
    #[serde(borrow, rename = "Principal")]
    principal: Option<&'t RawValue>,
    #[serde(borrow, rename = "NotPrincipal")]
    not_principal: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Kinds<'t> {
    #[serde(borrow, rename = "AWS")]
    aws: Option<&'t RawValue>,
}

fn places(text: &str) -> Vec<Place> {
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(text) else { return Vec::new() };
    let statements = one_or_more(outline.statement);
    let statements = statements.into_iter().filter_map(|raw| serde_json::from_str::<Statement<'_>>(raw.get()).ok());
    let principals = statements.flat_map(|statement| statement.principal.into_iter().chain(statement.not_principal));
    let kinds = principals.filter_map(|raw| serde_json::from_str::<Kinds<'_>>(raw.get()).ok()?.aws);
    let place = |raw: &RawValue| {
        let start = raw.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        Some(Place { start, end: start + raw.get().len(), name: serde_json::from_str(raw.get()).ok()? })
    };
    let mut places: Vec<Place> = kinds.flat_map(one_or_more).filter_map(place).collect();
    // `NotPrincipal` may stand before `Principal` in what is no policy.
    places.sort_by_key(|place| place.start);
    places
}

fn one_or_more(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::{Named, Party, PartyKind, validate};

    const ANN: &str = "arn:aws:iam::111122223333:user/ann";

    fn ids(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(arn, id)| ((*arn).to_owned(), (*id).to_owned())).collect()
    }

    #[test]
    fn only_principals_are_shown_anew() {
        let text = r#" {"Statement": [{ "Principal" : {"AWS":[ "arn:aws:iam::111122223333:user\/ann" , "*"],"Service":"arn:aws:iam::111122223333:user/ann"},
            "Condition":{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/ann"}}},
            {"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/ann"}}, {"Principal":"*"}]}"#;
        let kept = Bound::keep(text, &ids(&[(ANN, "AIDA1")]));
        let bound = Bound::read(&kept).unwrap();
        let shown = |now: Option<&str>| bound.shown(|_| Ok::<_, ()>(now.map(str::to_owned))).unwrap();
        assert_eq!(shown(Some(ANN)), text);
        let expected = text.replace(r#""arn:aws:iam::111122223333:user\/ann""#, "\"AIDA1\"");
        let expected = expected.replace(r#"{"AWS":"arn:aws:iam::111122223333:user/ann"}"#, r#"{"AWS":"AIDA1"}"#);
        assert_eq!(shown(None), expected);
    }

    #[test]
    fn whom_the_engine_reads_is_looked_up() {
        let text = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":["arn:aws:iam::111122223333:user\/ann","*"],
            "Service":"arn:aws:iam::111122223333:user/bob"}},
            {"Effect":"Deny","Action":"s3:*","Resource":"*","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/ann"}},
            {"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}"#;
        assert_eq!(named(text).unwrap(), [ANN, "*", ANN]);
        assert!(named("{}").is_err());
    }

    #[test]
    fn what_names_nobody_is_kept_as_it_is_and_what_is_damaged_is_no_policy() {
        assert_eq!(Bound::keep("{}", &ids(&[])), "{}");
        for damaged in ["bound 1 {}", "bound 1 {\"a\"}\n{}", "bound 2 {}\n{}", "bound 1 {\"a\":1}\n{}"] {
            let compiled = Bound::read(damaged).and_then(|bound| bound.compile(Kind::Bucket));
            assert!(compiled.is_err(), "{damaged}");
        }
    }

    #[test]
    fn an_id_names_its_bearer_by_whatever_name() {
        let text =
            json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": [ANN, "arn:aws:iam::111122223333:role/r",
            "arn:aws:sts::111122223333:assumed-role/s/one"] }, "Action": "sts:AssumeRole" } })
            .to_string();
        let pairs = [
            (ANN, "AIDAANN"),
            ("arn:aws:iam::111122223333:role/r", "AROAR"),
            ("arn:aws:sts::111122223333:assumed-role/s/one", "AROAS:one"),
        ];
        let kept = Bound::keep(&text, &ids(&pairs));
        let policy = Bound::read(&kept).unwrap().compile(Kind::Trust).unwrap();
        let user = |arn, id| Party::user("111122223333", arn, id);
        let session = |arn, role_arn, unique_id| Party {
            kind: PartyKind::RoleSession,
            role_arn: Some(role_arn),
            ..user(arn, unique_id)
        };
        let guest = |issuer_id| Party {
            kind: PartyKind::FederatedUser,
            issuer: Some(ANN),
            issuer_id,
            ..user("arn:aws:sts::111122223333:federated-user/g", "111122223333:g")
        };
        let (r, s) = ("arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:role/s");
        let one = "arn:aws:sts::111122223333:assumed-role/s/one";
        for (party, expected) in [
            (user(ANN, "AIDAANN"), Some(Named::Itself)),
            (user("arn:aws:iam::111122223333:user/x/anna", "AIDAANN"), Some(Named::Itself)),
            (user(ANN, "AIDAOTHER"), None),
            (session("arn:aws:sts::111122223333:assumed-role/r/x", r, "AROAR:x"), Some(Named::Role)),
            (session("arn:aws:sts::111122223333:assumed-role/r/x", r, "AROAOTHER:x"), None),
            (session(one, s, "AROAS:one"), Some(Named::Itself)),
            (session(one, s, "AROAS:two"), None),
            (session(one, s, "AROAOTHER:one"), None),
            (guest(Some("AIDAANN")), Some(Named::Issuer)),
            (guest(Some("AIDAOTHER")), None),
            (guest(None), None),
        ] {
            assert_eq!(policy.statements()[0].names(&party), expected, "{party:?}");
        }
    }

    proptest! {
        /// Whatever the principals are, and however the text is laid out: bound to themselves nothing changes, and bound
        /// to others the document is the one with the others written in.
        #[test]
        fn principals_are_replaced_and_nothing_else(
            names in prop::collection::vec("[a-z\"\\\\é/]{1,6}", 1..6),
            others in prop::collection::vec("[a-z\"\\\\]{1,6}", 6),
            pretty in any::<bool>(),
            alone in any::<bool>(),
        ) {
            let document = |names: &[String]| {
                let statement = |names: &[String]| json!({ "Sid": "user/ann", "Effect": "Allow", "Action": names, "Principal": {
                    "AWS": if alone { Value::from(names[0].clone()) } else { Value::from(names.to_vec()) } } });
                json!({ "Statement": [statement(names), statement(&names[..1])] })
            };
            let write = |value: &Value| if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() };
            let text = write(&document(&names));
            let pairs: BTreeMap<String, String> = names.iter().cloned().zip(others.clone()).collect();
            let kept = Bound::keep(&text, &pairs);
            let bound = Bound::read(&kept).unwrap();
            prop_assert_eq!(bound.text(), &*text);
            let back: BTreeMap<&String, &String> = pairs.iter().map(|(name, other)| (other, name)).collect();
            let renamed: Vec<String> = names.iter().map(|name| pairs[name].clone()).collect();
            if back.len() == pairs.len() {
                prop_assert_eq!(bound.shown(|id| Ok::<_, ()>(Some(back[&id.to_owned()].clone()))).unwrap(), &*text);
            }
            let mut expected = document(&renamed);
            for statement in expected["Statement"].as_array_mut().unwrap() {
                let count = statement["Action"].as_array().unwrap().len();
                statement["Action"] = Value::from(names[..count].to_vec());
            }
            prop_assert_eq!(bound.shown(|_| Ok::<_, ()>(None)).unwrap(), write(&expected));
        }

        /// Whatever can be saved is read back as the same policy, bound to nobody.
        #[test]
        fn any_text_is_kept(text in "\\PC{0,40}") {
            let kept = Bound::keep(&text, &ids(&[("a", "b")]));
            let bound = Bound::read(&kept).unwrap();
            prop_assert_eq!(bound.text(), &*text);
            let _ = named(&text);
            prop_assert!(!text.starts_with(MARK) || validate::trust(&text).is_err());
        }
    }
}
