//! Whom kept policies name: through every course of a few events they stay who they are.

use countersign::{
    policy::{Bound, Kind, Named, Party},
    store::{Store, bindings},
};

use super::{account, populate, user};

#[derive(Debug, Clone, Copy)]
enum Event {
    Make(&'static str),
    Delete(&'static str),
    Rename(&'static str, &'static str),
}

const EVENTS: [Event; 6] = [
    Event::Make("Ann"),
    Event::Make("zoe"),
    Event::Delete("Ann"),
    Event::Delete("zoe"),
    Event::Rename("Ann", "zoe"),
    Event::Rename("zoe", "Ann"),
];

/// Every course of four events, each in a unit of work that is undone.
pub fn whom_a_kept_policy_names_stays_the_same(store: &dyn Store) {
    populate(store);
    let arn = |name: &str| format!("arn:aws:iam::{}:user/{name}", account());
    let text = |who: &str| {
        format!(
            r#"{{ "Statement": {{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}}}"#
        )
    };
    for course in 0..EVENTS.len().pow(4) {
        let events: Vec<Event> = (0..4).map(|at| EVENTS[course / EVENTS.len().pow(at) % EVENTS.len()]).collect();
        let mut work = store.begin().unwrap();
        // Who bears which name: unique ids.
        let mut bearers = vec![("Ann", "AIDA1".to_owned()), ("bob", "AIDA2".to_owned())];
        let kept = bindings::bind(work.as_mut(), &text(&arn("Ann"))).unwrap().unwrap();
        for (at, event) in events.iter().enumerate() {
            let place = |bearers: &[(&str, String)], name: &str| bearers.iter().position(|(known, _)| *known == name);
            match *event {
                Event::Make(name) if place(&bearers, name).is_none() => {
                    let id = format!("AIDAN{at}");
                    work.add_identity(&user(&id, name)).unwrap();
                    bearers.push((name, id));
                }
                Event::Delete(name) => {
                    if let Some(at) = place(&bearers, name) {
                        work.delete_identity(&bearers.remove(at).1).unwrap();
                    }
                }
                Event::Rename(name, other) if place(&bearers, other).is_none() => {
                    if let Some(at) = place(&bearers, name) {
                        work.rename_identity(&bearers[at].1, other, "/").unwrap();
                        bearers[at].0 = other;
                    }
                }
                Event::Make(_) | Event::Rename(..) => {}
            }
        }
        let first = bearers.iter().find(|(_, id)| id == "AIDA1").map(|(name, _)| arn(name));
        let shown = bindings::shown(work.as_mut(), &kept).unwrap();
        assert_eq!(shown, text(first.as_deref().unwrap_or("AIDA1")), "{events:?}");
        let policy = Bound::read(&kept).unwrap().compile(Kind::Bucket).unwrap();
        for (name, id) in &bearers {
            let (account, arn) = (account(), arn(name));
            let named = policy.statements()[0].names(&Party::user(account.as_str(), &arn, id));
            assert_eq!(named, (id == "AIDA1").then_some(Named::Itself), "{events:?}, {name}");
        }
        // What is shown can be kept again just if its bearer is there.
        assert_eq!(bindings::bind(work.as_mut(), &shown).unwrap().is_ok(), first.is_some(), "{events:?}");
    }
}
