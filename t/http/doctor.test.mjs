// talatctl doctor: a sound shop is told to be well, and each check is given a fault that makes it
// speak, with words for what to do. Faults of the configuration stand in configurations of these
// tests' own; those of the database are put in and taken away again.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import http from 'node:http';
import https from 'node:https';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { countries } from './countries.mjs';
import { skip as noStack, admin, ask, confBut, confPath, one, sql, run, top, until } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const place = skip ? '' : mkdtempSync(join(tmpdir(), 'talat-doctor-'));
after(() => place && rmSync(place, { recursive: true, force: true }));

const configured = (name, changes = {}) => confBut(join(place, `${name}.conf`), changes);
// {code, findings}; asynchronous, so that servers of the test can answer meanwhile.
function examine(path, ...words) { return examineWith({}, path, ...words); }
function examineWith(env, path, ...words) {
    return new Promise((done) => {
        const child = spawn(talatctl, ['--config', path, 'doctor', ...(words.length ? words : ['--json'])], { env: { ...process.env, ...env } });
        let out = '', err = '';
        child.stdout.on('data', (piece) => { out += piece; });
        child.stderr.on('data', (piece) => { err += piece; });
        child.on('close', (code) => done({ code, out, err, findings: words.length ? [] : JSON.parse(out).findings }));
    });
}
function says(got, check, level, words) {
    const of = got.findings.filter((f) => f.check === check);
    const found = of.find((f) => f.level === level && words.test(f.what));
    assert.ok(found, `${check} does not say ${words} (${level}): ${JSON.stringify(of)}`);
    assert.ok(found.fix.length > 5, `${check} does not say what to do: ${JSON.stringify(found)}`);
}
const listening = (server, at) => new Promise((done) => { server.listen(at, '127.0.0.1', () => done(server.address().port)); });

test('a sound shop is told to be well, in words and as JSON', { skip }, async () => {
    const got = await examine(configured('sound'));
    // how full the disk of a testing machine is, and how slow, is not the shop's doing
    const ill = got.findings.filter((f) => f.level !== 'ok' && !['disk', 'queries', 'tables', 'queue', 'webhooks'].includes(f.check));
    assert.deepEqual(ill, []);
    assert.ok(got.findings.length >= 20);
    const quiet = await examine(configured('sound'), '--quiet');
    assert.doesNotMatch(quiet.out, /^ok /m);
    assert.equal(quiet.out === '', quiet.code === 0);
    const text = await examine(configured('sound'), '--text');
    assert.equal(text.code, 2);
    assert.match(text.err, /usage/);
});

test('what a check had nothing to look at for is not told to be well', { skip }, async () => {
    const path = configured('unseen', { country_file: null, breached_passwords: null, smtp_url: null, mail_dir: place, sms_account: null, oidc_1: null, oidc_2: null, oidc_3: null, stripe_key: null, stripe_base: null, tls_cert: null,
        backup_every_hours: 0, drill_every_days: 0, backup_dir: join(place, 'no-backups') });
    const got = await examine(path), text = spawnSync(talatctl, ['--config', path, 'doctor'], { encoding: 'utf8' });
    for (const [check, why] of [['tls', 'the shop is at an http address, which is for development'], ['mode', 'the shop is not in production'], ['parts', 'the shop is not in production'], ['countries', 'country_file is not set'],
        ['passwords', 'breached_passwords is not set'], ['sms', 'sms_account is not set'], ['logins', 'oidc_1 is not set'], ['mail', 'smtp_url is not set'], ['webhooks', 'there is no payment provider'], ['clock', 'no payment provider tells the time'],
        ['backups', 'the last backup: none is made by itself (backup_every_hours = 0)'], ['backups', 'the last drill: none is done by itself (drill_every_days = 0)']]) {
        const line = `--       ${check.padEnd(9)} not looked at: ${why}`;
        assert.ok(text.stdout.split('\n').some((one) => one.startsWith(line)), `${line}\n${text.stdout}`);
        assert.doesNotMatch(text.stdout, new RegExp(`^ok +${check} `, 'm'));
        assert.ok(got.findings.some((one) => one.check === check && one.level === 'ok' && one.isLookedAt === false && one.what.startsWith(`not looked at: ${why}`)), check);
    }
    assert.ok(got.findings.filter(({ what }) => !/^not looked at/.test(what)).every(({ isLookedAt }) => isLookedAt === true));
    assert.match(text.stdout, /^ok +schema /m);
    assert.equal(text.status, text.stdout.includes('\nwrong ') || text.stdout.startsWith('wrong ') ? 2 : 1); // no payment provider
    for (const level of ['wrong', 'warning']) assert.equal(text.stdout.split(`\n${level} `).length - 1 + text.stdout.startsWith(`${level} `), Number(new RegExp(`(\\d+) ${level}`).exec(text.stdout)[1]));
    assert.doesNotMatch((await examine(path, '--quiet')).out, /not looked at/);
});

