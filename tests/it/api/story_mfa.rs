//! Virtual MFA devices, with codes as a device would show them.

use aws_lc_rs::hmac;
use countersign::{
    api::iam::mfa::{Verdict, verify},
    base::{AccountId, Timestamp},
    store::{IdentityKind, StoreError},
};
use data_encoding::{BASE32_NOPAD, BASE64};

use super::{call, says, story::tell};
use crate::road::{
    client::Response,
    gateway::{ACCOUNT, Gateway},
    upstream::Upstream,
};

const ANN: (&str, &str) = ("UserName", "ann");
const NAME: (&str, &str) = ("VirtualMFADeviceName", "phone");
const PHONE: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone");
const WRONG: &str =
    "<Code>InvalidAuthenticationCode</Code><Message>Authentication code for device is not valid.</Message>";

/// A gateway, and the device that a client holds.
pub struct Held {
    pub gateway: Gateway,
    seed: Vec<u8>,
    now: i64,
}

impl Held {
    /// A gateway with a user `ann` and a device `phone` that is nobody's.
    pub fn new(upstream: &Upstream) -> Self {
        let gateway = Gateway::start(upstream);
        gateway.user("ann", None);
        let made = call(&gateway, &gateway.root(), "CreateVirtualMFADevice", &[NAME]);
        assert_eq!(made.status, 200, "{}", made.text());
        let seed = BASE64.decode(made.element("Base32StringSeed").as_bytes()).unwrap();
        assert_eq!(seed.len(), 64);
        Self { gateway, seed: BASE32_NOPAD.decode(&seed).unwrap(), now: Timestamp::now().as_second() / 30 }
    }

    /// What the device shows so many steps from when it was made.
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let tag = hmac::sign(&key, &(self.now + step).to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }

    fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Response {
        call(&self.gateway, &self.gateway.root(), action, parameters)
    }

    /// A call with two codes, by their steps.
    pub fn codes(&self, action: &str, user: &str, steps: [i64; 2], status: u16, holds: &str) {
        let [one, two] = steps.map(|step| self.code(step));
        let codes = [("UserName", user), PHONE, ("AuthenticationCode1", &one), ("AuthenticationCode2", &two)];
        self.says(action, &codes, status, holds);
    }

    fn says(&self, action: &str, parameters: &[(&str, &str)], status: u16, holds: &str) {
        says(&self.gateway, action, parameters, status, holds);
    }

    fn verify(&self, user: Option<&str>, serial: &str, step: i64) -> Verdict {
        let account: AccountId = ACCOUNT.parse().unwrap();
        let directory = self.gateway.directory();
        let judged = directory.write(|work| {
            let user = user.map(|name| work.identity(account, IdentityKind::User, name)).transpose()?.flatten();
            let user = user.map(|user| user.id);
            verify(work, (account, user.as_deref()), serial, &self.code(step), Timestamp::now())
        });
        judged.map_err(|error: StoreError| error.to_string()).unwrap()
    }
}

