//! An account as files describe it and as it is found: the same words for both, so that they can be compared.

use crate::{base::Arn, store::IdentityKind};

/// Everything of an account that files speak of.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) policies: Vec<Policy>,
    pub(super) identities: Vec<Identity>,
    pub(super) profiles: Vec<Profile>,
}

/// Keys with values, in order.
pub(super) type Tags = Vec<(String, String)>;

/// A user, a group or a role. What is `None` is left as it is.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) kind: IdentityKind,
    /// Where it is described.
    pub(super) place: String,
    pub(super) name: String,
    pub(super) path: String,
    /// The names of the groups that a user belongs to.
    pub(super) groups: Vec<String>,
    /// Managed policies by ARN or, before [`Account::resolve`], by name.
    pub(super) attached: Vec<String>,
    /// Inline policies: name and document.
    pub(super) inline: Vec<(String, String)>,
    /// The permissions boundary, as [`Identity::attached`].
    pub(super) boundary: Option<String>,
    pub(super) tags: Tags,
    /// The trust policy of a role.
    pub(super) trust: String,
    /// Whether the trust policy names roles of the same description.
    pub(super) trust_waits: bool,
    pub(super) description: Option<String>,
    pub(super) session_seconds_max: Option<u32>,
}

/// A managed policy of the account.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) description: Option<String>,
    /// Documents, the oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) tags: Option<Tags>,
}

/// A version of a managed policy.
#[derive(Debug)]
pub(super) struct Version {
    /// `v1`, where it was found.
    pub(super) id: String,
    pub(super) document: String,
    pub(super) is_default: bool,
}

/// An instance profile.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) role: Option<String>,
    pub(super) tags: Option<Tags>,
}

impl Identity {
    /// One of which no more is known than its name.
    pub(super) fn new(kind: IdentityKind, place: String, name: String, path: String) -> Self {
        Self {
            kind,
            place,
            name,
            path,
            groups: Vec::new(),
            attached: Vec::new(),
            inline: Vec::new(),
            boundary: None,
            tags: Tags::new(),
            trust: String::new(),
            trust_waits: false,
            description: None,
            session_seconds_max: None,
        }
    }

    /// `user ann`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }

    /// Roles that services own: nobody else makes, changes or deletes them.
    pub(super) fn is_of_service(&self) -> bool {
        self.kind == IdentityKind::Role && self.path.starts_with("/aws-service-role/")
    }
}

impl Policy {
    /// Its ARN in an account.
    pub(super) fn arn(&self, account: &str) -> String {
        Arn::iam(account, &format!("policy{}{}", self.path, self.name)).as_str().to_owned()
    }
}

impl Account {
    /// A user, group or role by name, which is compared without regard to case.
    pub(super) fn identity(&self, kind: IdentityKind, name: &str) -> Option<&Identity> {
        self.identities.iter().find(|known| known.kind == kind && same(&known.name, name))
    }

    /// A managed policy by name.
    pub(super) fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|known| same(&known.name, name))
    }

    /// An instance profile by name.
    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|known| same(&known.name, name))
    }

    /// The identities of a kind.
    pub(super) fn of(&self, kind: IdentityKind) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(move |known| known.kind == kind)
    }

    /// Writes every policy that is named by its name alone as the ARN that it has in this account: that of a described
    /// policy, else that of one that is there. Names that are neither are told with their place.
    pub(super) fn resolve(&mut self, account: &str, found: &Account) -> Vec<String> {
        let Self { policies, identities, .. } = self;
        let mut faults = Vec::new();
        for identity in identities {
            let Identity { attached, boundary, place, .. } = identity;
            let attached = attached.iter_mut().map(|named| ("policies", named));
            for (key, named) in attached.chain(boundary.iter_mut().map(|named| ("boundary", named))) {
                if named.starts_with("arn:") {
                    continue;
                }
                let described = policies.iter().find(|policy| same(&policy.name, named));
                match described.or_else(|| found.policy(named)) {
                    Some(policy) => *named = policy.arn(account),
                    None => faults.push(format!(
                        "{place}: {key}: there is no policy `{named}` in the file or in the account; describe it, or \
                         write the ARN of one"
                    )),
                }
            }
        }
        faults
    }
}

impl Account {
    /// Finds the roles whose trust policies name roles that are described and not there yet.
    pub(super) fn find_waiting(&mut self, account: &str, found: &Account) {
        let new = self.of(IdentityKind::Role).filter(|role| found.identity(IdentityKind::Role, &role.name).is_none());
        let new = new.map(|role| Arn::iam(account, &format!("role{}{}", role.path, role.name)));
        let new: Vec<String> = new.map(|arn| format!("\"{}\"", arn.as_str())).collect();
        for role in self.identities.iter_mut().filter(|known| known.kind == IdentityKind::Role) {
            // Only a text that names a role at all is searched for each of them.
            role.trust_waits = role.trust.contains(":role/") && new.iter().any(|arn| role.trust.contains(arn));
        }
    }
}

/// Whether two names are the same to IAM.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
