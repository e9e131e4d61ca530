//! Encrypted assertions.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    encoding::{AsDer, Pkcs8V1Der},
    iv::FixedLength,
    rsa::{
        KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
        PrivateDecryptingKey,
    },
};
use countersign::federation::saml::{Refusal, Unproven, verify};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::maker::{Idp, NOW, ROLE, assertion, at, provider, response, settings};

const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

/// Who opens assertions.
struct Reader {
    key: PrivateDecryptingKey,
    pem: Zeroizing<String>,
}

impl Reader {
    fn new() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'static> = AsDer::<Pkcs8V1Der<'static>>::as_der(&key).unwrap();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64.encode(der.as_ref()));
        Self { key, pem: Zeroizing::new(pem) }
    }

    /// The secret for this reader.
    fn wrap(&self, transport: &str, secret: &[u8]) -> Vec<u8> {
        if transport.ends_with("rsa-1_5") {
            let key = Pkcs1PublicEncryptingKey::new(self.key.public_key()).unwrap();
            let mut out = vec![0; key.ciphertext_size()];
            return key.encrypt(secret, &mut out).unwrap().to_vec();
        }
        let algorithm = if transport == OAEP { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
        let key = OaepPublicEncryptingKey::new(self.key.public_key()).unwrap();
        let mut out = vec![0; key.ciphertext_size()];
        key.encrypt(algorithm, secret, &mut out, None).unwrap().to_vec()
    }

    /// An element with the text encrypted, in its canonical form.
    fn seal(&self, text: &str, cipher: &str, transport: &str) -> String {
        let (secret, content) = seal(text.as_bytes(), cipher);
        let parameters = match transport {
            OAEP => String::new(),
            _ => format!(
                "<ds:DigestMethod Algorithm=\"{XMLENC}sha256\">\
                 </ds:DigestMethod><xenc11:MGF xmlns:xenc11=\"{XMLENC11}\" Algorithm=\"{XMLENC11}mgf1sha256\"></xenc11:MGF>"
            ),
        };
        let wrapped = BASE64.encode(&self.wrap(transport, &secret));
        format!(
            "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><xenc:EncryptedData \
             xmlns:xenc=\"{XMLENC}\" Type=\"{XMLENC}Element\"><xenc:EncryptionMethod Algorithm=\"{cipher}\">\
             </xenc:EncryptionMethod><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
             <xenc:EncryptionMethod Algorithm=\"{transport}\">{parameters}</xenc:EncryptionMethod><xenc:CipherData>\
             <xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>\
             </saml:EncryptedAssertion>",
            BASE64.encode(&content)
        )
    }
}

/// A secret, and the text under it.
fn seal(text: &[u8], cipher: &str) -> (Vec<u8>, Vec<u8>) {
    let secret = vec![7; if cipher.contains("128") { 16 } else { 32 }];
    if cipher.ends_with("gcm") {
        let algorithm = if secret.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &secret).unwrap());
        let mut sealed = text.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), &mut sealed).unwrap();
        return (secret, [&[9; 12][..], &sealed].concat());
    }
    let algorithm = if secret.len() == 16 { &AES_128 } else { &AES_256 };
    let key = EncryptingKey::cbc(UnboundCipherKey::new(algorithm, &secret).unwrap()).unwrap();
    // XML Encryption pads with anything; only the last byte counts.
    let mut sealed = text.to_vec();
    let padding = 16 - sealed.len() % 16;
    sealed.extend(vec![1; padding - 1]);
    sealed.push(padding as u8);
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from([3; 16]))).unwrap();
    (secret, [&[3; 16][..], &sealed].concat())
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
    for (what, text, expected) in cases {
        let read = verify(&BASE64.encode(text.as_bytes()), ROLE, &provider, &settings(), at(NOW));
        assert_eq!(read.map(|it| it.asserted.subject), expected.map(str::to_owned), "{what}");
    }
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
