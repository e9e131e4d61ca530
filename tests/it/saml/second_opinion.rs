//! xmlsec1 and pysaml2 as second opinions: nothing that they refuse is accepted, and what is accepted is read alike.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use countersign::base::Timestamp;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    maker::{ISSUER, Idp, RECIPIENT, assertion, pem, response},
    mutations::{Dice, Mutant, mutant},
    mutations_sealed::{CIPHERS, TRANSPORTS, sealed_mutant},
    reader::Reader,
};

/// The others.
struct Others {
    process: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Others {
    /// `COUNTERSIGN_PYTHON` names the interpreter that has pysaml2.
    fn start(idp: &Idp, reader: &Reader) -> Self {
        let python = std::env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".into());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/saml/second_opinion.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("set COUNTERSIGN_PYTHON to a Python that has pysaml2, and install xmlsec1");
        let (mut ask, told) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let metadata = format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor \
             use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>",
            idp.certificate
        );
        let setting = json!({
            "metadata": metadata,
            "certificate": pem("CERTIFICATE", &idp.certificate),
            "key": reader.pem.as_str(),
            "recipient": RECIPIENT,
            "audience": "urn:amazon:webservices",
        });
        writeln!(ask, "{setting}").unwrap();
        Self { process, ask, told }
    }

    /// Whether xmlsec1 verifies a response, and whom pysaml2 takes it to be of, or why not.
    fn opinions(&mut self, response: &str) -> (bool, Result<String, String>) {
        writeln!(self.ask, "{}", BASE64.encode(response.as_bytes())).unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).expect("the script ended");
        let subject = answer["pysaml2"].as_str().map(str::to_owned);
        (answer["xmlsec1"].as_bool().unwrap(), subject.ok_or_else(|| answer["why"].to_string()))
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All three take what is sound: the others are asked in the right way.
#[test]
fn sound_responses_are_accepted_by_all() {
    let reader = Reader::new();
    for idp in [Idp::rsa(), Idp::ecdsa()] {
        let mut others = Others::start(&idp, &reader);
        let now = Timestamp::now();
        let plain = assertion(now);
        let signed = idp.sign(&plain);
        let mut all = vec![response(now, &signed), idp.sign(&response(now, &plain)), idp.sign(&response(now, &signed))];
        for (at, cipher) in CIPHERS.into_iter().enumerate() {
            all.push(idp.sign(&response(now, &reader.seal(&signed, cipher, TRANSPORTS[at % 2]))));
        }
        let [gcm, .., cbc] = CIPHERS;
        all.push(response(now, &reader.seal(&signed, gcm, TRANSPORTS[1])));
        all.push(idp.sign(&response(now, &reader.seal(&plain, cbc, TRANSPORTS[0]))));
        for text in all {
            assert!(idp.verify_sealed(&text, std::slice::from_ref(&reader.pem), now).is_ok());
            assert_eq!(others.opinions(&text), (true, Ok("alice@example.com".to_owned())), "{text}");
        }
        for unproven in [response(now, &plain), response(now, &reader.seal(&plain, gcm, TRANSPORTS[0]))] {
            let (xmlsec1, pysaml2) = others.opinions(&unproven);
            assert!(!xmlsec1 && pysaml2.is_err(), "nothing of it is signed: {unproven}");
        }
    }
}

/// `COUNTERSIGN_SAML_MUTATIONS` (380, and 100 that are encrypted): how many responses are altered. `COUNTERSIGN_SAML_SEED`: from
/// where.
#[test]
fn nothing_that_others_refuse_is_accepted() {
    compared(380, |dice, idp, _, now| mutant(dice, idp, now));
}

#[test]
fn nothing_encrypted_that_others_refuse_is_accepted() {
    compared(100, sealed_mutant);
}

/// The others are asked about all that is accepted, and about every tenth of the rest, so that it shows what they are good for.
fn compared(many: u64, make: impl Fn(&mut Dice, &Idp, &Reader, Timestamp) -> Mutant) {
    let number = |name, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let (many, seed) = (number("COUNTERSIGN_SAML_MUTATIONS", many), number("COUNTERSIGN_SAML_SEED", 0x5eed));
    let (idp, reader, mut dice) = (Idp::rsa(), Reader::new(), Dice(seed));
    let mut others = Others::start(&idp, &reader);
    let (mut accepted, mut asked, mut by_xmlsec1, mut by_pysaml2, mut faults) = (0, 0, 0, 0, Vec::new());
    for at in 0..many {
        let now = Timestamp::now();
        let made = make(&mut dice, &idp, &reader, now);
        let ours = idp.verify_sealed(&made.text, std::slice::from_ref(&reader.pem), now);
        let ours = ours.ok().map(|it| it.asserted.subject);
        accepted += usize::from(ours.is_some());
        if ours.is_none() && at % 10 != 0 {
            continue;
        }
        let (xmlsec1, pysaml2) = others.opinions(&made.text);
        asked += 1;
        by_xmlsec1 += usize::from(xmlsec1);
        by_pysaml2 += usize::from(pysaml2.is_ok());
        if ours.is_some() && (!xmlsec1 || pysaml2.as_ref().ok() != ours.as_ref()) {
            let Mutant { story, text } = made;
            faults.push(format!("{story:?}: xmlsec1 {xmlsec1}, pysaml2 {pysaml2:?}, ours {ours:?}: {text}"));
        }
    }
    println!("{many} responses, {accepted} accepted; of {asked} by xmlsec1 {by_xmlsec1}, by pysaml2 {by_pysaml2}");
    assert!(faults.is_empty(), "{} of {many}:\n{}", faults.len(), faults.join("\n"));
    assert!(accepted > 0 && accepted < many as usize, "{accepted} of {many}: the alterations show nothing");
}
