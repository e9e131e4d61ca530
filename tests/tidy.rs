//! The rules of the house, as tests. Each says what is wrong, where, and what is wanted instead.
//!
//! The floors are read from the table in `src/lib.rs`, so that the architecture text and the code cannot part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods)]

#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/scan.rs"]
mod scan;

use std::path::Path;

use files::File;

/// What a person reads in one sitting.
const LINES_MAX: usize = 500;

/// Files that are longer. The list may only shrink.
const LONG: [&str; 0] = [];

/// Files that tools write.
const GENERATED: [&str; 3] = ["Cargo.lock", "fuzz/Cargo.lock", "tests/clients/package-lock.json"];

/// Fails with the whole list of what is wrong.
#[track_caller]
fn none(what: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn a_module_names_only_what_stands_below_it() {
    let table = floors::table(&files::text("src/lib.rs"));
    let mut listed: Vec<String> = table.iter().flat_map(|floor| floor.modules.clone()).collect();
    listed.sort();
    assert_eq!(listed, floors::modules(), "src/lib.rs's floors and the folders of src");
    let sources: Vec<File> = files::rust().into_iter().filter(|file| file.path.starts_with("src/")).collect();
    none("floors that do not hold (src/lib.rs)", floors::faults(&sources, &table));
}

#[test]
fn the_readme_draws_the_same_floors() {
    let [library, readme] = ["src/lib.rs", "README.md"].map(|path| {
        let floors = floors::table(&files::text(path)).into_iter();
        let mut floors: Vec<_> = floors.map(|floor| (floor.number, floor.modules)).collect();
        floors.iter_mut().for_each(|(_, modules)| modules.sort());
        floors
    });
    assert_eq!(readme, library);
}

#[test]
fn files_are_read_in_one_sitting() {
    let files = files::all();
    let is_long = |file: &File| file.text.lines().count() > LINES_MAX;
    let long = files.iter().filter(|file| is_long(file) && !GENERATED.contains(&&*file.path));
    let long: Vec<String> = long.map(|file| file.path.clone()).filter(|path| path != "LICENSE").collect();
    let unlisted = long.iter().filter(|path| !LONG.contains(&path.as_str()));
    none("more than 500 lines; split it by what it is about", unlisted.cloned().collect());
    let shrunk = LONG.iter().filter(|path| !long.iter().any(|known| known == *path));
    none("is not long any more; take it off the list", shrunk.map(|path| (*path).to_owned()).collect());
}

#[test]
fn nothing_is_left_undone() {
    let undone = ["todo!", "unimplemented!", "dbg!", "#[ignore]"];
    let faults = files::rust().into_iter().flat_map(|file| {
        let calls = scan::calls(&file.text).into_iter().filter(|call| undone.contains(&call.as_str()));
        calls.map(|call| format!("{}: {call}", file.path)).collect::<Vec<_>>()
    });
    none("say it in an issue, or do it", faults.collect());
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let silent = files::rust().into_iter().filter(|file| !file.text.starts_with("//! "));
    none("begin with a `//!` line", silent.map(|file| file.path).collect());
}

#[test]
fn no_machine_and_no_mirror_is_named() {
    // In pieces, so that this file does not hold them.
    let places = [["/wo", "rk/"], ["/tmp/", "wt"], ["/ro", "ot/"], ["/home", "/"]].map(|pieces| pieces.concat());
    let mut faults = Vec::new();
    for file in files::all() {
        let named = places.iter().filter(|place| file.text.contains(*place));
        faults.extend(named.map(|place| format!("{}: {place}", file.path)));
        faults.extend(foreign_sources(&file));
    }
    none("names a place of one machine", faults);
}

/// Lock files point at the public registries, not at a mirror of them.
fn foreign_sources(file: &File) -> Vec<String> {
    let (key, public): (&str, &[&str]) = match () {
        () if file.is("Cargo.lock") => ("source = ", &["registry+https://github.com/rust-lang/crates.io-index"]),
        () if file.is("package-lock.json") => ("\"resolved\": ", &["https://registry.npmjs.org/"]),
        () => return Vec::new(),
    };
    let sources = file.text.lines().filter_map(|line| line.trim().strip_prefix(key));
    let foreign =
        sources.filter(|source| !public.iter().any(|public| source.trim_start_matches('"').starts_with(public)));
    foreign.map(|source| format!("{}: {source}", file.path)).collect()
}

#[test]
fn every_file_is_compiled() {
    let files = files::rust();
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| &*file.text);
    let mut faults = Vec::new();
    for file in &files {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let is_root = matches!(folder, "benches" | "fuzz/fuzz_targets" | "tests")
            || matches!(&*file.path, "src/lib.rs" | "src/main.rs" | "tests/it/main.rs");
        let (parent, module) = match name {
            "mod.rs" => folder.rsplit_once('/').unwrap_or(("", folder)),
            name => (folder, name.trim_end_matches(".rs")),
        };
        let parents = [
            format!("{parent}/mod.rs"),
            format!("{parent}/main.rs"),
            format!("{parent}/lib.rs"),
            format!("{parent}.rs"),
        ];
        let is_named = |text: &str| scan::modules(text).iter().any(|named| named == module);
        if !is_root && !parents.iter().filter_map(|path| text(path)).any(is_named) {
            faults.push(file.path.clone());
        }
    }
    none("no `mod` line names it, so that nobody compiles it", faults);
}

