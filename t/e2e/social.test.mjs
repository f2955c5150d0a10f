// Logging in by a provider of OpenID Connect: against one that others wrote (npm's oidc-provider), and
// against one of our own that lies in every way there is.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { createHash, createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { skip, Browser, ask, conf, confPath, mailTo, one, quote, reread, sql, text, until, url } from '../http/shop.mjs';

const fresh = () => randomBytes(9).toString('hex'), b64 = (what) => Buffer.from(what).toString('base64url');
const secret = 'a-secret_of:many+letters/&=';
const listen = (server) => new Promise((done) => { server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)); });

// ---- the one that lies ----------------------------------------------------------------------------

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }), ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }), late = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r', use: 'sig', alg: 'RS256' }, { ...ec.publicKey.export({ format: 'jwk' }), kid: 'e', use: 'sig' }];
const fake = { codes: new Map(), asked: { token: 0, keys: 0, metadata: 0 }, more: {} };
function sign({ header = {}, claims, key, how = 'RS256' }) {
    const input = `${b64(JSON.stringify({ alg: how, typ: 'JWT', kid: how === 'ES256' ? 'e' : 'r', ...header }))}.${b64(JSON.stringify(claims))}`;
    if (/none/i.test(how)) return `${input}.`;
    if (how === 'HS256') return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
    const by = key ?? (how === 'ES256' ? ec : rsa).privateKey;
    return `${input}.${createSign('sha256').update(input).sign(by.asymmetricKeyType === 'ec' ? { key: by, dsaEncoding: 'ieee-p1363' } : by, 'base64url')}`;
}
const server = http.createServer((asked, answer) => {
    const parts = [];
    const say = (status, data) => answer.writeHead(status, { 'content-type': 'application/json' }).end(typeof data === 'string' ? data : JSON.stringify(data));
    asked.on('data', (part) => parts.push(part)).on('end', () => {
        const { pathname } = new URL(asked.url, fake.issuer), form = new URLSearchParams(Buffer.concat(parts).toString());
        if (pathname === '/.well-known/openid-configuration') {
            fake.asked.metadata++;
            return say(200, { issuer: fake.issuer, authorization_endpoint: `${fake.issuer}/auth`, token_endpoint: `${fake.issuer}/token`,
                jwks_uri: `${fake.issuer}/keys`, token_endpoint_auth_methods_supported: ['client_secret_basic'], ...fake.more });
        }
        if (pathname === '/keys') { fake.asked.keys++; return say(200, fake.keys ?? { keys: published }); }
        if (pathname !== '/token') return say(404, {});
        fake.asked.token++;
        const given = fake.codes.get(form.get('code'));
        fake.codes.delete(form.get('code'));
        const basic = `Basic ${Buffer.from(`talat:${encodeURIComponent(secret)}`).toString('base64')}`;
        if (!given || asked.headers.authorization !== basic || form.get('grant_type') !== 'authorization_code' || form.get('redirect_uri') !== given.redirect ||
            createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') !== given.challenge)
            return say(400, { error: 'invalid_grant' });
        return say(given.status ?? 200, given.answer ?? { access_token: 'x', token_type: 'Bearer', id_token: given.token });
    });
});

// ---- the one that others wrote --------------------------------------------------------------------

const real = { people: new Map() };
async function startReal() {
    const { default: Provider } = await import('oidc-provider');
    const front = http.createServer((asked, answer) => real.handler(asked, answer));
    real.issuer = await listen(front);
    const provider = new Provider(real.issuer, {
        clients: [{ client_id: 'talat', client_secret: secret, redirect_uris: [`${conf('base_url')}/login/with/real/callback`],
            response_types: ['code'], grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_post' }],
        pkce: { required: () => true, methods: ['S256'] },
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...real.people.get(id) }) }),
        cookies: { keys: [fresh()] }, ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600, AuthorizationCode: 60 },
    });
    real.handler = provider.callback();
    real.close = () => new Promise((done) => { front.closeAllConnections?.(); front.close(done); });
}

