//! SSH public keys and credentials for single services.

use super::{call, says};
use crate::road::{gateway::Gateway, upstream::Upstream};

const ANN: (&str, &str) = ("UserName", "ann");
pub const KEY: &str = include_str!("../data/ssh/rsa.pub");
const KEY_PEM: &str = include_str!("../data/ssh/rsa.pem");
const KEY_PKCS1: &str = include_str!("../data/ssh/rsa.pkcs1.pem");
pub const SHORT_KEY: &str = include_str!("../data/ssh/short.pub");
pub const ED25519_KEY: &str = include_str!("../data/ssh/ed25519.pub");
const EC_KEY: &str = include_str!("../data/ssh/ec.pem");
/// What `ssh-keygen -l -E md5` says of the key.
const FINGERPRINT: &str = "<Fingerprint>47:30:10:67:30:79:03:0c:d2:8e:f0:3d:a0:01:19:40</Fingerprint>";

#[test]
fn ssh_keys() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let says = |action: &str, parameters: &[(&str, &str)], status, holds: &str| {
        says(&gateway, action, parameters, status, holds)
    };
    says("CreateUser", &[ANN], 200, "");
    let cut = KEY_PEM.replacen("MIIB", "MIIC", 1);
    let (head, tail) = KEY.split_at(200);
    let other = format!("ssh-rsa {}", &tail[..tail.len() - 20]);
    for (body, code) in [
        ("hello", "UnrecognizedPublicKeyEncoding"),
        (ED25519_KEY, "UnrecognizedPublicKeyEncoding"),
        (EC_KEY, "UnrecognizedPublicKeyEncoding"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "UnrecognizedPublicKeyEncoding"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "UnrecognizedPublicKeyEncoding"),
        (SHORT_KEY, "InvalidPublicKey"),
        ("ssh-rsa !", "InvalidPublicKey"),
        ("ssh-rsa AAAA", "InvalidPublicKey"),
        (&other, "InvalidPublicKey"),
        (head, "InvalidPublicKey"),
        (&cut, "InvalidPublicKey"),
        (&[KEY_PEM, KEY_PKCS1].concat(), "InvalidPublicKey"),
    ] {
        let code = format!("<Code>{code}</Code>");
        says("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", body)], 400, &code);
    }
    says("UploadSSHPublicKey", &[ANN], 400, "Value null at 'sSHPublicKeyBody' failed to satisfy constraint");
    says("UploadSSHPublicKey", &[("UserName", "none"), ("SSHPublicKeyBody", KEY)], 404, "NoSuchEntity");
    says("ListSSHPublicKeys", &[ANN], 200, "<SSHPublicKeys></SSHPublicKeys><IsTruncated>false</IsTruncated>");
    let made = says("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", KEY)], 200, FINGERPRINT);
    assert_eq!(made.element("SSHPublicKeyBody"), KEY);
    let id = made.element("SSHPublicKeyId");
    assert!(id.starts_with("APKA"), "{id}");
    let id = ("SSHPublicKeyId", id.as_str());
    for again in [KEY, KEY_PEM, KEY_PKCS1] {
        says("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", again)], 400, "<Code>DuplicateSSHPublicKey</Code>");
    }
    let ssh = says("GetSSHPublicKey", &[ANN, id, ("Encoding", "SSH")], 200, FINGERPRINT);
    assert_eq!(ssh.element("SSHPublicKeyBody"), KEY.rsplit_once(' ').unwrap().0);
    let pem = says("GetSSHPublicKey", &[ANN, id, ("Encoding", "PEM")], 200, FINGERPRINT);
    assert_eq!(pem.element("SSHPublicKeyBody"), KEY_PEM.trim_end());
    let wrong =
        "Value 'DER' at 'encoding' failed to satisfy constraint: Member must satisfy enum value set: [SSH, PEM]";
    says("GetSSHPublicKey", &[ANN, id, ("Encoding", "DER")], 400, wrong);
    says("CreateUser", &[("UserName", "bob")], 200, "");
    let missing = "The SSH Public Key with id APKA0000000000000000 cannot be found.";
    let none = ("SSHPublicKeyId", "APKA0000000000000000");
    for (action, parameters) in [
        ("GetSSHPublicKey", &[ANN, none, ("Encoding", "SSH")][..]),
        ("UpdateSSHPublicKey", &[ANN, none, ("Status", "Active")]),
        ("DeleteSSHPublicKey", &[ANN, none]),
    ] {
        says(action, parameters, 404, missing);
    }
    says("DeleteSSHPublicKey", &[("UserName", "bob"), id], 404, "NoSuchEntity");
    says("UpdateSSHPublicKey", &[ANN, id, ("Status", "Expired")], 400, "<Code>InvalidInput</Code>");
    says("UpdateSSHPublicKey", &[ANN, id, ("Status", "Off")], 400, "set: [Active, Inactive, Expired]");
    says("UpdateSSHPublicKey", &[ANN, id, ("Status", "Inactive")], 200, "UpdateSSHPublicKeyResponse");
    says("ListSSHPublicKeys", &[ANN], 200, "<Status>Inactive</Status><UploadDate>");
    // The same key is another user's too.
    says("UploadSSHPublicKey", &[("UserName", "bob"), ("SSHPublicKeyBody", KEY_PEM)], 200, FINGERPRINT);
    says("DeleteUser", &[ANN], 409, "Cannot delete entity, must remove referenced objects first.");
    says("DeleteSSHPublicKey", &[ANN, id], 200, "DeleteSSHPublicKeyResponse");
    says("DeleteSSHPublicKey", &[ANN, id], 404, "NoSuchEntity");
    says("DeleteUser", &[ANN], 200, "");
}

