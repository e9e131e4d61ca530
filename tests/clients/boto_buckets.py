"""What boto3 does with buckets, as cases. Each returns what it saw, without ids, times and names of the run."""

import json

from boto_world import body, case, error, keys, pick, prefixes, quietly, seen

ODD = ("a b", "a+b", "a%2Fb", "a%b", "ä/ö/ü", "a&b=c?d#e", "q'uo\"te", "tilde~-_.()*!", "emoji-\U0001f600", "a:b@c,d;e$f",
       ".hidden", ".a/.b", "x/x/x/x/y", "=", "[brackets]{}|^`<>\\", "a..b", "line\nbreak")
# Keys that are no paths of files.
NO_PATHS = ("a//b", "/led", "trailed/", "//", "a/b//")


@case
def buckets(w):
    name = w.bucket()
    names = [b["Name"] for b in w.s3.list_buckets()["Buckets"]]
    location = w.s3.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1"
    head = w.s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"]
    w.s3.delete_bucket(Bucket=name)
    return [name in names, location, head, error(lambda: w.s3.head_bucket(Bucket=name))]


@case
def bucket_names(w):
    return {name: error(lambda: w.s3.create_bucket(Bucket=name))
            for name in ("ab", "Upper-Case", "under_score", "dots..twice", "192.168.0.1")}


@case
def a_bucket_that_is_there(w):
    name = w.bucket()
    return seen(lambda: w.s3.create_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"])


@case
def a_bucket_that_is_not_empty(w):
    name = w.bucket_of(["k"])
    return error(lambda: w.s3.delete_bucket(Bucket=name))


@case
def what_is_not_there(w):
    name, none = w.bucket(), f"{w.prefix}-none"
    return [error(call) for call in (
        lambda: w.s3.get_object(Bucket=name, Key="none"), lambda: w.s3.head_object(Bucket=name, Key="none"),
        lambda: w.s3.list_objects_v2(Bucket=none), lambda: w.s3.get_object(Bucket=none, Key="k"),
        lambda: w.s3.put_object(Bucket=none, Key="k", Body=b"x"), lambda: w.s3.delete_bucket(Bucket=none),
        lambda: w.s3.copy_object(Bucket=name, Key="k", CopySource=f"{none}/k"),
        lambda: w.s3.upload_part(Bucket=name, Key="k", UploadId="none", PartNumber=1, Body=b"x"))]


@case
def listing(w):
    name = w.bucket_of(("a/1", "a/2", "b/1", "c", "d e", "f+g"))
    two = w.s3.list_objects_v2(Bucket=name, MaxKeys=2)
    rest = w.s3.list_objects_v2(Bucket=name, ContinuationToken=two["NextContinuationToken"])
    folders = w.s3.list_objects_v2(Bucket=name, Delimiter="/")
    one = w.s3.list_objects(Bucket=name, Prefix="a/", Marker="a/1")
    return [keys(two), two["IsTruncated"], keys(rest), rest["KeyCount"], keys(folders), prefixes(folders), keys(one),
            keys(w.s3.list_objects_v2(Bucket=name, StartAfter="c")),
            keys(w.s3.list_objects_v2(Bucket=name, Prefix="none")),
            keys(w.s3.list_objects_v2(Bucket=name, MaxKeys=0))]


@case
def owners(w):
    listed = w.s3.list_objects_v2(Bucket=w.bucket_of(["k"]), FetchOwner=True)["Contents"]
    return ["Owner" in entry for entry in listed]


@case
def listing_of_odd_keys(w):
    return listed(w, w.bucket_of(ODD))


@case
def listing_of_keys_that_are_no_paths(w):
    name = w.bucket()
    for key in NO_PATHS:
        quietly(lambda: w.s3.put_object(Bucket=name, Key=key, Body=b"x"))
    return listed(w, name)


def listed(w, name):
    """Every page of every kind of listing, with and without folders."""
    shown = {}
    for kind in ("list_objects", "list_objects_v2", "list_object_versions"):
        for delimiter in ("", "/", "b"):
            paginator, member = w.s3.get_paginator(kind), "Versions" if "versions" in kind else "Contents"
            pages = paginator.paginate(Bucket=name, Delimiter=delimiter, PaginationConfig={"PageSize": 3})
            shown[f"{kind} {delimiter}"] = seen(lambda: [keys(page, member) + prefixes(page) for page in pages])
    for prefix in (".", "a", "a ", "a+", "a%", "ä/", "/", "x/x/", "line\n"):
        shown[f"prefix {prefix}"] = keys(w.s3.list_objects_v2(Bucket=name, Prefix=prefix))
    return shown


@case
def versions(w):
    name = w.bucket()
    w.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    first = w.s3.put_object(Bucket=name, Key="k", Body=b"one")["VersionId"]
    w.s3.put_object(Bucket=name, Key="k", Body=b"two")
    marker = w.s3.delete_object(Bucket=name, Key="k")
    listed = w.s3.list_object_versions(Bucket=name)
    shown = [w.s3.get_bucket_versioning(Bucket=name)["Status"], marker["DeleteMarker"], len(listed["Versions"]),
             len(listed["DeleteMarkers"]), error(lambda: w.s3.get_object(Bucket=name, Key="k")),
             error(lambda: w.s3.get_object(Bucket=name, Key="k", VersionId=marker["VersionId"])),
             body(w.s3.get_object(Bucket=name, Key="k", VersionId=first)),
             w.s3.head_object(Bucket=name, Key="k", VersionId=first)["VersionId"] == first]
    w.s3.delete_object(Bucket=name, Key="k", VersionId=marker["VersionId"])
    shown.append(body(w.s3.get_object(Bucket=name, Key="k")))
    w.s3.copy_object(Bucket=name, Key="old", CopySource={"Bucket": name, "Key": "k", "VersionId": first})
    shown.append(body(w.s3.get_object(Bucket=name, Key="old")))
    w.s3.put_object_tagging(Bucket=name, Key="k", VersionId=first, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    shown.append(w.s3.get_object_tagging(Bucket=name, Key="k", VersionId=first)["TagSet"])
    done = w.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "k", "VersionId": first}, {"Key": "old"}]})
    shown.append(sorted([entry["Key"], "VersionId" in entry, entry.get("DeleteMarker")] for entry in done["Deleted"]))
    shown.append(error(lambda: w.s3.get_object(Bucket=name, Key="k", VersionId=first)))
    w.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    shown.append(w.s3.put_object(Bucket=name, Key="k", Body=b"null").get("VersionId"))
    return shown


