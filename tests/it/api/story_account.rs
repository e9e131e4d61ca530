//! What is asked of an account as a whole: its alias, its summary, its credential report.

use std::collections::BTreeMap;

use countersign::{
    base::Timestamp,
    store::{Item, ItemKind},
};
use data_encoding::BASE64;

use super::{
    call,
    story::{Step, tell},
};
use crate::road::{
    client::Response,
    gateway::{ACCOUNT, ALLOW_ALL, Gateway, Setup, until},
    upstream::Upstream,
};

const ANN: (&str, &str) = ("UserName", "ann");
const OTHER: &str = "222222222222";
const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

#[test]
#[rustfmt::skip]
fn aliases() {
    let alias = |text| ("AccountAlias", text);
    let long = "a".repeat(64);
    let wrong = r"failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
    let mut steps: Vec<Step<'_>> = vec![
        ("ListAccountAliases", &[], 200, "<AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>"),
        ("CreateAccountAlias", &[], 400, "Value null at 'accountAlias'"),
        ("CreateAccountAlias", &[("AccountAlias", "123456789012")], 400, "<Code>ValidationError</Code>"),
    ];
    let wrongs = ["Our", "a--b", "-ab", "ab-", "a_b", "ab.c"].map(|text| [alias(text)]);
    steps.extend(wrongs.iter().map(|given| ("CreateAccountAlias", &given[..], 400, wrong)));
    let too_long = [alias(&long)];
    steps.extend([
        ("CreateAccountAlias", &[("AccountAlias", "ab")][..], 400, "Member must have length greater than or equal to 3"),
        ("CreateAccountAlias", &too_long[..], 400, "Member must have length less than or equal to 63"),
        ("CreateAccountAlias", &[("AccountAlias", "our-1")], 200, "<CreateAccountAliasResponse"),
        ("CreateAccountAlias", &[("AccountAlias", "our-1")], 409, "<Code>EntityAlreadyExists</Code><Message>The account alias our-1 already exists.</Message>"),
        ("ListAccountAliases", &[], 200, "<AccountAliases><member>our-1</member></AccountAliases>"),
        // An account has one: the next takes its place.
        ("CreateAccountAlias", &[("AccountAlias", "our-2")], 200, ""),
        ("ListAccountAliases", &[], 200, "<AccountAliases><member>our-2</member></AccountAliases>"),
        ("DeleteAccountAlias", &[("AccountAlias", "our-1")], 404, "<Code>NoSuchEntity</Code><Message>The account alias with name our-1 cannot be found.</Message>"),
        ("DeleteAccountAlias", &[("AccountAlias", "Our")], 400, wrong),
        ("DeleteAccountAlias", &[("AccountAlias", "our-2")], 200, "<DeleteAccountAliasResponse"),
        ("ListAccountAliases", &[], 200, "<AccountAliases></AccountAliases>"),
        ("CreateAccountAlias", &[("AccountAlias", "our-1")], 200, ""),
    ]);
    tell(&steps);
}

#[test]
fn an_alias_is_one_accounts_alone() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, other) = (gateway.root(), gateway.user_of(OTHER, "other", Some(ALLOW_ALL)));
    let does = |key, action: &str, alias: &str| {
        let answer = call(&gateway, key, action, &[("AccountAlias", alias)]);
        (answer.status, answer.element("Message"))
    };
    let of = |key| call(&gateway, key, "ListAccountAliases", &[]).element("member");
    assert_eq!(does(&root, "CreateAccountAlias", "our").0, 200);
    assert_eq!(does(&other, "CreateAccountAlias", "our"), (409, "The account alias our already exists.".into()));
    assert_eq!(does(&other, "DeleteAccountAlias", "our").0, 404);
    assert_eq!(does(&other, "CreateAccountAlias", "theirs").0, 200);
    assert_eq!((of(&root), of(&other)), ("our".into(), "theirs".into()));
    // One that is given up is free.
    assert_eq!(does(&root, "CreateAccountAlias", "ours").0, 200);
    assert_eq!(does(&other, "CreateAccountAlias", "our").0, 200);
}

/// An item that another operation would make.
fn item(kind: ItemKind, name: &str, owner: Option<&str>, details: &str) -> Item {
    Item {
        kind,
        account: ACCOUNT.parse().unwrap(),
        id: format!("{}/{name}", kind.word()).into(),
        name: name.into(),
        path: "/".into(),
        owner: owner.map(Into::into),
        created: "2024-02-03T04:05:06Z".parse().unwrap(),
        details: details.into(),
    }
}

fn summary(answer: &Response) -> BTreeMap<String, u64> {
    let text = answer.text();
    let entries = text.split("<entry><key>").skip(1).map(|entry| {
        let (key, rest) = entry.split_once("</key><value>").unwrap();
        (key.to_owned(), rest.split('<').next().unwrap().parse().unwrap())
    });
    entries.collect()
}

