//! Policies are kept with the unique ids of those whom they name: who is made again under a name inherits nothing, and
//! who gets another name keeps everything.

use super::call;
use crate::road::{
    client::{Request, Response},
    gateway::Gateway,
    signer::{Key, Signer},
    upstream::Upstream,
};

const ANN_ARN: &str = "arn:aws:iam::123456789012:user/ann";
const ANN: (&str, &str) = ("UserName", "ann");

fn bucket_policy(effect: &str, element: &str, who: &str) -> String {
    format!(
        r#" {{ "Statement": [{{"Effect":"{effect}","{element}":{{"AWS": {who}}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*",
        "Condition":{{"StringNotEquals":{{"aws:UserAgent":"{ANN_ARN}"}}}}}}]}} "#
    )
    .trim_start()
    .to_owned()
}

fn trust(who: &str) -> String {
    format!(r#"{{"Statement": {{"Effect":"Allow","Principal":{{"AWS": {who}}},"Action":"sts:AssumeRole"}} }}"#)
}

struct Scene {
    gateway: Gateway,
    root: Key,
    _upstream: Upstream,
}

impl Scene {
    fn new() -> Self {
        let upstream = Upstream::start();
        let gateway = Gateway::start(&upstream);
        let root = gateway.root();
        Self { gateway, root, _upstream: upstream }
    }

    fn done(&self, action: &str, parameters: &[(&str, &str)]) -> Response {
        let answer = call(&self.gateway, &self.root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer
    }

    /// Makes a user with a key; returns its id and the key.
    fn made(&self, name: &str) -> (String, Key) {
        let id = self.done("CreateUser", &[("UserName", name)]).element("UserId");
        let made = self.done("CreateAccessKey", &[("UserName", name)]);
        (id, Key::new(&made.element("AccessKeyId"), &made.element("SecretAccessKey")))
    }

    fn gone(&self, name: &str, key: &Key) {
        self.done("DeleteAccessKey", &[("UserName", name), ("AccessKeyId", &key.id)]);
        self.done("DeleteUser", &[("UserName", name)]);
    }

    fn bucket(&self, method: &str, body: &str) -> Response {
        self.gateway.send(&Signer::s3(&self.root), Request::new(method, "/photos?policy").body(body.to_owned()))
    }

    fn reads(&self, key: &Key) -> u16 {
        self.gateway.send(&Signer::s3(key), Request::new("GET", "/photos/a")).status
    }

    /// The trust policy of the role, as `GetRole` and `ListRoles` show it.
    fn trust(&self) -> String {
        let shown = ["GetRole", "ListRoles"].map(|action| {
            let parameters: &[(&str, &str)] =
                if action == "GetRole" { &[("RoleName", "r")] } else { &[("PathPrefix", "/r/")] };
            let shown = self.done(action, parameters).element("AssumeRolePolicyDocument");
            percent_encoding::percent_decode_str(&shown).decode_utf8().unwrap().into_owned()
        });
        assert_eq!(shown[0], shown[1]);
        shown[0].clone()
    }
}

#[test]
fn who_is_made_again_under_a_name_is_somebody_else() {
    let quoted = |text: &str| format!("\"{text}\"");
    // What the policy says, and whether the first ann, a renamed one and a second one of the name may read.
    for (effect, element, expected) in [
        ("Allow", "Principal", [200, 200, 403]),
        ("Deny", "Principal", [403, 403, 200]),
        // All others are denied.
        ("Deny", "NotPrincipal", [200, 200, 403]),
    ] {
        let scene = Scene::new();
        let (id, key) = scene.made("ann");
        let document = bucket_policy(effect, element, &quoted(ANN_ARN));
        assert_eq!(scene.bucket("PUT", &document).status, 204);
        scene.done(
            "CreateRole",
            &[("RoleName", "r"), ("Path", "/r/"), ("AssumeRolePolicyDocument", &trust(&quoted(ANN_ARN)))],
        );
        let shows = |name: &str| {
            assert_eq!(scene.bucket("GET", "").text(), bucket_policy(effect, element, &quoted(name)));
            assert_eq!(scene.trust(), trust(&quoted(name)));
        };
        let allow = |name: &str| {
            if effect == "Deny" {
                let policy = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
                scene.done("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", policy)]);
            }
        };
        let what = format!("{effect} {element}");
        allow("ann");
        assert_eq!(scene.reads(&key), expected[0], "{what}, the first");
        shows(ANN_ARN);
        scene.done("UpdateUser", &[ANN, ("NewUserName", "anna"), ("NewPath", "/x/")]);
        assert_eq!(scene.reads(&key), expected[1], "{what}, renamed");
        shows("arn:aws:iam::123456789012:user/x/anna");
        scene.done("UpdateUser", &[("UserName", "anna"), ("NewUserName", "ann"), ("NewPath", "/")]);
        shows(ANN_ARN);
        if effect == "Deny" {
            scene.done("DeleteUserPolicy", &[ANN, ("PolicyName", "p")]);
        }
        scene.gone("ann", &key);
        shows(&id);
        let (_, second) = scene.made("ann");
        allow("ann");
        assert_eq!(scene.reads(&second), expected[2], "{what}, the second");
        shows(&id);
        // What is shown of one who is gone cannot be kept again.
        let answer = scene.bucket("PUT", &scene.bucket("GET", "").text());
        assert_eq!(answer.refusal(), (400, "MalformedPolicy".to_owned()));
        assert!(answer.text().contains("<Message>Invalid principal in policy</Message>"), "{}", answer.text());
        // The policy is kept anew: now it is about the second.
        assert_eq!(scene.bucket("PUT", &document).status, 204);
        assert_eq!(scene.reads(&second), expected[0], "{what}, the second, named");
    }
}

