"""What boto3 does with objects, as cases. Each returns what it saw, without ids, times and names of the run."""

import datetime
import io

import boto3.s3.transfer

from boto_buckets import NO_PATHS, ODD
from boto_world import body, case, digest, error, keys, noise, pick, post, prefixes, quietly, raw, seen


@case
def sizes(w):
    name, shown = w.bucket(), {}
    for size in (0, 1, 1023, 65536, 65537, 1 << 20, 5 << 20, 64 << 20):
        data = noise(size)
        put = w.s3.put_object(Bucket=name, Key=f"size-{size}", Body=data)
        got = w.s3.get_object(Bucket=name, Key=f"size-{size}")
        shown[size] = [put["ETag"], got["ContentLength"], body(got) == digest(data)]
    return shown


@case
def an_unknown_length(w):
    name = w.bucket()
    w.s3.upload_fileobj(io.BytesIO(noise(3 << 20)), name, "stream")
    return body(w.s3.get_object(Bucket=name, Key="stream"))


@case
def metadata(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x", ContentType="text/plain", CacheControl="max-age=5",
                    ContentDisposition="attachment", ContentLanguage="de", ContentEncoding="gzip",
                    Metadata={"color": "red", "two-words": "a  b"})
    head = w.s3.head_object(Bucket=name, Key="k")
    return pick(head, "ContentType", "CacheControl", "ContentDisposition", "ContentLanguage", "ContentEncoding",
                "Metadata", "ContentLength", "ETag")


@case
def answers_rewritten(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=b"x")
    got = w.s3.get_object(Bucket=name, Key="k", ResponseContentType="text/csv", ResponseCacheControl="no-store",
                          ResponseContentDisposition='attachment; filename="a b.csv"')
    return pick(got, "ContentType", "CacheControl", "ContentDisposition")


@case
def odd_keys(w):
    return kept(w, ODD)


@case
def keys_that_are_no_paths(w):
    return kept(w, NO_PATHS)


@case
def keys_with_dot_segments(w):
    return kept(w, ("a/./b", "a/../b", "..", "."))


@case
def a_key_that_is_too_long(w):
    return error(lambda: w.s3.put_object(Bucket=w.bucket(), Key="k" * 1025, Body=b"x"))


def kept(w, odd):
    name, shown = w.bucket(), {}
    for key in odd:
        def roundtrip():
            w.s3.put_object(Bucket=name, Key=key, Body=key.encode())
            return w.s3.get_object(Bucket=name, Key=key)["Body"].read().decode() == key
        def copied():
            w.s3.copy_object(Bucket=name, Key=f"copy of {key}", CopySource={"Bucket": name, "Key": key})
            return w.s3.head_object(Bucket=name, Key=f"copy of {key}")["ContentLength"] == len(key.encode())
        shown[key] = [seen(roundtrip), seen(copied)]
    everything = w.s3.list_objects_v2(Bucket=name)
    shown["listed"] = keys(everything)
    batch = {"Objects": [{"Key": key} for key in keys(everything)]}
    shown["deleted"] = seen(lambda: sorted(keys(w.s3.delete_objects(Bucket=name, Delete=batch), "Deleted")))
    return shown


@case
def ranges(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="k", Body=noise(100_000))
    shown = {}
    for asked in ("bytes=0-0", "bytes=0-99", "bytes=99990-", "bytes=-10", "bytes=50-200000"):
        got = w.s3.get_object(Bucket=name, Key="k", Range=asked)
        shown[asked] = [got["ResponseMetadata"]["HTTPStatusCode"], got["ContentRange"], got["ContentLength"], body(got)]
    shown["beyond"] = error(lambda: w.s3.get_object(Bucket=name, Key="k", Range="bytes=100000-"))
    return shown


