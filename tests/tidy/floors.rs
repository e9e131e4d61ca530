//! The floors, as `src/lib.rs` draws them, and what a module may not name.

use std::collections::BTreeSet;

use super::{
    files::{self, File},
    scan,
};

/// A floor: its modules from the table in the architecture text.
pub struct Floor {
    /// Its number, from the ground up.
    pub number: usize,
    /// Its modules.
    pub modules: Vec<String>,
}

/// What a floor may not name, besides the floors above it, and why.
pub struct Ban {
    /// The floors.
    pub floors: &'static [usize],
    /// Paths that may not be named, nor anything in them.
    pub paths: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

/// The bans. `std::net::IpAddr` is a word, not a connection: conditions and requests compare addresses.
pub const BANS: [Ban; 6] = [
    Ban {
        floors: &[0, 1],
        paths: &["tokio", "hyper", "hyper_util", "futures_util", "rustls", "rusqlite", "tokio_postgres"],
        why: "the pure floors run without a runtime",
    },
    Ban {
        floors: &[0, 1],
        paths: &[
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "std::os",
            "std::io",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::net::ToSocketAddrs",
        ],
        why: "the pure floors do no I/O",
    },
    Ban {
        floors: &[0, 1],
        paths: &[
            "std::time::SystemTime",
            "std::time::Instant",
            "jiff::Timestamp::now",
            "jiff::Zoned",
            "Timestamp::now",
            "SystemTime::now",
            "Instant::now",
        ],
        why: "below floor 2, time is a parameter",
    },
    Ban {
        floors: &[0, 1],
        paths: &["rand", "getrandom", "aws_lc_rs::rand", "Uuid::new_v4", "uuid::Uuid::new_v4"],
        why: "below floor 2, randomness is a parameter",
    },
    Ban {
        floors: &[3, 4],
        paths: &[
            "rusqlite",
            "tokio_postgres",
            "refinery",
            "crate::store::sqlite",
            "crate::store::SqliteStore",
            "crate::store::postgres",
            "crate::store::PostgresStore",
        ],
        why: "the road and what stands on it know stores by their trait only",
    },
    Ban {
        floors: &[3, 4, 5],
        paths: &["rusqlite", "tokio_postgres", "refinery"],
        why: "a store's database is the store's own affair",
    },
];

/// Reads the table of an architecture text: `| 1 engines, pure | [`sigv4`], [`policy`] | ... |`.
pub fn table(text: &str) -> Vec<Floor> {
    let mut floors: Vec<Floor> = text.lines().filter_map(row).collect();
    floors.sort_by_key(|floor| floor.number);
    floors
}

fn row(line: &str) -> Option<Floor> {
    let mut cells = line.trim_start_matches("//!").trim().strip_prefix('|')?.split('|').map(str::trim);
    let number = cells.next()?.split(' ').next()?.parse().ok()?;
    let names = cells.next()?.split('`').skip(1).step_by(2).map(|name| name.trim_start_matches("src/").to_owned());
    Some(Floor { number, modules: names.collect() })
}

/// The floor of a module.
fn floor_of(floors: &[Floor], module: &str) -> Option<usize> {
    floors.iter().find(|floor| floor.modules.iter().any(|name| name == module)).map(|floor| floor.number)
}

/// Everything in these files that a floor may not name: `file:line: what`.
pub fn faults(files: &[File], floors: &[Floor]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut level = BTreeSet::new();
    for file in files.iter().filter(|file| !matches!(&*file.path, "src/lib.rs" | "src/main.rs")) {
        let path = scan::module_of(&file.path);
        let Some((module, floor)) = path.first().and_then(|module| Some((module, floor_of(floors, module)?))) else {
            faults.push(format!("{}: stands on no floor of src/lib.rs", file.path));
            continue;
        };
        for named in scan::paths(&file.text, &path) {
            let place = format!("{}:{}", file.path, named.line);
            if let Some(other) = named.module().filter(|other| other != module) {
                match floor_of(floors, other) {
                    Some(below) if below < floor => {}
                    Some(same) if same == floor && floor != 1 => {
                        level.insert((module.clone(), other.to_owned()));
                    }
                    Some(_) => faults.push(format!("{place}: {module} names {other}, which does not stand below it")),
                    None => faults.push(format!("{place}: `{other}` is no module of src/lib.rs's floors")),
                }
            }
            for ban in BANS.iter().filter(|ban| ban.floors.contains(&floor)) {
                if let Some(path) = ban.paths.iter().find(|path| named.names(path)) {
                    faults.push(format!("{place}: names {path}, but {}", ban.why));
                }
            }
        }
    }
    faults.extend(circle(level));
    faults
}

/// Modules of one floor that name each other in a circle: each must be readable without those that name it.
fn circle(mut level: BTreeSet<(String, String)>) -> Option<String> {
    loop {
        let naming: BTreeSet<String> = level.iter().map(|(module, _)| module.clone()).collect();
        let before = level.len();
        level.retain(|(_, named)| naming.contains(named));
        if level.is_empty() {
            return None;
        }
        if level.len() == before {
            return Some(format!("these name each other in a circle: {level:?}"));
        }
    }
}

/// The folders of `src` and the files at its top that are modules.
pub fn modules() -> Vec<String> {
    let files = files::rust().into_iter().filter(|file| file.path.starts_with("src/"));
    let modules = files.filter_map(|file| scan::module_of(&file.path).into_iter().next());
    let modules: BTreeSet<String> = modules.filter(|module| module != "main").collect();
    modules.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
//! | floor | modules | may not name |
//! |---|---|---|
//! | 0 words | [`base`] | anything else of the house |
//! | 1 engines, pure | [`sigv4`], [`policy`] | each other |
//! | 2 state | [`store`], [`audit`], [`telemetry`] | floor 3 and up |
//! | 3 the road | [`gateway`] | [`api`] |
//! | 4 | `src/api` | |
";

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        faults(&files.iter().map(file).collect::<Vec<_>>(), &table(TABLE))
    }

