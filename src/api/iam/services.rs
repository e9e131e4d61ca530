//! The services of AWS by the beginnings of their actions, and what policies say of them.

use std::sync::LazyLock;

use crate::policy::{Kind, Policy};

/// Namespace and name, in the order of namespaces, from the service models of botocore 1.44.
static SERVICES: LazyLock<Vec<(&'static str, &'static str)>> =
    LazyLock::new(|| include_str!("services.tsv").lines().filter_map(|line| line.split_once('\t')).collect());

/// The name of a service; its namespace if it is not known.
pub(super) fn name(namespace: &str) -> &str {
    let at = SERVICES.binary_search_by_key(&namespace, |(namespace, _)| namespace).ok();
    at.and_then(|at| SERVICES.get(at)).map_or(namespace, |(_, name)| name)
}

/// All namespaces, in their order.
pub(super) fn namespaces() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(namespace, _)| *namespace)
}

/// The namespaces of which documents allow any action, in their order. Denials and conditions do not count, as with AWS.
pub(super) fn allowed<'a>(documents: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found = Vec::new();
    for policy in documents.filter_map(|document| Policy::compile_as(document, Kind::OfAws).ok()) {
        for statement in policy.statements() {
            let is_allowed = |namespace: &&str| statement.allows_any_of(namespace);
            found.extend(namespaces().filter(is_allowed).map(str::to_owned));
            found.extend(statement.services().filter(is_allowed).map(str::to_owned));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a document allows any action of a namespace.
pub(super) fn grants(document: &str, namespace: &str) -> bool {
    let namespace = namespace.to_lowercase();
    let policy = Policy::compile_as(document, Kind::OfAws);
    policy.is_ok_and(|policy| policy.statements().iter().any(|statement| statement.allows_any_of(&namespace)))
}
