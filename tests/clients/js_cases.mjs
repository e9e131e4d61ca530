// What the JavaScript SDK does with an S3 server, as cases. Prints one JSON object of what each saw.
//
//     node js_cases.mjs ENDPOINT ACCESS_KEY SECRET_KEY BUCKET

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import * as s3 from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, accessKeyId, secretAccessKey, bucket] = process.argv.slice(2);
const client = new s3.S3Client({
  endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey },
});
const digest = (data) => createHash("sha256").update(data).digest("hex").slice(0, 16);
const noise = (size) => Buffer.alloc(size, createHash("sha512").update("js").digest());
const send = (Command, input) => client.send(new s3[Command]({ Bucket: bucket, ...input }));
const bytes = async (answer) => digest(await answer.Body.transformToByteArray());

const cases = {
  make: async () => { await send("CreateBucketCommand", {}); return "made"; },
  sizes: async () => {
    const seen = {};
    for (const size of [0, 1, 65_537, 5 << 20]) {
      await send("PutObjectCommand", { Key: `size-${size}`, Body: noise(size) });
      seen[size] = await bytes(await send("GetObjectCommand", { Key: `size-${size}` }));
    }
    return seen;
  },
  // Streams go out in aws-chunked framing with a trailing checksum.
  stream: async () => {
    await send("PutObjectCommand", { Key: "stream", Body: Readable.from([noise(70_000), noise(30_000)]), ContentLength: 100_000 });
    return bytes(await send("GetObjectCommand", { Key: "stream" }));
  },
  upload: async () => {
    await new Upload({ client, params: { Bucket: bucket, Key: "upload", Body: Readable.from([noise(6 << 20), noise(6 << 20)]) } }).done();
    return bytes(await send("GetObjectCommand", { Key: "upload" }));
  },
  metadata: async () => {
    await send("PutObjectCommand", { Key: "m", Body: "x", ContentType: "text/plain", Metadata: { color: "red" } });
    const head = await send("HeadObjectCommand", { Key: "m" });
    return [head.ContentType, head.Metadata, head.ETag];
  },
  range: async () => {
    const got = await send("GetObjectCommand", { Key: "size-65537", Range: "bytes=10-19" });
    return [got.ContentRange, await bytes(got)];
  },
  list: async () => (await send("ListObjectsV2Command", {})).Contents.map((entry) => entry.Key),
  copy: async () => {
    await send("CopyObjectCommand", { Key: "copy ä", CopySource: `${bucket}/size-65537` });
    return bytes(await send("GetObjectCommand", { Key: "copy ä" }));
  },
  presigned: async () => {
    const input = { Bucket: bucket, Key: "pre signed" };
    const put = await fetch(await getSignedUrl(client, new s3.PutObjectCommand(input), { expiresIn: 60 }), { method: "PUT", body: "signed before" });
    const get = await fetch(await getSignedUrl(client, new s3.GetObjectCommand(input), { expiresIn: 60 }));
    return [put.status, get.status, await get.text()];
  },
  none: async () => bytes(await send("GetObjectCommand", { Key: "none" })),
  removeAll: async () => {
    const keys = (await send("ListObjectsV2Command", {})).Contents.map(({ Key }) => ({ Key }));
    return (await send("DeleteObjectsCommand", { Delete: { Objects: keys } })).Deleted.length;
  },
  removeBucket: async () => { await send("DeleteBucketCommand", {}); return "removed"; },
};

const seen = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    seen[name] = await run();
  } catch (failure) {
    seen[name] = `${failure.name} ${failure.$metadata?.httpStatusCode ?? failure.message}`;
  }
}
console.log(JSON.stringify(seen, null, 1));
