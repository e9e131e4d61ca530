// Makes one call with the JavaScript SDK for each line of standard input and writes a line with what came of it:
// `{key: [id, secret], service, operation, input, pageSize}` to the answer, `{pages}` or `{failed: [code, message]}`.
//
//     node js_calls.mjs ENDPOINT

import { createInterface } from "node:readline";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import * as sts from "@aws-sdk/client-sts";

const [endpoint] = process.argv.slice(2);
const modules = { iam: [iam, iam.IAMClient], s3: [s3, s3.S3Client], sts: [sts, sts.STSClient] };
const clients = {};

function clientOf(service, [accessKeyId, secretAccessKey]) {
  const settings = { endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey } };
  return (clients[`${service} ${accessKeyId} ${secretAccessKey}`] ??= new modules[service][1](settings));
}

async function outcome({ key, service, operation, input, pageSize }) {
  const [module] = modules[service];
  const client = clientOf(service, key);
  try {
    if (pageSize) {
      const pages = [];
      for await (const page of module[`paginate${operation}`]({ client, pageSize }, input)) pages.push(page);
      return { pages };
    }
    const { Body, ...answer } = await client.send(new module[`${operation}Command`](input));
    await Body?.transformToByteArray();
    return answer;
  } catch (error) {
    // IAM's exceptions are named NoSuchEntityException and so on; the code on the wire has no such ending.
    const code = error.Code ?? error.name.replace(/Exception$/, "");
    return { failed: [code, error.message, error.$metadata?.httpStatusCode] };
  }
}

// Blobs are texts to whoever reads the lines.
const written = (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value);

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await outcome(JSON.parse(line)), written));
