//! A provider of the test's own, which signs what it is told to. It writes canonical forms by hand, so that nothing of the
//! verifier's own is needed to sign.

use aws_lc_rs::{
    digest::{self, digest},
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaKeyPair},
};
use countersign::{
    base::Timestamp,
    federation::saml::{Assertion, Provider, Refusal, Reuse, Settings, verify},
};
use data_encoding::BASE64;
use rcgen::{CertificateParams, KeyPair};
use zeroize::Zeroizing;

pub const ISSUER: &str = "https://idp.example.com/metadata";
pub const RECIPIENT: &str = "https://signin.aws.amazon.com/saml";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
pub const PROVIDER: &str = "arn:aws:iam::123456789012:saml-provider/idp";

/// Any moment; the second opinions have no other clock than the machine's.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub const NOW: i64 = 1_790_000_000;

/// What signs.
pub enum Key {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// An identity provider.
pub struct Idp {
    pub key: Key,
    /// DER in base 64.
    pub certificate: String,
}

impl Idp {
    pub fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'static> = AsDer::<Pkcs8V1Der<'static>>::as_der(&pair).unwrap();
        Self { certificate: certificate(der.as_ref(), &rcgen::PKCS_RSA_SHA256), key: Key::Rsa(pair) }
    }

    pub fn ecdsa() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        Self { certificate: certificate(pkcs8.as_ref(), &rcgen::PKCS_ECDSA_P256_SHA256), key: Key::Ecdsa(pair) }
    }

    /// Puts a signature of the plain form behind the issuer of a canonical text.
    pub fn sign(&self, content: &str) -> String {
        self.sign_as(content, |info| info)
    }

    /// Puts a signature behind the issuer of a canonical text, with what it signs edited before.
    pub fn sign_as(&self, content: &str, edit: impl Fn(String) -> String) -> String {
        let signature = self.signature(content, edit);
        content.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }

    /// A signature over a canonical text, which holds no signature at this place.
    pub fn signature(&self, content: &str, edit: impl Fn(String) -> String) -> String {
        let id = content.split("ID=\"").nth(1).unwrap().split('"').next().unwrap();
        let method = match self.key {
            Key::Rsa(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Key::Ecdsa(_) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        };
        let digest = BASE64.encode(digest(&digest::SHA256, content.as_bytes()).as_ref());
        let info = edit(format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod \
             Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod \
             Algorithm=\"{method}\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform \
             Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform \
             Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{digest}\
             </ds:DigestValue></ds:Reference></ds:SignedInfo>"
        ));
        let value = BASE64.encode(&self.value(info.as_bytes(), info.contains("rsa-sha512")));
        let info = info.replace(" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "");
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}\
             </ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>\
             </ds:KeyInfo></ds:Signature>",
            self.certificate
        )
    }

    fn value(&self, message: &[u8], is_long: bool) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(pair) => {
                let mut value = vec![0; pair.public_modulus_len()];
                let padding = if is_long { &RSA_PKCS1_SHA512 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut value).unwrap();
                value
            }
            Key::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// Verifies a response of this provider at a moment, as AWS's settings have it.
    pub fn verify(&self, response: &str, now: Timestamp) -> Result<Assertion, Refusal> {
        self.verify_text(&BASE64.encode(response.as_bytes()), now)
    }

    /// The same with the keys that open encrypted assertions.
    pub fn verify_sealed(
        &self,
        response: &str,
        keys: &[Zeroizing<String>],
        now: Timestamp,
    ) -> Result<Assertion, Refusal> {
        let certificates = [self.certificate.clone()];
        let text = BASE64.encode(response.as_bytes());
        verify(&text, ROLE, &provider(&certificates, keys), &settings(), now)
    }

    pub fn verify_text(&self, text: &str, now: Timestamp) -> Result<Assertion, Refusal> {
        let certificates = [self.certificate.clone()];
        verify(text, ROLE, &provider(&certificates, &[]), &settings(), now)
    }
}

fn certificate(pkcs8: &[u8], algorithm: &'static rcgen::SignatureAlgorithm) -> String {
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), algorithm).unwrap();
    let parameters = CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
    BASE64.encode(parameters.self_signed(&key).unwrap().der())
}

pub fn provider<'a>(certificates: &'a [String], private_keys: &'a [Zeroizing<String>]) -> Provider<'a> {
    Provider {
        account: "123456789012".parse().unwrap(),
        name: "idp",
        id: "SAMLPEXAMPLE",
        entity_id: ISSUER,
        certificates,
        valid_until: at(4_000_000_000),
        private_keys,
        must_encrypt: false,
    }
}

pub fn settings() -> Settings {
    Settings {
        audiences: vec!["urn:amazon:webservices".to_owned(), RECIPIENT.to_owned()],
        recipients: vec![RECIPIENT.to_owned()],
        reuse: Reuse::OtherRoles,
    }
}

/// Base 64 of a key or a certificate as PEM.
pub fn pem(label: &str, text: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// An assertion in its canonical form, unsigned, issued ten seconds ago.
pub fn assertion(now: Timestamp) -> String {
    let (issued, until) = (moment(now, -10), moment(now, 290));
    let statements = attributes(&[
        ("https://aws.amazon.com/SAML/Attributes/Role", &[&format!("{ROLE},{PROVIDER}")]),
        ("https://aws.amazon.com/SAML/Attributes/RoleSessionName", &["alice"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["staff", "member"]),
    ]);
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" IssueInstant=\"{issued}\" \
         Version=\"2.0\"><saml:Issuer>{ISSUER}</saml:Issuer><saml:Subject><saml:NameID \
         Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice@example.com</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
         NotOnOrAfter=\"{until}\" Recipient=\"{RECIPIENT}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
         </saml:Subject><saml:Conditions NotBefore=\"{issued}\" NotOnOrAfter=\"{until}\"><saml:AudienceRestriction>\
         <saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{issued}\" SessionIndex=\"_s1\"><saml:AuthnContext>\
         <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>\
         </saml:AuthnContext></saml:AuthnStatement>{statements}</saml:Assertion>"
    )
}

/// An attribute statement.
pub fn attributes(rows: &[(&str, &[&str])]) -> String {
    let mut out = String::from("<saml:AttributeStatement>");
    for (name, values) in rows {
        let values: String =
            values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>")).collect();
        let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
        out += &format!("<saml:Attribute Name=\"{name}\" NameFormat=\"{format}\">{values}</saml:Attribute>");
    }
    out + "</saml:AttributeStatement>"
}

/// A response in its canonical form, unsigned, around an assertion.
pub fn response(now: Timestamp, assertion: &str) -> String {
    let issued = moment(now, -10);
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" Destination=\"{RECIPIENT}\" ID=\"_r1\" \
         IssueInstant=\"{issued}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         {ISSUER}</saml:Issuer><samlp:Status><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>{assertion}\
         </samlp:Response>"
    )
}

/// So many seconds from a moment, as SAML writes it.
pub fn moment(now: Timestamp, seconds: i64) -> String {
    at(now.as_second() + seconds).to_string()
}