let was = '';
async function renew(lines) {
    writeFileSync(confPath, (lines ? was.replace(/^oidc_.*\n/gm, '') : was) + lines);
    await reread();
}
before(async () => {
    if (skip) return;
    console.warn = console.info = () => {}; // it says that its keys and pages are for trying out
    await startReal();
    fake.issuer = await listen(server);
    was = readFileSync(confPath, 'utf8');
    await renew(`oidc_1 = real ${real.issuer} talat ${secret} Real Login\noidc_2 = fake ${fake.issuer} talat ${secret} Fake & Sons\n`
        + `oidc_3 = strict ${fake.issuer} talat ${secret} Strict\noidc_3_asks = acr=gold acr=silver amr=mfa max_age=600\n`);
    await until(async () => /login\/with\/fake/.test((await ask('/login')).body)
        && (await ask('/login/with/fake/callback')).status === 401, 15000, 'the buttons do not come');
});
after(async () => {
    if (skip) return;
    await renew('');
    await real.close();
    server.closeAllConnections?.();
    server.close();
});

// ---- steps ----------------------------------------------------------------------------------------

// Presses the button; what the provider is asked.
async function leave(browser, name, form = {}) {
    if (!browser.page) await browser.get('/login');
    const got = await browser.post(`/login/with/${name}`, form);
    assert.equal(got.status, 303, text(got.body).slice(0, 300));
    const to = new URL(got.headers.location);
    return { to, query: Object.fromEntries(to.searchParams) };
}
const path = (to) => { const at = new URL(to, url); return at.pathname + at.search; };
const isIn = async (browser) => (await browser.json('/account')).status === 200;
const who = async (browser) => (await browser.json('/account')).data.person.email;
async function refused(what, browser, got, status = 401) {
    assert.equal(got.status, status, `${what}: ${got.status} ${text(got.body).slice(0, 300)}`);
    assert.ok(!got.cookies.some((line) => /^__Host-sid=[^;]/.test(line)), `${what}: a session was begun`);
    assert.equal(await isIn(browser), false, what);
}
// A journey to the one that lies: what it says of whom, and in which way.
async function lie(browser, how = {}) {
    const at = how.at ?? 'fake', { query } = await leave(browser, at, how.form), now = Math.floor(Date.now() / 1000), code = fresh();
    const claims = { iss: fake.issuer, aud: 'talat', sub: how.sub ?? fresh(), iat: now, exp: now + 300, nonce: query.nonce,
        email: `social.${fresh()}@example.test`, email_verified: true, name: 'Mali Social', ...how.claims };
    for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name];
    fake.codes.set(code, { redirect: query.redirect_uri, challenge: query.code_challenge, token: how.token ?? sign({ ...how, claims }), ...how.given });
    const back = `/login/with/${at}/callback?${new URLSearchParams({ code, state: query.state, ...how.back })}`;
    return { claims, query, code, back, got: how.stay ? null : await browser.get(back) };
}
async function atReal(browser, id, form) {
    const { to } = await leave(browser, 'real', form), jar = new Browser();
    const step = async (where, more) => jar.take(await ask(path(where), { to: { host: '127.0.0.1', port: new URL(real.issuer).port }, ...more,
        headers: { host: new URL(real.issuer).host, ...(jar.jar.size && { cookie: jar.cookie }) } }));
    let got = await step(to);
    for (let i = 0; i < 12 && !(got.headers.location ?? '').includes('/login/with/'); i++) {
        if (got.status === 302 || got.status === 303) { got = await step(got.headers.location); continue; }
        const action = /action="([^"]*)"/.exec(got.body)?.[1], prompt = /name="prompt" value="([^"]*)"/.exec(got.body)?.[1];
        assert.ok(action, `${got.status} ${text(got.body).slice(0, 300)}`);
        got = await step(action, { form: { prompt, ...(prompt === 'login' && { login: id, password: 'any' }) } });
    }
    return { back: path(got.headers.location), to };
}

