// make install as a package's builder has it: everything at its place, nothing of it left by
// uninstall, units that systemd takes, and what is written anew is as it should be.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const build = process.env.TALAT_BUILD ?? join(top, 'build/check');
const skip = !existsSync(join(build, 'talat-web')) && 'nothing is built';
const dir = mkdtempSync(join(tmpdir(), 'talat-install-'));
const places = ['prefix=/usr', 'sysconfdir=/etc', 'libexecdir=/usr/libexec', 'datarootdir=/usr/share', `DESTDIR=${dir}`];
const make = (...words) => {
    const ran = spawnSync('make', ['-s', '-C', build, ...words, ...places], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr + ran.stdout);
};
const files = (at) => readdirSync(join(dir, at), { withFileTypes: true })
    .flatMap((one) => (one.isDirectory() ? files(join(at, one.name)) : [join(at, one.name)])).sort();
const read = (at) => readFileSync(join(dir, at), 'utf8');
const has = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

before(() => { if (!skip) make('install'); });
after(() => rmSync(dir, { recursive: true, force: true }));

test('programs, scripts, man pages and units are where they belong', { skip }, () => {
    const all = files('usr');
    for (const name of ['bin/talatctl', 'libexec/talat/talat-web', 'libexec/talat/talat-work', 'libexec/talat/talat-image', 'libexec/talat/init', 'libexec/talat/site']) {
        assert.ok(all.includes(`usr/${name}`), name);
        assert.ok(statSync(join(dir, 'usr', name)).mode & 0o111, `${name} can be run`);
    }
    for (const name of readdirSync(join(top, 'man'))) assert.ok(all.includes(`usr/share/man/man${name.at(-1)}/${name}`), name);
    for (const name of ['templates/layout', 'sql/schema', 'sql/change', 'nginx/render', 'static/manifest']) assert.ok(existsSync(join(dir, 'usr/share/talat', name)), name);
    for (const line of read('usr/share/talat/static/manifest').trim().split('\n')) {
        assert.ok(existsSync(join(dir, 'usr/share/talat/static', line.split(' ')[1])), line);
    }
    assert.deepEqual(all.filter((name) => !/^usr\/(bin|libexec|share\/talat|share\/man|lib\/(systemd|sysusers\.d|tmpfiles\.d))\//.test(name)), []);
});

test('no place is left open in what was written for here', { skip }, () => {
    for (const name of files('usr').filter((one) => !/share\/talat|libexec\/talat\/talat-|bin\/talatctl/.test(one))) {
        assert.doesNotMatch(read(name), /@[A-Z]+@|\/usr\/local/, name);
    }
});

test('systemd takes the units, and they are hardened', { skip: skip || (!has('systemd-analyze') && 'no systemd here') }, () => {
    const units = join(dir, 'units');
    mkdirSync(units);
    // The programs are not at their place on this machine.
    for (const name of files('usr/lib/systemd/system')) {
        const to = name.replace('usr/lib/systemd/system', 'units');
        mkdirSync(dirname(join(dir, to)), { recursive: true });
        writeFileSync(join(dir, to), read(name).replaceAll('/usr/libexec', `${dir}/usr/libexec`));
    }
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:/lib/systemd/system` };
    const ours = readdirSync(units).filter((name) => /\.(service|target)$/.test(name)).map((name) => join(units, name));
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', ...ours], { env, encoding: 'utf8' });
    assert.equal(verify.stderr.split('\n').filter((line) => line.includes('talat')).join('\n'), '');
    assert.equal(verify.status, 0, verify.stderr);
    // Not there where the shop has another Redis: systemd passes over it, and nothing has failed.
    const needed = /^ConditionPathExists=(.*)$/m.exec(readFileSync(join(units, 'redis-server@talat.service.d/talat.conf'), 'utf8'))?.[1];
    assert.ok(read('usr/libexec/talat/init').includes(`file=${needed}\n`), needed);
    assert.match(readFileSync(join(units, 'talat-.service.d/50-common.conf'), 'utf8'), /^Wants=redis-server@talat\.service$/m);
    for (const unit of ours.filter((name) => name.endsWith('.service'))) {
        const ran = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', unit], { env, encoding: 'utf8' });
        const score = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(ran.stdout)?.[1]);
        assert.ok(score <= 1.5, `${unit}: ${score} (10 is open, 0 is shut)`);
        assert.match(readFileSync(unit, 'utf8'), /^MemoryMax=/m);
    }
});

test('init refuses what cannot sell safely, before it touches anything', { skip: skip || process.getuid() !== 0 }, () => {
    const init = (...words) => spawnSync('sh', [join(dir, 'usr/libexec/talat/init'), '--dry-run', '--shop-name', 'X', '--mail-from', 'x@shop.test', '--admin', 'a@shop.test', '--delivery', '50', ...words],
        { encoding: 'utf8', input: '', env: { ...process.env, TALAT_CONF: '' } });
    const tls = ['--tls-cert', '/dev/null', '--tls-key', '/dev/null'];
    for (const [words, why] of [
        [['--url', 'http://shop.test'], /https/],
        [['--url', 'https://shop.test'], /certificate/],
        [['--url', 'https://shop.test/path', ...tls], /a host/],
        [['--url', 'https://shop.test:8443', ...tls], /listens on 443/],
        [['--staging', '--url', 'http://localhost:8080'], /listens on 443, and on 80/],
        [['--url', 'https://shop.test', '--tls-cert', '/dev/null'], /--tls-key/],
        [['--url', 'https://shop.test', ...tls, '--stripe-key', 'sk_test_x'], /play money/],
        [['--url', 'https://shop.test', ...tls, '--stripe-key', 'sk_live_x', '--stripe-base', 'http://127.0.0.1'], /https/],
        [['--url', 'https://shop.test', ...tls, '--currency', 'baht'], /no code/],
        [['--url', 'https://shop.test', ...tls, '--language', 'de'], /en, th or vi/],
        [['--url', 'https://shop.test', ...tls, '--country', 'Thailand'], /no code/],
        [['--url', 'https://shop.test', ...tls, '--currency', 'EUR'], /which country/],
        [['--url', 'https://shop.test', ...tls, '--zone', 'Asia/Nowhere'], /no time zone/],
        [['--url', 'https://shop.test', ...tls, '--zone', '../zoneinfo/Asia/Bangkok'], /no time zone/],
        [['--what'], /usage/],
    ]) {
        const ran = init(...words);
        assert.notEqual(ran.status, 0, words.join(' '));
        assert.match(ran.stderr, why);
        assert.equal(ran.stdout, '');
    }
});

test('talatctl says of each command how it is used, whatever shop there is', { skip }, () => {
    const ask = (...words) => spawnSync(join(build, 'talatctl'), words, { encoding: 'utf8', env: { PATH: process.env.PATH, TALAT_CONF: '/nowhere' } });
    const all = ask('--help');
    assert.equal(all.status, 0, all.stderr);
    const commands = [...all.stdout.matchAll(/^ {2}([a-z-]+)(.*)\n {8}(.+)/gm)];
    assert.ok(commands.length >= 15, all.stdout);
    for (const [i, [, name, usage, what]] of commands.entries()) {
        const { status, stdout, stderr } = ask(name, ['--help', '-h', 'help'][i % 3]);
        assert.deepEqual([status, stderr], [0, ''], name);
        assert.ok(stdout.startsWith(`usage: talatctl ${name}${usage}\n${what}\n`), stdout);
    }
    const first = commands[0][1];
    assert.equal(ask('help', first).stdout, ask(first, '--help').stdout);
    assert.match(ask('--version').stdout, /^talatctl \d+\.\d+/);
    for (const words of [['--config'], ['--config', '/nowhere']]) {
        const { status, stderr } = ask(...words);
        assert.equal(status, 2);
        assert.match(stderr, words[1] ? /^usage: / : /--config is followed by a file/);
    }
    const none = ask('nonsense');
    assert.deepEqual([none.status, none.stdout, none.stderr], [2, '', 'talatctl: there is no command nonsense: talatctl help lists them\n']);
});

test('play money is refused by the programs too', { skip }, () => {
    const conf = join(dir, 'talat.conf');
    const open = (...lines) => {
        writeFileSync(conf, ['base_url = https://shop.test', `secret = ${'s'.repeat(32)}`, `share_dir = ${dir}/usr/share/talat`, ...lines].join('\n'));
        return spawnSync(join(dir, 'usr/libexec/talat/talat-web'), ['--check', '--config', conf], { encoding: 'utf8' });
    };
    const test = ['stripe_key = sk_test_x', 'stripe_base = http://127.0.0.1:1'];
    const ran = open('mode = production', ...test);
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /play money/);
    assert.match(ran.stderr, /stripe_base: must begin with https/);
    assert.equal(open('mode = staging', ...test).status, 0);
    assert.equal(open('mode = production', 'stripe_key = sk_live_x', 'stripe_base = https://api.stripe.com').status, 0);
    assert.match(open('mode = staging', 'demo = on').stderr, /demo/);
});

test('uninstall leaves nothing', { skip }, () => {
    make('uninstall');
    assert.deepEqual(files('usr'), []);
});
