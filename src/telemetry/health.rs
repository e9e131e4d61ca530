//! Health: named conditions, each of which must hold for this node to be ready.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// All conditions of this node. A clone is the same registry.
#[derive(Clone, Default)]
pub struct Health {
    conditions: Arc<RwLock<Vec<(&'static str, Check)>>>,
}

impl Health {
    /// A registry without conditions, which is ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition that its owner reports: `store`, `upstream`. It fails as "not started" until it is reported.
    pub fn condition(&self, name: &'static str) -> Condition {
        let state = Arc::new(State { holds: AtomicBool::new(false), fault: Mutex::new("not started".into()) });
        let condition = Condition { state };
        let reported = condition.clone();
        self.check(name, move || reported.state());
        condition
    }

    /// Adds a condition that is asked for when somebody wants to know: `audit`. The check must not block.
    pub fn check(&self, name: &'static str, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.conditions.write().unwrap_or_else(PoisonError::into_inner).push((name, Box::new(check)));
    }

    /// Whether every condition holds.
    pub fn is_ready(&self) -> bool {
        self.faults().is_empty()
    }

    /// The conditions that do not hold, in the order in which they were added.
    pub fn faults(&self) -> Vec<Fault> {
        let conditions = self.conditions.read().unwrap_or_else(PoisonError::into_inner);
        let fault = |(name, check): &(&'static str, Check)| check().err().map(|reason| Fault { name, reason });
        conditions.iter().filter_map(fault).collect()
    }
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The condition's name.
    pub name: &'static str,
    /// Why it does not hold.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// One condition, held by whoever knows of it. A clone is the same condition.
#[derive(Clone)]
pub struct Condition {
    state: Arc<State>,
}

struct State {
    holds: AtomicBool,
    fault: Mutex<String>,
}

impl Condition {
    /// It holds. Cheap if it did before.
    pub fn hold(&self) {
        self.state.holds.store(true, Ordering::Release);
    }

    /// It does not hold.
    pub fn fail(&self, reason: impl Into<String>) {
        *self.state.fault.lock().unwrap_or_else(PoisonError::into_inner) = reason.into();
        self.state.holds.store(false, Ordering::Release);
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.state.holds.load(Ordering::Acquire)
    }

    fn state(&self) -> Result<(), String> {
        if self.holds() {
            return Ok(());
        }
        Err(self.state.fault.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_ready_while_every_condition_holds() {
        let health = Health::new();
        assert!(health.is_ready());
        let store = health.condition("store");
        health.check("audit", || Ok(()));
        assert_eq!(health.faults(), [Fault { name: "store", reason: "not started".into() }]);
        store.hold();
        assert!(health.is_ready());
        store.fail("disk I/O error");
        assert!(!health.is_ready() && !store.holds());
        assert_eq!(health.faults()[0].to_string(), "store: disk I/O error");
        store.hold();
        assert!(health.is_ready());
        health.check("upstream", || Err("no connection".into()));
        assert_eq!(health.faults(), [Fault { name: "upstream", reason: "no connection".into() }]);
    }
}
