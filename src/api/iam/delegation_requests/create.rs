//! `CreateDelegationRequest`.

use data_encoding::BASE32_NOPAD;

use super::{PRINTED, arn, invalid, is_described};
use crate::{
    api::{
        delegation::{
            Delegation,
            request::{ASKED, Details, Request, State, name_of},
            template::{Parameter, boundaries},
        },
        iam::{
            target::{exists, has_room},
            texts::ARN,
            users::{random, unless},
        },
        query::{Input, Node, Plan, Scene, Text},
        quotas::Quota,
        sts,
    },
    base::{AccountId, Fault, condition::Value},
    store::{ErrorKind, Item, ItemKind, Page, UnitOfWork},
};

const ACCOUNT: Text =
    Text { length: 0..=usize::MAX, pattern: r"\d{12}", fits: |text| text.parse::<AccountId>().is_ok() };
const DESCRIPTION: Text = Text { length: 0..=1000, pattern: PRINTED, fits: is_described };
const MESSAGE: Text = Text { length: 0..=200, pattern: PRINTED, fits: is_described };
const WORKFLOW: Text = Text {
    length: 5..=400,
    pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+",
    fits: |text| !text.is_empty() && is_described(text),
};
const REDIRECT: Text = Text {
    length: 1..=255,
    pattern: r"^http(s?)://[a-zA-Z0-9._/-]*(\?[a-zA-Z0-9._=&-]*)?(#[a-zA-Z0-9._/-]*)?$",
    fits: is_redirect,
};
const CHANNEL: Text = Text { length: 2..=400, pattern: r"^[a-zA-Z0-9:_.-]+$", fits: is_channel };
const PARAMETER: Text = Text { length: 5..=256, pattern: "[ -~]+", fits: is_ascii };
const VALUE: Text = Text { length: 0..=usize::MAX, pattern: "[ -~]+", fits: is_ascii };

/// The most parameters of a request.
const PARAMETERS_MAX: usize = 50;
/// The most values of a parameter; each has a character at least, and so has what comes of them.
const VALUES_MAX: usize = 1000;
/// The characters of a link.
const LINK_CHARACTERS_MAX: usize = 255;

/// What is asked for.
struct Asked {
    owner_account: Option<String>,
    description: String,
    template: String,
    parameters: Vec<Parameter>,
    message: Option<String>,
    workflow: String,
    redirect_url: Option<String>,
    channel: String,
    seconds: usize,
    only_send_by_owner: bool,
}

/// A request for permissions. The policy is made now, of the template as it is now.
pub(in crate::api::iam) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::read(input)?;
    let facts = [
        ("iam:delegationduration", asked.seconds.to_string()),
        ("iam:notificationchannel", asked.channel.clone()),
        ("iam:templatearn", asked.template.clone()),
    ];
    let all = arn(scene.account().as_str(), "*");
    let plan = Plan::new("iam:CreateDelegationRequest", all, move |scene| {
        let settings = scene.world.delegation.load();
        let details = asked.details(scene, &settings)?;
        let id = format!("dr-{}", BASE32_NOPAD.encode(&random::<20>(scene)?).to_ascii_lowercase());
        let item = Item {
            kind: ItemKind::DelegationRequest,
            account: scene.account(),
            id: id.as_str().into(),
            name: name_of(&details.workflow).into(),
            path: ASKED.into(),
            owner: None,
            created: scene.caller.at(),
            details: "".into(),
        };
        scene.world.directory.write(|work| {
            let taken = || {
                exists(format!("A delegation request with requestor workflow id {} already exists.", details.workflow))
            };
            if work.item(item.account, item.kind, &item.name)?.is_some() {
                return Err(taken());
            }
            make_room(scene, work)?;
            let request = Request { item: item.clone(), details: details.clone() };
            request.added(work).map_err(|error| unless(error, ErrorKind::Exists, taken))
        })?;
        let link = settings.console_url.as_ref().map(|base| format!("{base}{id}"));
        let link = link.filter(|link| link.chars().count() <= LINK_CHARACTERS_MAX);
        Ok(Node::Struct(vec![("ConsoleDeepLink", Node::maybe(link)), ("DelegationRequestId", Node::Text(id))]))
    });
    Ok(plan.knowing(facts.map(|(key, value)| (key.to_owned(), Value::owned(value.as_str())))))
}