#[test]
#[rustfmt::skip]
fn devices() {
    let long = format!("/{}/", "p".repeat(250));
    tell(&[
        ("ListVirtualMFADevices", &[], 200, "<VirtualMFADevices></VirtualMFADevices><IsTruncated>false</IsTruncated>"),
        ("CreateVirtualMFADevice", &[], 400, "Value null at 'virtualMFADeviceName' failed to satisfy constraint: Member must not be null"),
        ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "a b")], 400, r"Value 'a b' at 'virtualMFADeviceName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+"),
        ("CreateVirtualMFADevice", &[NAME, ("Path", "x")], 400, "1 validation error detected: Value 'x' at 'path'"),
        ("CreateVirtualMFADevice", &[NAME, ("Path", &long)], 400, "Member must have length less than or equal to 256"),
        ("CreateVirtualMFADevice", &[NAME, ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")], 200, "<SerialNumber>arn:aws:iam::123456789012:mfa/phone</SerialNumber><Base32StringSeed>"),
        ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "Phone")], 409, "<Code>EntityAlreadyExists</Code><Message>MFADevice entity at the same path and name already exists.</Message>"),
        ("CreateVirtualMFADevice", &[NAME, ("Path", "/team/")], 200, "<SerialNumber>arn:aws:iam::123456789012:mfa/team/phone</SerialNumber>"),
        ("ListVirtualMFADevices", &[("MaxItems", "1")], 200, "<member><SerialNumber>arn:aws:iam::123456789012:mfa/phone</SerialNumber></member></VirtualMFADevices><IsTruncated>true</IsTruncated><Marker>cGhvbmU</Marker>"),
        ("ListVirtualMFADevices", &[("MaxItems", "1"), ("Marker", "cGhvbmU")], 200, "<member><SerialNumber>arn:aws:iam::123456789012:mfa/team/phone</SerialNumber></member></VirtualMFADevices><IsTruncated>false</IsTruncated>"),
        ("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")], 200, "<VirtualMFADevices></VirtualMFADevices>"),
        ("ListVirtualMFADevices", &[("AssignmentStatus", "None")], 400, "Member must satisfy enum value set: [Assigned, Unassigned, Any]"),
        ("ListMFADeviceTags", &[PHONE], 200, "<Key>Team</Key><Value>a</Value>"),
        ("TagMFADevice", &[PHONE, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")], 200, "TagMFADeviceResponse"),
        ("ListMFADeviceTags", &[PHONE], 200, "<Tags><member><Key>team</Key><Value>b</Value></member></Tags><IsTruncated>false</IsTruncated>"),
        ("TagMFADevice", &[PHONE, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "b")], 400, "InvalidInput"),
        ("UntagMFADevice", &[PHONE, ("TagKeys.member.1", "TEAM")], 200, "UntagMFADeviceResponse"),
        ("ListMFADeviceTags", &[PHONE], 200, "<Tags></Tags>"),
        ("ListMFADeviceTags", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/none")], 404, "VirtualMFADevice with serial number arn:aws:iam::123456789012:mfa/none doesn't exist."),
        ("ListMFADeviceTags", &[("SerialNumber", "short")], 400, "Value 'short' at 'serialNumber' failed to satisfy constraint: Member must have length greater than or equal to 9"),
        ("CreateUser", &[ANN], 200, ""),
        ("ListMFADevices", &[ANN], 200, "<MFADevices></MFADevices><IsTruncated>false</IsTruncated>"),
        ("ListMFADevices", &[("UserName", "none")], 404, "The user with name none cannot be found."),
        ("EnableMFADevice", &[ANN, PHONE, ("AuthenticationCode1", "12345"), ("AuthenticationCode2", "abcdef")], 400, "2 validation errors detected: Value at 'authenticationCode1' failed to satisfy constraint: Member must have length greater than or equal to 6; Value at 'authenticationCode2'"),
        ("EnableMFADevice", &[ANN, ("SerialNumber", "GAHT12345678"), ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")], 404, "MFA device with serial number GAHT12345678 does not exist."),
        ("EnableMFADevice", &[ANN, ("SerialNumber", "arn:aws:iam::123456789012:u2f/user/ann/key"), ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")], 404, "NoSuchEntity"),
        ("EnableMFADevice", &[("UserName", "none"), PHONE, ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")], 404, "The user with name none cannot be found."),
        ("DeactivateMFADevice", &[ANN, PHONE], 404, "MFA device with serial number arn:aws:iam::123456789012:mfa/phone does not exist."),
        ("GetMFADevice", &[ANN, PHONE], 404, "NoSuchEntity"),
        ("DeleteVirtualMFADevice", &[PHONE], 200, "DeleteVirtualMFADeviceResponse"),
        ("DeleteVirtualMFADevice", &[PHONE], 404, "VirtualMFADevice with serial number arn:aws:iam::123456789012:mfa/phone doesn't exist."),
        ("DeleteVirtualMFADevice", &[("SerialNumber", "GAHT12345678")], 404, "NoSuchEntity"),
    ]);
}

#[test]
fn a_device_is_enabled_used_and_taken_away() {
    let upstream = Upstream::start();
    let held = Held::new(&upstream);
    held.codes("EnableMFADevice", "ann", [-1, -1], 403, WRONG);
    held.codes("EnableMFADevice", "ann", [0, -1], 403, WRONG);
    held.codes("ResyncMFADevice", "ann", [-1, 0], 404, "NoSuchEntity");
    held.codes("EnableMFADevice", "ann", [-2, -1], 200, "EnableMFADeviceResponse");
    held.codes("EnableMFADevice", "ann", [0, 1], 409, "MFA device is already in use.");
    let listed = "<MFADevices><member><UserName>ann</UserName><SerialNumber>arn:aws:iam::123456789012:mfa/phone\
                  </SerialNumber><EnableDate>";
    held.says("ListMFADevices", &[ANN], 200, listed);
    held.says("GetMFADevice", &[ANN, PHONE], 200, "<GetMFADeviceResult><UserName>ann</UserName><SerialNumber>");
    held.says("GetMFADevice", &[PHONE], 404, "NoSuchEntity");
    let user = "<User><Path>/</Path><UserName>ann</UserName>";
    held.says("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")], 200, user);
    held.says("ListVirtualMFADevices", &[("AssignmentStatus", "Unassigned")], 200, "<VirtualMFADevices></Virtual");
    held.says("DeleteVirtualMFADevice", &[PHONE], 409, "MFA VirtualDevice in use. Must deactivate first.");

    // The codes that enabled it are used up; those of others and of other devices are unknown.
    let verdicts = [
        (Some("ann"), PHONE.1, -1, Verdict::Wrong),
        (None, PHONE.1, 0, Verdict::Unknown),
        (Some("ann"), "arn:aws:iam::123456789012:mfa/PHONE", 0, Verdict::Unknown),
        (Some("ann"), "GAHT12345678", 0, Verdict::Unknown),
        (Some("ann"), PHONE.1, 0, Verdict::Right),
        (Some("ann"), PHONE.1, 0, Verdict::Wrong),
    ];
    for (user, serial, step, expected) in verdicts {
        assert_eq!(held.verify(user, serial, step), expected, "{user:?} {serial} {step}");
    }
    held.codes("ResyncMFADevice", "ann", [0, 1], 403, WRONG);
    held.codes("ResyncMFADevice", "ann", [10, 11], 200, "ResyncMFADeviceResponse");
    held.says("DeleteUser", &[ANN], 409, "must delete access keys first.");
    let key = held.call("ListAccessKeys", &[ANN]).element("AccessKeyId");
    held.says("DeleteAccessKey", &[ANN, ("AccessKeyId", &key)], 200, "");
    held.says("DeleteUser", &[ANN], 409, "Cannot delete entity, must delete MFA device first.");
    held.says("DeactivateMFADevice", &[ANN, PHONE], 200, "DeactivateMFADeviceResponse");
    held.says("DeactivateMFADevice", &[ANN, PHONE], 404, "NoSuchEntity");
    held.says("DeleteUser", &[ANN], 200, "");
    // Root has it now; codes that were right once are not right for the next holder either.
    held.codes("EnableMFADevice", "root", [10, 11], 403, WRONG);
    held.codes("EnableMFADevice", "root", [20, 21], 200, "");
    held.says("ListMFADevices", &[], 200, "<MFADevices><member><SerialNumber>arn:aws:iam::123456789012:mfa/phone<");
    held.says("ListVirtualMFADevices", &[], 200, "<Arn>arn:aws:iam::123456789012:root</Arn>");
    held.says("DeactivateMFADevice", &[PHONE], 200, "");
    held.says("DeleteVirtualMFADevice", &[PHONE], 200, "");
}

#[test]
fn too_many_wrong_codes_are_not_looked_at() {
    let upstream = Upstream::start();
    let held = Held::new(&upstream);
    for _ in 0..5 {
        held.codes("EnableMFADevice", "ann", [5, 3], 403, WRONG);
    }
    held.codes("EnableMFADevice", "ann", [-1, 0], 403, WRONG);
}

#[test]
fn a_user_has_eight_devices_at_most() {
    let upstream = Upstream::start();
    let mut held = Held::new(&upstream);
    for number in 0..9 {
        let name = format!("d{number}");
        let made = held.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", &name)]);
        let seed = BASE64.decode(made.element("Base32StringSeed").as_bytes()).unwrap();
        held.seed = BASE32_NOPAD.decode(&seed).unwrap();
        let (one, two) = (held.code(-1), held.code(0));
        let serial = made.element("SerialNumber");
        let given = [ANN, ("SerialNumber", &serial), ("AuthenticationCode1", &one), ("AuthenticationCode2", &two)];
        let (status, holds) = match number {
            8 => (409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for MFADevicesPerUser: 8</Message>"),
            _ => (200, ""),
        };
        held.says("EnableMFADevice", &given, status, holds);
    }
}

/// Neither seeds nor codes are in any record.
#[test]
fn records_hold_no_secret_of_a_device() {
    let upstream = Upstream::start();
    let held = Held::new(&upstream);
    let (one, two) = (held.code(-1), held.code(0));
    held.says("EnableMFADevice", &[ANN, PHONE, ("AuthenticationCode1", &one), ("AuthenticationCode2", &two)], 200, "");
    let seed = BASE64.encode(BASE32_NOPAD.encode(&held.seed).as_bytes());
    let records = held.gateway.end();
    let told: Vec<&str> = records.iter().filter_map(|record| record["eventName"].as_str()).collect();
    assert!(told.contains(&"CreateVirtualMFADevice") && told.contains(&"EnableMFADevice"), "{told:?}");
    for record in records {
        let text = record.to_string();
        let shown = [&record["requestParameters"], &record["responseElements"]].map(ToString::to_string).concat();
        assert!(!text.contains(&seed) && !shown.contains(&one) && !shown.contains(&two), "{text}");
    }
}

/// The picture is a PNG of one bit a pixel with a margin of four modules, and holds what the device is set up with.
#[test]
fn the_picture_holds_the_address() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let made = call(&gateway, &gateway.root(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "a+b@c")]);
    let decoded = |name: &str| BASE64.decode(made.element(name).as_bytes()).unwrap();
    let (seed, picture) = (String::from_utf8(decoded("Base32StringSeed")).unwrap(), decoded("QRCodePNG"));
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let expected = qrcode::QrCode::new(format!("otpauth://totp/a%2Bb%40c@123456789012?secret={seed}")).unwrap();
    let width = expected.width();
    assert_eq!((info.width as usize, info.bit_depth), ((width + 8) * 4, png::BitDepth::One));
    for y in 0..info.height as usize {
        for x in 0..info.width as usize {
            let is_dark = pixels[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0;
            let module = (x / 4).checked_sub(4).zip((y / 4).checked_sub(4)).filter(|(x, y)| *x < width && *y < width);
            let wanted = module.is_some_and(|at| expected[at] == qrcode::Color::Dark);
            assert_eq!(is_dark, wanted, "{x} {y}");
        }
    }
}