#[test]
fn a_user_has_five_ssh_keys_at_most() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    says(&gateway, "CreateUser", &[ANN], 200, "");
    let body = data_encoding::BASE64.decode(KEY.split(' ').nth(1).unwrap().as_bytes()).unwrap();
    for number in 0..6 {
        let mut body = body.clone();
        // Another modulus, still an odd number.
        body[100] = number;
        let key = format!("ssh-rsa {}", data_encoding::BASE64.encode(&body));
        let (status, holds) = match number {
            5 => (409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for SSHPublicKeysPerUser: 5</Message>"),
            _ => (200, ""),
        };
        says(&gateway, "UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", &key)], status, holds);
    }
    let first = says(&gateway, "ListSSHPublicKeys", &[ANN, ("MaxItems", "3")], 200, "<IsTruncated>true</IsTruncated>");
    let further = [ANN, ("MaxItems", "3"), ("Marker", &first.element("Marker"))];
    let rest = says(&gateway, "ListSSHPublicKeys", &further, 200, "<IsTruncated>false</IsTruncated>");
    let count = |answer: &crate::road::client::Response| answer.text().matches("<SSHPublicKeyId>").count();
    assert_eq!((count(&first), count(&rest)), (3, 2));
}

#[test]
fn credentials_for_services() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let says = |action: &str, parameters: &[(&str, &str)], status, holds: &str| {
        says(&gateway, action, parameters, status, holds)
    };
    let service = |name| ("ServiceName", name);
    let (commit, bedrock) = (service("codecommit.amazonaws.com"), service("bedrock.amazonaws.com"));
    says("CreateUser", &[ANN], 200, "");
    let create = "CreateServiceSpecificCredential";
    let unknown = "<Code>NotSupportedService</Code>";
    says(create, &[ANN, service("s3.amazonaws.com")], 404, unknown);
    says(create, &[ANN], 400, "Value null at 'serviceName' failed to satisfy constraint: Member must not be null");
    says(create, &[("UserName", "none"), commit], 404, "The user with name none cannot be found.");
    says(create, &[ANN, bedrock, ("CredentialAgeDays", "0")], 400, "'credentialAgeDays' failed to satisfy constraint");
    says(create, &[ANN, bedrock, ("CredentialAgeDays", "36601")], 400, "less than or equal to 36600");
    says(create, &[ANN, commit, ("CredentialAgeDays", "1")], 400, "<Code>ValidationError</Code>");
    let made =
        says(create, &[ANN, commit], 200, "<ServiceUserName>ann-at-123456789012</ServiceUserName><ServicePassword>");
    says(create, &[ANN, commit], 200, "<ServiceUserName>ann+1-at-123456789012</ServiceUserName>");
    let over =
        "<Code>LimitExceeded</Code><Message>Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2</Message>";
    says(create, &[ANN, commit], 409, over);
    says(create, &[ANN, service("cassandra.amazonaws.com")], 200, "ann-at-123456789012");
    let key = says(create, &[ANN, bedrock, ("CredentialAgeDays", "30")], 200, "<ExpirationDate>");
    assert_eq!(key.element("ServiceCredentialAlias"), "ann-at-123456789012");
    // The secret of an API key names whose it is.
    let secret = key.element("ServiceCredentialSecret");
    let secret = data_encoding::BASE64.decode(secret.strip_prefix("ABSK").unwrap().as_bytes()).unwrap();
    assert!(secret.starts_with(b"ann-at-123456789012:"), "{}", key.text());
    says(create, &[ANN, service("logs.amazonaws.com")], 200, "<ServiceCredentialSecret>ACWL");

    let list = "ListServiceSpecificCredentials";
    let all = says(list, &[ANN], 200, "<IsTruncated>false</IsTruncated>");
    assert_eq!(all.text().matches("<ServiceSpecificCredentialId>ACCA").count(), 5, "{}", all.text());
    assert!(!all.text().contains("Password") && !all.text().contains("Secret"), "{}", all.text());
    let some = says(list, &[("AllUsers", "true"), commit], 200, "<UserName>ann</UserName>");
    assert_eq!(some.text().matches("<member>").count(), 2, "{}", some.text());
    says(list, &[ANN, ("AllUsers", "true")], 400, "<Code>ValidationError</Code>");
    says(list, &[ANN, service("s3.amazonaws.com")], 404, unknown);
    says(list, &[], 200, "<ServiceSpecificCredentials></ServiceSpecificCredentials>");
    says(list, &[ANN, ("MaxItems", "2")], 200, "<IsTruncated>true</IsTruncated><Marker>");

    let id = made.element("ServiceSpecificCredentialId");
    let id = ("ServiceSpecificCredentialId", id.as_str());
    says("UpdateServiceSpecificCredential", &[ANN, id, ("Status", "Inactive")], 200, "Response");
    says("UpdateServiceSpecificCredential", &[ANN, id], 400, "Value null at 'status'");
    let reset = says("ResetServiceSpecificCredential", &[ANN, id], 200, "<Status>Inactive</Status>");
    assert_ne!(reset.element("ServicePassword"), made.element("ServicePassword"));
    assert_eq!(reset.element("ServicePassword").len(), 44);
    says("ResetServiceSpecificCredential", &[id], 404, "NoSuchEntity");
    says("CreateUser", &[("UserName", "bob")], 200, "");
    says("DeleteServiceSpecificCredential", &[("UserName", "bob"), id], 404, "NoSuchEntity");
    // A name that is now another's is not given out twice.
    says("UpdateUser", &[ANN, ("NewUserName", "anna")], 200, "");
    says("CreateUser", &[ANN], 200, "");
    says(create, &[ANN, commit], 200, "<ServiceUserName>ann+2-at-123456789012</ServiceUserName>");
    let ann = ("UserName", "anna");
    says("DeleteUser", &[ann], 409, "Cannot delete entity, must remove referenced objects first.");
    for id in all.text().split("<ServiceSpecificCredentialId>").skip(1) {
        let id = ("ServiceSpecificCredentialId", id.split('<').next().unwrap());
        says("DeleteServiceSpecificCredential", &[ann, id], 200, "DeleteServiceSpecificCredentialResponse");
        says("DeleteServiceSpecificCredential", &[ann, id], 404, "NoSuchEntity");
    }
    says("DeleteUser", &[ann], 200, "");
    let password = reset.element("ServicePassword");
    let records = gateway.end();
    assert!(records.iter().all(|record| !record.to_string().contains(&password)));
}

