//! What every store must do, written against the trait alone. A back end takes part with [`store_suite`].

use countersign::{
    base::{AccessKeyId, AccountId, Arn, SecretKey, Tag, Timestamp},
    store::{
        AccessKey, Account, ErrorKind, Identity, IdentityKind, InlinePolicy, KeyOwner, KeyStatus, LastUsed,
        ManagedPolicy, Page, Record, Sequence, Store, StoreError, Subject, UnitOfWork,
    },
};

/// Runs each behaviour as a test of its own on a store that `$make` makes anew; what `$make` returns beside the store is
/// kept as long.
macro_rules! store_suite {
    ($back_end:ident, $make:expr) => {
        mod $back_end {
            $crate::store_suite::store_suite!(@tests $make,
                accounts_are_made_once,
                names_are_unique_without_regard_to_case,
                a_renamed_identity_keeps_its_id,
                listings_go_on_from_their_marker,
                an_identity_in_use_is_kept,
                members_and_groups_see_each_other,
                access_keys_belong_to_root_or_a_user,
                a_stamp_of_an_earlier_use_is_passed_over,
                a_secret_opens_with_its_generation,
                policies_are_found_by_their_arn_to_the_letter,
                version_numbers_are_never_used_again,
                a_policy_in_use_is_kept,
                attachments_are_counted_and_listed_from_both_ends,
                inline_policies_replace_each_other_by_name,
                tags_replace_each_other_by_key,
                what_is_missing_is_refused_by_name,
                what_is_not_committed_never_was,
                changes_tell_what_to_look_at,
                a_scan_hands_over_everything_once,
            );
        }
    };
    (@tests $make:expr, $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            let (store, _kept) = $make();
            $crate::store_suite::$name(&store);
        })*
    };
}
pub(crate) use store_suite;

pub type Done<T = ()> = Result<T, StoreError>;