// ---- what works -----------------------------------------------------------------------------------

test('ID-13 ID-14 somebody new comes in by a real provider, and again', { skip, timeout: 180000 }, async () => {
    const id = fresh(), email = `real.${id}@example.test`;
    real.people.set(id, { email, email_verified: true, name: 'Real Somchai' });
    const browser = new Browser(), { back, to } = await atReal(browser, id, { next: '/products' });
    assert.equal(to.origin, real.issuer);
    const query = Object.fromEntries(to.searchParams);
    assert.equal(query.response_type, 'code');
    assert.equal(query.redirect_uri, `${conf('base_url')}/login/with/real/callback`);
    assert.equal(query.code_challenge_method, 'S256');
    assert.ok(query.state.length >= 43 && query.nonce.length >= 43 && query.code_challenge.length === 43);
    const got = await browser.get(back);
    assert.equal(got.status, 303, text(got.body).slice(0, 300));
    assert.equal(got.headers.location, '/products');
    assert.equal(await who(browser), email);
    assert.equal(one(`select count(*) from auth.person where email = ${quote(email)} and password_hash = '' and verified_at is not null and role = 'user'`), 1);
    const again = new Browser();
    assert.equal((await again.get((await atReal(again, id)).back)).status, 303);
    assert.equal(await who(again), email);
    assert.equal(one(`select count(*) from auth.person where email = ${quote(email)}`), 1);
    // Whoever changes their address there is the same person here.
    real.people.get(id).email = `moved.${id}@example.test`;
    const moved = new Browser();
    await moved.get((await atReal(moved, id)).back);
    assert.equal(await who(moved), email);
    // And whoever has the same number at another provider is somebody else.
    const other = new Browser(), { claims } = await lie(other, { sub: id });
    assert.equal(await who(other), claims.email);
});

test('OAuth: a real provider refuses what is not exactly ours', { skip, timeout: 180000 }, async () => {
    const { to } = await leave(new Browser(), 'real');
    const at = (change) => {
        const bent = new URL(to);
        change(bent.searchParams);
        return ask(path(bent), { to: { host: '127.0.0.1', port: new URL(real.issuer).port }, headers: { host: new URL(real.issuer).host } });
    };
    const ours = to.searchParams.get('redirect_uri');
    for (const near of [`${ours}/`, `${ours}/..`, `${ours}?x=1`, `${ours}#x`, ours.replace('/callback', '/Callback'), ours.replace('http://', 'https://'),
        ours.replace('/with/real/', '/with/fake/'), 'https://evil.example/login/with/real/callback', `${ours}.evil.example`, ours.replace('://', '://evil.example@')]) {
        const got = await at((query) => query.set('redirect_uri', near));
        assert.equal(got.status, 400, near);
        assert.equal(got.headers.location, undefined, near);
    }
    for (const downgrade of [(query) => query.delete('code_challenge'), (query) => query.set('code_challenge_method', 'plain'),
        (query) => { query.delete('code_challenge'); query.delete('code_challenge_method'); }]) {
        const got = await at(downgrade);
        assert.match(got.headers.location ?? '', /error=invalid_request/);
    }
});

test('OAuth: a code of a real provider is good once', { skip, timeout: 180000 }, async () => {
    const id = fresh();
    real.people.set(id, { email: `once.${id}@example.test`, email_verified: true, name: 'Once' });
    const first = new Browser(), { back } = await atReal(first, id);
    assert.equal((await first.get(back)).status, 303);
    const code = new URL(back, url).searchParams.get('code'), second = new Browser();
    const { query } = await leave(second, 'real');
    await refused('the code again', second, await second.get(`/login/with/real/callback?${new URLSearchParams({ code, state: query.state })}`));
});