function certificate(name, days = 2, names = 'DNS:shop.example') {
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=shop.example', '-addext', `subjectAltName=${names}`, '-days', String(days),
        '-keyout', join(place, `${name}.key`), '-out', join(place, `${name}.pem`)], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    return { key: readFileSync(join(place, `${name}.key`)), cert: readFileSync(join(place, `${name}.pem`)) };
}

test('a secret that root reads, and the programs do not', { skip: skip || (process.getuid() !== 0 && 'only root has such') }, async () => {
    const secret = join(place, 'of-root'), { uid, gid } = statSync(run), path = configured('of-root', { secret_file: secret });
    copyFileSync(/^secret_file = (.*)$/m.exec(readFileSync(confPath, 'utf8'))[1], secret);
    chownSync(secret, 0, 0);
    chmodSync(secret, 0o640);
    says(await examine(path), 'secrets', 'wrong', /of-root cannot be read by \S+, whom the programs run as/);
    for (const [user, group] of [[0, gid], [uid, 0]]) {
        chownSync(secret, user, group);
        assert.deepEqual((await examine(path)).findings.filter(({ check }) => check === 'secrets').map(({ level }) => level), ['ok']);
    }
});

test('a certificate that nobody trusted has signed is told nothing', { skip }, async () => {
    let asked = 0;
    const provider = https.createServer(certificate('own', 2, 'DNS:localhost,IP:127.0.0.1'), (_, out) => { asked++; out.end('{}'); });
    const port = await listening(provider, 0);
    const got = await examine(configured('untrusted', { stripe_base: `https://127.0.0.1:${port}` }));
    provider.closeAllConnections?.();
    provider.close();
    says(got, 'provider', 'wrong', /certificate/i);
    assert.equal(asked, 0);
});

test('a certificate that was renewed, and that nginx has not read', { skip: skip || !existsSync('/usr/bin/openssl') }, async () => {
    const shown = https.createServer(certificate('shown', 20), (_, out) => out.end());
    const port = await listening(shown, 0), of = (name) => examine(configured(`served-${name}`, { base_url: `https://localhost:${port}`, tls_cert: join(place, `${name}.pem`), tls_key: join(place, `${name}.key`) }));
    certificate('renewed', 90);
    says(await of('renewed'), 'tls', 'wrong', /shows another certificate than the one in tls_cert, which ends (69|70) days later/);
    assert.deepEqual((await of('shown')).findings.filter(({ check, what }) => check === 'tls' && /shows/.test(what)), []);
    shown.closeAllConnections?.();
    shown.close();
    says(await of('shown'), 'tls', 'warning', /nobody shows a certificate at 127\.0\.0\.1:\d+/);
});

test('a certificate that the shop may not read is looked at where nginx shows it', { skip: skip || !existsSync('/usr/bin/openssl') || (process.getuid() !== 0 && 'only root has such') }, async () => {
    const shown = https.createServer(certificate('hidden', 5), (_, out) => out.end()), port = await listening(shown, 0), { uid, gid } = statSync(run);
    const path = configured('hidden', { base_url: `https://localhost:${port}`, tls_cert: join(place, 'hidden.pem'), tls_key: join(place, 'hidden.key') });
    chmodSync(join(place, 'hidden.pem'), 0o600);
    chmodSync(place, 0o711);
    chownSync(path, uid, gid);
    const child = spawn(talatctl, ['--config', path, 'doctor', '--json'], { uid, gid });
    let out = '';
    child.stdout.on('data', (piece) => { out += piece; });
    await new Promise((done) => { child.on('close', done); });
    shown.closeAllConnections?.();
    shown.close();
    const got = { findings: JSON.parse(out).findings };
    says(got, 'tls', 'warning', /it ends in [345] days/);
    assert.equal(got.findings.filter(({ check }) => check === 'tls').length, 1);
});