RULE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
CORS = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 9}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
# The name in boto3's methods, what is put, and the member of the answer that shows it.
SETTINGS = (
    ("bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [RULE]}}, "Rules", "delete_bucket_lifecycle"),
    ("bucket_cors", {"CORSConfiguration": {"CORSRules": [CORS]}}, "CORSRules", "delete_bucket_cors"),
    ("bucket_website", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}, "IndexDocument",
     "delete_bucket_website"),
    ("bucket_tagging", {"Tagging": {"TagSet": [{"Key": "d", "Value": "4 ä"}]}}, "TagSet", "delete_bucket_tagging"),
    ("bucket_encryption", {"ServerSideEncryptionConfiguration": ENCRYPTION}, "ServerSideEncryptionConfiguration",
     "delete_bucket_encryption"),
    ("public_access_block", {"PublicAccessBlockConfiguration": BLOCK}, "PublicAccessBlockConfiguration",
     "delete_public_access_block"),
    ("bucket_request_payment", {"RequestPaymentConfiguration": {"Payer": "Requester"}}, "Payer", None),
    ("bucket_accelerate_configuration", {"AccelerateConfiguration": {"Status": "Enabled"}}, "Status", None),
    ("bucket_logging", {"BucketLoggingStatus": {}}, "LoggingEnabled", None),
    ("bucket_notification_configuration", {"NotificationConfiguration": {}}, "TopicConfigurations", None),
    ("bucket_ownership_controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
     "OwnershipControls", "delete_bucket_ownership_controls"),
)


