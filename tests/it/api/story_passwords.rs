//! Passwords of users, and what their account asks of them, with what AWS answers at each step.

use countersign::{
    base::Timestamp,
    store::{IdentityKind, Item, ItemKind, StoreError},
};

use super::{call, story::tell};
use crate::road::{
    gateway::{ACCOUNT, ALLOW_ALL, DENY_ALL, Gateway},
    signer::Key,
    upstream::Upstream,
};

const ANN: (&str, &str) = ("UserName", "ann");
const CHANGE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;

fn password(text: &str) -> (&str, &str) {
    ("Password", text)
}

#[test]
#[rustfmt::skip]
fn login_profiles() {
    let long = "Aa1!".repeat(33);
    tell(&[
        ("CreateUser", &[ANN], 200, ""),
        ("GetLoginProfile", &[ANN], 404, "<Code>NoSuchEntity</Code><Message>Login Profile for User ann cannot be found.</Message>"),
        ("UpdateLoginProfile", &[ANN, password("Secret-1")], 404, "Login Profile for User ann cannot be found."),
        ("DeleteLoginProfile", &[ANN], 404, "Login Profile for User ann cannot be found."),
        ("CreateLoginProfile", &[("UserName", "bob"), password("Secret-1")], 404, "The user with name bob cannot be found."),
        ("GetLoginProfile", &[("UserName", "bob")], 404, "The user with name bob cannot be found."),
        ("CreateLoginProfile", &[password("Secret-1")], 400, "Must specify userName when calling with non-User credentials"),
        ("CreateLoginProfile", &[ANN], 400, "Value null at 'password' failed to satisfy constraint: Member must not be null"),
        ("CreateLoginProfile", &[ANN, password(&long)], 400, "<Message>1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 128</Message>"),
        ("CreateLoginProfile", &[ANN, password("Secret-1€")], 400, r"Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+"),
        ("CreateLoginProfile", &[("UserName", "a b"), password("")], 400, "2 validation errors detected: "),
        ("CreateLoginProfile", &[ANN, password("Secret-1"), ("PasswordResetRequired", "yes")], 400, "Member must be a boolean"),
        // The built-in rule.
        ("CreateLoginProfile", &[ANN, password("Aa1!aaa")], 400, "<Code>PasswordPolicyViolation</Code><Message>Password should have a minimum length of 8</Message>"),
        ("CreateLoginProfile", &[ANN, password("aaaaaaa1")], 400, "Password does not conform to the account password policy."),
        ("CreateAccountAlias", &[("AccountAlias", "our-account-1")], 200, ""),
        ("CreateLoginProfile", &[ANN, password("our-account-1")], 400, "Password does not conform to the account password policy."),
        ("CreateLoginProfile", &[ANN, password("Our-Account-1")], 400, "Password does not conform to the account password policy."),
        ("CreateLoginProfile", &[ANN, password("Secret-1"), ("PasswordResetRequired", "true")], 200, "<LoginProfile><UserName>ann</UserName><CreateDate>"),
        ("CreateLoginProfile", &[ANN, password("Secret-2")], 409, "<Code>EntityAlreadyExists</Code><Message>Login Profile for user ann already exists.</Message>"),
        ("GetLoginProfile", &[ANN], 200, "<PasswordResetRequired>true</PasswordResetRequired></LoginProfile>"),
        ("UpdateLoginProfile", &[ANN, ("PasswordResetRequired", "false")], 200, "<UpdateLoginProfileResponse"),
        ("GetLoginProfile", &[ANN], 200, "<PasswordResetRequired>false</PasswordResetRequired></LoginProfile>"),
        ("UpdateLoginProfile", &[ANN, password("short")], 400, "PasswordPolicyViolation"),
        ("UpdateLoginProfile", &[ANN, password("Secret-2")], 200, ""),
        ("UpdateLoginProfile", &[password("Secret-2")], 400, "Value null at 'userName'"),
        ("ChangePassword", &[("OldPassword", "a"), ("NewPassword", "b")], 400, "<Code>InvalidUserType</Code><Message>Only IAM Users can change their own password.</Message>"),
        ("ChangePassword", &[("OldPassword", "a")], 400, "Value null at 'newPassword'"),
        // A password goes with its user, and keeps it.
        ("UpdateUser", &[ANN, ("NewUserName", "anna")], 200, ""),
        ("GetLoginProfile", &[("UserName", "anna")], 200, "<UserName>anna</UserName>"),
        ("DeleteUser", &[("UserName", "anna")], 409, "<Code>DeleteConflict</Code><Message>Cannot delete entity, must delete login profile first.</Message>"),
        ("DeleteLoginProfile", &[("UserName", "anna")], 200, "<DeleteLoginProfileResponse"),
        ("DeleteUser", &[("UserName", "anna")], 200, ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn password_policies() {
    tell(&[
        ("GetAccountPasswordPolicy", &[], 404, "<Code>NoSuchEntity</Code><Message>The Password Policy with domain name 123456789012 cannot be found.</Message>"),
        ("DeleteAccountPasswordPolicy", &[], 404, "<Code>NoSuchEntity</Code><Message>The account policy with name PasswordPolicy cannot be found.</Message>"),
        ("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "5"), ("MaxPasswordAge", "1096"), ("PasswordReusePrevention", "25")], 400, "3 validation errors detected: Value '5' at 'minimumPasswordLength' failed to satisfy constraint: Member must have value greater than or equal to 6"),
        ("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "10"), ("RequireUppercaseCharacters", "true"), ("RequireLowercaseCharacters", "true"), ("RequireNumbers", "true"), ("RequireSymbols", "true"), ("PasswordReusePrevention", "2"), ("MaxPasswordAge", "90"), ("HardExpiry", "true")], 200, "<UpdateAccountPasswordPolicyResponse"),
        ("GetAccountPasswordPolicy", &[], 200, "<PasswordPolicy><MinimumPasswordLength>10</MinimumPasswordLength><RequireSymbols>true</RequireSymbols><RequireNumbers>true</RequireNumbers><RequireUppercaseCharacters>true</RequireUppercaseCharacters><RequireLowercaseCharacters>true</RequireLowercaseCharacters><AllowUsersToChangePassword>false</AllowUsersToChangePassword><ExpirePasswords>true</ExpirePasswords><MaxPasswordAge>90</MaxPasswordAge><PasswordReusePrevention>2</PasswordReusePrevention><HardExpiry>true</HardExpiry></PasswordPolicy>"),
        ("CreateUser", &[ANN], 200, ""),
        ("CreateLoginProfile", &[ANN, password("Secret--1")], 400, "Password should have a minimum length of 10"),
        ("CreateLoginProfile", &[ANN, password("secret---1")], 400, "Password should have at least one uppercase letter"),
        ("CreateLoginProfile", &[ANN, password("SECRET---1")], 400, "Password should have at least one lowercase letter"),
        ("CreateLoginProfile", &[ANN, password("Secret----")], 400, "Password should have at least one number"),
        ("CreateLoginProfile", &[ANN, password("Secret;;;1")], 400, "Password should have at least one symbol"),
        ("CreateLoginProfile", &[ANN, password("Secret---1")], 200, ""),
        // The present password and the one before it must not come again; older ones may.
        ("UpdateLoginProfile", &[ANN, password("Secret---1")], 400, "<Code>PasswordPolicyViolation</Code><Message>Policy constraint violation with password reuse prevention during password change.</Message>"),
        ("UpdateLoginProfile", &[ANN, password("Secret---2")], 200, ""),
        ("UpdateLoginProfile", &[ANN, password("Secret---1")], 400, "password reuse prevention"),
        ("UpdateLoginProfile", &[ANN, password("Secret---3")], 200, ""),
        ("UpdateLoginProfile", &[ANN, password("Secret---1")], 200, ""),
        // What is left out is not kept.
        ("UpdateAccountPasswordPolicy", &[], 200, ""),
        ("GetAccountPasswordPolicy", &[], 200, "<MinimumPasswordLength>6</MinimumPasswordLength><RequireSymbols>false</RequireSymbols><RequireNumbers>false</RequireNumbers><RequireUppercaseCharacters>false</RequireUppercaseCharacters><RequireLowercaseCharacters>false</RequireLowercaseCharacters><AllowUsersToChangePassword>false</AllowUsersToChangePassword><ExpirePasswords>false</ExpirePasswords></PasswordPolicy>"),
        ("UpdateLoginProfile", &[ANN, password("secret")], 200, ""),
        ("UpdateLoginProfile", &[ANN, password("secret")], 200, ""),
        ("DeleteAccountPasswordPolicy", &[], 200, "<DeleteAccountPasswordPolicyResponse"),
        ("UpdateLoginProfile", &[ANN, password("secret")], 400, "Password should have a minimum length of 8"),
    ]);
}

/// One user, whose password is tried and changed.
struct Scene {
    gateway: Gateway,
    ann: Key,
    _upstream: Upstream,
}

impl Scene {
    fn start(policy: Option<&str>) -> Self {
        let upstream = Upstream::start();
        let gateway = Gateway::start(&upstream);
        let ann = gateway.user("ann", policy);
        let scene = Self { gateway, ann, _upstream: upstream };
        scene.root("CreateLoginProfile", &[ANN, password("Secret-1")]);
        scene
    }

    fn root(&self, action: &str, parameters: &[(&str, &str)]) {
        let answer = call(&self.gateway, &self.gateway.root(), action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    }

    fn changes(&self, old: &str, new: &str) -> (u16, String) {
        let answer = call(&self.gateway, &self.ann, "ChangePassword", &[("OldPassword", old), ("NewPassword", new)]);
        (answer.status, answer.element("Message"))
    }

    /// Lets the password be set some days ago.
    fn age(&self, days: i64) {
        let changed = self.gateway.directory().write(|work| {
            let item = work.items_of("AIDAann", ItemKind::LoginProfile)?.remove(0);
            let mut details: serde_json::Value = serde_json::from_str(&item.details).unwrap();
            details["changed"] = (Timestamp::now().as_second() - days * 86_400).into();
            work.update_item(&Item { details: details.to_string().into(), ..item })
        });
        changed.unwrap();
    }
}

#[test]
fn users_change_their_own_password() {
    let scene = Scene::start(Some(CHANGE));
    assert_eq!(scene.changes("Secret-2", "Secret-3"), (403, "The old password was incorrect.".into()));
    let (status, why) = scene.changes("Secret-1", "short");
    assert_eq!((status, &*why), (400, "Password should have a minimum length of 8"));
    scene.root("UpdateLoginProfile", &[ANN, ("PasswordResetRequired", "true")]);
    assert_eq!(scene.changes("Secret-1", "Secret-2").0, 200);
    let shown = call(&scene.gateway, &scene.gateway.root(), "GetLoginProfile", &[ANN]);
    assert_eq!(shown.element("PasswordResetRequired"), "false");
    assert_eq!(scene.changes("Secret-1", "Secret-3"), (403, "The old password was incorrect.".into()));
    scene.root("DeleteLoginProfile", &[ANN]);
    assert_eq!(scene.changes("Secret-2", "Secret-3"), (404, "Login Profile for User ann cannot be found.".into()));
}

/// The account's setting allows what no policy does, and what no policy denies.
#[test]
fn an_account_lets_its_users_change_their_password() {
    let denied = |why: &str| {
        let start = format!("User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: iam:ChangePassword");
        (403, format!("{start} on resource: user ann {why}"))
    };
    let nobody_allows = denied("because no identity-based policy allows the iam:ChangePassword action");
    let scene = Scene::start(None);
    let reads = || call(&scene.gateway, &scene.ann, "GetAccountPasswordPolicy", &[]).status;
    assert_eq!(scene.changes("Secret-1", "Secret-2"), nobody_allows);
    scene.root("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "8")]);
    assert_eq!((scene.changes("Secret-1", "Secret-2"), reads()), (nobody_allows.clone(), 403));
    scene.root("UpdateAccountPasswordPolicy", &[("AllowUsersToChangePassword", "true")]);
    assert_eq!((scene.changes("Secret-1", "Secret-2").0, reads()), (200, 200));
    // Nothing else is lent, and nobody else's password.
    let others = [
        ("GetLoginProfile", &[ANN][..]),
        ("UpdateLoginProfile", &[ANN, password("Secret-3")]),
        ("UpdateAccountPasswordPolicy", &[]),
        ("DeleteAccountPasswordPolicy", &[]),
    ];
    for (action, parameters) in others {
        assert_eq!(call(&scene.gateway, &scene.ann, action, parameters).status, 403, "{action}");
    }
    // A password that has run out is changed by whoever is allowed to by a policy, where expiry is hard.
    let hard = [("AllowUsersToChangePassword", "true"), ("MaxPasswordAge", "30"), ("HardExpiry", "true")];
    scene.root("UpdateAccountPasswordPolicy", &hard[..2]);
    scene.age(31);
    assert_eq!(scene.changes("Secret-2", "Secret-3").0, 200);
    scene.root("UpdateAccountPasswordPolicy", &hard);
    scene.age(29);
    assert_eq!(scene.changes("Secret-3", "Secret-4").0, 200);
    scene.age(31);
    assert_eq!(scene.changes("Secret-4", "Secret-5"), nobody_allows);
    let policy = [ANN, ("PolicyName", "change"), ("PolicyDocument", CHANGE)];
    scene.root("PutUserPolicy", &policy);
    assert_eq!(scene.changes("Secret-4", "Secret-5").0, 200);
    // Denials and boundaries hold.
    scene.root("PutUserPolicy", &[ANN, ("PolicyName", "change"), ("PolicyDocument", DENY_ALL)]);
    assert_eq!(scene.changes("Secret-5", "Secret-6"), denied("with an explicit deny in an identity-based policy"));
    assert_eq!(reads(), 403);
    scene.root("DeleteUserPolicy", &policy[..2]);
    let reading = ALLOW_ALL.replace(r#""Action":"*""#, r#""Action":"s3:*""#);
    scene.root("CreatePolicy", &[("PolicyName", "reading"), ("PolicyDocument", &reading)]);
    let bound = ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/reading");
    scene.root("PutUserPermissionsBoundary", &[ANN, bound]);
    let out_of_bounds = denied("because no permissions boundary allows the iam:ChangePassword action");
    assert_eq!((scene.changes("Secret-5", "Secret-6"), reads()), (out_of_bounds, 403));
}

/// Neither a record nor the store has a password.
#[test]
fn no_password_is_written_down() {
    let scene = Scene::start(Some(CHANGE));
    assert_eq!(scene.changes("Secret-1", "Secret-2").0, 200);
    assert_eq!(scene.changes("Secret-€", "Secret-3").0, 400);
    let (kept, sealed) = scene
        .gateway
        .directory()
        .read(|work| {
            let item = work.items_of("AIDAann", ItemKind::LoginProfile)?.remove(0);
            let secret = work.item_secret(&item.id)?.unwrap();
            Ok::<_, StoreError>((item.details, String::from_utf8(secret.to_vec()).unwrap()))
        })
        .unwrap();
    let records = scene.gateway.end();
    let texts = [serde_json::to_string(&records).unwrap(), kept.into(), sealed];
    for text in texts {
        assert!(!text.contains("Secret-"), "{text}");
    }
    let named: Vec<_> = records.iter().filter(|record| record["eventName"] == "CreateLoginProfile").collect();
    assert_eq!(named[0]["requestParameters"], serde_json::json!({"userName": "ann"}));
}

/// Of two that change a password at once, the later one is told so, or finds that the old password is another.
#[test]
fn a_password_changes_once_at_a_time() {
    let scene = Scene::start(Some(CHANGE));
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|at| {
                let scene = &scene;
                scope.spawn(move || scene.changes("Secret-1", &format!("Secret-{at}-new")))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    let told =
        ["The old password was incorrect.", "Login Profile for User ann cannot be modified while it is being changed."];
    for (status, message) in answers.iter().filter(|(status, _)| *status != 200) {
        assert!([403, 409].contains(status) && told.contains(&message.as_str()), "{status} {message}");
    }
}

/// What others make for a user keeps it, and AWS says of each what is to go first.
#[test]
fn a_user_that_owns_something_is_not_deleted() {
    let scene = Scene::start(None);
    scene.root("DeleteLoginProfile", &[ANN]);
    let key = scene.ann.id.clone();
    scene.root("DeleteAccessKey", &[ANN, ("AccessKeyId", &key)]);
    for (kind, what) in [
        (ItemKind::SigningCertificate, "must delete certificates first."),
        (ItemKind::MfaDevice, "must delete MFA device first."),
        (ItemKind::SshKey, "must remove referenced objects first."),
        (ItemKind::ServiceCredential, "must remove referenced objects first."),
    ] {
        let item = Item {
            kind,
            account: ACCOUNT.parse().unwrap(),
            id: format!("id of {}", kind.word()).into(),
            name: "one".into(),
            path: "/".into(),
            owner: Some("AIDAann".into()),
            created: Timestamp::now(),
            details: "{}".into(),
        };
        scene.gateway.directory().write(|work| work.add_item(&item, None)).unwrap();
        let answer = call(&scene.gateway, &scene.gateway.root(), "DeleteUser", &[ANN]);
        assert_eq!((answer.status, answer.element("Code")), (409, "DeleteConflict".into()));
        assert_eq!(answer.element("Message"), format!("Cannot delete entity, {what}"));
        scene.gateway.directory().write(|work| work.delete_item(&item.id)).unwrap();
    }
    scene.root("DeleteUser", &[ANN]);
    let left =
        scene.gateway.directory().read(|work| work.count_identities(ACCOUNT.parse().unwrap(), IdentityKind::User));
    assert_eq!(left.unwrap(), 0);
}