test('faults of the configuration and of whom it names', { skip }, async () => {
    certificate('soon', 5);
    chmodSync(join(place, 'soon.key'), 0o644);
    // a mail server that takes no mail from there, and a provider that knows no such key an hour ago
    const smtp = net.createServer((socket) => {
        socket.write('220 test\r\n');
        socket.on('error', () => {});
        socket.on('data', (line) => socket.write(/^EHLO/i.test(line) ? '250 test\r\n' : /^MAIL/i.test(line) ? '550 not from there\r\n' : '221 bye\r\n'));
    });
    const provider = http.createServer((_, out) => out.writeHead(401, { date: new Date(Date.now() - 3600e3).toUTCString(), 'content-type': 'application/json' }).end('{}'));
    const smtpPort = await listening(smtp, 0), providerPort = await listening(provider, 0);
    const path = configured('bad', { bakcup_keep: 3, tls_cert: join(place, 'soon.pem'), tls_key: join(place, 'soon.key'), smtp_url: `smtp://shop:geheim@127.0.0.1:${smtpPort}`,
        stripe_base: `http://127.0.0.1:${providerPort}`, stripe_webhook_secret: null, payment_origins: null, redis: join(place, 'no.sock'), nginx_push: join(place, 'no-push.sock'),
        web_socket: join(place, 'no-web.sock'), media_dir: join(place, 'no-media'), pg: `host=${run} user=talat_app dbname=talat options='-c synchronous_commit=off'`,
        backup_every_hours: 24, drill_every_days: 7, backup_dir: join(place, 'backups') });
    mkdirSync(join(place, 'backups'), { recursive: true });
    chmodSync(path, 0o644);
    const marks = sql("select coalesce(json_agg(m), '[]') from ops.mark m where name in ('backup', 'drill')");
    sql("insert into ops.mark values ('backup', '2020-01-01T00:00:00.000000Z'), ('drill', '2020-01-01T00:00:00.000000Z') on conflict (name) do update set value = excluded.value");
    const got = await examine(path);
    sql("delete from ops.mark where name in ('backup', 'drill')");
    for (const mark of JSON.parse(marks)) sql(`insert into ops.mark values ('${mark.name}', '${mark.value}')`);
    smtp.close();
    provider.close();
    assert.equal(got.code, 2);
    assert.doesNotMatch(got.out + got.err, /geheim/, 'the password of the mail server is shown');
    assert.match(got.findings.find(({ check }) => check === 'mail').fix, new RegExp(`^swaks --server 127\\.0\\.0\\.1 --port ${smtpPort} --auth --to `));
    says(got, 'settings', 'warning', /bakcup_keep/);
    says(got, 'secrets', 'wrong', /bad\.conf holds secrets.*644/);
    says(got, 'secrets', 'wrong', /soon\.key holds secrets/);
    says(got, 'tls', 'warning', /ends in [345] days/);
    says(got, 'tls', 'warning', /nobody trusts the certificate: self/);
    says(got, 'disk', 'wrong', /no-media/);
    says(got, 'database', 'wrong', /synchronous_commit is off/);
    says(got, 'redis', 'wrong', /away/);
    says(got, 'nginx', 'wrong', /does not answer/);
    says(got, 'workers', 'wrong', /--pool web/);
    says(got, 'mail', 'wrong', /does not take our mail.*550 not from there/);
    says(got, 'provider', 'wrong', /401: the key is not taken/);
    says(got, 'provider', 'wrong', /payment_origins is not set/);
    says(got, 'webhooks', 'wrong', /stripe_webhook_secret is not set/);
    says(got, 'backups', 'wrong', /the last backup was \d+ days ago/);
    says(got, 'backups', 'wrong', /the last drill was \d+ days ago/);
});

test('whom people log in by, and what is no list of breached passwords', { skip }, async () => {
    let at = '';
    const published = { '/good': { jwks_uri: '/good/keys' }, '/good/keys': { keys: [{ kty: 'RSA' }] }, '/keyless': { jwks_uri: '/none' }, '/none': { keys: [] } };
    const server = http.createServer((asked, out) => {
        const path = asked.url.replace('/.well-known/openid-configuration', ''), said = published[path];
        out.writeHead(said ? 200 : 404, { 'content-type': 'application/json' })
            .end(JSON.stringify(said?.jwks_uri ? { issuer: `${at}${path}`, jwks_uri: `${at}${said.jwks_uri}` } : said ?? {}));
    });
    at = `http://127.0.0.1:${await listening(server, 0)}`;
    const list = join(place, 'breached.txt'), hashes = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
    writeFileSync(list, hashes.reverse().join('\n'));
    const got = await examine(configured('logins', { breached_passwords: list, oidc_1: `good ${at}/good id secret Good`, oidc_2: `keyless ${at}/keyless id secret Keyless`,
        oidc_3: `gone ${at}/gone id secret Gone` }));
    writeFileSync(list, hashes.reverse().join('\n'));
    const sound = await examine(configured('sound', { breached_passwords: list, oidc_1: `good ${at}/good id secret Good` }));
    server.close();
    says(got, 'logins', 'wrong', /nobody can log in by keyless.*no key/);
    says(got, 'logins', 'wrong', /nobody can log in by gone.*404/);
    says(got, 'passwords', 'warning', /not in order/);
    assert.equal(got.findings.filter(({ check, what }) => check === 'logins' && /good/.test(what)).length, 0);
    assert.deepEqual(sound.findings.filter(({ check, level }) => ['logins', 'passwords'].includes(check) && level !== 'ok'), []);
});