impl Asked {
    fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let asked = Self {
            owner_account: input.optional("OwnerAccountId", &ACCOUNT),
            description: input.required("Description", &DESCRIPTION),
            template: input.required("Permissions.PolicyTemplateArn", &ARN),
            parameters: parameters(input),
            message: input.optional("RequestMessage", &MESSAGE),
            workflow: input.required("RequestorWorkflowId", &WORKFLOW),
            redirect_url: input.optional("RedirectUrl", &REDIRECT),
            channel: input.required("NotificationChannel", &CHANNEL),
            seconds: input.required_number("SessionDuration", 300..=43_200),
            only_send_by_owner: input.flag("OnlySendByOwner").unwrap_or(false),
        };
        input.check()?;
        Ok(asked)
    }

    /// Everything that the configuration has to know is known.
    fn details(&self, scene: &Scene<'_>, settings: &Delegation) -> Result<Details, Fault> {
        let account = scene.account();
        let Some(name) = settings.requester(account) else {
            let message = format!("Account {account} is not enabled for delegation requests.");
            return Err(Fault::new(403, "AccessDenied", message).because("it is none of delegation.requesters"));
        };
        let template = settings.template(account, &self.template);
        let template =
            template.ok_or_else(|| invalid(format!("The policy template {} cannot be found.", self.template)))?;
        if settings.channel(account, &self.channel).is_none() {
            return Err(invalid(format!("The notification channel {} cannot be found.", self.channel)));
        }
        let owner = self.owner_account.as_ref().and_then(|owner| owner.parse().ok());
        let policy = template.fill(&self.parameters, owner).map_err(invalid)?;
        if !sts::fits(scene, &policy)? {
            return Err(invalid("The policy that comes of the template is too long for a session."));
        }
        let mut details = Details {
            workflow: self.workflow.clone(),
            description: self.description.clone(),
            message: self.message.clone(),
            template: self.template.clone(),
            parameters: self.parameters.clone(),
            boundaries: boundaries(&policy),
            policy,
            requester_name: name.to_owned(),
            channel: self.channel.clone(),
            redirect_url: self.redirect_url.clone(),
            seconds: u32::try_from(self.seconds).map_err(|_| invalid("The session duration is too long."))?,
            only_send_by_owner: self.only_send_by_owner,
            owner_account: self.owner_account.clone(),
            owner: None,
            approver: None,
            lender: None,
            state: State::Unassigned,
            expires: 0,
            updated: 0,
            notes: None,
            rejection: None,
            released: None,
        };
        details.enter(State::Unassigned, scene.caller.at());
        Ok(details)
    }
}

fn parameters(input: &mut Input<'_>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for member in input.structures("Permissions.Parameters", PARAMETERS_MAX) {
        let name = input.required(&format!("{member}.Name"), &PARAMETER);
        let values = input.texts(&format!("{member}.Values"), VALUES_MAX, &VALUE);
        let kind = input.required_one_of(&format!("{member}.Type"), &["string", "stringList"]);
        parameters.push(Parameter { name, values, is_list: kind == Some("stringList") });
    }
    parameters
}

/// Requests whose time is over make room for new ones, the oldest first.
fn make_room(scene: &Scene<'_>, work: &mut dyn UnitOfWork) -> Result<(), Fault> {
    let page = Page { path_prefix: ASKED, ..Page::ALL };
    let items = work.items(scene.account(), ItemKind::DelegationRequest, page)?.items;
    let mut count = items.len();
    let requests = items.into_iter().map(Request::read).collect::<Result<Vec<_>, _>>()?;
    let mut over: Vec<Request> =
        requests.into_iter().filter(|request| request.details.state_at(scene.caller.at()) == State::Expired).collect();
    over.sort_by_key(|request| request.details.expires);
    for request in over {
        if count < scene.quota(Quota::DelegationRequests) {
            break;
        }
        request.delete(work)?;
        count -= 1;
    }
    has_room(scene, Quota::DelegationRequests, count)
}

fn is_ascii(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_channel(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.-".contains(&byte))
}

fn is_redirect(text: &str) -> bool {
    let all = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || more.contains(&byte))
    };
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    all(path, b"/") && all(query, b"=&") && all(fragment, b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_as_the_model_has_it() {
        for (text, fits) in [
            ("https://example.com/a/b?c=d&e=f#g/h", true),
            ("http://example.com", true),
            ("https://", true),
            ("https://example.com:8443/", false),
            ("https://example.com/?a=b/c", false),
            ("https://example.com/#a#b", false),
            ("https://example.com/ä", false),
            ("ftp://example.com", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_redirect(text), fits, "{text}");
        }
    }
}
