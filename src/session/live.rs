//! An opened token, and whether what it rests on is still there.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwapOption;
use smallvec::SmallVec;

use super::claims::{Claims, Holder, Link, Packed};
use crate::{
    base::{
        AccessKeyId, AccountId, Principal, SecretKey, Tag, Timestamp,
        principal::{FederatedUser, RoleSession},
    },
    store::{
        KeyStatus,
        snapshot::{
            Snapshot,
            policies::{Compiled, Poisoned, PolicySet},
        },
    },
};

/// A session, as its token tells of it.
pub struct Session {
    key: AccessKeyId,
    token: Box<str>,
    secret: SecretKey,
    generation: u64,
    account: AccountId,
    issued: Timestamp,
    expires: Timestamp,
    mfa: Option<Timestamp>,
    tags: Box<[Tag]>,
    inline: Option<Compiled>,
    claims: Claims,
    /// Who acts, as it was last seen.
    acting: ArcSwapOption<Principal>,
    /// Several session policies as one, as they were last seen.
    together: ArcSwapOption<Together>,
}

/// Policies that were put together, and what of.
pub struct Together {
    parts: Box<[Compiled]>,
    set: PolicySet,
}

/// Why a session is over before its time. For the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The role or user is gone.
    Holder,
    /// A long-term key that it rests on is gone, is another by now, or is inactive.
    Key(String),
    /// It, or one that it was made from, was ended by name.
    Named(String),
}

/// What restricts a session beyond its holder's own policies.
pub enum Restriction<'a> {
    /// One set of policies.
    One(&'a PolicySet),
    /// Several, put together.
    Together(Arc<Together>),
}

impl Session {
    /// Takes over what a token says; `None` if it says what cannot be.
    pub(super) fn new(key: AccessKeyId, token: &str, claims: Claims) -> Option<Self> {
        let at = |second| Timestamp::from_second(second).ok();
        let nonce = claims.secret.0.first_chunk()?;
        let tags = &claims.packed.tags;
        let inline = claims.packed.policies.as_ref().and_then(|policies| policies.inline.as_deref());
        Some(Self {
            token: token.into(),
            secret: claims.secret.key(),
            generation: u64::from_be_bytes(*nonce),
            account: AccountId::from_number(claims.account),
            issued: at(claims.issued)?,
            expires: at(claims.expires)?,
            mfa: match claims.mfa {
                Some(second) => Some(at(second)?),
                None => None,
            },
            tags: tags
                .iter()
                .map(|tag| Tag { key: tag.key.as_str().into(), value: tag.value.as_str().into() })
                .collect(),
            inline: inline.map(|document| Compiled::of([("the session policy".to_owned(), document)].into_iter())),
            acting: ArcSwapOption::empty(),
            together: ArcSwapOption::empty(),
            claims,
            key,
        })
    }

    /// Its access key id.
    pub fn key(&self) -> &AccessKeyId {
        &self.key
    }

    /// Its token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Its secret access key.
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Tells its secret from that of any other session.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The account of its holder.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// When it was issued.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    /// From when on it is not good any more.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The account that acts for its holder, by a delegation request.
    pub fn delegate(&self) -> Option<AccountId> {
        self.claims.delegate.map(AccountId::from_number)
    }

    /// When a device proved its holder, if one did.
    pub fn mfa(&self) -> Option<Timestamp> {
        self.mfa
    }

    /// Who acts.
    pub fn holder(&self) -> &Holder {
        &self.claims.holder
    }

    /// What it rests on.
    pub fn chain(&self) -> &[Link] {
        &self.claims.chain
    }

    /// `aws:SourceIdentity`.
    pub fn source_identity(&self) -> Option<&str> {
        self.claims.source_identity.as_deref()
    }

    /// The ARN of the identity provider that vouched for its holder.
    pub fn provider(&self) -> Option<&str> {
        self.claims.provider.as_deref()
    }

    /// Policies, tags and facts, as they were passed.
    pub fn packed(&self) -> &Packed {
        &self.claims.packed
    }

    /// Its tags.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// What the identity provider said, by a key in lower case.
    pub fn fact(&self, key: &str) -> Option<&[String]> {
        let facts = &self.claims.packed.facts;
        facts.iter().find(|(known, _)| known == key).map(|(_, values)| values.as_slice())
    }

