// A real OpenID Connect provider on a free port, over HTTPS: prints `ready PORT` and ends when its standard input does.
//
//     node identity_provider.mjs ISSUER CERTIFICATE KEY AUDIENCE
//
// Its one client, `reports` with the secret `reports-secret`, gets access tokens for itself (RFC 6749, section 4.4), as JWTs for
// that audience (RFC 9068), signed with RS256, or with ES384 where the resource is `urn:elliptic`. They carry session tags.

import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const [issuer, certificate, key, audience] = process.argv.slice(2);
const jwk = (type, kid, alg, options) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), kid, alg, use: "sig" });

const provider = new Provider(issuer, {
  jwks: { keys: [jwk("rsa", "one", "RS256", { modulusLength: 2048 }), jwk("ec", "two", "ES384", { namedCurve: "P-384" })] },
  clients: [{ client_id: "reports", client_secret: "reports-secret", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: "",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: resource === "urn:short" ? 1 : 3600,
        jwt: { sign: { alg: resource === "urn:elliptic" ? "ES384" : "RS256" } },
      }),
    },
  },
  extraTokenClaims: () => ({
    "https://aws.amazon.com/tags": { principal_tags: { team: ["blue"] }, transitive_tag_keys: ["team"] },
  }),
});

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, provider.callback());
server.listen(0, "127.0.0.1", () => console.log(`ready ${server.address().port}`));
process.stdin.resume().on("end", () => process.exit(0));
