//! The versions of a managed policy.

use super::{
    listing::{Asked, paged},
    nodes,
    policies::check_document,
    target::{PolicyTarget, in_use, no_such},
    texts::{ARN, DOCUMENT, VERSION_ID},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::Fault,
    store::{ManagedPolicy, PolicyVersion, UnitOfWork, aws_managed},
};

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policy = input.required("PolicyArn", &ARN);
    let document = input.required("PolicyDocument", &DOCUMENT);
    let set_as_default = input.flag("SetAsDefault").unwrap_or(false);
    input.check()?;
    let target = PolicyTarget::of(scene, &policy)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:CreatePolicyVersion", arn, move |scene| {
        check_document(&document)?;
        let created = scene.caller.at();
        let number = scene.world.directory.write(|work| {
            let policy = target.changeable("iam:CreatePolicyVersion", scene, work)?;
            let most = scene.quota(Quota::PolicyVersions);
            if work.policy_versions(&policy.id)?.len() >= most {
                let message = format!(
                    "A managed policy can have up to {most} versions. Before you create a new version, you must delete an \
                     existing version."
                );
                return Err(Fault::new(409, "LimitExceeded", message));
            }
            Ok(work.add_policy_version(&policy.id, &document, created, set_as_default)?)
        })?;
        let version = PolicyVersion { number, document: "".into(), created, is_default: set_as_default };
        Ok(Node::one("PolicyVersion", Node::Struct(nodes::policy_version(&version))))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let version = Version::of(scene, input)?;
    version.plan("iam:GetPolicyVersion", |version, scene| {
        scene.world.directory.read(|work| {
            let (_, version) = version.still(work)?;
            let mut members = vec![("Document", nodes::document(&version.document))];
            members.extend(nodes::policy_version(&version));
            Ok(Node::one("PolicyVersion", Node::Struct(members)))
        })
    })
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policy = input.required("PolicyArn", &ARN);
    let asked = Asked::of(input)?;
    input.check()?;
    let target = PolicyTarget::of(scene, &policy)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:ListPolicyVersions", arn, move |scene| {
        scene.world.directory.read(|work| {
            let policy = target.still(work)?;
            let mut versions = match policy.is_of_aws() {
                true => aws_managed::version(&policy, work)?.into_iter().collect(),
                false => work.policy_versions(&policy.id)?,
            };
            versions.reverse();
            // The newest first: the marker counts down.
            let listing = asked.cut(versions, |version| format!("{:010}", u32::MAX - version.number));
            Ok(paged("Versions", listing, |version| Node::Struct(nodes::policy_version(version))))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn set_default(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let version = Version::of(scene, input)?;
    version.plan("iam:SetDefaultPolicyVersion", |version, scene| {
        scene.world.directory.write(|work| {
            version.policy.changeable("iam:SetDefaultPolicyVersion", scene, work)?;
            let (policy, version) = version.still(work)?;
            work.set_default_version(&policy.id, version.number)?;
            Ok(Node::Nothing)
        })
    })
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let version = Version::of(scene, input)?;
    version.plan("iam:DeletePolicyVersion", |version, scene| {
        scene.world.directory.write(|work| {
            version.policy.changeable("iam:DeletePolicyVersion", scene, work)?;
            let (policy, version) = version.still(work)?;
            if version.is_default {
                return Err(in_use("Cannot delete the default version of a policy."));
            }
            work.delete_policy_version(&policy.id, version.number)?;
            Ok(Node::Nothing)
        })
    })
}

/// A version by the policy's ARN and `v3`.
struct Version {
    policy: PolicyTarget,
    id: String,
}

impl Version {
    fn of(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let policy = input.required("PolicyArn", &ARN);
        let id = input.required("VersionId", &VERSION_ID);
        input.check()?;
        Ok(Self { policy: PolicyTarget::of(scene, &policy)?, id })
    }

    fn plan(
        self,
        action: &'static str,
        run: impl FnOnce(&Self, &Scene<'_>) -> Result<Node, Fault> + Send + 'static,
    ) -> Result<Plan, Fault> {
        let (arn, facts) = (self.policy.arn().to_owned(), self.policy.facts());
        Ok(Plan::new(action, arn, move |scene| run(&self, scene)).knowing(facts))
    }

    fn still(&self, work: &mut dyn UnitOfWork) -> Result<(ManagedPolicy, PolicyVersion), Fault> {
        let policy = self.policy.still(work)?;
        let number = self.id.strip_prefix('v').and_then(|number| number.parse().ok());
        let version = match (number, policy.is_of_aws()) {
            (None, _) => None,
            (Some(number), false) => work.policy_version(&policy.id, number)?,
            (Some(number), true) => aws_managed::version(&policy, work)?.filter(|known| known.number == number),
        };
        let missing = || {
            no_such(format!("Policy {} version {} does not exist or is not attachable.", self.policy.arn(), self.id))
        };
        version.map(|version| (policy, version)).ok_or_else(missing)
    }
}
