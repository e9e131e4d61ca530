//! What Rust source names: its paths, found among its tokens, so that comments and texts do not count and macros do.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as the source spells it, made absolute: `crate` comes first if it leads into this crate.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// Its names; the last is `*` if all names are taken in.
    pub names: Vec<String>,
    /// Where it begins.
    pub line: usize,
}

impl Named {
    /// Whether it is this path or leads through it, or takes it in with all its neighbours.
    pub fn names(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split("::").collect();
        let globbed = self.names.split_last().is_some_and(|(last, before)| {
            last == "*" && before.len() < path.len() && path.iter().zip(before).all(|(a, b)| a == b)
        });
        globbed || self.names.len() >= path.len() && path.iter().zip(&self.names).all(|(a, b)| a == b)
    }

    /// The module of this crate that it leads into. Nothing else stands at the top of the crate.
    pub fn module(&self) -> Option<&str> {
        let [first, module, ..] = &*self.names else { return None };
        (first == "crate").then_some(module)
    }
}

/// The module that a file of `src` holds: `src/base/mod.rs` is `["base"]`.
pub fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")).expect("a file of src");
    let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
    names.pop_if(|last| matches!(last.as_str(), "mod" | "lib"));
    names
}

/// Every path that a source text names, read as the module that it holds.
pub fn paths(text: &str, module: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    walk(&tokens(text), &mut module.to_vec(), &mut found);
    found
}

/// Every macro that a source text calls and every attribute's first name: `todo!`, `#[test]`.
pub fn calls(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect_calls(&tokens(text), &mut found);
    found
}

/// The modules that a source text declares as files: `mod name;`.
pub fn modules(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let names = tokens.windows(3).filter_map(|three| match three {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end)] if word == "mod" => {
            (end.as_char() == ';').then(|| name.to_string())
        }
        _ => None,
    });
    names.collect()
}

fn tokens(text: &str) -> Vec<TokenTree> {
    TokenStream::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}")).into_iter().collect()
}

fn walk(tokens: &[TokenTree], module: &mut Vec<String>, found: &mut Vec<Named>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(word) if word == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    module.push(name.to_string());
                    walk(&body.stream().into_iter().collect::<Vec<_>>(), module, found);
                    module.pop();
                    at += 2;
                }
            }
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                let mut relative = Vec::new();
                at = tree(tokens, at, &mut Vec::new(), &mut relative);
                found.extend(relative.into_iter().map(|names| Named { names: absolute(names, module), line }));
                continue;
            }
            TokenTree::Group(group) => walk(&group.stream().into_iter().collect::<Vec<_>>(), module, found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

/// Reads one path, or a tree of them, from `at`. Gives the place behind it.
fn tree(tokens: &[TokenTree], mut at: usize, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let before = prefix.len();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => prefix.push(word.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => prefix.push("*".into()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                branches(&group.stream().into_iter().collect::<Vec<_>>(), prefix, found);
                prefix.truncate(before);
                return at + 1;
            }
            // `::<T>`: what stands between the brackets is read as what comes next.
            _ => break,
        }
        at += 1;
        if !is_colon(tokens.get(at)) || !is_colon(tokens.get(at + 1)) {
            break;
        }
        at += 2;
    }
    // `use crate as house` would give every module another name.
    if matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "as") {
        prefix.push("as".into());
    }
    found.push(prefix.clone());
    prefix.truncate(before);
    at
}

/// The branches of a `use` tree.
fn branches(tokens: &[TokenTree], prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens.get(at) {
            Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => at + 1,
            Some(TokenTree::Ident(word)) if word == "as" => at + 2,
            _ => tree(tokens, at, prefix, found).max(at + 1),
        };
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(colon)) if colon.as_char() == ':')
}

/// `super::a` in the module `b::c` is `crate::b::a`; `self` at the end of a path is the path itself.
fn absolute(mut names: Vec<String>, module: &[String]) -> Vec<String> {
    names.pop_if(|last| last == "self");
    let ups = names.iter().take_while(|name| *name == "super" || *name == "self").count();
    if ups == 0 {
        return names;
    }
    let supers = names.iter().take(ups).filter(|name| *name == "super").count();
    let base = module.iter().take(module.len().saturating_sub(supers));
    ["crate".to_owned()].into_iter().chain(base.cloned()).chain(names.into_iter().skip(ups)).collect()
}