test('ID-13 either algorithm, several audiences, a new key: what is right is taken', { skip, timeout: 180000 }, async () => {
    for (const how of [{}, { how: 'ES256' }, { claims: { aud: ['talat'] } }, { claims: { aud: ['talat', 'other'], azp: 'talat' } }, { claims: { nbf: 1 } },
        { claims: { email_verified: 'true' } }, { header: { typ: undefined } }]) {
        const browser = new Browser(), { got, claims } = await lie(browser, how);
        assert.equal(got.status, 303, `${JSON.stringify(how)} ${text(got.body).slice(0, 200)}`);
        assert.equal(await who(browser), claims.email);
    }
    const before = fake.asked.keys;
    published.push({ ...late.publicKey.export({ format: 'jwk' }), kid: 'late', use: 'sig' });
    const browser = new Browser(), { got } = await lie(browser, { header: { kid: 'late' }, key: late.privateKey });
    assert.equal(got.status, 303, 'a key that came later');
    for (let i = 0; i < 3; i++) await refused('a key that never comes', browser2, (await lie(browser2, { header: { kid: `none-${i}` } })).got);
    assert.equal(fake.asked.keys, before + 1, 'keys are looked for anew once a minute');
    assert.ok(fake.asked.metadata <= 2, 'what it publishes is kept');
});
const browser2 = skip ? null : new Browser();

// ---- what does not --------------------------------------------------------------------------------

test('OAuth: state missing, made up, used, or of another browser, provider or person', { skip, timeout: 180000 }, async () => {
    for (const back of [{ state: '' }, { state: 'x' }, { state: b64(randomBytes(32)) }, { state: "' or '1'='1" }]) {
        const browser = new Browser();
        await refused(JSON.stringify(back), browser, (await lie(browser, { back })).got);
    }
    const none = new Browser(), { code } = await lie(none, { stay: true });
    await refused('no state', none, await none.get(`/login/with/fake/callback?code=${code}`));
    const mine = new Browser(), theirs = new Browser(), journey = await lie(theirs, { stay: true });
    await leave(mine, 'fake');
    await refused('of another browser', mine, await mine.get(journey.back));
    const bare = new Browser();
    await refused('of a browser without a journey', bare, await bare.get(journey.back));
    await refused('of another provider', theirs, await theirs.get(journey.back.replace('/with/fake/', '/with/real/')));
    assert.equal((await theirs.get(journey.back)).status, 303, 'none of which has spoilt it');
    const first = theirs.jar.get('__Host-sid');
    const again = await theirs.get(journey.back);
    assert.equal(again.status, 401, 'used');
    assert.equal(theirs.jar.get('__Host-sid'), first);
    // Somebody logged in meanwhile: they are not to be somebody else by a page they opened before.
    const browser = new Browser(), late = await lie(browser, { stay: true });
    await browser.login('shopper@example.test');
    assert.equal((await browser.get(late.back)).status, 401);
    assert.equal(await who(browser), 'shopper@example.test');
});

test('OAuth: a code replayed, a verifier of another journey, an answer of another provider', { skip, timeout: 180000 }, async () => {
    const once = new Browser(), { code } = await lie(once);
    const browser = new Browser();
    await refused('a used code', browser, (await lie(browser, { back: { code } })).got);
    await refused('PKCE: another challenge', browser, (await lie(browser, { given: { challenge: createHash('sha256').update('another').digest('base64url') } })).got);
    await refused('iss of another', browser, (await lie(browser, { back: { iss: 'https://evil.example' } })).got);
    await refused('an error', browser, (await lie(browser, { back: { error: 'access_denied' } })).got);
    await refused('no code', browser, (await lie(browser, { back: { code: '' } })).got);
    await refused('no id token', browser, (await lie(browser, { given: { answer: { access_token: 'x' } } })).got);
    await refused('not JSON', browser, (await lie(browser, { given: { answer: '<html>' } })).got, 502);
    await refused('down', browser, (await lie(browser, { given: { status: 503 } })).got, 502);
});

