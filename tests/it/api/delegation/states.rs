//! The states of a request: which operation leads from which to which, and when their time is over.

use countersign::{api::delegation::expiry::expire, base::Timestamp, store::SystemRandom};

use super::scene::Scene;
use crate::road::gateway::{ALLOW_ALL, until};

/// A state, and what it becomes by associating, updating, accepting, rejecting and sending; `-` where that is refused.
const COURSES: [(&str, [&str; 5]); 7] = [
    ("UNASSIGNED", ["ASSIGNED", "-", "-", "-", "-"]),
    ("ASSIGNED", ["-", "PENDING_APPROVAL", "ACCEPTED", "REJECTED", "-"]),
    ("PENDING_APPROVAL", ["-", "PENDING_APPROVAL", "ACCEPTED", "REJECTED", "-"]),
    ("ACCEPTED", ["-", "-", "-", "REJECTED", "FINALIZED"]),
    ("FINALIZED", ["-", "-", "-", "-", "-"]),
    ("REJECTED", ["-", "-", "-", "-", "-"]),
    ("EXPIRED", ["-", "-", "-", "-", "-"]),
];

#[test]
fn each_operation_leads_from_some_states_to_one() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    for (state, becomes) in COURSES {
        for (action, becomes) in [
            "AssociateDelegationRequest",
            "UpdateDelegationRequest",
            "AcceptDelegationRequest",
            "RejectDelegationRequest",
            "SendDelegationToken",
        ]
        .into_iter()
        .zip(becomes)
        {
            let id = scene.brought(state, &format!("{state} {action}"), &boss);
            match becomes {
                "-" => {
                    let answer = scene.does(&boss, action, &id, 400, &format!("is in state {state} and cannot become"));
                    assert_eq!(answer.element("Code"), "InvalidInput");
                    assert_eq!(scene.state(&id), state, "{action}");
                }
                becomes => {
                    scene.does(&boss, action, &id, 200, "");
                    assert_eq!(scene.state(&id), becomes, "{state} {action}");
                }
            }
        }
    }
}

/// A state lasts a week, the first a day; being passed on twice does not make it last longer.
#[test]
fn each_state_has_its_time() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    for (state, days) in [
        ("UNASSIGNED", 1),
        ("ASSIGNED", 7),
        ("PENDING_APPROVAL", 7),
        ("ACCEPTED", 7),
        ("REJECTED", 7),
        ("FINALIZED", 7),
    ] {
        let id = scene.brought(state, &format!("how long {state}"), &boss);
        let shown = scene.does(&boss, "GetDelegationRequest", &id, 200, "");
        let time = |name: &str| shown.element(name).parse::<countersign::base::Timestamp>().unwrap().as_second();
        assert_eq!(time("ExpirationTime") - time("UpdatedTime"), days * 24 * 60 * 60, "{state}");
        scene.age(&id);
        assert_eq!(scene.state(&id), "EXPIRED", "{state}");
    }
    let id = scene.brought("PENDING_APPROVAL", "passed on twice", &boss);
    scene.change(&id, |request| request.details.expires -= 1000);
    let before = scene.does(&boss, "GetDelegationRequest", &id, 200, "").element("ExpirationTime");
    scene.holds(&boss, "UpdateDelegationRequest", &[("DelegationRequestId", &id), ("Notes", "again")], 200, "");
    let after = scene.does(&boss, "GetDelegationRequest", &id, 200, "<Notes>again</Notes>");
    assert_eq!(after.element("ExpirationTime"), before);
}

/// Whoever asked is told of the end, once, unless it knew how its request ended.
#[test]
fn the_end_of_time_is_told_once() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let mut ids = Vec::new();
    for state in ["UNASSIGNED", "ASSIGNED", "ACCEPTED", "REJECTED", "FINALIZED"] {
        ids.push(scene.brought(state, &format!("the end of {state}"), &boss));
    }
    let fresh = scene.brought("ASSIGNED", "not yet", &boss);
    ids.iter().for_each(|id| scene.age(id));
    until("all news have come", || scene.hook.requests().iter().filter(|seen| seen.complete).count() == 10);
    scene.hook.take();
    let settings = scene.settings();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let expire = || expire(&scene.gateway.directory, &settings, &SystemRandom, Timestamp::now()).unwrap();
        assert_eq!((expire(), expire()), (5, 0));
        while scene.hook.requests().iter().filter(|seen| seen.complete).count() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    let notices = scene.notices(3);
    for (id, notice) in ids.iter().zip(&notices) {
        assert_eq!((&notice["State"], &notice["Type"]), (&"EXPIRED".into(), &"StateChange".into()), "{id}");
    }
    let told: Vec<&str> = notices.iter().map(|notice| notice["RequestId"].as_str().unwrap()).collect();
    assert!(ids.iter().take(3).all(|id| told.contains(&&**id)), "{told:?}");
    assert_eq!(scene.state(&fresh), "ASSIGNED");
}

#[test]
fn a_rejection_says_why() {
    let scene = Scene::new();
    let ann = scene.gateway.user("ann", None);
    let id = scene.ask(&[]);
    scene.does(&ann, "AssociateDelegationRequest", &id, 200, "");
    let why = [("DelegationRequestId", &*id), ("Notes", "too much")];
    scene.holds(&ann, "RejectDelegationRequest", &why, 200, "");
    scene.does(&ann, "GetDelegationRequest", &id, 200, "<RejectionReason>too much</RejectionReason>");
    let told: Vec<String> = scene.notices(2).iter().map(|it| it["State"].as_str().unwrap().to_owned()).collect();
    assert!(told.contains(&"REJECTED".to_owned()), "{told:?}");
}

/// Source: IAM user guide, "How temporary delegation works".
#[test]
fn root_lends_its_permissions_for_four_hours_at_most() {
    let scene = Scene::new();
    let (root, boss) = (scene.gateway.root(), scene.gateway.user("boss", Some(ALLOW_ALL)));
    for (seconds, status) in [("14400", 200), ("14401", 400)] {
        let id = scene.ask(&[("SessionDuration", seconds), ("RequestorWorkflowId", &format!("for {seconds}"))]);
        scene.does(&root, "AssociateDelegationRequest", &id, 200, "");
        let text = if status == 200 { "" } else { "duration of 4 hours or less." };
        scene.does(&root, "AcceptDelegationRequest", &id, status, text);
        if status == 400 {
            scene.does(&boss, "AcceptDelegationRequest", &id, 200, "");
        }
    }
}

/// Two that decide at once: one of them does.
#[test]
fn of_two_decisions_one_counts() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    for at in 0..5 {
        let id = scene.brought("ASSIGNED", &format!("at once {at}"), &boss);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let decide = |action: &'static str| {
                let (scene, boss, id) = (&scene, &boss, &id);
                scope.spawn(move || {
                    super::super::call(&scene.gateway, boss, action, &[("DelegationRequestId", id)]).status
                })
            };
            let both = [decide("AcceptDelegationRequest"), decide("AcceptDelegationRequest")];
            both.map(|thread| thread.join().unwrap()).to_vec()
        });
        let refused = statuses.iter().filter(|status| matches!(status, 400 | 409)).count();
        assert_eq!((statuses.contains(&200), refused), (true, 1), "{statuses:?}");
    }
}
