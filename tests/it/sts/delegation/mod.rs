//! Parent and child authority, for every kind of session, on generated policies and at later moments: the child may do what
//! the formula says of those who stand behind it now, and so never what its parent may not.

mod vouched;

use std::{collections::BTreeMap, thread};

use serde_json::json;

use self::vouched::{Providers, ROLE, directory, trusting};
use super::{assume, credentials, done, read, role, trust_account};
use crate::{
    api::call,
    ldap::slapd::Slapd,
    road::{
        gateway::{ACCOUNT, Gateway},
        signer::Key,
        upstream::Upstream,
    },
};

/// Objects that policies allow and deny; one bit each.
const OBJECTS: [&str; 5] = ["a", "b", "c", "d", "e"];
const ALL: u8 = 0b11111;
/// Worlds that are made, and changes of each after its sessions were.
const WORLDS: usize = 6;
const CHANGES: u32 = 3;

/// What a policy allows and denies.
#[derive(Clone, Copy, Debug)]
struct Mask {
    allow: u8,
    deny: u8,
}

/// Masks that are drawn one after the other, the same in every run.
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8 & ALL
    }

    /// Allows most and denies few, so that much of the whole is allowed.
    fn mask(&mut self) -> Mask {
        Mask { allow: self.bits() | self.bits(), deny: self.bits() & self.bits() & self.bits() }
    }
}

impl Mask {
    /// A policy that does this, and allows all else: what sessions are made with.
    fn document(self) -> String {
        let resources = |bits: u8| -> Vec<String> {
            let chosen = OBJECTS.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            let named = chosen.map(|(_, name)| format!("arn:aws:s3:::bucket/{name}"));
            named.chain(std::iter::once("arn:aws:s3:::bucket/none".to_owned())).collect()
        };
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources(self.allow)},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": resources(self.deny)},
            {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}]})
        .to_string()
    }

    fn allowed(self) -> u8 {
        self.allow & !self.deny
    }
}

/// The policies behind the sessions, by their names here.
struct World<'a> {
    number: usize,
    gateway: Gateway,
    upstream: &'a Upstream,
    providers: &'a Providers,
    masks: BTreeMap<&'static str, Mask>,
}

/// What changes.
const POLICIES: [&str; 7] =
    ["user", "role", "second role", "user-boundary", "role-boundary", "session", "organization"];

