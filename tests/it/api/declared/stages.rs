//! The stages, in their order: each goes on with the world of the one before.

use countersign::{api::quotas::QUOTAS, store::ItemKind};

use super::{Stage, invalid, limits, missing, taken};

pub const STAGES: &[Stage] = &[
    Stage {
        prepare: |_| {},
        rows: &[
            ("NoSuchEntity", missing::MISSING),
            ("InvalidInput", invalid::INPUT),
            ("MalformedPolicyDocument", invalid::DOCUMENT),
            ("EntityAlreadyExists", taken::TAKEN),
            ("DeleteConflict", taken::IN_USE),
            ("UnmodifiableEntity", taken::PROTECTED),
            ("PolicyNotAttachable", taken::OF_SERVICES),
            (
                "DuplicateCertificate",
                &[(
                    "UploadSigningCertificate",
                    &[("CertificateBody", "$body")],
                    "The certificate is already associated with a user of the account.",
                )],
            ),
            (
                "DuplicateSSHPublicKey",
                &[(
                    "UploadSSHPublicKey",
                    &[ANN, ("SSHPublicKeyBody", "$ssh")],
                    "The SSH public key is already associated with the user.",
                )],
            ),
            (
                "FeatureDisabled",
                &[
                    ("DisableOutboundWebIdentityFederation", &[], DISABLED),
                    ("GetOutboundWebIdentityFederationInfo", &[], DISABLED),
                ],
            ),
            ("InvalidAuthenticationCode", invalid::CODES),
            ("InvalidCertificate", invalid::CERTIFICATES),
            ("InvalidPublicKey", &[("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", "$short-ssh")], "2048")]),
            (
                "InvalidUserType",
                &[(
                    "ChangePassword",
                    &[("OldPassword", "Secret-1"), ("NewPassword", "Secret-2")],
                    "Only IAM Users can change their own password.",
                )],
            ),
            (
                "KeyPairMismatch",
                &[(
                    "UploadServerCertificate",
                    &[NEW_CERTIFICATE, ("CertificateBody", "$body"), ("PrivateKey", "$other-key")],
                    "The private key does not match the certificate.",
                )],
            ),
            ("MalformedCertificate", invalid::UNREADABLE),
            ("NotSupportedService", invalid::SERVICES),
            ("OrganizationNotFoundException", taken::NO_ORGANIZATION),
            ("PasswordPolicyViolation", invalid::PASSWORDS),
            (
                "PolicyEvaluation",
                &[(
                    "SimulatePrincipalPolicy",
                    &[
                        ("PolicySourceArn", "arn:aws:iam::123456789012:user/torn"),
                        ("ActionNames.member.1", "s3:GetObject"),
                    ],
                    "attached policy",
                )],
            ),
            ("ReportNotPresent", &[("GetCredentialReport", &[], "No report exists. Generate one first.")]),
            ("UnrecognizedPublicKeyEncoding", &[("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", "$odd-ssh")], "")]),
        ],
    },
    Stage {
        prepare: |world| {
            world
                .configure(&[("ORGANIZATION__ID", "o-exampleorgid"), ("ORGANIZATION__PATH", "o-exampleorgid/r-ab12/")]);
            world.done("EnableOutboundWebIdentityFederation", &[]);
            world.add(ItemKind::Job, "CredentialReport", None, &report(60, "null"));
        },
        rows: &[
            ("AccountNotManagementOrDelegatedAdministratorException", taken::STRANGERS),
            ("CallerIsNotManagementAccountException", taken::NOT_MANAGEMENT),
            ("FeatureEnabled", &[("EnableOutboundWebIdentityFederation", &[], "already enabled")]),
            ("ReportInProgress", &[("GetCredentialReport", &[], "The report is still being generated.")]),
        ],
    },
    Stage {
        prepare: |world| {
            let names: Vec<String> = QUOTAS.iter().map(|row| row.key.replace('.', "__").to_uppercase()).collect();
            let keys: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
            world.configure(&keys);
            world.add_devices(5000);
            world.change(ItemKind::Job, "CredentialReport", &report(5 * 3600, "\"a\""));
        },
        rows: &[
            ("LimitExceeded", limits::EXCEEDED),
            (
                "ReportExpired",
                &[("GetCredentialReport", &[], "The report is older than four hours. Generate another.")],
            ),
        ],
    },
];

const ANN: (&str, &str) = ("UserName", "ann");
const NEW_CERTIFICATE: (&str, &str) = ("ServerCertificateName", "new");
const DISABLED: &str = "Outbound web identity federation is not enabled for the account.";

/// A report that was asked for so many seconds ago.
fn report(ago: i64, content: &str) -> String {
    let at = countersign::base::Timestamp::now().as_second() - ago;
    format!(r#"{{"asked":{at},"content":{content}}}"#)
}
