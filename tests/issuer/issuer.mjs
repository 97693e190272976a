// An OpenID Connect issuer for the tests: oidc-provider, on a free port of the loopback address. It says its address on standard output.
// Its people are whoever signs in; what it says of them, and which keys it has, is set below /test/.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { SignJWT, exportJWK, generateKeyPair, importJWK } from 'jose';

const callbacks = ['http://127.0.0.1/login/oidc/company/callback', 'http://localhost/login/oidc/company/callback'];
const client = {
  client_id: 'staithe',
  client_secret: 'a secret: with + and %',
  application_type: 'native', // of a loopback address any port will do
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: callbacks,
  grant_types: ['authorization_code'],
  response_types: ['code'],
};
const people = new Map();
const server = createServer();
let keys;
let provider;

async function newKeys() {
  const made = [];
  for (const alg of ['RS256', 'ES256', 'PS256']) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    made.push({ ...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${crypto.randomUUID()}` });
  }
  return made;
}

// New keys, and another provider that has them; who was signed in no longer is.
async function renew(algorithm = 'RS256', nameInToken = false) {
  keys = await newKeys();
  provider = new Provider(issuer(), {
    clients: [{ ...client, id_token_signed_response_alg: algorithm }],
    jwks: { keys },
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    conformIdTokenClaims: !nameInToken,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256'] },
    cookies: { keys: ['of no use to anybody'] },
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    pkce: { required: () => true },
  });
}

const issuer = () => `http://127.0.0.1:${server.address().port}`;

async function control(path, body) {
  switch (path) {
    case '/test/person':
      people.set(body.id, body.claims);
      return {};
    case '/test/renew':
      await renew(body.algorithm, body.nameInToken);
      return {};
    case '/test/sign': {
      const key = keys.find((one) => one.alg === (body.algorithm ?? 'RS256'));
      const header = { alg: key.alg, kid: key.kid, typ: 'JWT', ...body.header };
      return { token: await new SignJWT(body.claims).setProtectedHeader(header).sign(await importJWK(key, key.alg)) };
    }
    default:
      throw new Error(`no ${path}`);
  }
}

server.on('request', async (request, response) => {
  if (!request.url.startsWith('/test/')) {
    provider.callback()(request, response);
    return;
  }
  let text = '';
  for await (const piece of request) text += piece;
  try {
    const answer = JSON.stringify(await control(request.url, JSON.parse(text)));
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  } catch (fault) {
    response.writeHead(500).end(String(fault.stack));
  }
});

server.listen(0, '127.0.0.1', async () => {
  await renew();
  console.log(`issuer listens on ${issuer()}`);
});