@case
def bucket_settings(w):
    shown = {}
    for name, value, member, delete in SETTINGS:
        bucket = w.bucket()
        get = lambda: getattr(w.s3, f"get_{name}")(Bucket=bucket).get(member)
        put = lambda: getattr(w.s3, f"put_{name}")(Bucket=bucket, **value)["ResponseMetadata"]["HTTPStatusCode"]
        gone = lambda: getattr(w.s3, delete)(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"]
        shown[name] = [seen(get), seen(put), seen(get)] + ([seen(gone), seen(get)] if delete else [])
    return shown


@case
def bucket_policy(w):
    name = w.bucket_of(["open", "shut"])
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/shut"}
    shown = [error(lambda: w.s3.get_bucket_policy(Bucket=name))]
    w.s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    shown += [json.loads(w.s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"][0]["Effect"],
              seen(lambda: body(w.s3.get_object(Bucket=name, Key="open"))),
              error(lambda: w.s3.get_object(Bucket=name, Key="shut"))]
    w.s3.delete_bucket_policy(Bucket=name)
    return shown + [seen(lambda: body(w.s3.get_object(Bucket=name, Key="shut"))),
                    error(lambda: w.s3.get_bucket_policy(Bucket=name))]


@case
def tagging(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x", Tagging="a=1&b=two%20words&c=%C3%A4")
    first = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    count = w.s3.get_object(Bucket=name, Key="k").get("TagCount")
    w.s3.put_object_tagging(Bucket=name, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3 <&>"}]})
    second = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    w.s3.delete_object_tagging(Bucket=name, Key="k")
    third = w.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"]
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    return [sorted(map(str, first)), count, second, third,
            error(lambda: w.s3.put_object_tagging(Bucket=name, Key="k", Tagging=twice))]


@case
def access_control_lists(w):
    name = w.bucket_of(["k"])
    grants = lambda answer: sorted(grant["Permission"] for grant in answer["Grants"])
    shown = [grants(w.s3.get_bucket_acl(Bucket=name))]
    # New buckets take no public lists.
    w.s3.delete_public_access_block(Bucket=name)
    w.s3.put_object_acl(Bucket=name, Key="k", ACL="public-read")
    shown.append(grants(w.s3.get_object_acl(Bucket=name, Key="k")))
    policy = pick(w.s3.get_object_acl(Bucket=name, Key="k"), "Owner", "Grants")
    policy["Grants"] = [grant for grant in policy["Grants"] if grant["Permission"] == "FULL_CONTROL"]
    w.s3.put_object_acl(Bucket=name, Key="k", AccessControlPolicy=policy)
    shown.append(grants(w.s3.get_object_acl(Bucket=name, Key="k")))
    w.s3.put_bucket_acl(Bucket=name, ACL="private")
    w.s3.put_object(Bucket=name, Key="canned", Body=b"x", ACL="authenticated-read")
    return shown + [grants(w.s3.get_object_acl(Bucket=name, Key="canned"))]


@case
def object_lock(w):
    name = w.bucket(ObjectLockEnabledForBucket=True)
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    version = w.s3.head_object(Bucket=name, Key="k")["VersionId"]
    w.s3.put_object_legal_hold(Bucket=name, Key="k", LegalHold={"Status": "ON"})
    shown = [w.s3.get_object_legal_hold(Bucket=name, Key="k")["LegalHold"]["Status"],
             error(lambda: w.s3.delete_object(Bucket=name, Key="k", VersionId=version))]
    w.s3.put_object_legal_hold(Bucket=name, Key="k", LegalHold={"Status": "OFF"})
    until = {"Mode": "GOVERNANCE", "RetainUntilDate": "2099-01-01T00:00:00Z"}
    w.s3.put_object_retention(Bucket=name, Key="k", Retention=until)
    shown += [w.s3.get_object_retention(Bucket=name, Key="k")["Retention"]["Mode"],
              error(lambda: w.s3.delete_object(Bucket=name, Key="k", VersionId=version))]
    w.s3.delete_object(Bucket=name, Key="k", VersionId=version, BypassGovernanceRetention=True)
    default = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    w.s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=default)
    return shown + [w.s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["Rule"]]