test('SE-14 a map of countries that is missing, torn, old, or none', { skip }, async () => {
    const file = join(place, 'country.mmdb'), path = configured('countries', { country_file: file });
    const of = async (bytes) => {
        if (bytes) writeFileSync(file, bytes);
        return examine(path);
    };
    says(await of(null), 'countries', 'warning', /does nothing: .*country\.mmdb: No such file/);
    says(await of('no map'), 'countries', 'warning', /does nothing: .*country\.mmdb: /);
    says(await of(countries(['TH', null], Date.now()).subarray(0, -20)), 'countries', 'warning', /does nothing: /);
    says(await of(countries([null, null], Date.now())), 'countries', 'warning', /tells no country/);
    says(await of(countries(['TH', null], Date.now() - 60.5 * 86400e3)), 'countries', 'warning', /made 60 days ago/);
    const hidden = await examine(configured('hidden', { mode: 'staging', demo: 'off', country_file: '/root/country.mmdb', breached_passwords: '/tmp/breached.txt' }));
    says(hidden, 'countries', 'warning', /country_file does nothing: the services see nothing below \/root\//);
    says(hidden, 'passwords', 'warning', /breached_passwords does nothing: the services see nothing below \/tmp\//);
    assert.deepEqual((await of(countries(['TH', null], Date.now() - 86400e3))).findings.filter(({ check }) => check === 'countries').map(({ level }) => level), ['ok']);
});

test('what must not be in a production shop, and clocks that run apart', { skip }, async () => {
    const provider = http.createServer((_, out) => out.writeHead(200, { date: new Date(Date.now() - 3600e3).toUTCString(), 'content-type': 'application/json' }).end('{}'));
    const port = await listening(provider, 0);
    const skewed = await examine(configured('skewed', { stripe_base: `http://127.0.0.1:${port}` }));
    provider.close();
    says(skewed, 'clock', 'wrong', /36\d\d s ahead of that of the payment provider/);
    const got = await examine(configured('production', { mode: 'staging', demo: 'off', stripe_base: 'http://127.0.0.1:9', tls_cert: join(place, 'nothing.pem'), backup_every_hours: 0 }));
    assert.equal(got.code, 2);
    for (const words of [/smtp_url is empty/, /localhost/, /demo shop.s account admin@example.test can log in/, /demo shop.s account shopper/]) says(got, 'mode', 'wrong', words);
    says(got, 'mode', 'warning', /mail_from/);
    says(got, 'logs', 'warning', /stays on this machine/);
    const lists = statSync('/var/lib/apt/lists', { throwIfNoEntry: false });
    if (lists && Date.now() - lists.mtimeMs > 7.01 * 86400e3) says(got, 'parts', 'warning', /asked Debian for updates for \d+ days/);
    says(got, 'mode', 'warning', /staging: payments may be play money/);
    says(got, 'tls', 'wrong', /base_url is not https/);
    says(got, 'tls', 'wrong', /nothing\.pem cannot be read/);
    says(got, 'backups', 'warning', /does not back itself up/);
    says(got, 'secrets', 'warning', /no master key of their own/);
    const none = await examine(configured('no-provider', { stripe_key: null, pg: `host=${place} user=talat_app dbname=talat` }));
    says(none, 'provider', 'warning', /no payment provider/);
    says(await examine(configured('elsewhere', { stripe_base: 'https://api.stripe.com.invalid', payment_origins: 'https://login.example' })), 'provider', 'warning', /without https:\/\/checkout\.stripe\.com/);
    says(none, 'database', 'wrong', /does not answer/);
    assert.deepEqual(none.findings.filter((one) => /no connection/.test(one.what)).map((one) => one.check), ['database'], 'one fault is said once');
});

// An apt of the test's own, which knows a version of these packages and has another one installed.
function apt(name, packages) {
    const dir = join(place, name), arch = spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).stdout.trim();
    const list = (more, of) => packages.map((one) => `Package: ${one.name}\nArchitecture: ${arch}\nMaintainer: x <x@example.test>\nVersion: ${of(one)}\n${more}Description: x\n`).join('\n');
    for (const sub of ['lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d', 'etc/sources.list.d']) mkdirSync(join(dir, sub), { recursive: true });
    writeFileSync(join(dir, 'status'), list('Status: install ok installed\n', (one) => one.here));
    writeFileSync(join(dir, `lists/deb.example_debian_dists_bookworm_main_binary-${arch}_Packages`), list('Filename: x.deb\nSize: 1\nSHA256: 00\n', (one) => one.there));
    writeFileSync(join(dir, 'etc/sources.list'), 'deb [trusted=yes] http://deb.example/debian bookworm main\n');
    writeFileSync(join(dir, 'apt.conf'), `Dir::State "${dir}";\nDir::State::status "${dir}/status";\nDir::Cache "${dir}/cache";\nDir::Etc "${dir}/etc";\n`);
    return { APT_CONFIG: join(dir, 'apt.conf') };
}

test('newer versions of what the shop stands on are named, and how to get them', { skip: skip || !existsSync('/usr/bin/apt-cache') }, async () => {
    const source = readFileSync(join(top, 'src/ops/doctor_house.c'), 'utf8');
    const parts = [...source.match(/\bparts\[\] = \{([^}]*)\}/)[1].matchAll(/"([^"]+)"/g)].map(([, name]) => name);
    const control = readFileSync(join(top, 'debian/control'), 'utf8'), field = (name) => control.match(new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm'))[1];
    const named = (text) => text.split(/[,|]/).map((one) => one.trim().replace(/ .*/, '')).filter((one) => /^[a-z]/.test(one));
    const stems = [...named(field('Build-Depends')).filter((one) => /^lib.*-dev$/.test(one)).map((one) => one.replace(/(-openssl)?-dev$/, '')), ...named(field('Depends')), ...named(field('Recommends'))];
    assert.ok(stems.length >= 18, String(stems));
    for (const stem of stems) assert.ok(parts.some((one) => one === stem || one.startsWith(stem) && /^[-\d]/.test(one.slice(stem.length)) || one.startsWith(`${stem}0`)), `${stem} of debian/control is not looked at`);

    const path = configured('parts', { mode: 'staging', demo: 'off' }), of = (got) => got.findings.filter(({ check, what }) => check === 'parts' && !/asked Debian/.test(what));
    const all = (there) => parts.map((name) => ({ name, here: '1:2.0-1', there }));
    const old = await examineWith(apt('old', [{ name: 'libssl3', here: '3.0.1-1', there: '3.0.1-1+deb12u1' }, { name: 'libvips42', here: '8.14-1', there: '8.14-1' }, { name: 'nginx', here: '1.22-1', there: '1.22-2' },
        { name: 'nothing-of-ours', here: '1', there: '2' }]), path);
    assert.deepEqual(of(old).map(({ level, what }) => [level, what]), [['warning', '2 packages the shop stands on have newer versions waiting: nginx 1.22-2 (here 1.22-1), libssl3 3.0.1-1+deb12u1 (here 3.0.1-1)']]);
    assert.match(of(old)[0].fix, /^apt-get update && apt-get install --only-upgrade nginx libssl3\nsystemctl reload talat-web talat-slow && systemctl restart talat-work /);
    const every = await examineWith(apt('every', all('1:2.0-2')), path);
    assert.match(of(every)[0].what, new RegExp(`^${parts.length} packages .*${parts.at(-1)} 1:2\\.0-2`));
    for (const there of ['1:2.0-1', '1:1.9-1']) assert.deepEqual(of(await examineWith(apt(`new-${there}`.replace(/:/, '-'), all(there)), path)).filter(({ level }) => level !== 'ok'), [], there);
    const torn = apt('torn', all('1:2.0-2'));
    writeFileSync(join(place, 'torn/etc/sources.list'), 'deb\n');
    says(await examineWith(torn, path), 'parts', 'warning', /nobody knows whether newer versions wait: apt-cache ended with \d+/);
});

test('what the database does not tell, and what is not there, is not told to be well', { skip }, async () => {
    const got = await examine(configured('away', { pg: `host=${place} user=talat_app dbname=talat`, stripe_base: 'http://127.0.0.1:9' }));
    for (const check of ['mode', 'webhooks', 'clock', 'queue', 'holds', 'people', 'backups'])
        assert.ok(!got.findings.some((one) => one.check === check && one.level === 'ok' && one.isLookedAt !== false), check);
    mkdirSync(join(place, 'bare'), { recursive: true });
    for (const name of ['templates', 'static']) symlinkSync(join(process.env.TALAT_APP, 'share', name), join(place, 'bare', name));
    const bare = await examine(configured('bare', { share_dir: join(place, 'bare') }));
    assert.deepEqual(bare.findings.filter(({ check }) => check === 'schema').map(({ what, isLookedAt }) => [/^not looked at: .*sql\/change: No such file/.test(what), isLookedAt]), [[true, false]]);
});

test('faults in the database', { skip }, async () => {
    const id = sql("insert into work.job (kind, key, state, error) values ('t.doctor', 't.doctor', 'dead', 'it was planted') returning id");
    const cron = sql("select coalesce(json_agg(c), '[]') from work.cron c where last_run > '-infinity'");
    sql('create table catalog.t_doctor (n int) with (autovacuum_enabled = off); insert into catalog.t_doctor select generate_series(1, 61000); analyze catalog.t_doctor');
    sql('create index t_doctor_n on catalog.t_doctor (n)');
    sql("update pg_index set indisvalid = false where indexrelid = 'catalog.t_doctor_n'::regclass");
    sql('set max_parallel_workers_per_gather = 0; set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off; do $$ begin for i in 1..60 loop perform count(*) from catalog.t_doctor; end loop; end $$');
    sql('update catalog.t_doctor set n = n + 1');
    sql("insert into payments.event (provider, event_id, kind, body, received_at) values ('stripe', 't_doctor', 't.doctor', '{}', now() - interval '1 hour')");
    const slow = spawn('/usr/lib/postgresql/15/bin/psql', ['-Xq', '-h', run, '-U', 'postgres', '-d', 'talat', '-c', 'select pg_sleep(60)'], { stdio: 'ignore' });
    await until(() => sql("select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and query_start < now() - interval '1.2 seconds'") === '1');
    await until(() => Number(sql("select n_dead_tup from pg_stat_user_tables where relname = 't_doctor'")) > 50000 && Number(sql("select seq_scan from pg_stat_user_tables where relname = 't_doctor'")) > 50, 15000, 'no statistics');
    try {
        const got = await examine(configured('data'));
        assert.equal(got.code, 2);
        says(got, 'queue', 'warning', /1 jobs were given up.*it was planted|jobs were given up/);
        says(got, 'tables', 'wrong', /t_doctor_n is not valid/);
        says(got, 'tables', 'warning', /catalog\.t_doctor is never vacuumed/);
        says(got, 'tables', 'warning', /catalog\.t_doctor: \d+ dead rows/);
        says(got, 'tables', 'warning', /catalog\.t_doctor was read from end to end/);
        says(got, 'queries', 'warning', /of postgres \(psql\) has run for .*pg_sleep\(60\)/);
        says(got, 'webhooks', 'warning', /1 events.*have waited/);
    } finally {
        slow.kill('SIGKILL');
        sql("select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(60)' and pid <> pg_backend_pid()");
        sql(`drop table catalog.t_doctor; delete from work.job where id = ${id}; delete from payments.event where event_id = 't_doctor'`);
        assert.ok(JSON.parse(cron).length > 0);
    }
});

test('PostgreSQL knows by name which program a connection is of', { skip }, async () => {
    await until(async () => {
        await ask('/search?q=name'); // a worker of that pool that had nothing to do has let its connection go
        const there = sql("select string_agg(distinct application_name, ',') from pg_stat_activity where usename = 'talat_app'");
        return there.includes('talat-web web') && there.includes('talat-work');
    });
});

test('a number that is none: no program starts with it, and each says which line it is', { skip }, async () => {
    for (const [key, value, words] of [['language', 'de', /language: de is not en, th or vi/], ['zone', 'Mars/Olympus', /zone: there is no time zone Mars/], ['base_url', 'http://localhost/shop', /base_url: must begin with/],
        ['payment_origins', 'checkout.stripe.com', /payment_origins: checkout.stripe.com is no address/], ['contact', 'ask me', /contact: ask me is no e-mail address/], ['return_days', '-1', /return_days: must be 0 or more/], ['hold_minutes', '-5', /hold_minutes: must be 1 or more/], ['hold_minutes', 'soon', /hold_minutes: expected a whole number, found "soon"/], ['second_factor_text', 'maybe', /second_factor_text: expected yes or no/],
        ['limits', 'yes', /limits: yes is not on, off or a whole number/], ['secret_file', '/nowhere/secret', /secret_file: \/nowhere\/secret cannot be read: No such file/],
        ['master_key_file', '/nowhere/master', /master_key_file: \/nowhere\/master cannot be read: No such file/]]) {
        const path = configured('number', { [key]: value }), got = await examine(path, '--json');
        assert.deepEqual([got.code, got.out], [2, ''], 'as bad as can be, not a warning');
        assert.match(got.err, words);
        for (const [program, ...more] of [['talat-web', '--check'], ['talat-work'], ['talatctl', 'prove']]) {
            const ran = spawnSync(join(dirname(talatctl), program), ['--config', path, ...more], { encoding: 'utf8' });
            assert.equal(ran.status, 1, program);
            assert.match(ran.stderr, words);
        }
    }
});

test('faults of the stores, the nodes and the folders', { skip }, async () => {
    const bare = spawn('redis-server', ['--port', '0', '--unixsocket', join(place, 'bare.sock'), '--save', '', '--dir', place], { stdio: 'ignore' });
    const texts = http.createServer((_, out) => out.writeHead(401, { 'content-type': 'application/json' }).end('{"message": "Authenticate"}'));
    const port = await listening(texts, 0), folder = join(place, 'old'), fold = (name) => mkdirSync(join(place, name), { recursive: true });
    for (const name of ['old/talat-20250101T000000Z', 'later/sql/change']) fold(name);
    writeFileSync(join(folder, 'talat-20250101T000000Z/manifest.json'), 'torn');
    chmodSync(join(folder, 'talat-20250101T000000Z'), 0o707);
    for (const name of ['templates', 'static']) symlinkSync(join(process.env.TALAT_APP, 'share', name), join(place, 'later', name));
    writeFileSync(join(place, 'later/sql/change/9999_later.sql'), '');
    const secret = join(place, 'secret'), was = /^secret_file = (.*)$/m.exec(readFileSync(confPath, 'utf8'))[1];
    copyFileSync(was, secret);
    chmodSync(secret, 0o660);
    await until(() => existsSync(join(place, 'bare.sock')), 5000, 'no Redis');
    const got = await examine(configured('stores', { redis: join(place, 'bare.sock'), media_dir: '/proc', backup_dir: folder, backup_every_hours: 24, share_dir: join(place, 'later'), secret_file: secret, tls_key: join(place, 'no.key'),
        pg: `host=${run} user=talat_app dbname=talat options='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0'`, pg_owner: `host=${run} user=talat_app dbname=talat`,
        slow_socket: join(place, 'no-slow.sock'), other_nodes: join(place, 'other.sock'), smtp_url: null, mail_dir: join(place, 'no-mail'), sms_base: `http://127.0.0.1:${port}` }));
    bare.kill();
    texts.close();
    assert.equal(got.code, 2);
    says(got, 'redis', 'warning', /appendonly is off/);
    says(got, 'redis', 'warning', /maxmemory is 0/);
    says(got, 'redis', 'warning', /noeviction/);
    for (const { fix } of got.findings.filter(({ check }) => check === 'redis')) assert.ok(fix.startsWith(`redis-cli -s ${join(place, 'bare.sock')} config set`), fix);
    says(got, 'disk', 'wrong', /pictures \(\/proc\): 0 MB of 0 MB are free/);
    says(got, 'backups', 'wrong', /the newest backup: .*damaged/);
    says(got, 'secrets', 'wrong', /talat-20250101T000000Z holds secrets and is open to everybody/);
    says(got, 'secrets', 'warning', /secret can be changed by its group/);
    says(got, 'secrets', 'wrong', /no\.key cannot be read/);
    says(got, 'schema', 'wrong', /the schema lacks 9999_later\.sql/);
    says(got, 'database', 'warning', /statement_timeout is off/);
    says(got, 'database', 'warning', /idle_in_transaction_session_timeout is off/);
    says(got, 'database', 'wrong', /cannot become talat_backup/);
    says(got, 'workers', 'wrong', /--pool slow/);
    says(got, 'nginx', 'wrong', /does not answer at .*other\.sock/);
    says(got, 'mail', 'wrong', /no-mail cannot be written to/);
    says(got, 'sms', 'wrong', /does not let us in/);
});

// One of the test's own, beside the shop's: nobody works in it, so what is put there stays.
test('faults in a database that nobody looks after', { skip }, async () => {
    const name = 'talat_t_doctor', as = (user, of = name) => `host=${run} user=${user} dbname=${of}`;
    const psql = (user, of, ...words) => {
        const got = spawnSync('/usr/lib/postgresql/15/bin/psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-d', as(user, of), ...words.flatMap((one) => ['-c', one])], { encoding: 'utf8' });
        assert.equal(got.status, 0, got.stderr);
    };
    psql('postgres', 'postgres', `drop database if exists ${name}`, `create database ${name} owner talat_owner encoding 'UTF8' locale 'C.UTF-8' template template0`);
    try {
        psql('postgres', name, 'create extension pg_trgm; create extension unaccent; create extension btree_gin; create extension btree_gist');
        const path = configured('own', { pg: as('talat_app'), pg_owner: as('talat_owner'), sms_per_hour: 1, backup_every_hours: 24, drill_every_days: 7, backup_dir: join(place, 'none') });
        says(await examine(path), 'schema', 'wrong', /there is no schema/);
        const made = spawnSync(talatctl, ['--config', path, 'migrate'], { encoding: 'utf8' });
        assert.equal(made.status, 0, made.stderr);
        psql('postgres', name, `set session_replication_role = replica;
            create view pg_stat_statements as select 500.0::float8 as mean_exec_time, 30::bigint as calls, 15000.0::float8 as total_exec_time, 'select planted'::text as query;
            grant select on pg_stat_statements to talat_owner;
            insert into work.job (kind, key, run_at) values ('t.late', 't.late', now() - interval '2 minutes');
            insert into work.job (kind, key, created_at) select 'notify.mail', 't.mail:' || n, now() - interval '31 minutes' from generate_series(1, 5) n;
            insert into work.outbox (kind, subject_id, created_at) values ('t.unread', 1, now() - interval '2 minutes');
            insert into inventory.hold (organisation_id, order_id, item_id, location_id, quantity, expires_at) values (1, 7, 1, 1, 1, now() - interval '6 minutes');
            insert into account.address (person_id, name, phone, line1, country) values (1, 'x', '0812345678', 'Soi 1', 'TH');
            insert into payments.attempt (order_id, provider, key, amount, currency, state, request, expires_at, paid_at) values (7, 'stripe', 'k', 1, 'THB', 'paid', '{}', now(), now());
            insert into notify.sms (person_id, template, cause, mark, network, country, lang, state)
                select 1, 't.doctor', n::text, 'm', 'n', 'TH', 'en', 'failed' from generate_series(1, 6) n`);
        const got = await examine(path);
        assert.equal(got.code, 2);
        says(got, 'people', 'wrong', /nobody can log in to the back office/);
        says(got, 'workers', 'wrong', /talat-work has not looked at the clock/);
        says(got, 'backups', 'warning', /the last backup has never been/);
        says(got, 'backups', 'warning', /the last drill has never been/);
        says(got, 'queries', 'warning', /on average 500 ms, 30 times: select planted/);
        says(got, 'queue', 'wrong', /the oldest due job has waited 1\d\d s/);
        says(got, 'queue', 'wrong', /the oldest event has waited 1\d\d s to be read/);
        says(got, 'mail', 'warning', /5 mails have waited over half an hour/);
        says(got, 'holds', 'warning', /1 holds ended over five minutes ago .* order 7/);
        says(got, 'sealed', 'warning', /1 addresses .* not sealed/);
        says(got, 'webhooks', 'wrong', /1 payments of this week were learnt of only by asking/);
        says(got, 'sms', 'warning', /1 text messages within an hour/);
        says(got, 'sms', 'warning', /6 text messages of this hour could not be sent/);
    } finally {
        psql('postgres', 'postgres', `drop database if exists ${name} with (force)`);
    }
});