    /// Whether it is a user's or root's own, by `GetSessionToken`.
    pub fn is_own(&self) -> bool {
        matches!(self.claims.holder, Holder::Root | Holder::User(_))
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// Who acts, if everything that the session rests on is still there.
    pub fn acting(&self, snapshot: &Snapshot) -> Result<Principal, Ended> {
        for link in &self.claims.chain {
            match link {
                Link::Key { id, generation } => {
                    let known = snapshot.credential(id);
                    let is_same = |known: &&_| is_active(known, *generation);
                    known.filter(is_same).ok_or_else(|| Ended::Key(id.clone()))?;
                }
                Link::Session(id) => is_not_ended(id, snapshot)?,
            }
        }
        is_not_ended(self.key.as_str(), snapshot)?;
        let user = |id: &str| snapshot.user(id).cloned().ok_or(Ended::Holder);
        match &self.claims.holder {
            Holder::Root => Ok(Principal::Root(self.account)),
            Holder::User(id) => Ok(Principal::User(user(id)?)),
            Holder::Role { id, session } => {
                let entry = snapshot.role(id).ok_or(Ended::Holder)?;
                let is_same = |known: &Principal| matches!(known, Principal::Role(known) if Arc::ptr_eq(&known.role, &entry.role));
                Ok(self.remembered(is_same, || {
                    Principal::Role(Arc::new(RoleSession::new(Arc::clone(&entry.role), session)))
                }))
            }
            Holder::Federated { user: by, name } => {
                let by = by.as_deref().map(user).transpose()?;
                let is_same = |known: &Principal| match (known, &by) {
                    (Principal::Federated(known), Some(by)) => {
                        known.issuer.as_ref().is_some_and(|issuer| Arc::ptr_eq(issuer, by))
                    }
                    (Principal::Federated(_), None) => true,
                    _ => false,
                };
                let account = self.account;
                Ok(self.remembered(is_same, || {
                    Principal::Federated(Arc::new(FederatedUser::new(account, by.clone(), name)))
                }))
            }
        }
    }

    /// The session policies, inline and managed together: something has to be allowed by one of them. `None` if there are
    /// none; an error where one cannot be used.
    pub fn restriction<'a>(&'a self, snapshot: &'a Snapshot) -> Result<Option<Restriction<'a>>, Poisoned> {
        let Some(policies) = &self.claims.packed.policies else { return Ok(None) };
        let managed = policies.managed.iter().map(|id| snapshot.policy(id));
        let parts = self.inline.iter().map(Ok).chain(managed).collect::<Result<SmallVec<[_; 4]>, _>>()?;
        Ok(Some(match parts.as_slice() {
            [one] => Restriction::One(one.set()?),
            parts => Restriction::Together(self.put_together(parts)?),
        }))
    }

    /// A request with many keys asks for each of them: the same policies are put together once.
    fn put_together(&self, parts: &[&Compiled]) -> Result<Arc<Together>, Poisoned> {
        let is_of = |known: &&Arc<Together>| {
            known.parts.len() == parts.len() && known.parts.iter().zip(parts).all(|(known, part)| known.is(part))
        };
        if let Some(known) = self.together.load().as_ref().filter(is_of) {
            return Ok(Arc::clone(known));
        }
        let sets = parts.iter().map(|part| part.set()).collect::<Result<SmallVec<[_; 4]>, _>>()?;
        let parts = parts.iter().map(|part| (*part).clone()).collect();
        let made = Arc::new(Together { parts, set: PolicySet::together(sets) });
        self.together.store(Some(Arc::clone(&made)));
        Ok(made)
    }

    /// Names that are made of more than the token are kept as long as they are the same.
    fn remembered(&self, is_same: impl Fn(&Principal) -> bool, make: impl FnOnce() -> Principal) -> Principal {
        if let Some(known) = self.acting.load().as_ref().filter(|known| is_same(known)) {
            return Principal::clone(known);
        }
        let made = make();
        self.acting.store(Some(Arc::new(made.clone())));
        made
    }
}

impl Restriction<'_> {
    /// The set.
    pub fn set(&self) -> &PolicySet {
        match self {
            Restriction::One(set) => set,
            Restriction::Together(together) => &together.set,
        }
    }
}

fn is_active(known: &crate::store::snapshot::Credential, generation: u64) -> bool {
    known.status == KeyStatus::Active && known.generation == generation
}

fn is_not_ended(id: &str, snapshot: &Snapshot) -> Result<(), Ended> {
    match snapshot.is_ended(id) {
        false => Ok(()),
        true => Err(Ended::Named(id.to_owned())),
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Holder => f.write_str("whoever the session token was issued to is gone"),
            Ended::Key(id) => write!(f, "the session rests on the access key {id}, which is not active any more"),
            Ended::Named(id) => write!(f, "the session {id} was ended"),
        }
    }
}
