//! Three-valued logic: what cannot be compared is neither true nor false until it is known whether it would allow or
//! deny.

use super::document::Effect;

/// Whether something holds. Ordered, so that "and" is the least and "or" the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not.
    False,
    /// It cannot be told: a value is not of the operator's type, or a policy variable has no value.
    Unknown,
    /// It does.
    True,
}

impl Truth {
    /// All have to hold; nothing is asked after the first that does not.
    pub fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut least = Truth::True;
        for truth in truths {
            least = least.min(truth);
            if least == Truth::False {
                break;
            }
        }
        least
    }

    /// One has to hold; nothing is asked after the first that does.
    pub fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut greatest = Truth::False;
        for truth in truths {
            greatest = greatest.max(truth);
            if greatest == Truth::True {
                break;
            }
        }
        greatest
    }

    /// The opposite.
    pub fn negate(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }

    /// For what AWS documents to match nothing.
    pub fn known(self) -> Truth {
        if self == Truth::True { Truth::True } else { Truth::False }
    }

    /// Whether a statement whose condition is this applies. Fail closed: what cannot be told denies and does not allow.
    pub fn applies(self, effect: Effect) -> bool {
        self == Truth::True || self == Truth::Unknown && effect == Effect::Deny
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::True } else { Truth::False }
    }
}
