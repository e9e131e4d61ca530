//! Root of a member account, for one task. Source: IAM user guide, "Perform a privileged task on an AWS Organizations member
//! account".

use super::{
    asked::{duration, managed},
    granted::{Grant, chain, credentials, issue},
    texts::ARN,
};
use crate::{
    api::{
        iam::organizations::allows_root_sessions,
        query::{Input, Node, Plan, Scene, Text},
    },
    base::{AccountId, Arn, Fault, Principal, condition::Value},
    session::{Holder, SessionPolicies, claims::Packed},
};

/// How long where nothing is said, and at most, in seconds.
const SECONDS: usize = 900;

/// What root can be taken for: policies of AWS below this.
const TASKS: &str = "arn:aws:iam::aws:policy/root-task/";

/// What root may do before its task is looked at.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// An account, or the ARN of its root.
const TARGET: Text = Text { length: 12..=2_048, pattern: "", fits: |_| true };

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = input.required("TargetPrincipal", &TARGET);
    let task = input.required("TaskPolicyArn.arn", &ARN);
    let seconds = duration(input, 0..=SECONDS).unwrap_or(SECONDS as i64);
    input.check()?;
    if matches!(scene.caller.principal(), Principal::Root(_)) {
        return Err(denied("AssumeRoot may not be called by root accounts."));
    }
    let account = account_of(&target).ok_or_else(|| denied("The target principal is not an account or its root."))?;
    let task = Arn::parse(&task).filter(|arn| arn.as_str().starts_with(TASKS));
    let task = task.ok_or_else(|| denied("The task policy is none that root can be assumed for."))?;
    let fact = ("sts:taskpolicyarn".to_owned(), Value::owned(task.as_str()));
    let root = Arn::iam(account.as_str(), "root");
    let plan = Plan::new("sts:AssumeRoot", root.as_str(), move |scene| {
        // The accounts of the deployment are those of the organization, and its first one manages it.
        if !allows_root_sessions(scene)? || scene.account() != scene.world.account {
            return Err(denied("Root sessions are not enabled for the organization of the account."));
        }
        let is_member = account != scene.world.account
            && account != AccountId::AWS
            && scene.world.directory.read(|work| work.account(account))?.is_some();
        if !is_member {
            return Err(denied("The target account is no member of the organization."));
        }
        // The policies of tasks only deny: of what root may do, they leave the task.
        let managed = vec![managed(scene, account, &task)?];
        let policies = SessionPolicies { inline: Some(EVERYTHING.to_owned()), managed };
        let source_identity = scene.caller.session().and_then(|session| session.source_identity()).map(str::to_owned);
        let issued = issue(
            scene,
            Grant {
                account,
                holder: Holder::Root,
                seconds,
                chain: chain(scene)?,
                has_mfa: false,
                source_identity: source_identity.clone(),
                provider: None,
                packed: Packed { policies: Some(policies), ..Packed::default() },
            },
        )?;
        let members = vec![("Credentials", credentials(&issued)), ("SourceIdentity", Node::maybe(source_identity))];
        Ok(Node::Struct(members))
    });
    Ok(plan.knowing([fact]))
}

fn account_of(target: &str) -> Option<AccountId> {
    if let Ok(account) = target.parse() {
        return Some(account);
    }
    let arn = Arn::parse(target)?;
    let is_root = arn.partition() == "aws" && arn.service() == "iam" && arn.resource() == "root";
    if is_root { arn.account().parse().ok() } else { None }
}

fn denied(message: &'static str) -> Fault {
    Fault::new(403, "AccessDenied", message)
}