test('OAuth: an id token that is forged, foreign, old, early or of another journey', { skip, timeout: 180000 }, async () => {
    const now = Math.floor(Date.now() / 1000), pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const browser = new Browser(), earlier = await lie(new Browser());
    const lies = {
        none: { how: 'none' }, None: { how: 'None' }, nOnE: { how: 'nOnE' },
        'HS256 by the public key': { how: 'HS256', key: pem }, 'HS256 by the secret': { how: 'HS256', key: secret },
        'RS256 in name, ES256 in fact': { key: ec.privateKey }, 'ES256 in name': { header: { alg: 'ES256' } }, RS384: { header: { alg: 'RS384' } },
        'a foreign key': { key: foreign.privateKey }, 'a key of another kind': { header: { kid: 'e' } },
        'a key it brings along': { key: foreign.privateKey, header: { jwk: foreign.publicKey.export({ format: 'jwk' }) } },
        'a key elsewhere': { key: foreign.privateKey, header: { jku: `${fake.issuer}/keys`, x5u: `${fake.issuer}/keys` } },
        'kid a path': { header: { kid: '../../dev/null' } }, crit: { header: { crit: ['exp'] } }, 'an access token': { header: { typ: 'at+jwt' } },
        'no kid among several': { header: { kid: undefined } },
        iss: { claims: { iss: 'https://evil.example' } }, 'no iss': { claims: { iss: undefined } }, 'iss and a slash': { claims: { iss: `${fake.issuer}/` } },
        aud: { claims: { aud: 'other' } }, 'no aud': { claims: { aud: undefined } }, 'aud of many': { claims: { aud: ['talat', 'other'] } }, 'aud []': { claims: { aud: [] } },
        azp: { claims: { azp: 'other' } }, exp: { claims: { exp: now - 100 } }, 'no exp': { claims: { exp: undefined } }, 'exp text': { claims: { exp: '9999999999' } },
        iat: { claims: { iat: now + 1000 } }, 'no iat': { claims: { iat: undefined } }, nbf: { claims: { nbf: now + 1000 } },
        'nonce of another journey': { claims: { nonce: earlier.query.nonce } }, 'no nonce': { claims: { nonce: undefined } }, 'nonce empty': { claims: { nonce: '' } },
        'no sub': { claims: { sub: undefined } }, 'sub empty': { claims: { sub: '' } }, 'sub long': { claims: { sub: 'x'.repeat(256) } },
        'not a token': { token: 'x' }, dots: { token: '..' }, long: { token: `${'A'.repeat(20000)}.A.A` },
    };
    for (const [what, how] of Object.entries(lies)) await refused(what, browser, (await lie(browser, how)).got);
    const token = sign({ claims: earlier.claims });
    await refused('an id token replayed', browser, (await lie(browser, { token })).got);
    await refused('a signature cut', browser, (await lie(browser, { token: token.slice(0, -2) })).got);
    // And it is no access token of ours.
    const got = await ask('/account.json', { headers: { accept: 'application/json', authorization: `Bearer ${token}` } });
    assert.deepEqual([got.status, JSON.parse(got.body).error], [401, 'Invalid token']);
});

test('OAuth: a provider that looked less closely than asked for opens nothing', { skip, timeout: 180000 }, async () => {
    const now = Math.floor(Date.now() / 1000), enough = { acr: 'silver', amr: ['pwd', 'mfa'], auth_time: now - 100 };
    const strictly = (claims) => ({ at: 'strict', claims: { ...enough, ...claims } });
    const browser = new Browser(), { query, got } = await lie(browser, strictly({}));
    assert.deepEqual([query.acr_values, query.max_age, got.status], ['gold silver', '600', 303]);
    assert.equal((await lie(new Browser(), strictly({ acr: 'gold', auth_time: now }))).got.status, 303);
    assert.equal((await leave(new Browser(), 'fake')).query.acr_values, undefined);
    const less = { 'no acr': { acr: undefined }, 'another acr': { acr: 'bronze' }, 'both acr': { acr: 'gold silver' }, 'a list of acr': { acr: ['gold'] },
        'no amr': { amr: undefined }, 'another amr': { amr: ['pwd'] }, 'amr a text': { amr: 'mfa' }, 'amr an object': { amr: { mfa: 'mfa' } },
        'no auth_time': { auth_time: undefined }, 'auth_time long ago': { auth_time: now - 700 }, 'auth_time a text': { auth_time: String(now) }, 'auth_time to come': { auth_time: now + 700 } };
    const stranger = new Browser();
    for (const [what, claims] of Object.entries(less)) {
        const { got: answer } = await lie(stranger, strictly(claims));
        await refused(what, stranger, answer);
        assert.match(text(answer.body), /not looked closely enough/, what);
    }
});

