//! Which check refuses somebody of a directory.

use std::fmt;

use crate::base::Fault;

/// Why nobody is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no name.
    NoName,
    /// There is no password, with which a directory takes everybody for nobody.
    NoPassword,
    /// Too many wrong passwords of late.
    TooMany,
    /// Too many wrong passwords of late for an entry, by other spellings of its name.
    TooManyOfEntry,
    /// Too many calls wait for the directory.
    Busy,
    /// The directory does not answer, or not in time.
    Unreachable(String),
    /// The directory does not do for us what the configuration says.
    Misconfigured(String),
    /// Nobody has this name.
    Unknown,
    /// More than one has.
    Several,
    /// The entry has not one value of the attribute that names its user.
    Attribute(String),
    /// The user's name cannot be that of a session.
    SessionName(String),
    /// The password is wrong.
    Password,
    /// The directory refuses the user for another reason, by its result code.
    Bind(u32, String),
    /// More groups than are looked at.
    Groups,
    /// The configuration maps neither the user nor a group to a role.
    NoRole(String),
}

impl Refusal {
    /// The check that refused, in a word: for the record.
    pub fn check(&self) -> &'static str {
        match self {
            Refusal::NoName | Refusal::Unknown | Refusal::Several | Refusal::Attribute(_) => "user",
            Refusal::SessionName(_) => "session name",
            Refusal::NoPassword | Refusal::Password | Refusal::Bind(..) => "password",
            Refusal::TooMany | Refusal::TooManyOfEntry => "rate",
            Refusal::Busy | Refusal::Unreachable(_) => "directory's answer",
            Refusal::Misconfigured(_) => "configuration",
            Refusal::Groups => "groups",
            Refusal::NoRole(_) => "role",
        }
    }

    /// As a client sees it, who is not told whether a name is known: `TooManyOfEntry` would tell. The detail names the check.
    pub fn fault(&self) -> Fault {
        let fault = match self {
            Refusal::TooMany | Refusal::Busy => Fault::new(400, "Throttling", "Rate exceeded"),
            Refusal::Unreachable(_) | Refusal::Misconfigured(_) => {
                Fault::new(400, "IDPCommunicationError", "The directory could not be asked to verify the identity")
            }
            _ => Fault::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithLDAPIdentity"),
        };
        fault.because(format_args!("ldap, {}: {self}", self.check()))
    }

    /// Whether it counts as a wrong password: the directory judged it, or there was nobody to judge it for.
    pub(super) fn is_judged(&self) -> bool {
        matches!(self, Refusal::Password | Refusal::Bind(..)) || self.is_of_nobody()
    }

    /// Whether it is known before a password is looked at that nobody can be bound.
    pub(super) fn is_of_nobody(&self) -> bool {
        matches!(self, Refusal::Unknown | Refusal::Several | Refusal::Attribute(_) | Refusal::TooManyOfEntry)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoName => f.write_str("there is no name"),
            Refusal::NoPassword => f.write_str("there is no password"),
            Refusal::TooMany => f.write_str("too many passwords of this user were wrong of late"),
            Refusal::TooManyOfEntry => {
                f.write_str("too many passwords of this user were wrong of late, by another spelling of the name")
            }
            Refusal::Busy => f.write_str("too many calls wait for the directory"),
            Refusal::Unreachable(why) => write!(f, "the directory cannot be asked: {why}"),
            Refusal::Misconfigured(why) => f.write_str(why),
            Refusal::Unknown => f.write_str("the directory finds nobody of this name"),
            Refusal::Several => f.write_str("the directory finds more than one of this name"),
            Refusal::Attribute(name) => write!(f, "the entry has not one `{name}`, but none or several"),
            Refusal::SessionName(name) => {
                write!(f, "`{name}` cannot name a session: 2 to 64 letters, digits and _ + = , . @ -")
            }
            Refusal::Password => f.write_str("the directory says that the password is wrong"),
            Refusal::Bind(code, why) => write!(f, "the directory refuses the user with code {code} {why}"),
            Refusal::Groups => f.write_str("the user is in more groups than are looked at"),
            Refusal::NoRole(dn) => write!(f, "no ldap.role is for `{dn}` or a group of it"),
        }
    }
}

impl std::error::Error for Refusal {}
