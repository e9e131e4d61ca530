//! Sessions in records.

use countersign::{base::Timestamp, store::accesses_of};
use serde_json::{Value, json};

use super::{ALL, assume, credentials, role, trust_account};
use crate::{
    api::call,
    road::{
        client::Request,
        gateway::{ACCOUNT, Gateway},
        signer::{Key, Signer},
        upstream::Upstream,
    },
};

#[test]
fn a_record_tells_whose_session_it_was() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    role(&gateway, "reader", &trust_account(), Some(ALL));
    let taking = assume(&gateway, &ann, "reader", &[("SourceIdentity", "ann.lee")]);
    let of_role = credentials(&taking);
    let own = credentials(&call(&gateway, &ann, "GetSessionToken", &[]));
    let federated = credentials(&call(&gateway, &ann, "GetFederationToken", &[("Name", "guest"), ("Policy", ALL)]));
    let identity = |key: &Key| {
        let answer = gateway.send(&Signer::s3(key), Request::new("GET", "/bucket/a"));
        let mut identity = gateway.record(&answer)["userIdentity"].clone();
        assert_eq!(identity["accessKeyId"], key.id);
        let attributes = &mut identity["sessionContext"]["attributes"];
        assert!(attributes["creationDate"].as_str().unwrap().ends_with('Z'));
        attributes["creationDate"] = Value::Null;
        identity.as_object_mut().unwrap().remove("accessKeyId");
        identity
    };
    let attributes = json!({"creationDate": null, "mfaAuthenticated": "false"});
    let of_ann = json!({"type": "IAMUser", "principalId": "AIDAann", "arn": "arn:aws:iam::123456789012:user/ann",
        "accountId": ACCOUNT, "userName": "ann"});
    let mut owns = of_ann.clone();
    owns["sessionContext"] = json!({"attributes": attributes});
    assert_eq!(identity(&own), owns);
    assert_eq!(
        identity(&federated),
        json!({"type": "FederatedUser", "principalId": "123456789012:guest",
            "arn": "arn:aws:sts::123456789012:federated-user/guest", "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": of_ann, "attributes": attributes}})
    );
    let told = identity(&of_role);
    let id = told["sessionContext"]["sessionIssuer"]["principalId"].as_str().unwrap().to_owned();
    assert_eq!(
        told,
        json!({"type": "AssumedRole", "principalId": format!("{id}:se"),
            "arn": "arn:aws:sts::123456789012:assumed-role/reader/se", "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": id, "arn": "arn:aws:iam::123456789012:role/reader",
                    "accountId": ACCOUNT, "userName": "reader"},
                "attributes": attributes, "sourceIdentity": "ann.lee"}})
    );
    // The call itself tells what was made, without the secret.
    let record = gateway.record(&taking);
    assert_eq!(record["readOnly"], true);
    assert_eq!(record["responseElements"]["credentials"]["accessKeyId"], of_role.id);
    assert_eq!(record["responseElements"]["assumedRoleUser"]["assumedRoleId"], format!("{id}:se"));
    assert!(!record.to_string().contains(&of_role.secret), "{record:#}");
}

/// What a session tries is counted to whoever it rests on: a role, a user, root.
#[test]
fn what_sessions_try_counts_for_those_behind_them() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    let federated =
        |key: &Key| credentials(&call(&gateway, key, "GetFederationToken", &[("Name", "guest"), ("Policy", ALL)]));
    let counted = |id: &str| {
        let now = Timestamp::now();
        gateway.directory().flush_accesses(now).unwrap();
        let known = gateway.directory().read(|work| accesses_of(work, id, now)).unwrap();
        known.iter().any(|access| &*access.action == "s3:GetObject")
    };
    for (key, id) in [(federated(&gateway.root()), ACCOUNT), (federated(&ann), "AIDAann")] {
        assert!(!counted(id), "{id}");
        let answer = gateway.send(&Signer::s3(&key), Request::new("GET", "/bucket/a"));
        assert_eq!(answer.status, 200);
        gateway.record(&answer);
        assert!(counted(id), "{id}");
    }
}
