// What the JavaScript SDK does with the profile of its environment: `who` it is, or whether it can `get` an object.
//
//     node js_session.mjs who|get BUCKET CODE

import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";

const [what, bucket, code] = process.argv.slice(2);
// Where a profile has a device, the SDK asks for its code.
const credentials = defaultProvider({ mfaCodeProvider: async () => code });

try {
  if (what === "who") {
    console.log((await new STSClient({ credentials, maxAttempts: 1 }).send(new GetCallerIdentityCommand({}))).Arn);
  } else {
    const s3 = new S3Client({ credentials, forcePathStyle: true, maxAttempts: 1 });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "a" }));
    await Body.transformToByteArray();
    console.log("read");
  }
} catch (error) {
  console.error(error.Code ?? error.name, error.message);
  process.exit(1);
}