@case
def conditions(w):
    name = w.bucket()
    tag = w.s3.put_object(Bucket=name, Key="k", Body=b"x")["ETag"]
    modified = w.s3.head_object(Bucket=name, Key="k")["LastModified"]
    past, future = modified - datetime.timedelta(1), datetime.datetime(2030, 1, 1)
    asked = ({"IfMatch": tag}, {"IfMatch": '"other"'}, {"IfMatch": "*"}, {"IfNoneMatch": tag}, {"IfNoneMatch": '"other"'},
             {"IfModifiedSince": modified}, {"IfModifiedSince": past}, {"IfUnmodifiedSince": past},
             {"IfUnmodifiedSince": future})
    shown = {}
    for call in (w.s3.get_object, w.s3.head_object):
        for condition in asked:
            words = f"{call.__name__} {' '.join(condition)} {asked.index(condition)}"
            shown[words] = seen(lambda: call(Bucket=name, Key="k", **condition)["ContentLength"])
    for condition in ({"CopySourceIfMatch": tag}, {"CopySourceIfNoneMatch": tag}):
        copy = lambda: w.s3.copy_object(Bucket=name, Key="c", CopySource=f"{name}/k", **condition)["CopyObjectResult"]["ETag"]
        shown[f"copy {' '.join(condition)}"] = seen(copy)
    return shown


@case
def copies(w):
    name, other = w.bucket(), w.bucket()
    w.s3.put_object(Bucket=name, Key="from", Body=noise(70_000), Metadata={"a": "1"}, ContentType="text/plain")
    w.s3.copy_object(Bucket=other, Key="to", CopySource=f"{name}/from")
    w.s3.copy_object(Bucket=other, Key="new", CopySource=f"{name}/from", MetadataDirective="REPLACE", Metadata={"b": "2"})
    return [body(w.s3.get_object(Bucket=other, Key="to")), w.s3.head_object(Bucket=other, Key="to")["Metadata"],
            w.s3.head_object(Bucket=other, Key="new")["Metadata"],
            error(lambda: w.s3.copy_object(Bucket=other, Key="x", CopySource=f"{name}/none"))]


@case
def a_copy_onto_itself(w):
    name = w.bucket_of(["k"])
    copy = lambda **more: error(lambda: w.s3.copy_object(Bucket=name, Key="k", CopySource=f"{name}/k", **more))
    return [copy(), copy(MetadataDirective="REPLACE", Metadata={"b": "2"}), w.s3.head_object(Bucket=name, Key="k")["Metadata"]]


@case
def copies_with_tags(w):
    name = w.bucket()
    w.s3.put_object(Bucket=name, Key="from", Body=b"x", Tagging="t=1")
    w.s3.copy_object(Bucket=name, Key="to", CopySource=f"{name}/from")
    w.s3.copy_object(Bucket=name, Key="new", CopySource=f"{name}/from", TaggingDirective="REPLACE", Tagging="u=2")
    return [w.s3.get_object_tagging(Bucket=name, Key=key)["TagSet"] for key in ("to", "new")]


