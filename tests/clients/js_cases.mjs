// What the JavaScript SDK does with an S3 server, as cases. Prints one JSON object of what each saw.
//
//     node js_cases.mjs ENDPOINT ACCESS_KEY SECRET_KEY BUCKET

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import * as s3 from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, accessKeyId, secretAccessKey, bucket] = process.argv.slice(2);
const client = new s3.S3Client({
  endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey },
});
const digest = (data) => createHash("sha256").update(data).digest("hex").slice(0, 16);
const noise = (size) => Buffer.alloc(size, createHash("sha512").update("js").digest());
const send = (command, input) => client.send(new s3[`${command}Command`]({ Bucket: bucket, ...input }));
const bytes = async (answer) => digest(await answer.Body.transformToByteArray());
const put = (Key, Body = Key, more = {}) => send("PutObject", { Key, Body, ...more });
const get = async (Key, more = {}) => bytes(await send("GetObject", { Key, ...more }));
const keys = (answer) => (answer.Contents ?? []).map((entry) => entry.Key);
const failure = (error) => `${error.name} ${error.$metadata?.httpStatusCode ?? error.message}`;
const seen = (promise) => promise.catch(failure);

const ODD = ["a b", "a+b", "a%2Fb", "a%b", "ä/ö", "a&b=c?d#e", "q'uo\"te", "~-_.()*!", ".hidden"];