fn collect_calls(tokens: &[TokenTree], found: &mut Vec<String>) {
    for (at, token) in tokens.iter().enumerate() {
        match (token, tokens.get(at + 1)) {
            // The `!` of `!=` is joined to what follows.
            (TokenTree::Ident(name), Some(TokenTree::Punct(mark)))
                if mark.as_char() == '!' && mark.spacing() == Spacing::Alone =>
            {
                found.push(format!("{name}!"));
            }
            (TokenTree::Punct(mark), Some(TokenTree::Group(group))) if mark.as_char() == '#' => {
                if let Some(TokenTree::Ident(name)) = group.stream().into_iter().next() {
                    found.push(format!("#[{name}]"));
                }
            }
            _ => {}
        }
        if let TokenTree::Group(group) = token {
            collect_calls(&group.stream().into_iter().collect::<Vec<_>>(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths of a text in the module `gateway::read`, without one-word paths.
    fn found(text: &str) -> Vec<String> {
        let module = ["gateway", "read"].map(str::to_owned);
        let paths = paths(text, &module).into_iter().map(|named| named.names.join("::"));
        paths.filter(|path| path.contains("::")).collect()
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        let cases: [(&str, &[&str]); 17] = [
            ("use crate::base::Arn;", &["crate::base::Arn"]),
            ("use crate::{base::{Arn, time}, store};", &["crate::base::Arn", "crate::base::time", "crate::store"]),
            ("use crate::{base::{self, id::*}};", &["crate::base", "crate::base::id::*"]),
            ("use crate::base as words;", &["crate::base::as"]),
            ("use crate::{base as words, api as other};", &["crate::base::as", "crate::api::as"]),
            ("use super::clock;", &["crate::gateway::clock"]),
            ("use super::super::api;", &["crate::api"]),
            ("use {super::super::api, std::fs};", &["crate::api", "std::fs"]),
            ("use self::inner::X;", &["crate::gateway::read::inner::X"]),
            (
                "mod tests { use super::*; fn f() { super::super::act::f() } }",
                &["crate::gateway::read::*", "crate::gateway::act::f"],
            ),
            (
                "fn f(x: crate::store::Directory) -> Vec<crate::api::A> {}",
                &["crate::store::Directory", "crate::api::A"],
            ),
            ("fn f() { g::<crate::api::A>(crate::base::x) }", &["crate::api::A", "crate::base::x"]),
            ("call!(a, crate::api::A { b: crate::cli::c });", &["crate::api::A", "crate::cli::c"]),
            ("macro_rules! m { () => { $crate::api::f() } }", &["crate::api::f"]),
            ("pub(in crate::gateway) fn f() {}", &["crate::gateway"]),
            ("// crate::api\n/* crate::api */ /// crate::api\nfn f() { \"crate::api\"; r#\"crate::api\"#; 'a' }", &[]),
            ("fn f() { std::net::IpAddr::from([0; 4]); tokio::spawn(g) }", &["std::net::IpAddr::from", "tokio::spawn"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn a_path_names_what_it_leads_through() {
        let cases = [
            ("use std::fs;", "std::fs", true),
            ("use std::fs::File;", "std::fs", true),
            ("use std::*;", "std::fs", true),
            ("use std::fmt;", "std::fs", false),
            ("use std::fs_extra;", "std::fs", false),
            ("use tokio;", "tokio", true),
            ("fn f() { other::tokio::g() }", "tokio", false),
            ("use std::fmt::*;", "std::fmt::Debug", true),
        ];
        for (text, path, expected) in cases {
            assert_eq!(paths(text, &[]).iter().any(|named| named.names(path)), expected, "{text} {path}");
        }
    }

    #[test]
    fn files_are_modules() {
        let cases: [(&str, &[&str]); 4] = [
            ("src/lib.rs", &[]),
            ("src/base/mod.rs", &["base"]),
            ("src/base/arn.rs", &["base", "arn"]),
            ("src/gateway/body/mod.rs", &["gateway", "body"]),
        ];
        for (path, expected) in cases {
            assert_eq!(module_of(path), expected, "{path}");
        }
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let text = "#![allow(x)] mod t { #[test] #[ignore = \"slow\"] fn f() { if a != b { g(dbg!(1)) } } } // todo!()";
        assert_eq!(calls(text), ["#[test]", "#[ignore]", "dbg!"]);
        assert_eq!(modules("mod a; pub mod b; // mod c;\nmod d { mod e; } #[cfg(test)] mod f;"), ["a", "b", "f"]);
        assert_eq!(calls("m! { fn f() { todo!() } }"), ["m!", "todo!"]);
    }
}
