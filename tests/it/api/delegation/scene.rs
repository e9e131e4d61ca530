//! Two accounts, templates in files, and somebody who listens for notices.

use std::fs;

use countersign::api::delegation::{Delegation, request::Request};
use serde_json::Value;
use tempfile::TempDir;

use super::super::call;
use crate::road::{
    client::Response,
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::Key,
    upstream::{Seen, Upstream},
};

/// Who asks.
pub const REQUESTER: &str = "444455556666";
pub const OTHER: &str = "777788889999";
pub const READ: &str = "arn:aws:iam::444455556666:delegation-template/read";
pub const ROLES: &str = "arn:aws:iam::444455556666:delegation-template/roles";
pub const TOPIC: &str = "arn:aws:sns:us-east-1:444455556666:news";

const READ_TEMPLATE: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::@{bucketName}/*"},
    {"@Enabled":"CAN_WRITE","Effect":"Allow","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::@{bucketName}/*"}]}"#;
const ROLES_TEMPLATE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreateRole",
    "Resource":"arn:aws:iam::@{AccountId}:role/ci/*",
    "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]}"#;

/// What a request is made of, unless a test says otherwise.
pub const ASKED: &[(&str, &str)] = &[
    ("Description", "deploys"),
    ("Permissions.PolicyTemplateArn", READ),
    ("Permissions.Parameters.member.1.Name", "bucketName"),
    ("Permissions.Parameters.member.1.Values.member.1", "photos"),
    ("Permissions.Parameters.member.1.Type", "string"),
    ("Permissions.Parameters.member.2.Name", "CAN_WRITE"),
    ("Permissions.Parameters.member.2.Values.member.1", "False"),
    ("Permissions.Parameters.member.2.Type", "string"),
    ("RequestorWorkflowId", "workflow-1"),
    ("NotificationChannel", TOPIC),
    ("SessionDuration", "3600"),
];

pub struct Scene {
    pub upstream: Upstream,
    /// Where notices arrive.
    pub hook: Upstream,
    pub gateway: Gateway,
    /// Who asks, and may do anything in its own account.
    pub ci: Key,
    pub templates: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(keys: &[(&str, &str)]) -> Self {
        let (upstream, hook, templates) = (Upstream::start(), Upstream::start(), tempfile::tempdir().unwrap());
        fs::write(templates.path().join("read.json"), READ_TEMPLATE).unwrap();
        fs::write(templates.path().join("roles.json"), ROLES_TEMPLATE).unwrap();
        let table = table(&templates, &hook);
        let gateway = Gateway::start_with(&upstream, &Setup { keys, tables: &table, ..Setup::default() });
        let ci = gateway.user_of(REQUESTER, "ci", Some(ALLOW_ALL));
        Self { upstream, hook, gateway, ci, templates }
    }

    /// Takes the templates as they are now, and these keys.
    pub fn reload(&self, keys: &[(&str, &str)]) {
        let table = table(&self.templates, &self.hook);
        self.gateway.reload(&self.upstream, &Setup { keys, tables: &table, ..Setup::default() }).unwrap();
    }

    /// Calls, and the answer has this status and holds this text.
    pub fn holds(&self, key: &Key, action: &str, parameters: &[(&str, &str)], status: u16, text: &str) -> Response {
        let answer = call(&self.gateway, key, action, parameters);
        let told = answer.text();
        assert!(answer.status == status && told.contains(text), "{action} {parameters:?}: not {status} {text}\n{told}");
        answer
    }

    /// Asks, with some parameters instead of or beside the usual ones; the request's id.
    pub fn ask(&self, other: &[(&str, &str)]) -> String {
        let answer = self.holds(&self.ci, "CreateDelegationRequest", &asked(other), 200, "<DelegationRequestId>dr-");
        answer.element("DelegationRequestId")
    }

    /// An operation on a request.
    pub fn does(&self, key: &Key, action: &str, id: &str, status: u16, text: &str) -> Response {
        self.holds(key, action, &[("DelegationRequestId", id)], status, text)
    }

    /// The state of a request of the deployment's account.
    pub fn state(&self, id: &str) -> String {
        self.does(&self.gateway.root(), "GetDelegationRequest", id, 200, "").element("State")
    }

    /// A request that has come so far; `by` accepts where it comes to that.
    pub fn brought(&self, state: &str, workflow: &str, by: &Key) -> String {
        let id = self.ask(&[("RequestorWorkflowId", workflow)]);
        let course: &[&str] = match state {
            "UNASSIGNED" => &[],
            "ASSIGNED" => &["AssociateDelegationRequest"],
            "PENDING_APPROVAL" => &["AssociateDelegationRequest", "UpdateDelegationRequest"],
            "ACCEPTED" => &["AssociateDelegationRequest", "AcceptDelegationRequest"],
            "FINALIZED" => &["AssociateDelegationRequest", "AcceptDelegationRequest", "SendDelegationToken"],
            "REJECTED" => &["AssociateDelegationRequest", "RejectDelegationRequest"],
            _ => &["AssociateDelegationRequest"],
        };
        for action in course {
            self.does(by, action, &id, 200, "");
        }
        if state == "EXPIRED" {
            self.age(&id);
        }
        assert_eq!(self.state(&id), state);
        id
    }

    /// Lets the time of a request's state be over.
    pub fn age(&self, id: &str) {
        self.change(id, |request| request.details.expires = 1);
    }

    /// Changes a request behind the API's back.
    pub fn change(&self, id: &str, change: impl Fn(&mut Request)) {
        let changed = self.gateway.directory.write(|work| {
            let mut request = Request::find(work, id)?.unwrap();
            change(&mut request);
            request.keep(work)
        });
        changed.unwrap();
    }

    /// The settings, read again.
    pub fn settings(&self) -> Delegation {
        let table = table(&self.templates, &self.hook);
        let upstream = "[[upstream]]\nname = \"s\"\nurl = \"http://127.0.0.1:1\"\naccess_key_id = \"k\"\nsecret_access_key_variable = \"S\"\n";
        let text = format!("data_dir = \"/none\"\n{upstream}{table}");
        let config = countersign::config::load(&text, &[("S".into(), "s".into())]);
        config.unwrap_or_else(|faults| panic!("{faults}")).delegation
    }

    /// The messages of so many notices, as they came.
    pub fn notices(&self, count: usize) -> Vec<Value> {
        until("the notices are there", || complete(&self.hook).len() >= count);
        let seen = complete(&self.hook);
        assert_eq!(seen.len(), count, "{:?}", seen.iter().map(message).collect::<Vec<_>>());
        seen.iter().map(message).collect()
    }

    /// The last token that arrived.
    pub fn token(&self) -> String {
        let is_token = |seen: &Seen| message(seen)["Type"] == "ExchangeToken";
        let seen = complete(&self.hook).into_iter().rev().find(is_token).expect("a token");
        message(&seen)["ExchangeToken"].as_str().unwrap().to_owned()
    }
}

fn complete(hook: &Upstream) -> Vec<Seen> {
    hook.requests().into_iter().filter(|seen| seen.complete).collect()
}

/// The message of a notice, out of its envelope.
pub fn message(seen: &Seen) -> Value {
    let envelope: Value = serde_json::from_slice(&seen.body).unwrap();
    serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap()
}

/// The usual parameters with others instead or beside them; those without a value are left out.
pub fn asked<'a>(other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_other = |(name, _): &&(&str, &str)| !other.iter().any(|(known, _)| known == name);
    let all = ASKED.iter().filter(is_other).chain(other).copied();
    all.filter(|(_, value)| *value != "-").collect()
}

fn table(templates: &TempDir, hook: &Upstream) -> String {
    let path = templates.path().display();
    format!(
        "[delegation]\nrequesters = {{ \"{REQUESTER}\" = \"Example CI\" }}\nconsole_url = \"https://console.test/\"\n\
         deadline_seconds = 1\nchannels = {{ \"{TOPIC}\" = \"http://{}/hook?key=k\" }}\n\
         templates = {{ \"{READ}\" = \"{path}/read.json\", \"{ROLES}\" = \"{path}/roles.json\" }}\n",
        hook.address
    )
}