test('what cannot be ordered is told: a currency, a country, and where the shop is', { skip }, async () => {
    const zone = sql("select country from auth.organisation where slug = 'house'");
    assert.equal(zone, 'TH');
    sql("set app.platform = 'on'; create table public.t_price as select * from shipping.price; create table public.t_rate as select * from pricing.tax_rate; create table public.t_method as select id, countries from shipping.method");
    try {
        sql("delete from shipping.price where currency = 'VND'; delete from pricing.tax_rate where country = 'TH'; update shipping.method set countries = '{VN,US}'");
        const got = await examine(configured('selling'));
        says(got, 'selling', 'warning', /nobody can order in VND/);
        says(got, 'selling', 'warning', /nobody can order to SG/);
        says(got, 'selling', 'warning', /nothing is delivered to TH, where the shop is: it has no tax rate/);
        sql('delete from pricing.tax_rate');
        const none = await examine(configured('selling'));
        assert.equal(none.code, 2);
        says(none, 'selling', 'wrong', /nobody can order: no country has a tax rate/);
    } finally {
        sql('insert into shipping.price select * from public.t_price on conflict do nothing; insert into pricing.tax_rate select * from public.t_rate on conflict do nothing; update shipping.method m set countries = t.countries from public.t_method t where t.id = m.id; drop table public.t_price, public.t_rate, public.t_method');
    }
    assert.deepEqual((await examine(configured('selling'))).findings.filter((f) => f.check === 'selling' && f.level !== 'ok'), []);
});

