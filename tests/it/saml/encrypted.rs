//! Encrypted assertions.

use countersign::federation::saml::{Refusal, Unproven, verify};
use data_encoding::BASE64;

use super::{
    maker::{Idp, NOW, ROLE, assertion, at, provider, response, settings},
    reader::{OAEP, Reader},
};

/// With the key behind the data rather than in it.
fn beside(text: &str) -> String {
    let (before, rest) = text.split_once("<xenc:EncryptedKey>").unwrap();
    let (key, after) = rest.split_once("</xenc:EncryptedKey>").unwrap();
    let key = format!("<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">{key}</xenc:EncryptedKey>");
    let after = after.replace("</xenc:EncryptedData>", &format!("</xenc:EncryptedData>{key}"));
    format!("{before}<ds:KeyName>x</ds:KeyName>{after}")
}

#[test]
fn encrypted_assertions_are_opened() {
    let (idp, reader, other) = (Idp::rsa(), Reader::new(), Reader::new());
    let plain = assertion(at(NOW));
    let signed = idp.sign(&plain);
    let unsigned =
        |inner: &str, cipher: &str, transport: &str| response(at(NOW), &reader.seal(inner, cipher, transport));
    let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    let short_gcm = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    let cbc = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    let short_cbc = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    let oaep = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    let sound = unsigned(&signed, gcm, OAEP);
    let evil = plain.replace("alice", "root");
    let edit = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    let closed: Result<&str, Refusal> = Err(Refusal::Encryption);
    let cases = [
        ("the assertion signed, then encrypted", sound.clone(), Ok("alice@example.com")),
        ("with a shorter key", unsigned(&signed, short_gcm, OAEP), Ok("alice@example.com")),
        ("with SHA-256 in OAEP", unsigned(&signed, gcm, oaep), Ok("alice@example.com")),
        ("all signed", idp.sign(&unsigned(&plain, gcm, OAEP)), Ok("alice@example.com")),
        ("both signed", idp.sign(&unsigned(&signed, gcm, OAEP)), Ok("alice@example.com")),
        ("CBC under a signature", idp.sign(&unsigned(&plain, cbc, OAEP)), Ok("alice@example.com")),
        ("CBC with a shorter key", idp.sign(&unsigned(&signed, short_cbc, oaep)), Ok("alice@example.com")),
        (
            "a key with a name",
            edit(
                "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
                "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>x</ds:KeyName>",
            ),
            Ok("alice@example.com"),
        ),
        ("the key behind what it opens", beside(&sound), Ok("alice@example.com")),
        ("without a kind of content", edit(" Type=\"http://www.w3.org/2001/04/xmlenc#Element\"", ""), closed.clone()),
        ("a declaration in it", unsigned(&format!("<?xml version=\"1.0\"?>{signed}"), gcm, OAEP), closed.clone()),
        ("one id inside and outside", unsigned(&idp.sign(&plain.replace("_a1", "_r1")), gcm, OAEP), closed.clone()),
        (
            "one id inside and outside, all signed",
            idp.sign(&unsigned(&plain.replace("_a1", "_r1"), gcm, OAEP)),
            closed.clone(),
        ),
        ("one id inside and at the key", edit("<xenc:EncryptedKey>", "<xenc:EncryptedKey Id=\"_a1\">"), closed.clone()),
        ("more in the assertion", edit("<xenc:EncryptedData", "<x></x><xenc:EncryptedData"), closed.clone()),
        ("more in the data", edit("</xenc:EncryptedData>", "<x></x></xenc:EncryptedData>"), closed.clone()),
        (
            "data in another order",
            edit("<xenc:EncryptionMethod", "<xenc:CarriedKeyName></xenc:CarriedKeyName><xenc:EncryptionMethod"),
            closed.clone(),
        ),
        (
            "more in the key's place",
            edit("<xenc:EncryptedKey>", "<xenc:KeySize>256</xenc:KeySize><xenc:EncryptedKey>"),
            closed.clone(),
        ),
        ("more in the key", edit("</xenc:EncryptedKey>", "<x></x></xenc:EncryptedKey>"), closed.clone()),
        ("more in the cipher", edit("</xenc:EncryptionMethod>", "<x></x></xenc:EncryptionMethod>"), closed.clone()),
        (
            "more in the transport",
            edit("</xenc:EncryptionMethod><xenc:CipherData>", "<x></x></xenc:EncryptionMethod><xenc:CipherData>"),
            closed.clone(),
        ),
        (
            "a key for another, which is no base 64",
            edit(
                "</xenc:EncryptedKey>",
                "</xenc:EncryptedKey><xenc:EncryptedKey><xenc:CipherData><xenc:CipherValue>AAA</xenc:CipherValue>\
                 </xenc:CipherData></xenc:EncryptedKey>",
            ),
            closed.clone(),
        ),
        ("more in the text", edit("</xenc:CipherData>", "<x></x></xenc:CipherData>"), closed.clone()),
        ("CBC without a signature", unsigned(&signed, cbc, OAEP), closed.clone()),
        ("RSA as it was", unsigned(&signed, gcm, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"), closed.clone()),
        ("another cipher", edit(gcm, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), closed.clone()),
        ("another kind of content", edit("xmlenc#Element", "xmlenc#Content"), closed.clone()),
        ("for somebody else", response(at(NOW), &Reader::new().seal(&signed, gcm, OAEP)), closed.clone()),
        ("an altered secret", edit("<xenc:CipherValue>", "<xenc:CipherValue>AAAA"), closed.clone()),
        (
            "altered under a signature",
            idp.sign(&unsigned(&plain, gcm, OAEP)).replace("<xenc:CipherValue>", "<xenc:CipherValue>AAAA"),
            Err(Refusal::Signature("response", Unproven::Digest)),
        ),
        ("no assertion in it", unsigned("<x></x>", gcm, OAEP), closed.clone()),
        ("no XML in it", unsigned("x", gcm, OAEP), closed.clone()),
        (
            "two assertions in it",
            unsigned(&signed.replace("<saml:Subject>", &format!("{plain}<saml:Subject>")), gcm, OAEP),
            closed.clone(),
        ),
        ("a document type in it", unsigned(&format!("<!DOCTYPE x>{signed}"), gcm, OAEP), closed.clone()),
        ("nothing is signed", unsigned(&evil, gcm, OAEP), Err(Refusal::Unsigned)),
        (
            "signed for another",
            unsigned(&signed.replace("alice", "root"), gcm, OAEP),
            Err(Refusal::Signature("assertion", Unproven::Digest)),
        ),
        (
            "one in the clear beside it",
            edit("<saml:EncryptedAssertion", &format!("{evil}<saml:EncryptedAssertion")),
            Err(Refusal::Assertions),
        ),
        (
            "two of them",
            edit("</samlp:Response>", &format!("{}</samlp:Response>", reader.seal(&signed, gcm, OAEP))),
            Err(Refusal::Assertions),
        ),
    ];
    let certificates = [idp.certificate.clone()];
    let keys = [other.pem.clone(), reader.pem.clone()];
    let provider = provider(&certificates, &keys);
    let mut wrong = Vec::new();
    for (what, text, expected) in cases {
        let read = verify(&BASE64.encode(text.as_bytes()), ROLE, &provider, &settings(), at(NOW));
        let read = read.map(|it| it.asserted.subject);
        if read != expected.map(str::to_owned) {
            wrong.push(format!("{what}: {read:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What an altered text does not tell: whether it opened, whether there was XML in it, whether that was signed.
#[test]
fn failures_of_encryption_look_alike() {
    let same = [
        Refusal::Encryption,
        Refusal::Unsigned,
        Refusal::Signature("assertion", Unproven::Digest),
        Refusal::Signature("assertion", Unproven::Key),
    ];
    for refusal in same {
        let fault = refusal.fault();
        assert_eq!(
            (fault.status, &*fault.code, &*fault.message),
            (400, "InvalidIdentityToken", "Response signature invalid")
        );
    }
}

#[test]
fn a_provider_may_have_to_encrypt() {
    let (idp, reader) = (Idp::rsa(), Reader::new());
    let signed = idp.sign(&assertion(at(NOW)));
    let gcm = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    let (certificates, keys) = ([idp.certificate.clone()], [reader.pem.clone()]);
    let mut provider = provider(&certificates, &keys);
    provider.must_encrypt = true;
    let read =
        |text: String| verify(&BASE64.encode(text.as_bytes()), ROLE, &provider, &settings(), at(NOW)).map(|_| ());
    assert_eq!(read(response(at(NOW), &reader.seal(&signed, gcm, OAEP))), Ok(()));
    assert_eq!(read(response(at(NOW), &signed)), Err(Refusal::NotEncrypted));
}
