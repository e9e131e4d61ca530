//! Browser uploads: a form with its policy.

use data_encoding::BASE64;

use super::{client::Request, signer::Signer};

const BOUNDARY: &str = "----boundary-of-the-form";

/// A form that is to be signed.
pub struct Form<'a> {
    pub bucket: &'a str,
    /// Fields besides those of the signature. Each is a condition of the policy.
    pub fields: &'a [(&'a str, &'a str)],
    pub file: &'a [u8],
    /// When the policy expires, from now.
    pub expires_in: i64,
}

impl Form<'_> {
    /// The form with a policy and its signature.
    pub fn signed(&self, signer: &Signer) -> Request {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(self.expires_in);
        let own = [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential", format!("{}/{}", signer.key.id, signer.scope())),
            ("x-amz-date", signer.date()),
        ];
        let mut conditions = vec![serde_json::json!({ "bucket": self.bucket })];
        conditions.extend(own.iter().map(|(name, value)| serde_json::json!(["eq", format!("${name}"), value])));
        conditions.extend(self.fields.iter().map(|(name, value)| serde_json::json!(["eq", format!("${name}"), value])));
        let policy = serde_json::json!({ "expiration": until.to_string(), "conditions": conditions }).to_string();
        let policy = BASE64.encode(policy.as_bytes());
        let signature = signer.sign_text(&policy);
        let mut fields: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.extend([("policy", policy.as_str()), ("x-amz-signature", signature.as_str())]);
        self.with(&fields)
    }

    /// The form with its own fields, further ones and the file.
    pub fn with(&self, further: &[(&str, &str)]) -> Request {
        let mut body = String::new();
        for (name, value) in self.fields.iter().chain(further) {
            body += &format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        body += &format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\n");
        let mut body = body.into_bytes();
        body.extend_from_slice(self.file);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        Request::new("POST", &format!("/{}", self.bucket))
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(body)
    }
}