pub fn account() -> AccountId {
    AccountId::from_number(123_456_789_012)
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub fn identity(kind: IdentityKind, id: &str, name: &str) -> Identity {
    Identity { kind, account: account(), id: id.into(), name: name.into(), path: "/".into(), created: at(0) }
}

pub fn user(id: &str, name: &str) -> Identity {
    identity(IdentityKind::User, id, name)
}

pub fn group(id: &str, name: &str) -> Identity {
    identity(IdentityKind::Group, id, name)
}

pub fn policy(id: &str, name: &str) -> ManagedPolicy {
    ManagedPolicy {
        account: account(),
        id: id.into(),
        name: name.into(),
        path: "/".into(),
        description: None,
        created: at(0),
        updated: at(0),
        default_version: 1,
        attachments: 0,
    }
}

pub fn key_id(text: &str) -> AccessKeyId {
    AccessKeyId::parse(text).unwrap()
}

pub fn access_key(id: &str, owner: KeyOwner) -> AccessKey {
    let (created, status) = (at(0), KeyStatus::Active);
    AccessKey { id: key_id(id), account: account(), owner, status, created, last_used: None }
}

pub fn secret(text: &str) -> SecretKey {
    SecretKey::new(text.to_owned())
}

pub fn owner(user: &str) -> KeyOwner {
    KeyOwner::User(user.into())
}

/// Writes and commits.
fn write<T>(store: &dyn Store, write: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> Done<T> {
    let mut work = store.begin()?;
    let value = write(work.as_mut())?;
    work.commit()?;
    Ok(value)
}

fn read<T>(store: &dyn Store, read: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> T {
    read(store.begin().unwrap().as_mut()).unwrap()
}

/// The account with two users, a group and two policies.
fn populate(store: &dyn Store) {
    write(store, |work| {
        work.add_account(&Account { id: account(), created: at(0) })?;
        work.add_identity(&user("AIDA1", "Ann"))?;
        work.add_identity(&user("AIDA2", "bob"))?;
        work.add_identity(&group("AGPA1", "staff"))?;
        work.add_policy(&policy("ANPA1", "Read"), "{\"read\":1}")?;
        work.add_policy(&policy("ANPA2", "Write"), "{\"write\":1}")
    })
    .unwrap();
}

fn refusal<T>(store: &dyn Store, f: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> Option<ErrorKind> {
    write(store, f).err().map(|error| error.kind)
}

fn names(items: &[Identity]) -> Vec<&str> {
    items.iter().map(|it| &*it.name).collect()
}

pub fn accounts_are_made_once(store: &dyn Store) {
    let made = Account { id: account(), created: at(5) };
    let other = Account { id: AccountId::from_number(1), created: at(6) };
    write(store, |work| work.add_account(&made)).unwrap();
    write(store, |work| work.add_account(&other)).unwrap();
    assert_eq!(refusal(store, |work| work.add_account(&made)), Some(ErrorKind::Exists));
    assert_eq!(read(store, |work| work.account(account())), Some(made.clone()));
    assert_eq!(read(store, |work| work.account(AccountId::from_number(2))), None);
    assert_eq!(read(store, |work| work.accounts()), [other, made]);
}

pub fn names_are_unique_without_regard_to_case(store: &dyn Store) {
    populate(store);
    for name in ["ann", "ANN", "Ann"] {
        assert_eq!(refusal(store, |work| work.add_identity(&user("AIDA3", name))), Some(ErrorKind::Exists), "{name}");
        let found = read(store, |work| work.identity(account(), IdentityKind::User, name));
        assert_eq!(found, Some(user("AIDA1", "Ann")), "{name}");
    }
    assert_eq!(refusal(store, |work| work.add_policy(&policy("ANPA3", "READ"), "{}")), Some(ErrorKind::Exists));
    assert_eq!(refusal(store, |work| work.add_identity(&user("AIDA1", "new"))), Some(ErrorKind::Exists));
    // Another kind and another account are other worlds.
    assert_eq!(refusal(store, |work| work.add_identity(&group("AGPA2", "ann"))), None);
    let elsewhere = AccountId::from_number(7);
    write(store, |work| {
        work.add_account(&Account { id: elsewhere, created: at(0) })?;
        work.add_identity(&Identity { account: elsewhere, ..user("AIDA4", "ann") })
    })
    .unwrap();
    assert_eq!(read(store, |work| work.count_identities(elsewhere, IdentityKind::User)), 1);
    assert_eq!(read(store, |work| work.count_identities(account(), IdentityKind::User)), 2);
    assert_eq!(read(store, |work| work.count_policies(account())), 2);
}

pub fn a_renamed_identity_keeps_its_id(store: &dyn Store) {
    populate(store);
    assert_eq!(refusal(store, |work| work.rename_identity("AIDA1", "BOB", "/")), Some(ErrorKind::Exists));
    for (name, path, arn) in [
        ("ANN", "/", "arn:aws:iam::123456789012:user/ANN"),
        ("Anna", "/a/b/", "arn:aws:iam::123456789012:user/a/b/Anna"),
    ] {
        write(store, |work| work.rename_identity("AIDA1", name, path)).unwrap();
        let found = read(store, |work| work.identity_by_id("AIDA1")).unwrap();
        assert_eq!((&*found.name, &*found.path, found.arn().as_str()), (name, path, arn));
    }
    assert_eq!(read(store, |work| work.identity(account(), IdentityKind::User, "ann")), None);
}

pub fn listings_go_on_from_their_marker(store: &dyn Store) {
    write(store, |work| {
        work.add_account(&Account { id: account(), created: at(0) })?;
        for (number, (name, path)) in
            [("d", "/"), ("B", "/x/"), ("a", "/x/"), ("C", "/x/y/"), ("e", "/xy/")].into_iter().enumerate()
        {
            work.add_identity(&Identity { path: path.into(), ..user(&format!("AIDA{number}"), name) })?;
        }
        Ok(())
    })
    .unwrap();
    let list = |after: Option<&str>, items_max, path_prefix| {
        let page = Page { after, items_max, path_prefix };
        let listing = read(store, |work| work.identities(account(), IdentityKind::User, page));
        (names(&listing.items).join(""), listing.next.map(String::from))
    };
    let cases = [
        (None, usize::MAX, "/", "aBCde", None),
        (None, 5, "/", "aBCde", None),
        (None, 2, "/", "aB", Some("b")),
        (Some("b"), 2, "/", "Cd", Some("d")),
        (Some("d"), 2, "/", "e", None),
        (Some("e"), 2, "/", "", None),
        (None, 9, "/x/", "aBC", None),
        (None, 9, "/x", "aBCe", None),
        (Some("a"), 1, "/x/", "B", Some("b")),
        (None, 9, "/X", "", None),
    ];
    for (after, items_max, prefix, expected, next) in cases {
        let expected = (expected.to_owned(), next.map(str::to_owned));
        assert_eq!(list(after, items_max, prefix), expected, "{after:?} {items_max} {prefix}");
    }
    // The item that the marker names may go; the listing goes on behind it.
    write(store, |work| work.delete_identity("AIDA1")).unwrap();
    assert_eq!(list(Some("b"), 1, "/"), ("C".to_owned(), Some("c".to_owned())));
}

pub fn an_identity_in_use_is_kept(store: &dyn Store) {
    populate(store);
    let delete = |id: &str| refusal(store, |work| work.delete_identity(id));
    write(store, |work| work.add_member("AGPA1", "AIDA1")).unwrap();
    assert_eq!([delete("AIDA1"), delete("AGPA1")], [Some(ErrorKind::InUse); 2]);
    write(store, |work| work.remove_member("AGPA1", "AIDA1")).unwrap();

    write(store, |work| work.attach("AIDA1", "ANPA1")).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.detach("AIDA1", "ANPA1")).unwrap();

    let inline = InlinePolicy { name: "p".into(), document: "{}".into() };
    write(store, |work| work.put_inline_policy("AIDA1", &inline)).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.delete_inline_policy("AIDA1", "p")).unwrap();

    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    write(store, |work| work.add_access_key(&key, &secret("s"))).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.delete_access_key(&key.id)).unwrap();

    let tag = Tag::new("team", "a").unwrap();
    write(store, |work| work.put_tags("AIDA1", &[tag])).unwrap();
    assert_eq!(delete("AIDA1"), None);
    assert_eq!(delete("AIDA1"), Some(ErrorKind::Missing));
    assert_eq!(read(store, |work| work.tags("AIDA1")), []);
    assert_eq!(delete("AGPA1"), None);
}

pub fn members_and_groups_see_each_other(store: &dyn Store) {
    populate(store);
    write(store, |work| work.add_identity(&group("AGPA2", "Admins"))).unwrap();
    for (group, user, new) in
        [("AGPA1", "AIDA2", true), ("AGPA1", "AIDA1", true), ("AGPA1", "AIDA1", false), ("AGPA2", "AIDA1", true)]
    {
        assert_eq!(write(store, |work| work.add_member(group, user)), Ok(new), "{group} {user}");
    }
    assert_eq!(names(&read(store, |work| work.members("AGPA1", Page::ALL)).items), ["Ann", "bob"]);
    assert_eq!(names(&read(store, |work| work.groups_of("AIDA1", Page::ALL)).items), ["Admins", "staff"]);
    let first = read(store, |work| work.members("AGPA1", Page { items_max: 1, ..Page::ALL }));
    assert_eq!((names(&first.items), first.next.as_deref()), (vec!["Ann"], Some("ann")));
    assert_eq!(write(store, |work| work.remove_member("AGPA1", "AIDA1")), Ok(true));
    assert_eq!(write(store, |work| work.remove_member("AGPA1", "AIDA1")), Ok(false));
    assert_eq!(names(&read(store, |work| work.groups_of("AIDA1", Page::ALL)).items), ["Admins"]);
}

pub fn access_keys_belong_to_root_or_a_user(store: &dyn Store) {
    populate(store);
    let root = access_key("AKIAROOT000000000001", KeyOwner::Root);
    let first = access_key("AKIAUSER000000000002", owner("AIDA1"));
    let second = AccessKey { created: at(1), ..access_key("AKIAUSER000000000001", owner("AIDA1")) };
    write(store, |work| {
        work.add_access_key(&second, &secret("2"))?;
        work.add_access_key(&first, &secret("1"))?;
        work.add_access_key(&root, &secret("r"))
    })
    .unwrap();
    assert_eq!(refusal(store, |work| work.add_access_key(&root, &secret("x"))), Some(ErrorKind::Exists));
    assert_eq!(read(store, |work| work.access_keys(account(), &KeyOwner::Root)), std::slice::from_ref(&root));
    assert_eq!(read(store, |work| work.access_keys(account(), &owner("AIDA1"))), [first.clone(), second.clone()]);
    assert_eq!(read(store, |work| work.access_keys(account(), &owner("AIDA2"))), []);
    assert_eq!(read(store, |work| work.access_keys(AccountId::from_number(1), &owner("AIDA1"))), []);

    write(store, |work| work.set_access_key_status(&first.id, KeyStatus::Inactive)).unwrap();
    assert_eq!(read(store, |work| work.access_key(&first.id)).unwrap().status, KeyStatus::Inactive);
    write(store, |work| work.delete_access_key(&first.id)).unwrap();
    assert_eq!(read(store, |work| work.access_key(&first.id)), None);
    assert_eq!(read(store, |work| work.access_key(&second.id)), Some(second));
}

pub fn a_stamp_of_an_earlier_use_is_passed_over(store: &dyn Store) {
    populate(store);
    let key = access_key("AKIAROOT000000000001", KeyOwner::Root);
    write(store, |work| work.add_access_key(&key, &secret("r"))).unwrap();
    let used = |second, service: &str| LastUsed { at: at(second), service: service.into(), region: "us-east-1".into() };
    for (stamp, expected) in
        [(used(10, "s3"), used(10, "s3")), (used(9, "iam"), used(10, "s3")), (used(11, "iam"), used(11, "iam"))]
    {
        write(store, |work| work.stamp_access_key(&key.id, &stamp)).unwrap();
        assert_eq!(read(store, |work| work.access_key(&key.id)).unwrap().last_used, Some(expected));
    }
    let gone = key_id("AKIAGONE000000000001");
    assert_eq!(refusal(store, |work| work.stamp_access_key(&gone, &used(1, "s3"))), None);
}

pub fn a_secret_opens_with_its_generation(store: &dyn Store) {
    populate(store);
    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    let mut generations = Vec::new();
    for text in ["first secret", "second secret"] {
        write(store, |work| work.add_access_key(&key, &secret(text))).unwrap();
        let open = read(store, |work| work.open_access_key(&key.id)).unwrap();
        assert_eq!((open.secret.expose(), &open.key), (text, &key));
        write(store, |work| work.set_access_key_status(&key.id, KeyStatus::Inactive)).unwrap();
        assert_eq!(read(store, |work| work.open_access_key(&key.id)).unwrap().generation, open.generation);
        generations.push(open.generation);
        write(store, |work| work.delete_access_key(&key.id)).unwrap();
        assert!(read(store, |work| work.open_access_key(&key.id)).is_none());
    }
    assert_ne!(generations[0], generations[1]);
}

pub fn policies_are_found_by_their_arn_to_the_letter(store: &dyn Store) {
    populate(store);
    let made = ManagedPolicy { path: "/a/b/".into(), description: Some("why".into()), ..policy("ANPA3", "Deep") };
    write(store, |work| work.add_policy(&made, " {\"x\": 1}\n")).unwrap();
    let cases = [
        ("arn:aws:iam::123456789012:policy/a/b/Deep", true),
        ("arn:aws:iam::123456789012:policy/a/b/deep", false),
        ("arn:aws:iam::123456789012:policy/Deep", false),
        ("arn:aws:iam::123456789012:user/a/b/Deep", false),
        ("arn:aws:iam::000000000001:policy/a/b/Deep", false),
        ("arn:aws:iam::aws:policy/a/b/Deep", false),
        ("arn:aws:iam::123456789012:Deep", false),
    ];
    for (arn, found) in cases {
        let expected = found.then(|| made.clone());
        assert_eq!(read(store, |work| work.policy(&Arn::parse(arn).unwrap())), expected, "{arn}");
    }
    let version = read(store, |work| work.policy_version("ANPA3", 1)).unwrap();
    assert_eq!((&*version.document, version.is_default), (" {\"x\": 1}\n", true));
}

pub fn version_numbers_are_never_used_again(store: &dyn Store) {
    populate(store);
    let add = |document: &str, second, default| {
        write(store, |work| work.add_policy_version("ANPA1", document, at(second), default))
    };
    assert_eq!(add("{\"v\":2}", 2, true), Ok(2));
    assert_eq!(add("{\"v\":3}", 3, false), Ok(3));
    let found = read(store, |work| work.policy_by_id("ANPA1")).unwrap();
    assert_eq!((found.default_version, found.updated), (2, at(3)));
    let default = |number| refusal(store, |work| work.set_default_version("ANPA1", number));
    let delete = |number| refusal(store, |work| work.delete_policy_version("ANPA1", number));
    assert_eq!(delete(2), Some(ErrorKind::InUse));
    assert_eq!([delete(3), delete(3), default(3)], [None, Some(ErrorKind::Missing), Some(ErrorKind::Missing)]);
    assert_eq!(add("{\"v\":4}", 4, false), Ok(4));
    assert_eq!([default(4), delete(2)], [None, None]);
    let versions = read(store, |work| work.policy_versions("ANPA1"));
    let seen: Vec<_> = versions.iter().map(|it| (it.number, &*it.document, it.is_default)).collect();
    assert_eq!(seen, [(1, "{\"read\":1}", false), (4, "{\"v\":4}", true)]);
}

pub fn a_policy_in_use_is_kept(store: &dyn Store) {
    populate(store);
    let delete = || refusal(store, |work| work.delete_policy("ANPA1"));
    write(store, |work| work.attach("AGPA1", "ANPA1")).unwrap();
    assert_eq!(delete(), Some(ErrorKind::InUse));
    write(store, |work| work.detach("AGPA1", "ANPA1")).unwrap();
    write(store, |work| work.add_policy_version("ANPA1", "{}", at(1), true)).unwrap();
    assert_eq!(delete(), Some(ErrorKind::InUse));
    assert_eq!(read(store, |work| work.policy_versions("ANPA1")).len(), 2);
    write(store, |work| work.delete_policy_version("ANPA1", 1)).unwrap();
    assert_eq!([delete(), delete()], [None, Some(ErrorKind::Missing)]);
    // The name is free again, the id is not the old one.
    assert_eq!(refusal(store, |work| work.add_policy(&policy("ANPA9", "read"), "{}")), None);
}

pub fn attachments_are_counted_and_listed_from_both_ends(store: &dyn Store) {
    populate(store);
    for (identity, policy, new) in
        [("AIDA1", "ANPA2", true), ("AIDA1", "ANPA1", true), ("AIDA1", "ANPA1", false), ("AGPA1", "ANPA1", true)]
    {
        assert_eq!(write(store, |work| work.attach(identity, policy)), Ok(new), "{identity} {policy}");
    }
    let attached = read(store, |work| work.attached_policies("AIDA1", Page::ALL)).items;
    let seen: Vec<_> = attached.iter().map(|it| (&*it.name, it.attachments)).collect();
    assert_eq!(seen, [("Read", 2), ("Write", 1)]);
    for (kind, expected) in [(IdentityKind::User, "Ann"), (IdentityKind::Group, "staff")] {
        assert_eq!(names(&read(store, |work| work.attached_identities("ANPA1", kind, Page::ALL)).items), [expected]);
    }
    assert_eq!(write(store, |work| work.detach("AIDA1", "ANPA2")), Ok(true));
    assert_eq!(write(store, |work| work.detach("AIDA1", "ANPA2")), Ok(false));
    for (only_attached, expected) in [(true, vec!["Read"]), (false, vec!["Read", "Write"])] {
        let listing = read(store, |work| work.policies(account(), only_attached, Page::ALL));
        assert_eq!(listing.items.iter().map(|it| &*it.name).collect::<Vec<_>>(), expected);
    }
}

pub fn inline_policies_replace_each_other_by_name(store: &dyn Store) {
    populate(store);
    let put = |name: &str, document: &str| {
        let policy = InlinePolicy { name: name.into(), document: document.into() };
        write(store, |work| work.put_inline_policy("AGPA1", &policy)).unwrap();
    };
    put("b", "1");
    put("A", "2");
    put("a", " 3 ");
    let all = read(store, |work| work.inline_policies("AGPA1"));
    assert_eq!(all.iter().map(|it| (&*it.name, &*it.document)).collect::<Vec<_>>(), [("a", " 3 "), ("b", "1")]);
    assert_eq!(read(store, |work| work.inline_policy("AGPA1", "B")).unwrap().name, "b".into());
    assert_eq!(read(store, |work| work.inline_policy("AIDA1", "b")), None);
    assert_eq!(write(store, |work| work.delete_inline_policy("AGPA1", "B")), Ok(true));
    assert_eq!(write(store, |work| work.delete_inline_policy("AGPA1", "b")), Ok(false));
}

pub fn tags_replace_each_other_by_key(store: &dyn Store) {
    populate(store);
    let tag = |key: &str, value: &str| Tag::new(key, value).unwrap();
    for resource in ["AIDA1", "ANPA1"] {
        write(store, |work| work.put_tags(resource, &[tag("b", "1"), tag("É", "2")])).unwrap();
        write(store, |work| work.put_tags(resource, &[tag("é", "3"), tag("A", "")])).unwrap();
        assert_eq!(read(store, |work| work.tags(resource)), [tag("A", ""), tag("b", "1"), tag("é", "3")]);
        write(store, |work| work.delete_tags(resource, &["B", "É", "none"])).unwrap();
        assert_eq!(read(store, |work| work.tags(resource)), [tag("A", "")]);
    }
    assert_eq!(read(store, |work| work.tags("AIDA2")), []);
}

pub fn what_is_missing_is_refused_by_name(store: &dyn Store) {
    populate(store);
    let inline = InlinePolicy { name: "p".into(), document: "{}".into() };
    let gone = key_id("AKIAGONE000000000001");
    let stranger = Identity { account: AccountId::from_number(9), ..user("AIDA9", "x") };
    let key = access_key("AKIAGONE000000000001", owner("AIDA9"));
    type Act<'a> = Box<dyn Fn(&mut dyn UnitOfWork) -> Done + 'a>;
    let acts: [(&str, Act<'_>); 14] = [
        ("add to no account", Box::new(|work| work.add_identity(&stranger))),
        ("rename", Box::new(|work| work.rename_identity("AIDA9", "x", "/"))),
        ("delete", Box::new(|work| work.delete_identity("AIDA9"))),
        ("member", Box::new(|work| work.add_member("AGPA1", "AIDA9").map(drop))),
        ("group", Box::new(|work| work.add_member("AGPA9", "AIDA1").map(drop))),
        ("attach to", Box::new(|work| work.attach("AIDA9", "ANPA1").map(drop))),
        ("attach", Box::new(|work| work.attach("AIDA1", "ANPA9").map(drop))),
        ("inline", Box::new(|work| work.put_inline_policy("AIDA9", &inline))),
        ("tag", Box::new(|work| work.put_tags("AIDA9", &[]))),
        ("key", Box::new(|work| work.add_access_key(&key, &secret("s")))),
        ("status", Box::new(|work| work.set_access_key_status(&gone, KeyStatus::Active))),
        ("delete key", Box::new(|work| work.delete_access_key(&gone))),
        ("version", Box::new(|work| work.add_policy_version("ANPA9", "{}", at(0), true).map(drop))),
        ("delete policy", Box::new(|work| work.delete_policy("ANPA9"))),
    ];
    let before = read(store, |work| work.latest());
    for (what, act) in acts {
        assert_eq!(refusal(store, act), Some(ErrorKind::Missing), "{what}");
    }
    assert_eq!(read(store, |work| work.latest()), before);
}

pub fn what_is_not_committed_never_was(store: &dyn Store) {
    populate(store);
    let before = read(store, |work| work.latest());
    {
        let mut work = store.begin().unwrap();
        work.add_identity(&user("AIDA3", "eve")).unwrap();
        work.attach("AIDA3", "ANPA1").unwrap();
        assert!(work.identity_by_id("AIDA3").unwrap().is_some());
        // An account made anew after this must not meet the data key of the one that never was.
        work.add_account(&Account { id: AccountId::from_number(5), created: at(0) }).unwrap();
        let key =
            AccessKey { account: AccountId::from_number(5), ..access_key("AKIAROOT000000000005", KeyOwner::Root) };
        work.add_access_key(&key, &secret("s")).unwrap();
        assert!(work.latest().unwrap() > before);
    }
    assert_eq!(read(store, |work| work.identity_by_id("AIDA3")), None);
    assert_eq!(read(store, |work| work.policy_by_id("ANPA1")).unwrap().attachments, 0);
    assert_eq!(read(store, |work| work.latest()), before);
    assert_eq!(read(store, |work| work.accounts()).len(), 1);
}

pub fn changes_tell_what_to_look_at(store: &dyn Store) {
    populate(store);
    let identity = |id: &str| Subject::Identity(id.into());
    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    let since = |sequence| read(store, |work| work.changes(sequence)).unwrap();
    let mut last = read(store, |work| work.latest());
    let mut step = |expected: &[Subject], act: &dyn Fn(&mut dyn UnitOfWork) -> Done| {
        write(store, act).unwrap();
        assert_eq!(since(last), expected);
        last = read(store, |work| work.latest());
        assert_eq!(since(last), []);
    };
    step(&[identity("AIDA1")], &|work| work.rename_identity("AIDA1", "anna", "/"));
    step(&[identity("AIDA1")], &|work| work.add_member("AGPA1", "AIDA1").map(drop));
    step(&[], &|work| work.add_member("AGPA1", "AIDA1").map(drop));
    step(&[identity("AGPA1"), identity("AIDA1")], &|work| {
        work.attach("AIDA1", "ANPA1")?;
        work.attach("AGPA1", "ANPA1")?;
        work.attach("AIDA1", "ANPA2").map(drop)
    });
    step(&[Subject::Policy("ANPA1".into())], &|work| work.add_policy_version("ANPA1", "{}", at(0), true).map(drop));
    step(&[], &|work| work.add_policy_version("ANPA1", "{}", at(0), false).map(drop));
    step(&[Subject::AccessKey(key.id.clone())], &|work| work.add_access_key(&key, &secret("s")));
    step(&[], &|work| {
        work.stamp_access_key(&key.id, &LastUsed { at: at(0), service: "s3".into(), region: "r".into() })
    });
    step(&[Subject::AccessKey(key.id.clone())], &|work| work.delete_access_key(&key.id));
    step(&[identity("AIDA2")], &|work| work.delete_identity("AIDA2"));
    assert!(!since(Sequence::default()).is_empty());
}

pub fn a_scan_hands_over_everything_once(store: &dyn Store) {
    populate(store);
    let inline = |name: &str| InlinePolicy { name: name.into(), document: "{}".into() };
    let tag = Tag::new("k", "v").unwrap();
    write(store, |work| {
        work.put_tags("AIDA2", std::slice::from_ref(&tag))?;
        work.put_tags("ANPA1", std::slice::from_ref(&tag))?;
        work.put_inline_policy("AIDA1", &inline("b"))?;
        work.put_inline_policy("AIDA1", &inline("a"))?;
        work.put_inline_policy("AGPA1", &inline("c"))?;
        work.attach("AIDA2", "ANPA2")?;
        work.attach("AIDA2", "ANPA1")?;
        work.add_member("AGPA1", "AIDA2")?;
        work.add_policy_version("ANPA1", "{\"v\":2}", at(0), true)?;
        work.add_access_key(&access_key("AKIAROOT000000000001", KeyOwner::Root), &secret("r"))?;
        work.add_access_key(&access_key("AKIAUSER000000000001", owner("AIDA1")), &secret("u"))
    })
    .unwrap();
    let (mut policies, mut holdings, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    read(store, |work| {
        work.scan(&mut |record| {
            match record {
                Record::Policy(policy, document) => policies.push((policy.id, document)),
                Record::Identity(holding) => holdings.push(holding),
                Record::AccessKey(open) => keys.push((open.key.id, open.secret.expose().to_owned())),
            }
            Ok(())
        })
    });
    policies.sort();
    keys.sort();
    assert_eq!(policies, [("ANPA1".into(), "{\"v\":2}".into()), ("ANPA2".into(), "{\"write\":1}".into())]);
    let expected = [("AKIAROOT000000000001", "r"), ("AKIAUSER000000000001", "u")];
    assert_eq!(keys, expected.map(|(id, secret)| (key_id(id), secret.to_owned())));
    assert_eq!(holdings.len(), 3);
    for holding in &holdings {
        let id = &holding.identity.id;
        assert_eq!(read(store, |work| work.holding(id)).as_ref(), Some(holding), "{id}");
        let lengths = [holding.tags.len(), holding.inline.len(), holding.attached.len(), holding.groups.len()];
        let expected = match &**id {
            "AIDA1" => [0, 2, 0, 0],
            "AIDA2" => [1, 0, 2, 1],
            _ => [0, 1, 0, 0],
        };
        assert_eq!(lengths, expected, "{id}");
    }
}