@case
def multipart(w):
    name, size = w.bucket(), 5 << 20
    upload = w.s3.create_multipart_upload(Bucket=name, Key="k", Metadata={"a": "1"})["UploadId"]
    parts = []
    for number, data in ((1, noise(size, b"1")), (2, noise(1000, b"2"))):
        put = w.s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": put["ETag"]})
    listed = [part["Size"] for part in w.s3.list_parts(Bucket=name, Key="k", UploadId=upload)["Parts"]]
    done = w.s3.complete_multipart_upload(Bucket=name, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    got = w.s3.get_object(Bucket=name, Key="k")
    return [listed, done["ETag"], done["Key"], got["ContentLength"], body(got), got["Metadata"]]


@case
def multipart_uploads_listed(w):
    name = w.bucket()
    for key in ("a/1", "a/2", "b c", "d"):
        w.s3.create_multipart_upload(Bucket=name, Key=key)
    two = w.s3.list_multipart_uploads(Bucket=name, MaxUploads=2)
    rest = w.s3.list_multipart_uploads(Bucket=name, KeyMarker=two["NextKeyMarker"], UploadIdMarker=two["NextUploadIdMarker"])
    folders = w.s3.list_multipart_uploads(Bucket=name, Delimiter="/")
    shown = [keys(two, "Uploads"), two["IsTruncated"], keys(rest, "Uploads"), keys(folders, "Uploads"), prefixes(folders)]
    for upload in w.s3.list_multipart_uploads(Bucket=name)["Uploads"]:
        w.s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    return shown + [w.s3.list_multipart_uploads(Bucket=name).get("Uploads")]


@case
def multipart_copy(w):
    name, size = w.bucket(), 5 << 20
    w.s3.put_object(Bucket=name, Key="from", Body=noise(size + 500))
    upload = w.s3.create_multipart_upload(Bucket=name, Key="to")["UploadId"]
    parts = []
    for number, chosen in ((1, f"bytes=0-{size - 1}"), (2, f"bytes={size}-{size + 499}")):
        part = w.s3.upload_part_copy(Bucket=name, Key="to", UploadId=upload, PartNumber=number,
                                     CopySource=f"{name}/from", CopySourceRange=chosen)
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    w.s3.complete_multipart_upload(Bucket=name, Key="to", UploadId=upload, MultipartUpload={"Parts": parts})
    return body(w.s3.get_object(Bucket=name, Key="to"))


@case
def multipart_aborted(w):
    name = w.bucket()
    upload = w.s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    w.s3.upload_part(Bucket=name, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    w.s3.abort_multipart_upload(Bucket=name, Key="k", UploadId=upload)
    return [error(lambda: w.s3.list_parts(Bucket=name, Key="k", UploadId=upload)),
            error(lambda: w.s3.head_object(Bucket=name, Key="k"))]


@case
def multipart_by_the_transfer_manager(w):
    name, data = w.bucket(), noise(20 << 20)
    w.s3.upload_fileobj(io.BytesIO(data), name, "big", Config=boto3.s3.transfer.TransferConfig(multipart_threshold=6 << 20))
    into = io.BytesIO()
    w.s3.download_fileobj(name, "big", into)
    return digest(into.getvalue()) == digest(data)


@case
def deletes(w):
    name = w.bucket()
    for key in ("a", "b", "c d", "ä&<>"):
        w.s3.put_object(Bucket=name, Key=key, Body=b"x")
    w.s3.delete_object(Bucket=name, Key="a")
    again = w.s3.delete_object(Bucket=name, Key="a")["ResponseMetadata"]["HTTPStatusCode"]
    done = w.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": k} for k in ("b", "c d", "ä&<>", "none")]})
    quiet = w.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    return [again, sorted(entry["Key"] for entry in done["Deleted"]), quiet.get("Deleted"),
            keys(w.s3.list_objects_v2(Bucket=name))]


@case
def checksums(w):
    name, shown = w.bucket(), {}
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        for client, kind in ((w.s3, "plain"), (w.chunked, "signed")):
            put = lambda: client.put_object(Bucket=name, Key=algorithm, Body=noise(100_000), ChecksumAlgorithm=algorithm)
            shown[f"{algorithm} {kind}"] = seen(lambda: put() and body(w.s3.get_object(Bucket=name, Key=algorithm)))
    wrong = {"wrong md5": {"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "wrong sha256": {"ChecksumSHA256": "A" * 43 + "="},
             "wrong crc32": {"ChecksumCRC32": "AAAAAA=="}}
    for words, claim in wrong.items():
        shown[words] = error(lambda: w.s3.put_object(Bucket=name, Key="bad", Body=b"x", **claim))
        shown[f"{words} left nothing"] = error(lambda: w.s3.head_object(Bucket=name, Key="bad"))
        quietly(lambda: w.s3.delete_object(Bucket=name, Key="bad"))
    return shown


@case
def presigned(w):
    name, data = w.bucket(), noise(50_000)
    put = w.s3.generate_presigned_url("put_object", {"Bucket": name, "Key": "a b/ä"}, ExpiresIn=60)
    get = w.s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "a b/ä"}, ExpiresIn=60)
    stored = raw("PUT", put, data)[0]
    status, got, _ = raw("GET", get)
    head = raw("HEAD", get)[0]
    return [stored, status, digest(got) == digest(data), head, raw("GET", get.replace("a%20b", "other"))[0]]


@case
def forms(w):
    name, data = w.bucket(), noise(30_000)
    form = w.s3.generate_presigned_post(name, "up/${filename}", {"success_action_status": "201"},
                                        [{"success_action_status": "201"}, ["starts-with", "$key", "up/"],
                                         ["content-length-range", 1, 40_000]], ExpiresIn=60)
    posted = post(form, data)
    too_long = post(form, data * 2)
    changed = post({**form, "fields": {**form["fields"], "key": "elsewhere"}}, data)
    return [posted[0], body(w.s3.get_object(Bucket=name, Key="up/file.bin")) == digest(data), too_long[0], changed[0],
            keys(w.s3.list_objects_v2(Bucket=name))]