#[test]
fn every_bench_and_fuzz_target_is_declared() {
    let folders = [
        ("benches", "Cargo.toml", "bench", "benches"),
        ("fuzz/fuzz_targets", "fuzz/Cargo.toml", "bin", "fuzz_targets"),
    ];
    for (folder, manifest, kind, inside) in folders {
        let manifest: toml::Table = files::text(manifest).parse().unwrap();
        let mut declared: Vec<String> = Vec::new();
        for target in manifest[kind].as_array().unwrap() {
            let name = target["name"].as_str().unwrap();
            let path =
                target.get("path").map_or(format!("{inside}/{name}.rs"), |path| path.as_str().unwrap().to_owned());
            assert_eq!(path, format!("{inside}/{name}.rs"), "{folder}");
            declared.push(name.to_owned());
        }
        declared.sort();
        assert_eq!(declared, files::stems(folder, ".rs"), "{folder}");
    }
}

#[test]
fn what_texts_point_at_is_there() {
    let mut faults = Vec::new();
    for file in files::all().iter().filter(|file| file.is(".md")) {
        let folder = files::root().join(&file.path);
        let folder = folder.parent().unwrap();
        for target in pointers(&file.text).into_iter().filter(|target| !folder.join(target).exists()) {
            faults.push(format!("{}: {target}", file.path));
        }
    }
    none("there is no such file", faults);
}

/// The files that a Markdown text points at: links, and paths in back-ticks that begin with a folder of ours.
fn pointers(text: &str) -> Vec<&str> {
    let ours = ["src/", "tests/", "config/", "benches/", "fuzz/", ".ci/"];
    let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
    let quoted =
        text.split('`').skip(1).step_by(2).filter(|quoted| ours.iter().any(|folder| quoted.starts_with(folder)));
    links.chain(quoted.filter(|quoted| !quoted.contains([' ', '*', '{']))).collect()
}

#[test]
fn pointers_are_found() {
    let text = "[a](src/a.rs) [b](https://b.example/x) [c](#c) `src/d` `x` `cargo run` [e](e.md#f) `tests/run x`";
    assert_eq!(pointers(text), ["src/a.rs", "e.md", "src/d"]);
}

#[test]
fn licences_go_with_ours() {
    let packages = licences::packages();
    assert!(packages.iter().any(|package| package.name == "tokio"), "the packages were not found");
    let refused = packages.iter().filter(|package| !package.licence.as_deref().is_some_and(licences::is_allowed));
    none("its licence is not on the list", refused.map(|it| format!("{}: {:?}", it.name, it.licence)).collect());
    let product = licences::product();
    assert!(product.iter().any(|name| name == "tokio"), "the program's packages were not found");
    let banned = licences::BANNED.iter().filter(|(name, _)| product.iter().any(|known| known == name));
    none("the program must not hold it", banned.map(|(name, why)| format!("{name}: {why}")).collect());
    assert!(Path::new(files::root()).join("LICENSE").exists());
}