    #[test]
    fn a_module_names_only_what_stands_below_it() {
        let cases = [
            ("src/gateway/read.rs", "use crate::{base::Arn, sigv4, store::snapshot};", 0),
            ("src/gateway/read.rs", "use super::trail;", 0),
            ("src/gateway/read.rs", "use crate::api;", 1),
            ("src/gateway/mod.rs", "fn f() { super::api::f() }", 1),
            ("src/gateway/read.rs", "mod tests { use super::super::super::api; }", 1),
            ("src/base/arn.rs", "use crate::base::id;", 0),
            ("src/base/arn.rs", "use crate::{base::id, policy::Decision};", 1),
            ("src/sigv4/mod.rs", "use crate::policy;", 1),
            ("src/policy/mod.rs", "use crate::base;", 0),
            ("src/store/mod.rs", "use crate::telemetry;", 0),
            ("src/store/mod.rs", "use crate::*;", 1),
            ("src/store/mod.rs", "use crate as house;", 1),
            ("src/other/mod.rs", "", 1),
            ("src/api/mod.rs", "use crate::gateway::permit::Permit;", 0),
        ];
        for (path, text, count) in cases {
            assert_eq!(found(&[(path, text)]).len(), count, "{path}: {text}: {:?}", found(&[(path, text)]));
        }
    }

    #[test]
    fn the_pure_floors_name_nothing_impure() {
        let cases = [
            ("src/sigv4/verify.rs", "use std::{net::IpAddr, time::Duration};", 0),
            ("src/sigv4/verify.rs", "use std::{fs, time::Duration};", 1),
            ("src/sigv4/verify.rs", "use std::time::{Duration, SystemTime};", 1),
            ("src/sigv4/verify.rs", "fn f() { Timestamp::now() }", 1),
            ("src/sigv4/verify.rs", "fn f() { tokio::spawn(g) }", 1),
            ("src/base/random.rs", "use aws_lc_rs::{digest, rand};", 1),
            ("src/base/random.rs", "use std::time::*;", 1),
            ("src/store/mod.rs", "use std::{fs, time::SystemTime}; use tokio::sync;", 0),
            ("src/gateway/act.rs", "use crate::store::{Directory, SqliteStore};", 1),
            ("src/gateway/act.rs", "use crate::store::Directory;", 0),
        ];
        for (path, text, count) in cases {
            assert_eq!(found(&[(path, text)]).len(), count, "{path}: {text}: {:?}", found(&[(path, text)]));
        }
    }

    #[test]
    fn modules_of_one_floor_form_no_circle() {
        let audit = ("src/audit/mod.rs", "use crate::telemetry;");
        let store = ("src/store/mod.rs", "use crate::audit;");
        assert_eq!(found(&[audit, store]), Vec::<String>::new());
        assert_eq!(found(&[audit, store, ("src/telemetry/mod.rs", "use crate::store;")]).len(), 1);
    }
}
