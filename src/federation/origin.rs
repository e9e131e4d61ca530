//! Trusted identity propagation: whom a provider's token is about, as all later decisions on the session may ask.
//! Sources: IAM API reference, `ContextProvider`; STS API reference, `OriginIdentity` and `TransactionContext`.

use serde::{Deserialize, Serialize};

/// What begins the condition keys of whom a session is for, in lower case.
const ORIGIN: &str = "aws:originidentity/";
/// What begins those of what else the provider said.
const TRANSACTION: &str = "aws:transactioncontext/identityprovider/";

/// Which claims say it. Claims are named as in the token; a `/` names a member of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextProvider {
    /// The claim with the subject.
    pub subject: String,
    /// What kind of subject that is.
    pub subject_type: Option<SubjectType>,
    /// Further claims, and the names that they get where it is not their own.
    pub keys: Vec<(String, Option<String>)>,
}

/// What kind of subject: `user`, `workload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubjectType {
    /// This one.
    Value(String),
    /// What a claim says.
    Source(String),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who it is.
    pub subject: String,
    /// What kind of subject.
    pub subject_type: Option<String>,
    /// The issuer without its scheme.
    pub issuer: String,
    /// What else was said, by name.
    pub said: Vec<(String, String)>,
}

impl Origin {
    /// The condition keys of the session, in lower case. `provider` is the ARN of the provider that vouches.
    pub fn facts(&self, provider: &str) -> Vec<(String, Vec<String>)> {
        let own = [
            ("subject", Some(self.subject.as_str())),
            ("subjecttype", self.subject_type.as_deref()),
            ("issuer", Some(self.issuer.as_str())),
            ("federatedproviderarn", Some(provider)),
        ];
        let own =
            own.into_iter().filter_map(|(name, value)| Some((format!("{ORIGIN}{name}"), vec![value?.to_owned()])));
        let said = self
            .said
            .iter()
            .map(|(name, value)| (format!("{TRANSACTION}{}", name.to_lowercase()), vec![value.clone()]));
        own.chain(said).collect()
    }
}

/// The condition key of the subject.
pub const SUBJECT: &str = "aws:originidentity/subject";
/// That of the issuer.
pub const ISSUER: &str = "aws:originidentity/issuer";
/// That of the provider.
pub const PROVIDER: &str = "aws:originidentity/federatedproviderarn";

/// Whether a subject can be told to others: none that is an ARN or seems to be one, and nothing that is not seen.
/// Source: STS API reference, `GetWebIdentityToken`, `SubjectMode`.
pub fn is_tellable(subject: &str) -> bool {
    let is_arn = subject.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:"));
    let is_bare = !subject.starts_with(' ') && !subject.ends_with(' ');
    !is_arn && is_bare && !subject.chars().any(|c| c != ' ' && is_unseen(c))
}

/// Unicode's controls, formats and separators (general categories Cc, Cf, Z).
fn is_unseen(c: char) -> bool {
    let is_format = matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}');
    is_format || c.is_control() || c.is_whitespace()
}

/// Whether a condition key goes with whoever takes a role from a session that has it.
pub fn is_propagated(key: &str) -> bool {
    key.starts_with(ORIGIN) || key.starts_with(TRANSACTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_that_are_what_they_seem() {
        for (subject, is_told) in [
            ("ann", true),
            ("Ann Lee", true),
            ("ann@example.com", true),
            ("Änne", true),
            ("barn:a", true),
            ("arn:aws:iam::123456789012:user/ann", false),
            ("aRn:x", false),
            (" ann", false),
            ("ann ", false),
            ("a\u{a0}b", false),
            ("a\u{2028}b", false),
            ("a\u{200b}b", false),
            ("a\u{202e}b", false),
            ("a\nb", false),
            ("a\u{0}b", false),
            ("a\u{e0041}b", false),
        ] {
            assert_eq!(is_tellable(subject), is_told, "{subject:?}");
        }
    }
}
