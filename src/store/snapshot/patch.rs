//! How a snapshot comes to be: read whole at start, then patched by what each unit of work changed. Both ways end in the
//! same three insertions, so they cannot disagree about what an entity looks like.

use std::sync::Arc;

use rpds::HashTrieMapSync;

use super::{BucketEntry, ById, Compiled, Credential, Entry, Grants, RoleEntry, Snapshot, Together};
use crate::{
    base::{
        AccessKeyId, Principal,
        principal::{Role, User},
    },
    store::{
        Account, Bucket, Holding, Identity, IdentityKind, KeyOwner, ManagedPolicy, OpenKey, Record, StoreError,
        Subject, UnitOfWork,
    },
};

impl Snapshot {
    /// Reads everything.
    pub fn load(work: &mut dyn UnitOfWork) -> Result<Self, StoreError> {
        let mut snapshot = Self::empty();
        snapshot.sequence = work.latest()?;
        work.scan(&mut |record| {
            match record {
                Record::Policy(policy, document) => snapshot.put_policy(&policy, &document),
                Record::Identity(holding) => drop(snapshot.put_identity(&holding)),
                Record::AccessKey(key) => snapshot.put_key(key)?,
                Record::Account(account) => snapshot.put_account(&account),
                Record::Bucket(bucket) => snapshot.put_bucket(&bucket),
                Record::EndedSession(ended) => snapshot.ended.insert_mut(ended.key),
            }
            Ok(())
        })?;
        Ok(snapshot)
    }

    /// The successor that shows all changes which `work` sees, its own included.
    pub fn patched(&self, work: &mut dyn UnitOfWork) -> Result<Self, StoreError> {
        let Some(changes) = work.changes(self.sequence)? else { return Self::load(work) };
        let mut next = self.clone();
        next.sequence = work.latest()?;
        // Keys come last: they point at their users.
        let (keys, others): (Vec<_>, Vec<_>) = changes.into_iter().partition(|it| matches!(it, Subject::AccessKey(_)));
        for subject in others.into_iter().chain(keys) {
            match subject {
                Subject::Policy(id) => next.renew_policy(&id, work)?,
                Subject::Identity(id) => next.renew_identity(&id, work)?,
                Subject::AccessKey(id) => next.renew_key(&id, work)?,
                Subject::Account(id) => work.account(id)?.iter().for_each(|account| next.put_account(account)),
                Subject::Session(key) => match work.ended_session(&key)? {
                    Some(ended) => next.ended.insert_mut(ended.key),
                    None => drop(next.ended.remove_mut(&key)),
                },
                Subject::Bucket(name) => match work.bucket(&name)? {
                    Some(bucket) => next.put_bucket(&bucket),
                    None => drop(next.buckets.remove_mut(&*name)),
                },
            }
        }
        Ok(next)
    }

    fn renew_policy(&mut self, id: &str, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(policy) = work.policy_by_id(id)? else {
            self.policies.remove_mut(id);
            return Ok(());
        };
        let version = work
            .policy_version(id, policy.default_version)?
            .ok_or_else(|| StoreError::damaged(format!("policy `{id}` has no default version")))?;
        self.put_policy(&policy, &version.document);
        Ok(())
    }

    fn renew_identity(&mut self, id: &str, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(holding) = work.holding(id)? else {
            self.users.remove_mut(id);
            self.remove_role(id);
            self.groups.remove_mut(id);
            return Ok(());
        };
        let Some(user) = self.put_identity(&holding) else { return Ok(()) };
        for key in work.access_keys(holding.identity.account, &KeyOwner::User(id.into()))? {
            // A key that is not here yet has a change of its own in the same unit of work.
            if let Some(credential) = self.keys.get_mut(&key.id) {
                credential.principal = Principal::User(Arc::clone(&user));
            }
        }
        Ok(())
    }

    fn renew_key(&mut self, id: &AccessKeyId, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        match work.open_access_key(id)? {
            Some(key) => self.put_key(key),
            None => {
                self.keys.remove_mut(id);
                Ok(())
            }
        }
    }

    fn put_account(&mut self, account: &Account) {
        match account.public_access_block {
            Some(block) => self.blocks.insert_mut(account.id, block),
            None => drop(self.blocks.remove_mut(&account.id)),
        }
    }

    fn put_bucket(&mut self, bucket: &Bucket) {
        let entry = BucketEntry {
            account: bucket.account,
            created: bucket.created,
            policy: bucket.policy.as_deref().map(|document| Compiled::of_bucket(&bucket.name, document)),
            public_access_block: bucket.public_access_block.unwrap_or_default(),
        };
        self.buckets.insert_mut(shared(&self.buckets, &bucket.name), entry);
    }

