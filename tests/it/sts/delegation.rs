//! Parent and child authority, for every kind of session, on generated policies and at later moments: the child may do what
//! the formula says of those who stand behind it now, and so never what its parent may not.

use std::collections::BTreeMap;

use serde_json::json;

use super::{assume, credentials, done, read, role, trust_account};
use crate::{
    api::call,
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
const WORLDS: u32 = 6;
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
    /// A policy that does this, and allows what sessions are made with.
    fn document(self) -> String {
        let resources = |bits: u8| -> Vec<String> {
            let chosen = OBJECTS.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            let named = chosen.map(|(_, name)| format!("arn:aws:s3:::bucket/{name}"));
            named.chain(std::iter::once("arn:aws:s3:::bucket/none".to_owned())).collect()
        };
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources(self.allow)},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": resources(self.deny)},
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})
        .to_string()
    }

    fn allowed(self) -> u8 {
        self.allow & !self.deny
    }
}

/// The policies behind the sessions, by their names here.
struct World<'g> {
    gateway: &'g Gateway,
    masks: BTreeMap<&'static str, Mask>,
}

impl World<'_> {
    /// Puts a policy in force.
    fn put(&mut self, what: &'static str, mask: Mask) {
        let document = mask.document();
        let inline = |action, holder, name| {
            done(self.gateway, action, &[(holder, name), ("PolicyName", "p"), ("PolicyDocument", &document)]);
        };
        match what {
            "user" => inline("PutUserPolicy", "UserName", "ann"),
            "role" => inline("PutRolePolicy", "RoleName", "one"),
            "second role" => inline("PutRolePolicy", "RoleName", "two"),
            name => {
                let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
                let made = call(
                    self.gateway,
                    &self.gateway.root(),
                    "CreatePolicy",
                    &[("PolicyName", name), ("PolicyDocument", &document)],
                );
                if made.status != 200 {
                    let version = [("PolicyArn", &*arn), ("PolicyDocument", &document), ("SetAsDefault", "true")];
                    done(self.gateway, "CreatePolicyVersion", &version);
                }
            }
        }
        self.masks.insert(what, mask);
    }

    fn allowed(&self, all_of: &[&str]) -> u8 {
        all_of.iter().fold(ALL, |bits, what| bits & self.masks[what].allowed())
    }

    fn seen(&self, key: &Key) -> u8 {
        let bit =
            |(at, name): (usize, &&str)| u8::from(read(self.gateway, key, &format!("/bucket/{name}")) == 200) << at;
        OBJECTS.iter().enumerate().map(bit).sum()
    }
}

#[test]
fn a_child_never_does_what_its_parent_could_not() {
    let upstream = Upstream::start();
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    for number in 0..WORLDS {
        let gateway = Gateway::start(&upstream);
        let ann = gateway.user("ann", None);
        let mut world = World { gateway: &gateway, masks: BTreeMap::new() };
        role(&gateway, "one", &trust_account(), None);
        role(&gateway, "two", &trust_account(), None);
        for what in ["user", "role", "second role", "user-boundary", "role-boundary", "session"] {
            world.put(what, draw.mask());
        }
        let policy = |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
        let boundary = |action, holder, name, of: &str| {
            done(&gateway, action, &[(holder, name), ("PermissionsBoundary", &policy(of))]);
        };
        boundary("PutUserPermissionsBoundary", "UserName", "ann", "user-boundary");
        boundary("PutRolePermissionsBoundary", "RoleName", "one", "role-boundary");
        let inline = draw.mask();
        world.masks.insert("inline", inline);
        let (document, session) = (inline.document(), policy("session"));
        let (narrow, managed) = (("Policy", &*document), ("PolicyArns.member.1.arn", &*session));
        let federated = |further: &[_]| {
            let parameters: Vec<_> = [("Name", "guest")].into_iter().chain(further.iter().copied()).collect();
            credentials(&call(&gateway, &ann, "GetFederationToken", &parameters))
        };
        let of_role = credentials(&assume(&gateway, &ann, "one", &[]));
        let user: &[&str] = &["user", "user-boundary"];
        let one: &[&str] = &["role", "role-boundary"];
        let rows: Vec<(&str, Key, Vec<&str>)> = vec![
            ("the user", ann.clone(), user.to_vec()),
            ("its own session", credentials(&call(&gateway, &ann, "GetSessionToken", &[])), user.to_vec()),
            ("federated", federated(&[narrow]), [user, &["inline"]].concat()),
            ("federated by a managed policy", federated(&[managed]), [user, &["session"]].concat()),
            ("a role", of_role.clone(), one.to_vec()),
            ("a narrowed role", credentials(&assume(&gateway, &ann, "one", &[narrow])), [one, &["inline"]].concat()),
            (
                "a role narrowed by a managed policy",
                credentials(&assume(&gateway, &ann, "one", &[managed])),
                [one, &["session"]].concat(),
            ),
            ("a chained role", credentials(&assume(&gateway, &of_role, "two", &[])), vec!["second role"]),
            (
                "a narrowed chained role",
                credentials(&assume(&gateway, &of_role, "two", &[narrow])),
                vec!["second role", "inline"],
            ),
        ];
        for change in 0..=CHANGES {
            for (what, key, behind) in &rows {
                let (seen, expected) = (world.seen(key), world.allowed(behind));
                assert_eq!(seen, expected, "world {number}, change {change}: {what}: {:?}", world.masks);
            }
            for what in ["user", "role", "second role", "user-boundary", "role-boundary", "session"] {
                let Mask { allow, deny } = world.masks[what];
                world.put(
                    what,
                    Mask { allow: allow & draw.bits() | draw.bits() & draw.bits(), deny: deny & draw.bits() },
                );
            }
        }
    }
}
