//! Every error that an operation declares is provoked, or cannot come about here for a reason that is told.
//!
//! What is declared comes from AWS's service model (`data/iam-operations.txt`). A pair of operation and error is in exactly
//! one place: in a row of a [`Stage`], in the table of what others change meanwhile, among what a store that fails does to
//! all operations alike, or in [`never::NEVER`].

mod broken;
mod invalid;
mod limits;
mod missing;
mod never;
mod stages;
mod taken;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use countersign::api::iam;

use super::{delegation, meanwhile};
use world::World;

/// IAM's service model (2010-05-08) of 2026: a line for each operation, with its errors and their statuses.
pub const MODEL: &str = include_str!("../../data/iam-operations.txt");

/// An operation and an error of it.
type Pair = (&'static str, &'static str);

/// Operation (and by whom, if not by root), parameters, and the words of the refusal. A parameter that begins with `$`
/// is a word of the [`World`].
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// What is refused with one code once something is so.
struct Stage {
    /// What was done to the world since the stage before.
    prepare: fn(&mut World),
    /// The rows by their code.
    rows: &'static [(&'static str, &'static [Row])],
}

/// What the operations that are offered declare, each with its status.
fn declared() -> BTreeMap<Pair, u16> {
    let is_offered = |name: &str| iam::OFFERED.iter().any(|operation| operation.name == name);
    let of = |line: &'static str| {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        words.map(move |word| {
            let (code, status) = word.split_once('=').unwrap();
            ((name, code), status.parse().unwrap())
        })
    };
    MODEL.lines().flat_map(of).filter(|((name, _), _)| is_offered(name)).collect()
}

/// The operation of a row, and who calls it.
fn who(operation: &'static str) -> (&'static str, &'static str) {
    operation.split_once(" by ").unwrap_or((operation, "root"))
}

fn of_stages() -> impl Iterator<Item = Pair> {
    let rows = stages::STAGES.iter().flat_map(|stage| stage.rows);
    rows.flat_map(|(code, rows)| rows.iter().map(|(operation, ..)| (who(operation).0, *code)))
}

#[test]
fn every_declared_error_is_provoked_or_cannot_be() {
    let declared = declared();
    assert_eq!(declared.len(), 591, "the model has changed");
    let everywhere = |code| declared.keys().filter(move |(_, known)| *known == code).copied();
    let meanwhile = meanwhile::CASES.iter().flat_map(|(action, _, _, codes)| codes.iter().map(|code| (*action, *code)));
    // Success and codes that others provoke as well are no errors of these.
    let meanwhile = meanwhile.filter(|(_, code)| *code == "EntityTemporarilyUnmodifiable");
    let never: BTreeSet<Pair> =
        never::NEVER.iter().flat_map(|(code, _, names)| names.iter().map(|name| (*name, *code))).collect();
    let mut provoked: BTreeSet<Pair> = of_stages().chain(meanwhile).collect();
    provoked.extend(delegation::declared::DECLARED);
    for code in [broken::FAILED, broken::OVERTAKEN] {
        provoked.extend(everywhere(code).filter(|pair| !never.contains(pair)));
    }
    let undeclared: Vec<_> = provoked.union(&never).filter(|pair| !declared.contains_key(*pair)).collect();
    assert!(undeclared.is_empty(), "nobody declares {undeclared:?}");
    let both: Vec<_> = provoked.intersection(&never).collect();
    assert!(both.is_empty(), "can be after all: {both:?}");
    let open: Vec<_> = declared.keys().filter(|pair| !provoked.contains(*pair) && !never.contains(*pair)).collect();
    assert!(open.is_empty(), "neither provoked nor impossible: {open:#?}");
}

#[test]
fn what_is_declared_is_answered() {
    let mut world = World::new(None);
    let statuses = declared();
    let mut wrong = Vec::new();
    for stage in stages::STAGES {
        (stage.prepare)(&mut world);
        let before = world.listed();
        for (code, rows) in stage.rows {
            for (operation, parameters, words) in *rows {
                let (action, caller) = who(operation);
                let answer = world.call(caller, action, parameters);
                let told = (answer.status, answer.element("Code"), answer.element("Message"));
                let status = statuses.get(&(action, *code)).copied().unwrap_or_default();
                if told.0 != status || told.1 != *code || !told.2.contains(&world.filled(words)) {
                    wrong.push(format!("{operation} {parameters:?}: {status} {code} {words}, and not {told:?}"));
                }
            }
        }
        assert_eq!(world.listed(), before, "something was changed");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