    fn put_policy(&mut self, policy: &ManagedPolicy, document: &str) {
        let label = policy.arn().as_str().to_owned();
        self.policies.insert_mut(Arc::from(&*policy.id), Compiled::of([(label, document)].into_iter()));
    }

    /// Returns the user if it is one; the same `Arc` as before unless its name or path changed.
    fn put_identity(&mut self, holding: &Holding) -> Option<Arc<User>> {
        let identity = &holding.identity;
        let grants = Grants {
            inline: compile_inline(holding),
            attached: holding.attached.iter().map(|id| shared(&self.policies, id)).collect(),
        };
        match identity.kind {
            IdentityKind::Group => {
                self.groups.insert_mut(shared(&self.groups, &identity.id), grants);
                None
            }
            IdentityKind::Role => {
                let entry = self.entry_of(holding, grants);
                self.put_role(holding, entry);
                None
            }
            IdentityKind::User => {
                let (user, entry) = (self.user_of(identity), self.entry_of(holding, grants));
                self.users.insert_mut(ById(Arc::clone(&user)), entry);
                Some(user)
            }
        }
    }

    fn entry_of(&self, holding: &Holding, grants: Grants) -> Entry {
        Entry {
            tags: holding.tags.as_slice().into(),
            groups: holding.groups.iter().map(|id| shared(&self.groups, id)).collect(),
            grants,
            together: Together::default(),
            boundary: holding.boundary.as_deref().map(|id| shared(&self.policies, id)),
        }
    }

    /// A role without a trust policy is taken by nobody.
    fn put_role(&mut self, holding: &Holding, entry: Entry) {
        let Identity { account, id, name, .. } = &holding.identity;
        let (account, arn) = (*account, holding.identity.arn());
        let trust = Compiled::of_role(&arn, holding.role.as_ref().map_or("", |details| &details.trust));
        let session_seconds_max = holding.role.as_ref().map_or(0, |details| details.session_seconds_max);
        let role = Role { account, id: id.clone(), name: name.clone(), arn };
        let role = match self.roles.get(&**id) {
            Some(known) if *known.role == role => Arc::clone(&known.role),
            _ => Arc::new(role),
        };
        let id = shared(&self.roles, id);
        self.remove_role(&id);
        self.roles_by_arn.insert_mut(role.arn.as_str().into(), Arc::clone(&id));
        self.roles.insert_mut(id, RoleEntry { role, trust, session_seconds_max, entry });
    }

    /// Another role may have its ARN by now.
    fn remove_role(&mut self, id: &str) {
        let Some(known) = self.roles.get(id) else { return };
        let arn = known.role.arn.as_str();
        if self.roles_by_arn.get(arn).is_some_and(|of| **of == *id) {
            self.roles_by_arn.remove_mut(arn);
        }
        self.roles.remove_mut(id);
    }

    fn put_key(&mut self, open: OpenKey) -> Result<(), StoreError> {
        let OpenKey { key, secret, generation } = open;
        let principal = match &key.owner {
            KeyOwner::Root => Principal::Root(key.account),
            KeyOwner::User(id) => {
                let (ById(user), _) = self
                    .users
                    .get_key_value(&**id)
                    .ok_or_else(|| StoreError::damaged(format!("access key `{}` belongs to no user", key.id)))?;
                Principal::User(Arc::clone(user))
            }
        };
        let secret = Arc::new(secret);
        let credential = Credential { account: key.account, principal, secret, status: key.status, generation };
        self.keys.insert_mut(key.id, credential);
        Ok(())
    }

    fn user_of(&self, identity: &Identity) -> Arc<User> {
        let user = User {
            account: identity.account,
            id: identity.id.clone(),
            name: identity.name.clone(),
            arn: identity.arn(),
        };
        match self.users.get_key_value(&*identity.id) {
            Some((ById(known), _)) if **known == user => Arc::clone(known),
            _ => Arc::new(user),
        }
    }
}

fn compile_inline(holding: &Holding) -> Option<Compiled> {
    let arn = holding.identity.arn();
    let documents = holding.inline.iter().map(|policy| (format!("{arn}/{}", policy.name), &*policy.document));
    (!holding.inline.is_empty()).then(|| Compiled::of(documents))
}

/// The id as the map's own key, so that all who name an entity share one text.
fn shared<V>(map: &HashTrieMapSync<Arc<str>, V>, id: &str) -> Arc<str> {
    map.get_key_value(id).map_or_else(|| Arc::from(id), |(known, _)| Arc::clone(known))
}
