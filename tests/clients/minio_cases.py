"""MinIO's client for Python takes roles as it does at MinIO: with a password of a real directory, OpenLDAP's slapd, and with a
client certificate.

    minio_cases.py STORE_ENDPOINT ACCESS_KEY SECRET_KEY
"""

import contextlib
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from minio import Minio
from minio.credentials import CertificateIdentityProvider, LdapIdentityProvider
from minio.error import S3Error

import boto_world
import servers

ENTRIES = """dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: uid=ann,dc=example,dc=com
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: A
userPassword: ann's password

dn: uid=search,dc=example,dc=com
objectClass: inetOrgPerson
uid: search
cn: search
sn: S
userPassword: search

dn: cn=readers,dc=example,dc=com
objectClass: groupOfNames
cn: readers
member: uid=ann,dc=example,dc=com
"""


def main():
    store = servers.Server(*sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="countersign-minio-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        authority = Authority(folder / "ca.pem")
        for name, usage in (("localhost", ExtendedKeyUsageOID.SERVER_AUTH), ("backup", ExtendedKeyUsageOID.CLIENT_AUTH),
                            ("stranger", ExtendedKeyUsageOID.CLIENT_AUTH)):
            authority.certify(folder, name, usage)
        port = stack.enter_context(directory(folder))
        server = stack.enter_context(servers.configured(store, settings(folder, port)))
        endpoint = server.endpoint.replace("127.0.0.1", "localhost").replace("http://", "https://")
        os.environ["AWS_CA_BUNDLE"] = str(folder / "ca.pem")
        world = boto_world.World(endpoint, server.access_key, server.secret_key, "minio")
        bucket = world.bucket_of(("a", "b"))
        roles(world.client("iam", "v4"), server.account, bucket)
        print(json.dumps(cases(folder, endpoint, bucket)))


def cases(folder, endpoint, bucket):
    http = lambda **more: urllib3.PoolManager(ca_certs=str(folder / "ca.pem"), retries=False, **more)

    def outcome(provider):
        """Reads what the role may read, and what it may not."""
        client = Minio(endpoint.removeprefix("https://"), credentials=provider, http_client=http(), region="us-east-1")
        with contextlib.closing(client.get_object(bucket_name=bucket, object_name="a")) as answer:
            answer.read()
        try:
            client.get_object(bucket_name=bucket, object_name="b").close()
        except S3Error as denied:
            return "as expected" if denied.code == "AccessDenied" else denied.code
        return "reads everything"

    def refused(make):
        try:
            make().retrieve()
        except ValueError as error:
            return "as expected" if "status code 403" in str(error) else str(error)
        return "taken"

    def by_password(name, password):
        return LdapIdentityProvider(sts_endpoint=endpoint, ldap_username=name, ldap_password=password, http_client=http())

    def by_certificate(name):
        more = {"cert_file": str(folder / f"{name}.pem"), "key_file": str(folder / f"{name}.key")} if name else {}
        return CertificateIdentityProvider(sts_endpoint=endpoint, http_client=http(**more))

    return {
        "a password": outcome(by_password("ann", "ann's password")),
        "a wrong password": refused(lambda: by_password("ann", "wrong")),
        "nobody's password": refused(lambda: by_password("*", "ann's password")),
        "somebody without a role": refused(lambda: by_password("search", "search")),
        "a certificate": outcome(by_certificate("backup")),
        "a certificate without a role": refused(lambda: by_certificate("stranger")),
        "no certificate": refused(lambda: by_certificate(None)),
    }


def roles(iam, account, bucket):
    for role, action, provider in (("reader", "AssumeRoleWithLDAPIdentity", "ldap-provider"),
                                   ("backup", "AssumeRoleWithCertificate", "certificate-provider")):
        trust = {"Effect": "Allow", "Action": f"sts:{action}",
                 "Principal": {"Federated": f"arn:aws:iam::{account}:{provider}/default"}}
        rights = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/a"}
        document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(rights))


def settings(folder, port):
    (folder / "password").write_text("search")
    return f'''[tls]
certificate = "{folder}/localhost.pem"
key = "{folder}/localhost.key"
client_ca = "{folder}/ca.pem"
[ldap]
url = "ldap://localhost:{port}"
ca_file = "{folder}/ca.pem"
bind_dn = "uid=search,dc=example,dc=com"
bind_password_file = "{folder}/password"
user_base = "dc=example,dc=com"
group_base = "dc=example,dc=com"
[[ldap.role]]
group = "cn=readers,dc=example,dc=com"
role = "arn:aws:iam::111122223333:role/reader"
[[client_certificates.role]]
common_name = "backup"
role = "arn:aws:iam::111122223333:role/backup"
'''


@contextlib.contextmanager
def directory(folder):
    """slapd on a free port, with TLS on request. It ends with this."""
    schemas = "\n".join(f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson"))
    (folder / "db").mkdir()
    (folder / "entries.ldif").write_text(ENTRIES)
    (folder / "slapd.conf").write_text(f'''{schemas}
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/localhost.pem
TLSCertificateKeyFile {folder}/localhost.key
database mdb
maxsize 16777216
suffix "dc=example,dc=com"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="uid=search,dc=example,dc=com" read by * none
''')
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", folder / "slapd.conf", "-l", folder / "entries.ldif"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-f", folder / "slapd.conf", "-h", f"ldap://127.0.0.1:{port}/"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        else:
            raise RuntimeError("slapd did not start")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


class Authority:
    def __init__(self, file):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), named("Authority")
        own = self.build(self.name, self.key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        file.write_bytes(own.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def build(self, subject, public_key):
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        builder = x509.CertificateBuilder(issuer_name=self.name, subject_name=subject, public_key=public_key)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)

    def certify(self, folder, name, usage):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self.build(named(name), key.public_key()).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


if __name__ == "__main__":
    main()
