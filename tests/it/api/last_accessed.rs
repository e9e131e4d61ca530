//! Who tried what, and when last: from the records of real requests.

use super::call;
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, DENY_ALL, Gateway},
    signer::{Key, Signer},
    upstream::Upstream,
};

const ANN: &str = "arn:aws:iam::123456789012:user/ann";
const READ: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:GetObject","iam:List*","example:Fly"],"Resource":"*"}]}"#;
const ALL_BUT: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":["iam:*","s3:GetObject"],"Resource":"*"}}"#;

struct World {
    _upstream: Upstream,
    gateway: Gateway,
    root: Key,
}

impl World {
    fn new() -> Self {
        let upstream = Upstream::start();
        let gateway = Gateway::start(&upstream);
        let root = gateway.root();
        Self { _upstream: upstream, gateway, root }
    }

    fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let answer = call(&self.gateway, &self.root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.text().to_string()
    }

    fn refused(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let answer = call(&self.gateway, &self.root, action, parameters);
        (answer.status, answer.element("Code").to_string())
    }

    fn job(&self, arn: &str, level: &str) -> String {
        let answer = call(
            &self.gateway,
            &self.root,
            "GenerateServiceLastAccessedDetails",
            &[("Arn", arn), ("Granularity", level)],
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.element("JobId").to_string()
    }
}

/// The members of a list, one text each.
fn members(text: &str, list: &str) -> Vec<String> {
    let inside = text.split(&format!("<{list}>")).nth(1).unwrap_or_default();
    let inside = inside.split(&format!("</{list}>")).next().unwrap_or_default();
    inside.split("<ServiceName>").skip(1).map(|member| format!("<ServiceName>{member}")).collect()
}

#[test]
fn reports_tell_of_allowed_and_of_denied_attempts() {
    let world = World::new();
    let ann = world.gateway.user("ann", Some(READ));
    world.gateway.user("bob", Some(ALL_BUT));
    let none = world.job(ANN, "SERVICE_LEVEL");
    let text = world.ask("GetServiceLastAccessedDetails", &[("JobId", &none)]);
    assert!(!text.contains("LastAuthenticated>"), "{text}");

    assert_eq!(call(&world.gateway, &ann, "ListUsers", &[]).status, 200);
    assert_eq!(call(&world.gateway, &ann, "CreateUser", &[("UserName", "x")]).status, 403);
    assert_eq!(world.gateway.send(&Signer::s3(&ann), Request::new("PUT", "/photos/a")).status, 403);
    let forged = world.gateway.send(&Signer::of("iam", &ann.forged()), super::form("ListGroups", &[]));
    assert_eq!(forged.status, 403);

    let job = world.job(ANN, "ACTION_LEVEL");
    let text = world.ask("GetServiceLastAccessedDetails", &[("JobId", &job)]);
    for part in
        ["<JobStatus>COMPLETED</JobStatus><JobType>ACTION_LEVEL</JobType><JobCreationDate>", "<JobCompletionDate>"]
    {
        assert!(text.contains(part), "{text}");
    }
    let services = members(&text, "ServicesLastAccessed");
    let [unknown, iam, s3] = &services[..] else { panic!("{services:#?}") };
    assert!(unknown.contains(
        "<ServiceName>example</ServiceName><ServiceNamespace>example</ServiceNamespace><TotalAuthenticatedEntities>0<"
    ));
    assert!(
        iam.starts_with("<ServiceName>AWS Identity and Access Management</ServiceName><LastAuthenticated>2"),
        "{iam}"
    );
    let entity = format!(
        "<ServiceNamespace>iam</ServiceNamespace><LastAuthenticatedEntity>{ANN}</LastAuthenticatedEntity>\
                          <LastAuthenticatedRegion>us-east-1</LastAuthenticatedRegion><TotalAuthenticatedEntities>1</"
    );
    assert!(iam.contains(&entity), "{iam}");
    for (service, action, is_there) in
        [(iam, "ListUsers", true), (iam, "CreateUser", true), (iam, "ListGroups", false), (s3, "PutObject", true)]
    {
        assert_eq!(service.contains(&format!("<ActionName>{action}</ActionName>")), is_there, "{service}");
    }
    let page = world.ask("GetServiceLastAccessedDetails", &[("JobId", &job), ("MaxItems", "2")]);
    assert_eq!(members(&page, "ServicesLastAccessed").len(), 2);
    let marker = page.split("<Marker>").nth(1).unwrap().split('<').next().unwrap();
    let page = world.ask("GetServiceLastAccessedDetails", &[("JobId", &job), ("MaxItems", "2"), ("Marker", marker)]);
    assert!(members(&page, "ServicesLastAccessed") == services[2..] && page.contains("<IsTruncated>false<"), "{page}");

    let bob = world.job("arn:aws:iam::123456789012:user/bob", "SERVICE_LEVEL");
    let text = world.ask("GetServiceLastAccessedDetails", &[("JobId", &bob), ("MaxItems", "1000")]);
    let names = |name: &str| text.contains(&format!("<ServiceNamespace>{name}</ServiceNamespace>"));
    assert!(names("s3") && names("ec2") && !names("iam") && !text.contains("TrackedActions"), "{text}");
}

#[test]
fn groups_and_policies_tell_of_everybody_who_could() {
    let world = World::new();
    let (ann, bob) = (world.gateway.user("ann", None), world.gateway.user("bob", None));
    world.gateway.user("cid", None);
    world.ask("CreateGroup", &[("GroupName", "staff")]);
    let policy = ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess");
    world.ask("AttachGroupPolicy", &[("GroupName", "staff"), policy]);
    world.ask("AttachUserPolicy", &[("UserName", "bob"), policy]);
    world.ask("PutUserPolicy", &[("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]);
    for user in ["ann", "cid"] {
        world.ask("AddUserToGroup", &[("GroupName", "staff"), ("UserName", user)]);
    }
    for key in [&ann, &bob] {
        assert_eq!(call(&world.gateway, key, "ListUsers", &[]).status, 200);
    }
    for (arn, total, users) in
        [("arn:aws:iam::123456789012:group/staff", 1, vec!["ann", "cid"]), (policy.1, 2, vec!["ann", "bob", "cid"])]
    {
        let job = world.job(arn, "SERVICE_LEVEL");
        let text = world.ask("GetServiceLastAccessedDetails", &[("JobId", &job)]);
        assert!(text.contains(&format!("<TotalAuthenticatedEntities>{total}</")), "{text}");
        let text =
            world.ask("GetServiceLastAccessedDetailsWithEntities", &[("JobId", &job), ("ServiceNamespace", "iam")]);
        let found: Vec<_> = text.split("<Name>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        assert_eq!(found, users, "{text}");
        assert_eq!(text.matches("<LastAuthenticated>").count(), total, "{text}");
        assert!(text.contains("<Type>USER</Type><Id>AIDAann</Id><Path>/</Path>"), "{text}");
    }

    let granting = |namespace: &str| {
        let parameters = [("Arn", ANN), ("ServiceNamespaces.member.1", namespace)];
        world.ask("ListPoliciesGrantingServiceAccess", &parameters)
    };
    let text = granting("iam");
    for part in [
        "<PoliciesGrantingServiceAccess><member><ServiceNamespace>iam</ServiceNamespace><Policies><member>",
        "<PolicyName>p</PolicyName><PolicyType>INLINE</PolicyType><EntityType>USER</EntityType><EntityName>ann</EntityName>",
        "<PolicyName>IAMReadOnlyAccess</PolicyName><PolicyType>MANAGED</PolicyType><PolicyArn>arn:aws:iam::aws:policy/IAMReadOnlyAccess</PolicyArn>",
        "<IsTruncated>false</IsTruncated>",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!granting("ec2").contains("IAMReadOnlyAccess"));
}

#[test]
fn what_cannot_be_told_is_refused() {
    let world = World::new();
    world.gateway.user("ann", Some(DENY_ALL));
    let arn = |arn| [("Arn", arn)];
    let generate = "GenerateServiceLastAccessedDetails";
    for (parameters, status, code) in [
        (arn("arn:aws:iam::123456789012:user/none"), 404, "NoSuchEntity"),
        (arn("arn:aws:iam::123456789012:policy/none"), 404, "NoSuchEntity"),
        (arn("arn:aws:iam::123456789012:root/none"), 400, "InvalidInput"),
        (arn("arn:aws:iam::210987654321:user/ann"), 400, "InvalidInput"),
        (arn("short"), 400, "ValidationError"),
    ] {
        assert_eq!(world.refused(generate, &parameters), (status, code.to_owned()), "{parameters:?}");
    }
    let refused = world.refused(generate, &[("Arn", ANN), ("Granularity", "ALL")]);
    assert_eq!(refused, (400, "ValidationError".to_owned()));
    let unknown = ("JobId", "00000000-0000-4000-8000-000000000000");
    for (action, further) in [
        ("GetServiceLastAccessedDetails", &[][..]),
        ("GetServiceLastAccessedDetailsWithEntities", &[("ServiceNamespace", "s3")]),
    ] {
        let parameters = [&[unknown], further].concat();
        assert_eq!(world.refused(action, &parameters), (404, "NoSuchEntity".to_owned()), "{action}");
    }
    let refused = world.refused("GetServiceLastAccessedDetails", &[("JobId", "short")]);
    assert_eq!(refused, (400, "ValidationError".to_owned()));
    let refused = world.refused("ListPoliciesGrantingServiceAccess", &[("Arn", ANN)]);
    assert_eq!(refused, (400, "ValidationError".to_owned()));
    // A job whose subject is gone.
    let job = world.job(ANN, "SERVICE_LEVEL");
    world.ask("CreateUser", &[("UserName", "bob")]);
    let bob = world.job("arn:aws:iam::123456789012:user/bob", "SERVICE_LEVEL");
    world.ask("DeleteUser", &[("UserName", "bob")]);
    world.ask("GetServiceLastAccessedDetails", &[("JobId", &job)]);
    assert_eq!(world.refused("GetServiceLastAccessedDetails", &[("JobId", &bob)]), (404, "NoSuchEntity".to_owned()));
}