test('OAuth: an address that is not verified opens nothing and makes nothing', { skip, timeout: 180000 }, async () => {
    for (const email_verified of [false, undefined, 'false', 0, 1, 'yes', null]) {
        const email = `unverified.${fresh()}@example.test`;
        for (const claims of [{ email_verified, email }, { email_verified, email: 'shopper@example.test' }]) {
            const browser = new Browser();
            await refused(JSON.stringify(claims), browser, (await lie(browser, { claims })).got);
        }
        assert.equal(one(`select count(*) from auth.person where email = ${quote(email)}`), 0);
    }
    for (const email of [undefined, '', 'nobody', '@', 'a b@example.test', `${'x'.repeat(300)}@example.test`]) {
        const browser = new Browser();
        await refused(String(email), browser, (await lie(browser, { claims: { email } })).got);
    }
});

test('OAuth: an address with an account is connected only when its owner has logged in', { skip, timeout: 180000 }, async () => {
    const email = 'shopper@example.test', sub = fresh(), browser = new Browser();
    const links = () => one(`select count(*) from auth.identity where subject = ${quote(sub)}`);
    try {
        const { got } = await lie(browser, { sub, claims: { email: 'Shopper@Example.Test' } });
        assert.equal(got.status, 200);
        assert.match(text(got.body), /You have an account already/);
        assert.equal(await isIn(browser), false);
        assert.equal(links(), 0);
        // Another account's owner, with the same browser: nothing of theirs is connected.
        const other = new Browser({ jar: new Map(browser.jar) });
        await other.login('admin@example.test');
        assert.equal(links(), 0);
        await browser.login(email);
        assert.equal(links(), 1);
        const next = new Browser();
        assert.equal((await lie(next, { sub, claims: { email: `elsewhere.${fresh()}@example.test` } })).got.status, 303);
        assert.equal(await who(next), email);
    } finally {
        sql(`delete from auth.identity where subject = ${quote(sub)}`);
    }
});

// Whoever reads the mail may have taken the account there, and have changed its address since.
test('OAuth: after a provider\'s login a code by mail is no second factor, whatever address it names', { skip, timeout: 180000 }, async () => {
    const email = `both.${fresh()}@example.test`, sub = fresh();
    assert.equal((await lie(new Browser(), { sub, claims: { email } })).got.status, 303);
    sql(`insert into auth.phone (person_id, number, tail, country, is_factor) select id, 'x', '21', 'TH', true from auth.person where email = ${quote(email)}`);
    for (const named of [email, `moved.${fresh()}@example.test`]) {
        const browser = new Browser(), { got } = await lie(browser, { sub, claims: { email: named } });
        assert.deepEqual([got.status, got.headers.location], [303, '/login/second'], named);
        assert.equal((await browser.json('/login/second')).data.mayMail, false, named);
        assert.match(text((await browser.get('/login/second')).body), /Whoever reads your mail could have come this far/);
        assert.equal((await browser.post('/login/second/mail', {})).status, 403, named);
    }
});