/// Policies can say for which services credentials may be made, and for how long.
#[test]
fn credentials_are_decided_on_by_service_and_age() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iam:*ServiceSpecificCredential","Resource":"*","Condition":{
            "StringEquals":{"iam:ServiceSpecificCredentialServiceName":"bedrock.amazonaws.com"},
            "NumericLessThanEqualsIfExists":{"iam:ServiceSpecificCredentialAgeDays":"30"}}}]}"#;
    let maker = gateway.user("maker", Some(policy));
    says(&gateway, "CreateUser", &[ANN], 200, "");
    let (commit, bedrock) = (("ServiceName", "codecommit.amazonaws.com"), ("ServiceName", "bedrock.amazonaws.com"));
    let create = "CreateServiceSpecificCredential";
    let made = |given: &[(&str, &str)]| call(&gateway, &maker, create, given);
    assert_eq!(made(&[ANN, commit]).status, 403);
    assert_eq!(made(&[ANN, bedrock, ("CredentialAgeDays", "31")]).status, 403);
    let id = made(&[ANN, bedrock, ("CredentialAgeDays", "30")]).element("ServiceSpecificCredentialId");
    let other = says(&gateway, create, &[ANN, commit], 200, "").element("ServiceSpecificCredentialId");
    for (id, status) in [(&other, 403), (&id, 200)] {
        let given = [ANN, ("ServiceSpecificCredentialId", id.as_str())];
        assert_eq!(call(&gateway, &maker, "ResetServiceSpecificCredential", &given).status, status);
        assert_eq!(call(&gateway, &maker, "DeleteServiceSpecificCredential", &given).status, status);
    }
}
