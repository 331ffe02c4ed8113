// A real OpenID Connect provider for the tests, with three people. Prints its address when it listens.
// node provider.mjs REDIRECT_URI
import Provider from "oidc-provider";

const people = {
  wang: { preferred_username: "wang", name: "王小明" },
  stranger: { preferred_username: "nobody-here", name: "陌生人" },
  renamed: { preferred_username: "wang", name: "另一个王" },
  nameless: { name: "没有用户名" },
};

// The address has to be known before the provider is made: bind first, then serve.
import { createServer } from "node:http";
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "huying", client_secret: "a-secret-of-the-tests", redirect_uris: [process.argv[2]] }],
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["test"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_context, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