test('ID-13 who is logged in connects a login, uses it and disconnects it, but not their only way in', { skip, timeout: 180000 }, async () => {
    const browser = new Browser(), email = `connect.${fresh()}@example.test`, sub = fresh();
    const { got } = await lie(browser, { sub: `${sub}-first`, claims: { email } });
    assert.equal(got.status, 303);
    const list = async () => (await browser.json('/account/connected')).data.connected;
    const off = async (id) => browser.post(`/account/connected/${id}/delete`, {});
    const [first] = await list();
    assert.deepEqual([first.provider, first.label, first.email], ['fake', 'Fake & Sons', email]);
    const last = await off(first.id);
    assert.equal(last.status, 409);
    assert.match(text(last.body), /This is your only way in/);
    // A second one, with an address that is nobody's and not verified: its owner is here.
    const { got: back } = await lie(browser, { sub, claims: { email_verified: false } });
    assert.deepEqual([back.status, back.headers.location], [303, '/account/connected']);
    assert.equal((await list()).length, 2);
    await mailTo(email, (mail) => /A login elsewhere was connected/.test(mail));
    const other = new Browser();
    await lie(other, { sub });
    assert.equal(await who(other), email);
    const thief = new Browser();
    await lie(thief);
    const { got: taken } = await lie(thief, { sub });
    assert.equal(taken.status, 409, 'it is connected to somebody else');
    const foreignOff = await thief.post(`/account/connected/${first.id}/delete`, {});
    assert.ok(foreignOff.status >= 400);
    assert.equal((await off(first.id)).status, 303);
    assert.deepEqual((await list()).map(({ id }) => id).includes(first.id), false);
    // What would be a way in for ever is not made in a session that was left open.
    sql(`update auth.device set proved_at = now() - interval '20 minutes' where person_id = (select id from auth.person where email = ${quote(email)})`);
    const stale = await browser.post('/login/with/fake', {});
    assert.match(stale.headers.location ?? '', /^\/account\/confirm/);
});

test('SE the session id changes at a login by a provider, and the old one is dead', { skip, timeout: 180000 }, async () => {
    const browser = new Browser(), planted = b64(randomBytes(32));
    browser.jar.set('__Host-sid', planted);
    await browser.get('/login');
    const { got } = await lie(browser);
    assert.equal(got.status, 303);
    assert.notEqual(browser.jar.get('__Host-sid'), planted);
    assert.equal(await isIn(new Browser({ jar: new Map([['__Host-sid', planted]]) })), false);
});

test('OAuth: the way back is our own address, whatever the request says; next stays in the shop', { skip, timeout: 180000 }, async () => {
    const browser = new Browser();
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
        const guest = new Browser(), { got, query } = await lie(guest, { form: { next } });
        assert.equal(query.redirect_uri, `${conf('base_url')}/login/with/fake/callback`);
        assert.equal(got.headers.location, '/account', next);
    }
    await browser.get('/login');
    const forged = await browser.send('/login/with/fake', { form: {}, headers: { host: 'evil.example', origin: url, 'sec-fetch-site': 'same-origin' } });
    assert.ok(!(forged.headers.location ?? '').includes('evil.example'), forged.headers.location);
    for (const headers of [{ origin: 'https://evil.example' }, { origin: url, 'sec-fetch-site': 'cross-site' }])
        if (headers.origin !== url) assert.equal((await browser.send('/login/with/fake', { form: {}, headers })).status, 403);
    assert.equal((await browser.post('/login/with/nobody', {})).status, 404);
    assert.equal((await browser.get('/login/with/fake')).status, 405);
});

test('OAuth: a provider that publishes too much or something else is not believed', { skip, timeout: 180000 }, async () => {
    const browser = new Browser();
    await browser.get('/login');
    fake.keys = { keys: published.concat(Array.from({ length: 4000 }, (_, i) => ({ kty: 'RSA', kid: `k${i}`, n: 'A'.repeat(80), e: 'AQAB' }))) };
    await refused('a key it has not published', browser, (await lie(browser, { header: { kid: 'k1' } })).got);
    fake.keys = undefined;
});
