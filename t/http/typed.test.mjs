// A password that is typed for talatctl is not shown, asked for twice, and leaves the terminal as it was;
// and whom talatctl made an admin.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Browser, confPath, rows, quote, skip as noStack, until } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const newcomer = () => `typed.${randomBytes(4).toString('hex')}@example.test`;
const known = (email) => rows(`select id from auth.person where email = ${quote(email)}`).length;

// In a terminal of its own (script's), a shell that tells afterwards whether it shows what is typed.
function terminal(email) {
    const child = spawn('script', ['-qfec', `trap : INT; '${talatctl}' --config '${confPath}' user add ${email} --role user; echo "code $?"; stty -a`, '/dev/null']);
    const at = { said: '', over: new Promise((done) => child.on('close', done)), type: (line) => child.stdin.write(line) };
    for (const end of [child.stdout, child.stderr]) end.on('data', (more) => { at.said += more; });
    at.hears = (words) => until(() => at.said.includes(words), 15000, () => `no "${words}" in: ${at.said}`);
    return at;
}

test('a password typed at a terminal is not shown, and asked for twice', { skip }, async () => {
    const email = newcomer(), secret = `quiet ${randomBytes(6).toString('hex')}`;
    const at = terminal(email);
    await at.hears('password (8 to 256 characters): ');
    at.type(`${secret}\r`);
    await at.hears('once more: ');
    at.type(`${secret}\r`);
    await at.hears('speed');
    await at.over;
    assert.match(at.said, /code 0/);
    assert.match(at.said, / echo\b/, 'the terminal shows again what is typed');
    assert.ok(!at.said.includes(secret) && !at.said.includes('quiet'), 'the password is on the screen');
    await new Browser().login(email, secret);
});

test('two that are not the same add nobody', { skip }, async () => {
    const email = newcomer(), at = terminal(email);
    await at.hears('characters): ');
    at.type('one quiet morning\r');
    await at.hears('once more: ');
    at.type('another quiet morning\r');
    await at.over;
    assert.match(at.said, /the two are not the same/);
    assert.match(at.said, /code 1/);
    assert.equal(known(email), 0);
});

test('whoever breaks off has a terminal that shows what they type', { skip }, async () => {
    const email = newcomer(), at = terminal(email);
    await at.hears('characters): ');
    at.type('half a pass\x03');
    await at.hears('speed');
    await at.over;
    assert.match(at.said, / echo\b/);
    assert.ok(!at.said.includes('half a'), 'what was typed is on the screen');
    assert.equal(known(email), 0);
});

test('from a pipe the first line is the password, and nothing is asked', { skip }, async () => {
    const email = newcomer(), secret = `quiet ${randomBytes(6).toString('hex')}`;
    const ran = spawnSync(talatctl, ['--config', confPath, 'user', 'add', email, '--role', 'user'], { input: `${secret}\nmore\n`, encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(ran.stderr, '');
    await new Browser().login(email, secret);
});

test('who the admins are is said, an address a line, and nothing of others', { skip }, async () => {
    const ran = spawnSync(talatctl, ['--config', confPath, 'user', 'admins'], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(ran.stdout.trim().split('\n').sort(), rows("select email from auth.person where role <> 'user' and blocked_at is null").map(({ email }) => email).sort());
    assert.ok(ran.stdout.includes('admin@example.test\n') && !ran.stdout.includes('shopper@'));
    assert.equal(spawnSync(talatctl, ['--config', confPath, 'user', 'admins', 'all'], { encoding: 'utf8' }).status, 2);
});
