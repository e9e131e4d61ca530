"""MFA devices, SSH keys, certificates and credentials for single services: rows of iam_flow.py with a user of their own."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from iam_rows import OK, Code, Keep, Pages


def private_key():
    return rsa.generate_private_key(65537, 2048)


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.example")])
    start = datetime.datetime(2020, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start.replace(year=2100))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def public(key, encoding, form):
    return key.public_key().public_bytes(encoding, form).decode()


USER, KEY, OTHER = {"UserName": "$u-devices"}, private_key(), private_key()
SSH, PEM = public(KEY, Encoding.OpenSSH, PublicFormat.OpenSSH), public(KEY, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BODY = {"CertificateBody": certificate(KEY)}
PRIVATE, NOT_ITS = ({"PrivateKey": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()}
                    for key in (KEY, OTHER))
DEVICE = {"SerialNumber": "arn:aws:iam::$account:mfa$p$u-phone"}
SSH_ID, WEB = {"SSHPublicKeyId": "$ssh"}, {"ServerCertificateName": "$u-web"}
COMMIT = {"ServiceName": "codecommit.amazonaws.com"}


def codes(one, two):
    return {"AuthenticationCode1": Code("seed", one), "AuthenticationCode2": Code("seed", two)}


def tags(value):
    return {"Tags": [{"Key": "team", "Value": value}]}


DEVICES = [
    ("root", "iam.CreateUser", USER, OK),
    # an MFA device
    ("root", "iam.CreateVirtualMFADevice", {"VirtualMFADeviceName": "$u-phone", "Path": "$p", **tags("a")},
     Keep("seed", "VirtualMFADevice.Base32StringSeed")),
    ("root", "iam.EnableMFADevice", {**USER, **DEVICE, **codes(0, 0)},
     ("InvalidAuthenticationCode", "Authentication code for device is not valid.")),
    ("root", "iam.EnableMFADevice", {**USER, **DEVICE, **codes(-1, 0)}, OK),
    ("root", "iam.ListMFADevices", USER, {"MFADevices[].SerialNumber": [DEVICE["SerialNumber"]], "MFADevices[0].UserName": "$u-devices"}),
    ("root", "iam.ListVirtualMFADevices", {"AssignmentStatus": "Assigned"},
     {"VirtualMFADevices[?User.UserName=='$u-devices'].SerialNumber": [DEVICE["SerialNumber"]]}),
    ("root", "iam.ResyncMFADevice", {**USER, **DEVICE, **codes(-1, 0)}, ("InvalidAuthenticationCode", None)),
    ("root", "iam.ResyncMFADevice", {**USER, **DEVICE, **codes(2, 3)}, OK),
    ("root", "iam.TagMFADevice", {**DEVICE, **tags("b")}, OK),
    ("root", "iam.ListMFADeviceTags", DEVICE, tags("b")),
    ("root", "iam.UntagMFADevice", {**DEVICE, "TagKeys": ["team"]}, OK),
    ("root", "iam.ListMFADeviceTags", DEVICE, {"Tags": []}),
    ("root", "iam.DeleteVirtualMFADevice", DEVICE, ("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")),
    ("root", "iam.DeleteUser", USER, ("DeleteConflict", "Cannot delete entity, must delete MFA device first.")),
    ("root", "iam.DeactivateMFADevice", {**USER, **DEVICE}, OK),
    ("root", "iam.DeleteVirtualMFADevice", DEVICE, OK),
    ("root", "iam.DeleteVirtualMFADevice", DEVICE, ("NoSuchEntity", None)),
    # SSH keys
    ("root", "iam.UploadSSHPublicKey", {**USER, "SSHPublicKeyBody": "hello"}, ("UnrecognizedPublicKeyEncoding", None)),
    ("root", "iam.UploadSSHPublicKey", {**USER, "SSHPublicKeyBody": SSH}, Keep("ssh", "SSHPublicKey.SSHPublicKeyId")),
    ("root", "iam.UploadSSHPublicKey", {**USER, "SSHPublicKeyBody": PEM}, ("DuplicateSSHPublicKey", None)),
    ("root", "iam.GetSSHPublicKey", {**USER, **SSH_ID, "Encoding": "SSH"}, {"SSHPublicKey.SSHPublicKeyBody": SSH}),
    ("root", "iam.GetSSHPublicKey", {**USER, **SSH_ID, "Encoding": "PEM"}, {"SSHPublicKey.SSHPublicKeyBody": PEM.strip()}),
    ("root", "iam.UpdateSSHPublicKey", {**USER, **SSH_ID, "Status": "Inactive"}, OK),
    ("root", "iam.ListSSHPublicKeys", USER, {"SSHPublicKeys[].Status": ["Inactive"]}),
    ("root", "iam.DeleteSSHPublicKey", {**USER, **SSH_ID}, OK),
    ("root", "iam.GetSSHPublicKey", {**USER, **SSH_ID, "Encoding": "SSH"}, ("NoSuchEntity", None)),
    # signing certificates
    ("root", "iam.UploadSigningCertificate", {**USER, "CertificateBody": "hello"}, ("MalformedCertificate", None)),
    ("root", "iam.UploadSigningCertificate", {**USER, **BODY}, Keep("signing", "Certificate.CertificateId")),
    ("root", "iam.UploadSigningCertificate", {**USER, **BODY}, ("DuplicateCertificate", None)),
    ("root", "iam.UpdateSigningCertificate", {**USER, "CertificateId": "$signing", "Status": "Inactive"}, OK),
    ("root", "iam.ListSigningCertificates", USER, {"Certificates[].Status": ["Inactive"], "Certificates[0].CertificateId": "$signing"}),
    ("root", "iam.DeleteSigningCertificate", {**USER, "CertificateId": "$signing"}, OK),
    # credentials for one service
    ("root", "iam.CreateServiceSpecificCredential", {**USER, "ServiceName": "s3.amazonaws.com"}, ("NotSupportedService", None)),
    ("root", "iam.CreateServiceSpecificCredential", {**USER, **COMMIT},
     Keep("service", "ServiceSpecificCredential.ServiceSpecificCredentialId")),
    ("root", "iam.ListServiceSpecificCredentials", {**USER, **COMMIT},
     {"ServiceSpecificCredentials[].ServiceUserName": ["$u-devices-at-$account"]}),
    ("root", "iam.ResetServiceSpecificCredential", {**USER, "ServiceSpecificCredentialId": "$service"},
     {"length(ServiceSpecificCredential.ServicePassword)": 44}),
    ("root", "iam.UpdateServiceSpecificCredential", {**USER, "ServiceSpecificCredentialId": "$service", "Status": "Inactive"}, OK),
    ("root", "iam.DeleteServiceSpecificCredential", {**USER, "ServiceSpecificCredentialId": "$service"}, OK),
    ("root", "iam.DeleteUser", USER, OK),
    # server certificates
    ("root", "iam.UploadServerCertificate", {**WEB, **BODY, **NOT_ITS}, ("KeyPairMismatch", None)),
    ("root", "iam.UploadServerCertificate", {**WEB, **BODY, **PRIVATE, "Path": "$p", **tags("a")},
     {"ServerCertificateMetadata.Arn": "arn:aws:iam::$account:server-certificate$p$u-web"}),
    ("root", "iam.UploadServerCertificate", {**WEB, **BODY, **PRIVATE},
     ("EntityAlreadyExists", "The Server Certificate with name $u-web already exists.")),
    ("root", "iam.GetServerCertificate", WEB, {"ServerCertificate.CertificateBody": BODY["CertificateBody"]}),
    ("root", "iam.TagServerCertificate", {**WEB, **tags("b")}, OK),
    ("root", "iam.ListServerCertificateTags", WEB, tags("b")),
    ("root", "iam.UntagServerCertificate", {**WEB, "TagKeys": ["team"]}, OK),
    ("root", "iam.UpdateServerCertificate", {**WEB, "NewServerCertificateName": "$u-site"}, OK),
    ("root", "iam.ListServerCertificates", {"PathPrefix": "$p"},
     Pages("ServerCertificateMetadataList[].ServerCertificateName", ["$u-site"])),
    ("root", "iam.DeleteServerCertificate", WEB, ("NoSuchEntity", "The Server Certificate with name $u-web cannot be found.")),
    ("root", "iam.DeleteServerCertificate", {"ServerCertificateName": "$u-site"}, OK),
]