#[test]
fn a_summary_counts_what_is_there() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("QUOTAS__USERS", "77"), ("QUOTAS__POLICIES_PER_ROLE", "20")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let root = gateway.root();
    let ask = || summary(&call(&gateway, &root, "GetAccountSummary", &[]));
    let quotas = [
        ("AccessKeysPerUserQuota", 2),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 20),
        ("AttachedPoliciesPerUserQuota", 10),
        ("GlobalEndpointTokenVersion", 1),
        ("GroupPolicySizeQuota", 5120),
        ("GroupsPerUserQuota", 10),
        ("GroupsQuota", 300),
        ("InstanceProfilesQuota", 1000),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUseQuota", 10_000),
        ("RolePolicySizeQuota", 10_240),
        ("RolesQuota", 1000),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", 2048),
        ("UsersQuota", 77),
        ("VersionsPerPolicyQuota", 5),
    ];
    let nothing = [
        ("AccountAccessKeysPresent", 1),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("Groups", 0),
        ("InstanceProfiles", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Policies", 0),
        ("PolicyVersionsInUse", 0),
        ("Providers", 0),
        ("Roles", 0),
        ("ServerCertificates", 0),
        ("Users", 0),
    ];
    let with = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        quotas.iter().chain(&nothing).chain(counts).map(|(key, value)| ((*key).to_owned(), *value)).collect()
    };
    assert_eq!(ask(), with(&[]));

    gateway.user("ann", None);
    gateway.user_of(OTHER, "other", None);
    let policy = ("PolicyArn", "arn:aws:iam::123456789012:policy/p");
    for (action, parameters) in [
        ("CreateUser", &[("UserName", "bob")][..]),
        ("CreateGroup", &[("GroupName", "staff")]),
        ("CreateRole", &[("RoleName", "reader"), ("AssumeRolePolicyDocument", super::rights::TRUST)]),
        ("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
        ("CreatePolicyVersion", &[policy, ("PolicyDocument", ALLOW_ALL)]),
    ] {
        let answer = call(&gateway, &root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    }
    let items = [
        item(ItemKind::MfaDevice, "anns", Some("AIDAann"), r#"{"enabled":1700000000}"#),
        item(ItemKind::MfaDevice, "roots", None, r#"{"enabled":1700000000}"#),
        item(ItemKind::MfaDevice, "nobodys", None, r#"{"enabled":null}"#),
        item(ItemKind::SigningCertificate, "roots", None, r#"{"status":"Active"}"#),
        item(ItemKind::InstanceProfile, "i", None, "{}"),
        item(ItemKind::ServerCertificate, "s", None, "{}"),
        item(ItemKind::OidcProvider, "o", None, "{}"),
        item(ItemKind::SamlProvider, "s", None, "{}"),
    ];
    gateway.directory().write(|work| items.iter().try_for_each(|item| work.add_item(item, None))).unwrap();
    let counts = [
        ("AccountMFAEnabled", 1),
        ("AccountSigningCertificatesPresent", 1),
        ("Groups", 1),
        ("InstanceProfiles", 1),
        ("MFADevices", 3),
        ("MFADevicesInUse", 2),
        ("Policies", 1),
        ("PolicyVersionsInUse", 2),
        ("Providers", 2),
        ("Roles", 1),
        ("ServerCertificates", 1),
        ("Users", 2),
    ];
    assert_eq!(ask(), with(&counts));
}

/// Waits for a report; what it says, line by line.
fn report(gateway: &Gateway) -> Vec<String> {
    let root = gateway.root();
    until("the report is complete", || {
        call(gateway, &root, "GenerateCredentialReport", &[]).element("State") == "COMPLETE"
    });
    let answer = call(gateway, &root, "GetCredentialReport", &[]);
    assert_eq!((answer.status, answer.element("ReportFormat")), (200, "text/csv".into()));
    let content = String::from_utf8(BASE64.decode(answer.element("Content").as_bytes()).unwrap()).unwrap();
    content.lines().map(str::to_owned).collect()
}

/// A moment of a report, as far as it can be foretold.
fn is_recent(text: &str) -> bool {
    let at: Timestamp = text.parse().unwrap();
    text.ends_with("+00:00") && text.len() == 25 && (Timestamp::now().as_second() - at.as_second()).abs() < 600
}

/// A row of which recent moments are told as `now`.
fn told(line: &str) -> String {
    let told = |field: &str| if field.starts_with("20") && is_recent(field) { "now".into() } else { field.to_owned() };
    line.split(',').map(told).collect::<Vec<_>>().join(",")
}

#[test]
fn a_report_tells_of_every_users_credentials() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let ann = gateway.user("ann", Some(ALLOW_ALL));
    gateway.user_of(OTHER, "other", None);
    for (action, parameters) in [
        ("CreateUser", &[("UserName", "bob,c"), ("Path", "/x/")][..]),
        ("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "90")]),
        ("CreateLoginProfile", &[ANN, ("Password", "Secret-1")]),
        ("CreateAccessKey", &[ANN]),
    ] {
        let answer = call(&gateway, &root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    }
    let keys = gateway.directory().read(|work| work.items_of("AIDAann", ItemKind::MfaDevice)).unwrap();
    assert!(keys.is_empty());
    let items = [
        item(ItemKind::MfaDevice, "anns", Some("AIDAann"), r#"{"enabled":1700000000}"#),
        item(ItemKind::SigningCertificate, "anns", Some("AIDAann"), r#"{"status":"Active"}"#),
        item(ItemKind::SigningCertificate, "anns-2", Some("AIDAann"), r#"{"status":"Inactive"}"#),
    ];
    gateway.directory().write(|work| items.iter().try_for_each(|item| work.add_item(item, None))).unwrap();
    // Keys are used; the report knows it at once.
    assert_eq!(call(&gateway, &ann, "GetUser", &[]).status, 200);

    let absent = call(&gateway, &root, "GetCredentialReport", &[]);
    assert_eq!((absent.status, absent.element("Code")), (410, "ReportNotPresent".into()));
    assert_eq!(gateway.record(&absent)["errorCode"], "CredentialReportNotPresentException");
    let begun = call(&gateway, &root, "GenerateCredentialReport", &[]);
    assert_eq!(begun.element("State"), "STARTED");
    assert_eq!(begun.element("Description"), "No report exists. Starting a new report generation task");
    let lines = report(&gateway);
    let [columns, of_root, of_ann, of_bob] = &*lines else { panic!("{lines:#?}") };
    assert_eq!(columns, COLUMNS);
    let no_key = "false,N/A,N/A,N/A,N/A";
    let no_certificates = "false,N/A,false,N/A";
    assert_eq!(
        told(of_root),
        format!(
            "<root_account>,arn:aws:iam::{ACCOUNT}:root,now,not_supported,no_information,not_supported,not_supported,false,\
             true,now,now,us-east-1,iam,{no_key},{no_certificates}"
        )
    );
    let mut fields: Vec<&str> = of_ann.split(',').collect();
    let (changed, next): (Timestamp, Timestamp) = (fields[5].parse().unwrap(), fields.remove(6).parse().unwrap());
    assert_eq!(next.as_second() - changed.as_second(), 90 * 86_400);
    assert_eq!(
        told(&fields.join(",")),
        format!(
            "ann,arn:aws:iam::{ACCOUNT}:user/ann,now,true,no_information,now,true,true,now,now,us-east-1,iam,true,now,N/A,N/A,N/A,\
             true,2024-02-03T04:05:06+00:00,false,2024-02-03T04:05:06+00:00"
        )
    );
    assert!(of_bob.starts_with(&format!("\"bob,c\",\"arn:aws:iam::{ACCOUNT}:user/x/bob,c\",20")), "{of_bob}");
    assert!(of_bob.ends_with(&format!(",false,N/A,N/A,N/A,false,{no_key},{no_key},{no_certificates}")), "{of_bob}");

    // It is handed out again, whatever changes.
    assert_eq!(call(&gateway, &root, "CreateUser", &[("UserName", "cid")]).status, 200);
    assert_eq!(report(&gateway), lines);
}

#[test]
fn a_report_is_made_anew_after_four_hours() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let asked = |ago: i64, content: &str| {
        let at = Timestamp::now().as_second() - ago;
        let known = item(ItemKind::Job, "CredentialReport", None, &format!(r#"{{"asked":{at},"content":{content}}}"#));
        let kept = gateway.directory().write(|work| {
            if let Some(known) = work.item(known.account, ItemKind::Job, "CredentialReport")? {
                work.delete_item(&known.id)?;
            }
            work.add_item(&known, None)
        });
        kept.unwrap();
    };
    let get = || {
        let answer = call(&gateway, &root, "GetCredentialReport", &[]);
        (answer.status, answer.element("Code"))
    };
    let generate = || call(&gateway, &root, "GenerateCredentialReport", &[]).element("State");
    asked(60, "null");
    assert_eq!((generate(), get()), ("INPROGRESS".into(), (404, "ReportInProgress".into())));
    asked(4 * 3600 - 60, "\"a\"");
    assert_eq!((generate(), get()), ("COMPLETE".into(), (200, String::new())));
    asked(4 * 3600, "\"a\"");
    assert_eq!(get(), (410, "ReportExpired".into()));
    assert_eq!(generate(), "STARTED");
    assert_eq!(report(&gateway).len(), 2);
    // One that was begun and never ended is begun again.
    asked(16 * 60, "null");
    assert_eq!(generate(), "STARTED");
    assert_eq!(report(&gateway).len(), 2);
}