/// A session with its name here, and what all has to allow what it does.
type Child = (String, Key, Vec<&'static str>);

/// Parameters beside those that have to be there.
type Further<'a> = &'a [(&'a str, &'a str)];
/// How a session is narrowed, by which parameters, and what has to allow besides what it does.
type Narrowing<'a> = (&'a str, Further<'a>, &'a [&'static str]);
/// Makes a session.
type Make<'a> = &'a dyn Fn(Further<'_>) -> Key;

impl World<'_> {
    /// Puts a policy in force.
    fn put(&mut self, what: &'static str, mask: Mask) {
        let document = mask.document();
        let inline = |action, holder, name| {
            done(&self.gateway, action, &[(holder, name), ("PolicyName", "p"), ("PolicyDocument", &document)]);
        };
        match what {
            "user" => inline("PutUserPolicy", "UserName", "ann"),
            "role" => inline("PutRolePolicy", "RoleName", ROLE),
            "second role" => inline("PutRolePolicy", "RoleName", "two"),
            "organization" => {
                self.providers.control(&document);
                self.providers.reload(&self.gateway, self.upstream);
            }
            name => {
                let arn = policy(name);
                let made = [("PolicyName", name), ("PolicyDocument", &document)];
                if call(&self.gateway, &self.gateway.root(), "CreatePolicy", &made).status != 200 {
                    let version = [("PolicyArn", &*arn), ("PolicyDocument", &document), ("SetAsDefault", "true")];
                    done(&self.gateway, "CreatePolicyVersion", &version);
                }
            }
        }
        self.masks.insert(what, mask);
    }

    fn allowed(&self, all_of: &[&str]) -> u8 {
        all_of.iter().fold(self.masks["organization"].allowed(), |bits, what| bits & self.masks[what].allowed())
    }

    fn seen(&self, key: &Key) -> u8 {
        let bit =
            |(at, name): (usize, &&str)| u8::from(read(&self.gateway, key, &format!("/bucket/{name}")) == 200) << at;
        OBJECTS.iter().enumerate().map(bit).sum()
    }

    /// One of every kind.
    fn children(&self, ann: &Key) -> Vec<Child> {
        let gateway = &self.gateway;
        let (document, session) = (self.masks["inline"].document(), policy("session"));
        let (narrow, managed) = (("Policy", &*document), ("PolicyArns.member.1.arn", &*session));
        let own = credentials(&call(gateway, ann, "GetSessionToken", &[]));
        let (user, one, two) = (["user", "user-boundary"], ["role", "role-boundary"], ["second role"]);
        let narrowings: [Narrowing<'_>; 3] = [
            ("", &[], &[]),
            (", narrowed", &[narrow], &["inline"]),
            (", narrowed by a managed policy", &[managed], &["session"]),
        ];
        let mut children = vec![
            ("the user".to_owned(), ann.clone(), user.to_vec()),
            ("its own session".to_owned(), own, user.to_vec()),
        ];
        // Each kind is narrowed in each way, by and by: in another one in the next world.
        let mut add = |what: &str, how: usize, behind: &[&'static str], make: Make<'_>| {
            let (told, parameters, further) = narrowings[how % 3];
            let key = make(parameters);
            children.push((format!("{what}{told}"), key.clone(), [behind, further].concat()));
            key
        };
        let assumed = |by: &Key, role: &str, further: Further<'_>| credentials(&assume(gateway, by, role, further));
        add("federated", 1 + self.number % 2, &user, &|further| {
            let parameters = [&[("Name", "guest")], further].concat();
            credentials(&call(gateway, ann, "GetFederationToken", &parameters))
        });
        let of_role = add("a role", self.number, &one, &|further| assumed(ann, ROLE, further));
        add("a chained role", self.number + 1, &two, &|further| assumed(&of_role, "two", further));
        for (at, by) in vouched::ALL_OF_THEM.into_iter().enumerate() {
            let how = self.number + at;
            let taken =
                add(&format!("{by:?}"), how, &one, &|further| credentials(&self.providers.take(gateway, by, further)));
            add(&format!("a role after {by:?}"), how + 1, &two, &|further| assumed(&taken, "two", further));
        }
        children
    }
}

fn policy(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

#[test]
fn a_child_never_does_what_its_parent_could_not() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let directory = directory(&slapd);
    thread::scope(|scope| {
        for number in 1..=WORLDS {
            let (upstream, directory) = (&upstream, &*directory);
            let mut draw = Draw(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64));
            scope.spawn(move || holds(number, upstream, directory, &mut draw));
        }
    });
}

/// Makes a world and its children, and looks at all of them after each change.
fn holds(number: usize, upstream: &Upstream, directory: &str, draw: &mut Draw) {
    let providers = Providers::new(directory);
    let gateway = providers.gateway(upstream);
    let ann = gateway.user("ann", None);
    role(&gateway, ROLE, &trusting(), None);
    role(&gateway, "two", &trust_account(), None);
    let mut world = World { number, gateway, upstream, providers: &providers, masks: BTreeMap::new() };
    for what in POLICIES {
        world.put(what, draw.mask());
    }
    world.masks.insert("inline", draw.mask());
    let boundary = |action, holder, name, of: &str| {
        done(&world.gateway, action, &[(holder, name), ("PermissionsBoundary", &policy(of))]);
    };
    boundary("PutUserPermissionsBoundary", "UserName", "ann", "user-boundary");
    boundary("PutRolePermissionsBoundary", "RoleName", ROLE, "role-boundary");
    let children = world.children(&ann);
    for change in 0..=CHANGES {
        for (what, key, behind) in &children {
            let (seen, expected) = (world.seen(key), world.allowed(behind));
            assert_eq!(seen, expected, "world {number}, change {change}: {what}: {:?}", world.masks);
        }
        for what in POLICIES {
            let Mask { allow, deny } = world.masks[what];
            world.put(what, Mask { allow: allow & draw.bits() | draw.bits() & draw.bits(), deny: deny & draw.bits() });
        }
    }
}
