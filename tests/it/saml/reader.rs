//! Who opens assertions, and how they are encrypted for whoever that is: like `maker`, without anything of the verifier's own.

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
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::maker::pem;

pub const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
pub const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";
pub const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

/// Who opens assertions.
pub struct Reader {
    key: PrivateDecryptingKey,
    pub pem: Zeroizing<String>,
}

impl Reader {
    pub fn new() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'static> = AsDer::<Pkcs8V1Der<'static>>::as_der(&key).unwrap();
        Self { key, pem: Zeroizing::new(pem("PRIVATE KEY", &BASE64.encode(der.as_ref()))) }
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
    pub fn seal(&self, text: &str, cipher: &str, transport: &str) -> String {
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
