//! The root access key and the account that it belongs to, as the environment fixes them or chance makes them.

use data_encoding::BASE64;

use super::{Fault, Faults};
use crate::{
    base::{
        AccessKeyId, AccountId, Random, SecretKey,
        id::{IdKind, unique_id},
        random::NoRandomness,
    },
    store::RootKey,
};

/// The variable of the root access key's id.
pub const ACCESS_KEY_ID: &str = "COUNTERSIGN_ROOT_ACCESS_KEY_ID";
/// The variable of the root access key's secret.
pub const SECRET_ACCESS_KEY: &str = "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY";
/// The variable of the account.
pub const ACCOUNT_ID: &str = "COUNTERSIGN_ACCOUNT_ID";

/// The shortest secret that is taken. AWS makes secrets of 40 characters; stores that people come from take eight.
const SECRET_LENGTH_MIN: usize = 8;

/// The root access key that the environment fixes, if it does.
pub fn key(variables: &[(String, String)]) -> Result<Option<RootKey>, Faults> {
    key_of(variables, None)
}

/// The account that a variable with the root access key of a further account is for.
pub fn account_of_variable(name: &str) -> Option<AccountId> {
    let end = [ACCESS_KEY_ID, SECRET_ACCESS_KEY].into_iter().find_map(|start| name.strip_prefix(start));
    end?.strip_prefix('_')?.parse().ok()
}

/// The same of a further account, whose number stands at the end of the variables' names:
/// `COUNTERSIGN_ROOT_ACCESS_KEY_ID_111122223333`.
pub fn key_of(variables: &[(String, String)], account: Option<AccountId>) -> Result<Option<RootKey>, Faults> {
    let end = account.map_or_else(String::new, |account| format!("_{account}"));
    let [id_name, secret_name] = [ACCESS_KEY_ID, SECRET_ACCESS_KEY].map(|name| format!("{name}{end}"));
    let value = |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let (id, secret) = (value(&id_name), value(&secret_name));
    if id.is_none() && secret.is_none() {
        return Ok(None);
    }
    let mut faults = Faults::default();
    let mut fault = |key: &str, message: String| faults.0.push(Fault { key: key.into(), message });
    for (name, value, other) in [(&id_name, id, &secret_name), (&secret_name, secret, &id_name)] {
        if value.is_none() {
            fault(name, format!("is not set, but {other} is; set both or neither"));
        }
    }
    let parsed = id.and_then(AccessKeyId::parse);
    if id.is_some() && parsed.is_none() {
        fault(&id_name, "is no access key id; write 16 to 128 letters, digits and _".into());
    }
    let fits = |secret: &&str| secret.len() >= SECRET_LENGTH_MIN && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.is_some_and(|secret| !fits(&secret)) {
        let wanted = "write at least 8 visible ASCII characters, better 40";
        fault(&secret_name, format!("is too short, or holds other than visible ASCII characters; {wanted}"));
    }
    match (parsed, secret.filter(fits)) {
        (Some(id), Some(secret)) => Ok(Some(RootKey { id, secret: SecretKey::new(secret.to_owned()) })),
        _ => Err(faults),
    }
}

/// The account that the environment fixes, if it does.
pub fn account(variables: &[(String, String)]) -> Result<Option<AccountId>, Faults> {
    let Some((_, text)) = variables.iter().find(|(name, _)| name == ACCOUNT_ID) else { return Ok(None) };
    let fault = || Faults(vec![Fault { key: ACCOUNT_ID.into(), message: format!("is {text:?}; write twelve digits") }]);
    let account = text.parse().ok().filter(|account| *account != AccountId::AWS);
    account.map(Some).ok_or_else(fault)
}

/// An account id that nobody is likely to have.
pub fn random_account(random: &dyn Random) -> Result<AccountId, NoRandomness> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    // Twelve digits of which the first is no zero, so that they survive being read as a number.
    Ok(AccountId::from_number(100_000_000_000 + u64::from_be_bytes(bytes) % 900_000_000_000))
}

/// A new root access key: an id in AWS's form, 240 random bits as the secret.
pub fn random_key(account: AccountId, random: &dyn Random) -> Result<RootKey, NoRandomness> {
    let (mut name, mut secret) = ([0; 8], [0; 30]);
    random.fill(&mut name)?;
    random.fill(&mut secret)?;
    let id = AccessKeyId::parse(&unique_id(IdKind::AccessKey, account, name)).ok_or(NoRandomness)?;
    Ok(RootKey { id, secret: SecretKey::new(BASE64.encode(&secret)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SystemRandom;

    #[test]
    fn the_environment_fixes_the_key_wholly_or_not_at_all() {
        let cases = [
            (None, None, Ok(false)),
            (Some("AKIAIOSFODNN7EXAMPLE"), Some("wJalrXUtnFEMI/K7MDENG"), Ok(true)),
            (Some("AKIAIOSFODNN7EXAMPLE"), None, Err(1)),
            (None, Some("wJalrXUtnFEMI/K7MDENG"), Err(1)),
            (Some("short"), Some("short"), Err(2)),
            (Some("AKIAIOSFODNN7EXAMPLE"), Some("with a space"), Err(1)),
        ];
        for (id, secret, expected) in cases {
            let variables = [(ACCESS_KEY_ID, id), (SECRET_ACCESS_KEY, secret)];
            let variables =
                variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            let found = key(&variables.collect::<Vec<_>>());
            assert_eq!(found.map(|key| key.is_some()).map_err(|faults| faults.0.len()), expected, "{id:?}");
        }
    }

    #[test]
    fn a_random_key_tells_its_account() {
        let account = random_account(&SystemRandom).unwrap();
        let key = random_key(account, &SystemRandom).unwrap();
        assert_eq!(crate::base::id::account_of(key.id.as_str()), Some(account));
        assert_eq!((key.id.as_str().len(), key.secret.expose().len()), (20, 40));
        assert_ne!(random_account(&SystemRandom).unwrap(), account);
    }
}