test('OB-01 two workers on their rounds at once tell what is over once', { skip }, async () => {
    const told = "select count(*) from notify.mail where template = 'ops_findings'", before = one(told);
    sql(`delete from ops.finding; delete from ops.look;
        insert into ops.finding (name, mark, level, what, fix, since, seen_at, well_at, told_at, news_at, told_level)
            select 'people', 't.race', 'wrong', 'it was so', 'mend it', h, h, h, h, h, 'wrong' from (select now() - interval '1 hour' as h) n;
        insert into work.job (kind, key) select 'ops.look', 't.race:' || n from generate_series(1, 2) n; notify talat_work`);
    try {
        await until(() => one("select count(*) from work.job where kind = 'ops.look'") === 0, 30000);
        assert.equal(one("select count(*) from ops.finding where mark = 't.race' and over_at is not null"), 1);
        assert.equal(one(told) - before, one("select count(*) from auth.person where role in ('admin', 'super_admin') and blocked_at is null"));
        assert.ok(one('select count(*) from ops.look') >= 15);
    } finally {
        sql("delete from work.job where kind = 'ops.look'; delete from ops.finding; delete from ops.look");
    }
});

test('OB-01 who says they know of something sees the menu count less at once, whichever worker answers', { skip }, async () => {
    sql(`delete from ops.finding;
        insert into ops.finding (name, mark, level, what, fix, since, seen_at, told_at, news_at, told_level)
            select 'people', 't.known ' || n, 'wrong', 'it is so', 'mend it', now(), now(), now(), now(), 'wrong' from generate_series(1, 2) n`);
    const house = await admin();
    const counts = async () => new Set(await Promise.all(Array.from({ length: 12 }, async () => {
        const { body } = await house.get('/admin');
        return Number(/<span>Health(?: <b>(\d+)<\/b>)?<\/span>/.exec(body)[1] ?? 0);
    })));
    try {
        assert.deepEqual([...await counts()], [2]);
        const { data } = await house.json('/admin/health');
        for (const [i, { id }] of data.findings.entries()) {
            const got = await house.post(`/admin/health/${id}`, { known: 'yes' });
            assert.equal(got.status, 303, got.body.slice(0, 300));
            assert.deepEqual([...await counts()], [1 - i]);
        }
    } finally {
        sql('delete from ops.finding');
    }
});
