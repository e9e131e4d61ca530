//! Whoever acts for somebody else stays within the session policies, whoever grants what is asked for.

use countersign::policy::{Decision, Kind, Layers, Party, Question, decide, resource::Resource};
use serde_json::{Value, json};

use super::evaluation::{FOREIGN, OWN, party, set, stock};

#[test]
fn a_delegate_does_what_its_principal_may_and_the_session_policies_allow() {
    let grants = ["USER", "SESSION", "ROLE", "ACCOUNT", "*"]
        .map(|named| json!([{"Effect": "Allow", "Principal": {"AWS": named}}]));
    let mut past = 0;
    for caller in ["root", "user", "role session"] {
        for owner in [OWN, FOREIGN] {
            for grant in grants.iter().chain([&Value::Null]) {
                let resource = set(grant, Kind::Bucket, "s3:GetObject");
                for identity in ["allow", "other", "deny"] {
                    let identity = stock(&json!(identity), Kind::Identity);
                    for session in ["allow", "other", "deny"] {
                        let policies = stock(&json!(session), Kind::Session);
                        let allows = |is_delegate| {
                            let layers = Layers {
                                identity: identity.iter().collect(),
                                session: policies.as_ref(),
                                resource: resource.as_ref(),
                                ..Layers::default()
                            };
                            let question = Question {
                                action: "s3:GetObject",
                                resource: Resource::new("arn:aws:s3:::b/k"),
                                resource_account: Some(owner),
                                context: &(),
                            };
                            let party = Party { is_delegate, ..party(caller) };
                            matches!(decide(&layers, &party, &question), Decision::Allow(_))
                        };
                        let (plain, delegate) = (allows(false), allows(true));
                        past += usize::from(plain && !delegate);
                        assert_eq!(delegate, plain && session == "allow", "{caller} {owner} {grant} {session}");
                    }
                }
            }
        }
    }
    assert!(past > 0, "nothing gets anybody else past them");
}