#[test]
fn whom_nobody_bears_cannot_be_named() {
    let scene = Scene::new();
    let (id, _) = scene.made("ann");
    scene.done(
        "CreateRole",
        &[("RoleName", "known"), ("Path", "/x/"), ("AssumeRolePolicyDocument", &trust("\"123456789012\""))],
    );
    scene.done(
        "CreateRole",
        &[("RoleName", "r"), ("Path", "/r/"), ("AssumeRolePolicyDocument", &trust("\"123456789012\""))],
    );
    let arn = |rest: &str| format!("arn:aws:iam::123456789012:{rest}");
    let session = |rest: &str| format!("arn:aws:sts::123456789012:assumed-role/{rest}");
    // What is named, and how it is shown, if it can be kept.
    let cases = [
        (arn("user/ann"), Some(arn("user/ann"))),
        (id.clone(), Some(arn("user/ann"))),
        (arn("role/x/known"), Some(arn("role/x/known"))),
        (session("known/one"), Some(session("known/one"))),
        (arn("root"), Some(arn("root"))),
        ("123456789012".to_owned(), Some("123456789012".to_owned())),
        (
            "arn:aws:sts::123456789012:federated-user/guest".to_owned(),
            Some("arn:aws:sts::123456789012:federated-user/guest".to_owned()),
        ),
        (arn("user/bob"), None),
        // Path and spelling count.
        (arn("user/x/ann"), None),
        (arn("user/Ann"), None),
        (arn("role/known"), None),
        (arn("role/ann"), None),
        (session("none/one"), None),
        (session("Known/one"), None),
        ("AIDAAAAAAAAAAAAAAAAAA".to_owned(), None),
        ("arn:aws:iam::999999999999:user/ann".to_owned(), None),
    ];
    for (name, shown) in &cases {
        let both = format!("[\"{name}\",\"123456789012\"]");
        let documents = [bucket_policy("Allow", "Principal", &both), trust(&both)];
        let put = scene.bucket("PUT", &documents[0]);
        let update = call(
            &scene.gateway,
            &scene.root,
            "UpdateAssumeRolePolicy",
            &[("RoleName", "r"), ("PolicyDocument", &documents[1])],
        );
        let made = call(
            &scene.gateway,
            &scene.root,
            "CreateRole",
            &[("RoleName", "new"), ("AssumeRolePolicyDocument", &documents[1])],
        );
        match shown {
            Some(shown) => {
                assert_eq!((put.status, update.status, made.status), (204, 200, 200), "{name}: {}", update.text());
                let both = format!("[\"{shown}\",\"123456789012\"]");
                assert_eq!(scene.bucket("GET", "").text(), bucket_policy("Allow", "Principal", &both));
                assert_eq!(scene.trust_of_made(&made), trust(&both));
                scene.done("DeleteRole", &[("RoleName", "new")]);
            }
            None => {
                assert_eq!(put.refusal(), (400, "MalformedPolicy".to_owned()), "{name}");
                assert!(put.text().contains("Invalid principal in policy"), "{name}: {}", put.text());
                for answer in [update, made] {
                    let text = answer.text().replace("&quot;", "\"");
                    let told = format!("<Message>Invalid principal in policy: \"AWS\":\"{name}\"</Message>");
                    assert!(text.contains("<Code>MalformedPolicyDocument</Code>") && text.contains(&told), "{text}");
                }
            }
        }
    }
}

impl Scene {
    fn trust_of_made(&self, made: &Response) -> String {
        let shown = made.element("AssumeRolePolicyDocument");
        percent_encoding::percent_decode_str(&shown).decode_utf8().unwrap().into_owned()
    }
}

#[test]
fn a_role_is_shown_by_its_id_once_it_is_gone() {
    let scene = Scene::new();
    let of_all = trust("\"123456789012\"");
    let id = scene.done("CreateRole", &[("RoleName", "old"), ("AssumeRolePolicyDocument", &of_all)]).element("RoleId");
    let (role, session) = ("arn:aws:iam::123456789012:role/old", "arn:aws:sts::123456789012:assumed-role/old/one");
    let named = |role: &str, session: &str| trust(&format!("[\"{role}\", \"{session}\"]"));
    scene
        .done("CreateRole", &[("RoleName", "r"), ("Path", "/r/"), ("AssumeRolePolicyDocument", &named(role, session))]);
    assert_eq!(scene.trust(), named(role, session));
    scene.done("DeleteRole", &[("RoleName", "old")]);
    assert_eq!(scene.trust(), named(&id, &format!("{id}:one")));
    scene.done("CreateRole", &[("RoleName", "old"), ("AssumeRolePolicyDocument", &of_all)]);
    scene.done("DeleteRole", &[("RoleName", "old")]);
    // Other changes of the role leave its trust as it is kept.
    scene.done("UpdateRole", &[("RoleName", "r"), ("Description", "d")]);
    let shown = scene.done("UpdateRoleDescription", &[("RoleName", "r"), ("Description", "e")]);
    assert_eq!(scene.trust_of_made(&shown), named(&id, &format!("{id}:one")));
    assert_eq!(scene.trust(), named(&id, &format!("{id}:one")));
}
