// A real OpenID provider (panva's) on a free port of loopback, with its own sign-in pages.
// Arguments: the redirect URI of its one client; where claims are, "token" or "userinfo". Prints its issuer as a line of JSON when it answers.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [redirect, where] = process.argv.slice(2);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "glasshouse", client_secret: "cl13nt s3cret", redirect_uris: [redirect] }],
    claims: { openid: ["sub"], profile: ["preferred_username"], groups: ["groups"] },
    scopes: ["openid", "profile", "groups"],
    conformIdTokenClaims: where === "userinfo",
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: ["platform", `team of ${id}`] }),
    }),
  });
  server.on("request", provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