const cases = {
  make: async () => (await send("CreateBucket")).$metadata.httpStatusCode,
  buckets: async () => (await client.send(new s3.ListBucketsCommand({}))).Buckets.some(({ Name }) => Name === bucket),
  sizes: async () => {
    const shown = {};
    for (const size of [0, 1, 65_537, 5 << 20, 64 << 20]) {
      await put(`size-${size}`, noise(size));
      shown[size] = await get(`size-${size}`);
    }
    return shown;
  },
  // Streams go out in aws-chunked framing with a trailing checksum.
  stream: async () => {
    await put("stream", Readable.from([noise(70_000), noise(30_000)]), { ContentLength: 100_000 });
    return get("stream");
  },
  upload: async () => {
    await new Upload({ client, params: { Bucket: bucket, Key: "upload", Body: Readable.from([noise(6 << 20), noise(6 << 20)]) } }).done();
    return get("upload");
  },
  parts: async () => {
    const { UploadId } = await send("CreateMultipartUpload", { Key: "parts" });
    const sent = await send("UploadPart", { Key: "parts", UploadId, PartNumber: 1, Body: noise(5 << 20) });
    const copied = await send("UploadPartCopy", { Key: "parts", UploadId, PartNumber: 2, CopySource: `${bucket}/size-65537`, CopySourceRange: "bytes=0-99" });
    const listed = (await send("ListParts", { Key: "parts", UploadId })).Parts.map((part) => part.Size);
    const Parts = [sent.ETag, copied.CopyPartResult.ETag].map((ETag, at) => ({ ETag, PartNumber: at + 1 }));
    const done = await send("CompleteMultipartUpload", { Key: "parts", UploadId, MultipartUpload: { Parts } });
    return [listed, done.ETag, await get("parts")];
  },
  metadata: async () => {
    await put("m", "x", { ContentType: "text/plain", CacheControl: "no-store", Metadata: { color: "red" } });
    const head = await send("HeadObject", { Key: "m" });
    return [head.ContentType, head.CacheControl, head.Metadata, head.ETag];
  },
  ranges: async () => {
    const got = await send("GetObject", { Key: "size-65537", Range: "bytes=10-19" });
    return [got.ContentRange, await bytes(got), await seen(get("size-65537", { Range: "bytes=70000-" }))];
  },
  conditions: async () => {
    const { ETag } = await send("HeadObject", { Key: "m" });
    return [await seen(get("m", { IfMatch: ETag })), await seen(get("m", { IfMatch: '"other"' })), await seen(get("m", { IfNoneMatch: ETag }))];
  },
  oddKeys: async () => {
    const shown = {};
    for (const key of ODD) {
      await seen(put(`odd/${key}`, key));
      const CopySource = `${bucket}/odd/${encodeURIComponent(key)}`;
      shown[key] = [await seen(get(`odd/${key}`)), await seen(send("CopyObject", { Key: `to/${key}`, CopySource }).then(() => get(`to/${key}`)))];
    }
    return shown;
  },
  copySourceWithPlus: async () => seen(send("CopyObject", { Key: "plus", CopySource: `${bucket}/odd/a+b` }).then(() => get("plus"))),
  list: async () => [
    keys(await send("ListObjectsV2", { Prefix: "odd/" })), keys(await send("ListObjects", { Prefix: "size", MaxKeys: 2 })),
    (await send("ListObjectsV2", { Delimiter: "/" })).CommonPrefixes.map((entry) => entry.Prefix),
  ],
  pages: async () => {
    const shown = [];
    for await (const page of s3.paginateListObjectsV2({ client, pageSize: 3 }, { Bucket: bucket, Prefix: "odd/" })) shown.push(keys(page));
    return shown;
  },
  presigned: async () => {
    const input = { Bucket: bucket, Key: "pre signed/ä" };
    const sent = await fetch(await getSignedUrl(client, new s3.PutObjectCommand(input), { expiresIn: 60 }), { method: "PUT", body: "signed before" });
    const got = await fetch(await getSignedUrl(client, new s3.GetObjectCommand(input), { expiresIn: 60 }));
    return [sent.status, got.status, await got.text()];
  },
  form: async () => {
    const Conditions = [["content-length-range", 1, 100]];
    const { url, fields } = await createPresignedPost(client, { Bucket: bucket, Key: "form/${filename}", Conditions, Expires: 60 });
    const body = (text) => { const form = new FormData(); Object.entries(fields).forEach(([name, value]) => form.append(name, value)); form.append("file", new Blob([text]), "f.txt"); return form; };
    const sent = await fetch(url, { method: "POST", body: body("by a form") });
    const tooLong = await fetch(url, { method: "POST", body: body("x".repeat(101)) });
    return [sent.status, tooLong.status, await get("form/f.txt")];
  },
  tagging: async () => {
    await send("PutObjectTagging", { Key: "m", Tagging: { TagSet: [{ Key: "a", Value: "1 ä" }] } });
    const set = (await send("GetObjectTagging", { Key: "m" })).TagSet;
    await send("DeleteObjectTagging", { Key: "m" });
    return [set, (await send("GetObjectTagging", { Key: "m" })).TagSet];
  },
  acl: async () => {
    await send("DeletePublicAccessBlock");
    await send("PutObjectAcl", { Key: "m", ACL: "public-read" });
    return (await send("GetObjectAcl", { Key: "m" })).Grants.map((grant) => grant.Permission).sort();
  },
  settings: async () => {
    const rule = { ID: "r", Status: "Enabled", Filter: { Prefix: "t/" }, Expiration: { Days: 3 } };
    await seen(send("PutBucketLifecycleConfiguration", { LifecycleConfiguration: { Rules: [rule] } }));
    await seen(send("PutBucketCors", { CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] } }));
    return [await seen(send("GetBucketLifecycleConfiguration").then(({ Rules }) => Rules)), await seen(send("GetBucketCors").then(({ CORSRules }) => CORSRules))];
  },
  none: async () => [await seen(get("none")), await seen(send("HeadObject", { Key: "none" }))],
  versions: async () => {
    await send("PutBucketVersioning", { VersioningConfiguration: { Status: "Enabled" } });
    const first = (await put("v", "one")).VersionId;
    await put("v", "two");
    await send("DeleteObject", { Key: "v" });
    const listed = await send("ListObjectVersions", { Prefix: "v" });
    return [await seen(get("v")), await get("v", { VersionId: first }), listed.Versions.length, listed.DeleteMarkers.length];
  },
  removeAll: async () => {
    const { Versions = [], DeleteMarkers = [] } = await send("ListObjectVersions").catch(() => ({}));
    const all = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    const Objects = all.length ? all : (await send("ListObjectsV2")).Contents.map(({ Key }) => ({ Key }));
    return (await send("DeleteObjects", { Delete: { Objects } })).Deleted.length === Objects.length;
  },
  removeBucket: async () => (await send("DeleteBucket")).$metadata.httpStatusCode,
};

const shown = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    shown[name] = await run();
  } catch (error) {
    shown[name] = `failed: ${failure(error)}`;
  }
}
console.log(JSON.stringify(shown, null, 1));
