//! The token that is exchanged for credentials: the id of its request and a secret, of which the store keeps the digest.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// A token.
pub struct Token {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl Token {
    /// The token of a request, of random bytes.
    pub fn made(id: &str, secret: [u8; 32]) -> Self {
        Self { id: id.to_owned(), secret: Zeroizing::new(secret) }
    }

    /// Reads a token; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.rsplit_once('.')?;
        let secret = Zeroizing::new(BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?);
        Some(Self { id: id.to_owned(), secret: Zeroizing::new(secret.as_slice().try_into().ok()?) })
    }

    /// As it is given away.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}.{}", self.id, BASE64URL_NOPAD.encode(&*self.secret)))
    }

    /// The request that it says it is of.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the store keeps of it.
    pub fn digest(&self) -> [u8; 32] {
        let mut kept = [0; 32];
        kept.copy_from_slice(digest(&SHA256, &*self.secret).as_ref());
        kept
    }

    /// Whether it is the one that the store keeps this of.
    pub fn is(&self, kept: &[u8]) -> bool {
        verify_slices_are_equal(&self.digest(), kept).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let token = Token::made("dr-1", [7; 32]);
        let text = token.text();
        let read = Token::parse(&text).unwrap();
        assert!(read.id() == "dr-1" && read.is(&token.digest()));
        assert!(!Token::made("dr-1", [8; 32]).is(&token.digest()) && !token.is(&[]));
        let shorter = text.strip_suffix(text.chars().last().unwrap()).unwrap();
        for broken in ["", ".", "dr-1", "dr-1.", shorter, &format!("{}A", *text), "dr-1.%"] {
            assert!(Token::parse(broken).is_none(), "{broken}");
        }
    }
}
