// talatctl init and talatctl nginx as they run on an operator's machine. Its users, services and
// stores are stand-ins, which note what they are asked; its folders are the test's own.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const talatctl = join(process.env.TALAT_BUILD ?? join(top, 'build/check'), 'talatctl');
const { TALAT_CONF: _, ...unchosen } = process.env; // that of the stack
const place = mkdtempSync(join(tmpdir(), 'talat-machine-'));
after(() => rmSync(place, { recursive: true, force: true }));

// {at, run(script, words) -> {code, out, err, asked}, read(path)}
function machine(name, stands = {}) {
    const at = join(place, name), bin = join(at, 'bin'), said = join(at, 'asked');
    const read = (path) => readFileSync(join(at, path), 'utf8');
    for (const folder of ['bin', 'etc/nginx/sites-enabled', 'etc/redis', 'etc/systemd/system', 'run', 'var/lib/talat']) mkdirSync(join(at, folder), { recursive: true });
    cpSync(join(top, 'nginx'), join(at, 'share/nginx'), { recursive: true });
    mkdirSync(join(at, 'share/static/css'), { recursive: true });
    writeFileSync(join(at, 'share/static/css/shop.1.css'), '');
    writeFileSync(join(at, 'share/static/manifest'), 'css/shop.css css/shop.1.css\n');
    const tools = { chown: '', chgrp: '', systemctl: '', 'systemd-sysusers': '', 'systemd-tmpfiles': '', nginx: '', id: 'echo 0', talatctl: '', 'talat-web': '', ...stands };
    const lay = (stands) => {
        for (const [tool, does] of Object.entries(stands)) writeFileSync(join(tool === 'talat-web' ? at : bin, tool), `#!/bin/sh\necho "${tool} $*" >>${said}\n${does}\n`, { mode: 0o755 });
    };
    lay(tools);
    return { at, read, run(script, words, { umask = '022', tools: now = {}, env = {}, cwd = at } = {}) {
        lay(now);
        writeFileSync(said, '');
        writeFileSync(join(at, script), readFileSync(join(top, script.startsWith('talat.') ? 'debian' : 'system', script), 'utf8').replace('\nPATH=', `\nPATH=${bin}:`)
            .replaceAll('@BIN@', bin).replaceAll('@LIBEXEC@', at).replaceAll('@SHARE@', join(at, 'share')).replaceAll('@SYSCONF@', '/etc')
            .replace(/(?<![\w.}])\/(etc|var|run)\//g, `${at}/$1/`));
        const ran = spawnSync('sh', ['-c', `umask ${umask} && exec sh "$@"`, 'sh', join(at, script), ...words],
            { encoding: 'utf8', input: '', cwd, env: { ...unchosen, ...env, PATH: `${bin}:${process.env.PATH}` } });
        return { code: ran.status, out: ran.stdout, err: ran.stderr, asked: read('asked') };
    } };
}
const shop = ['--url', 'https://shop.test', '--shop-name', 'X', '--mail-from', 'x@shop.test', '--tls-cert', '/dev/null', '--tls-key', '/dev/null',
    '--admin', 'a@shop.test', '--delivery', '50', '--no-nginx', '--no-start'];
const noNchan = !existsSync('/usr/lib/nginx/modules/ngx_nchan_module.so') && 'no nchan here';
const own = ['--pg', 'host=db user=talat_app dbname=talat', '--pg-owner', 'host=db user=talat_owner dbname=talat', '--redis', '/srv/own.sock'];
function init(one, words, how) {
    const ran = one.run('init', words, how);
    assert.equal(ran.code, 0, ran.err + ran.out);
    return ran;
}

test('what init writes without a key for payments wants nothing but the key', () => {
    const one = machine('keyless'), { out } = init(one, [...shop, ...own]);
    assert.match(one.read('etc/talat/talat.conf'), /^stripe_base = https:\/\/api\.stripe\.com\npayment_origins = https:\/\/checkout\.stripe\.com\nstripe_key = \n/m);
    assert.match(out, /put stripe_key into \S+talat\.conf; then talatctl webhook set[^]*Mails are laid into \S*\/mail, not sent[^]*systemctl reload talat-web talat-slow/);
    const sim = machine('simulated');
    init(sim, [...shop, ...own, '--staging', '--stripe-base', 'http://127.0.0.1:9', '--stripe-key', 'sk_test_x', '--stripe-webhook-secret', 'whsec_x']);
    assert.match(sim.read('etc/talat/talat.conf'), /^stripe_base = http:\/\/127\.0\.0\.1:9\npayment_origins = http:\/\/127\.0\.0\.1:9\nstripe_key = sk_test_x\n/m);
});

test('a shop is where its money is from, unless it is said where', () => {
    for (const [name, words, country, zone] of [
        ['baht', [], 'TH', 'Asia/Bangkok'],
        ['dong', ['--currency', 'VND'], 'VN', 'Asia/Ho_Chi_Minh'],
        ['euro', ['--currency', 'EUR', '--country', 'DE'], 'DE', 'Europe/Berlin'],
        ['west', ['--currency', 'USD', '--zone', 'America/Los_Angeles'], 'US', 'America/Los_Angeles'],
    ]) {
        const one = machine(name);
        init(one, [...shop, ...own, ...words]);
        assert.match(one.read('etc/talat/talat.conf'), new RegExp(`^country = ${country}\nzone = ${zone}\n`, 'm'), name);
    }
});

// As talatctl nginx runs it after init.
function site(one, lines, how) {
    mkdirSync(join(one.at, 'etc/talat'), { recursive: true });
    writeFileSync(join(one.at, 'etc/talat/talat.conf'), ['base_url = https://shop.test', 'refresh_key = 0123456789abcdef', `share_dir = ${one.at}/share`, ...lines, ''].join('\n'));
    const ran = one.run('site', [], how);
    assert.equal(ran.code, 0, ran.err + ran.out);
    return ran;
}

test('nginx can read what it needs, whatever umask root is used to', { skip: noNchan }, () => {
    const one = machine('private'), mode = (path) => (statSync(join(one.at, path)).mode & 0o777).toString(8);
    const modes = { 'etc/talat/nginx': '755', 'etc/talat/nginx/error': '755', 'etc/talat/nginx/error/error.html': '644', 'etc/talat/nginx/shop.webmanifest': '644', 'etc/talat/nginx/robots.txt': '644', 'etc/talat/nginx/site.conf': '644',
        'etc/talat/nginx/cache.conf': '600', 'var/lib/talat/static': '755', 'var/lib/talat/static/css': '755', 'var/lib/talat/static/css/shop.1.css': '644' };
    const tls = ['tls_cert = /etc/ssl/own.pem', 'tls_key = /etc/ssl/own.key'];
    const sound = () => Object.fromEntries(Object.keys(modes).map((path) => [path, mode(path)]));
    mkdirSync(join(one.at, 'etc/talat'), { mode: 0o755 });
    site(one, tls, { umask: '077' });
    assert.deepEqual(sound(), modes);
    for (const path of Object.keys(modes)) chmodSync(join(one.at, path), statSync(join(one.at, path)).mode & 0o700); // as one was made before
    site(one, tls, { umask: '077' });
    assert.deepEqual(sound(), modes, 'and is mended when it is made anew');
    for (const umask of ['000', '077']) {
        const two = machine(`made-${umask}`);
        init(two, [...shop, ...own], { umask });
        assert.deepEqual(['', 'secret', 'master-key', 'talat.conf'].map((name) => (statSync(join(two.at, 'etc/talat', name)).mode & 0o777).toString(8)), ['751', '640', '640', '640'], umask);
    }
});

test('a site that is not written whole is not left behind, and never pushes out a good one', { skip: noNchan }, () => {
    const one = machine('torn'), render = join(one.at, 'share/nginx/render'), whole = readFileSync(render, 'utf8');
    const torn = (words, how) => {
        const ran = one.run('site', [], how);
        assert.equal(ran.code, 1, ran.out);
        assert.match(ran.err, words);
        return one.read('etc/talat/nginx/site.conf');
    };
    site(one, ['tls_cert = /etc/ssl/own.pem', 'tls_key = /etc/ssl/own.key']);
    const good = one.read('etc/talat/nginx/site.conf');
    writeFileSync(render, '#!/bin/sh\necho half >"$2/site.conf"\nexit 1\n');
    assert.equal(torn(/the site was not written/), good);
    assert.equal(existsSync(join(one.at, 'etc/talat/nginx.old')), false);
    writeFileSync(render, '#!/bin/sh\necho half >"$2/site.conf"\nkill -9 $PPID\n'); // cut off: it can put nothing back
    assert.equal(one.run('site', []).code, null);
    assert.equal(one.read('etc/talat/nginx/site.conf'), 'half\n');
    writeFileSync(render, whole);
    assert.equal(torn(/nginx does not like the site/, { tools: { nginx: 'exit 1' } }), good);
});

// talatctl looks for its scripts where it was made for: here a name of the same length.
test('the configuration that was chosen is the scripts\', too, and init makes no other than its own', { skip: !existsSync(talatctl) && 'nothing is built' }, () => {
    const one = machine('chosen'), libexec = '/usr/local/libexec/talat', at = mkdtempSync('/tmp/talat-libexec-XXXXXX'.slice(0, libexec.length - 6));
    assert.equal(at.length, libexec.length);
    try {
        writeFileSync(join(one.at, 'talatctl'), Buffer.from(readFileSync(talatctl, 'latin1').replaceAll(libexec, at), 'latin1'), { mode: 0o755 });
        for (const name of ['site', 'init']) writeFileSync(join(at, name), '#!/bin/sh\necho "$TALAT_CONF $*"\n', { mode: 0o755 });
        const says = (words, more = {}) => spawnSync(join(one.at, 'talatctl'), words, { encoding: 'utf8', env: { ...unchosen, ...more } }).stdout;
        assert.equal(says(['--config', '/srv/other.conf', 'nginx']), '/srv/other.conf \n');
        assert.equal(says(['--config', '/srv/other.conf', 'nginx'], { TALAT_CONF: '/srv/first.conf' }), '/srv/other.conf \n');
        assert.equal(says(['nginx', '/srv/third.conf'], { TALAT_CONF: '/srv/first.conf' }), '/srv/first.conf /srv/third.conf\n');
        assert.equal(says(['nginx']), ' \n');
    } finally {
        rmSync(at, { recursive: true });
    }
    const other = one.run('init', [...shop, ...own], { env: { TALAT_CONF: '/srv/other.conf' } });
    assert.equal(other.code, 1);
    assert.match(other.err, /it makes the shop of \S*\/etc\/talat\/talat\.conf, not of \/srv\/other\.conf: run it without --config/);
});

test('nginx writes the site of the configuration it is given', { skip: noNchan }, () => {
    const one = machine('given'), conf = join(one.at, 'srv/other.conf');
    mkdirSync(join(one.at, 'srv'));
    for (const [words, how] of [[[], { env: { TALAT_CONF: conf } }], [[conf], {}], [['other.conf'], { cwd: join(one.at, 'srv') }]]) {
        site(one, [], {});
        rmSync(join(one.at, 'etc/talat/nginx'), { recursive: true });
        writeFileSync(conf, one.read('etc/talat/talat.conf'));
        const ran = one.run('site', words, how);
        assert.equal(ran.code, 0, ran.err);
        assert.match(ran.asked, new RegExp(`talatctl --config ${conf} route-list`));
        assert.match(ran.out, new RegExp(` ${one.at}/srv/nginx/http\\.conf$`, 'm'));
        assert.equal(existsSync(join(one.at, 'etc/talat/nginx')), false);
    }
});

test('nginx takes what certbot renews, and no other certificate is its business', { skip: noNchan }, () => {
    const one = machine('renewed'), hook = 'etc/letsencrypt/renewal-hooks/deploy/talat';
    site(one, ['tls_cert = /etc/ssl/own.pem', 'tls_key = /etc/ssl/own.key']);
    assert.equal(existsSync(join(one.at, hook)), false);
    site(one, [`tls_cert = ${one.at}/etc/letsencrypt/live/shop.test/fullchain.pem`, `tls_key = ${one.at}/etc/letsencrypt/live/shop.test/privkey.pem`]);
    writeFileSync(join(one.at, 'asked'), '');
    const ran = spawnSync(join(one.at, hook), [], { encoding: 'utf8', env: { PATH: `${one.at}/bin:${process.env.PATH}` } });
    assert.deepEqual([ran.status, one.read('asked')], [0, 'systemctl try-reload-or-restart nginx.service\n']);
});

test('init again leaves the admin\'s password and the price of delivery alone, in a database of one\'s own too', () => {
    const one = machine('again'), first = init(one, [...shop, ...own]);
    for (const words of ['user add a@shop.test --role admin', 'delivery standard --name Standard delivery --currency THB --price 50']) assert.match(first.asked, new RegExp(words));
    assert.match(first.out, /Log in at .* with the password/);
    const again = init(one, [...shop, ...own], { tools: { talatctl: 'case "$*" in *admins) echo a@shop.test ;; *delivery) echo "standard: 60.00 THB: Standard delivery" ;; esac' } });
    assert.doesNotMatch(again.asked, /user add|--price/);
    assert.match(again.out, /an admin\n[^]*a way of delivery\n/);
    assert.doesNotMatch(again.out, /password|^made/m);
    const conf = join(one.at, 'etc/talat/talat.conf');
    writeFileSync(conf, one.read('etc/talat/talat.conf').replace(/^mode = .*\n/m, '')); // production, as man talat.conf has it
    init(one, [...shop, ...own]);
    const torn = one.run('init', [...shop, ...own], { tools: { talatctl: 'case "$*" in *admins) exit 1 ;; esac' } });
    assert.equal(torn.code, 1, 'who cannot be asked is not overwritten');
    assert.match(torn.err, /does not say/);
    assert.doesNotMatch(torn.asked, /user add/);
    assert.equal(init(machine('dry'), [...shop, ...own, '--dry-run'], {}).code, 0);
});

test('whatever init ends with, it says the password it has made, and the next run what is still missing', () => {
    const one = machine('halted'), words = shop.filter((word) => word !== '--no-nginx');
    writeFileSync(join(one.at, 'site'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const halted = one.run('init', [...words, ...own]);
    assert.equal(halted.code, 1);
    assert.match(halted.out, /as a@shop\.test with the password [0-9a-f]{18}\n/);
    const undelivered = machine('undelivered').run('init', [...shop, ...own], { tools: { talatctl: 'case "$*" in *--price*) exit 1 ;; esac' } });
    assert.equal(undelivered.code, 1);
    assert.match(undelivered.out, /with the password [0-9a-f]{18}\n/);
    const refused = machine('unadded').run('init', [...shop, ...own], { tools: { talatctl: 'case "$*" in *"user add"*) exit 1 ;; esac' } });
    assert.equal(refused.code, 1);
    assert.doesNotMatch(refused.out, /with the password/, 'nobody has it');
    writeFileSync(join(one.at, 'site'), '#!/bin/sh\n', { mode: 0o755 });
    const missing = /Nobody can pay yet[^]*Mails are laid into \S*\/mail, not sent[^]*systemctl reload/;
    const asked = { talatctl: 'case "$*" in *admins) echo a@shop.test ;; *delivery) echo "standard: 50.00 THB: Standard delivery" ;; esac' };
    const again = init(one, [...words, ...own], { tools: asked });
    assert.match(again.out, missing);
    assert.doesNotMatch(again.out, /password/);
    const conf = join(one.at, 'etc/talat/talat.conf');
    writeFileSync(conf, one.read('etc/talat/talat.conf').replace(/^(stripe_key|stripe_webhook_secret|smtp_url) =.*$/mg, '$1 = x'));
    assert.doesNotMatch(init(one, [...words, ...own]).out, /Nobody can pay|not sent|does not hear|reload talat-web talat-slow &&/);
});

test('a port in the address is a proxy\'s, or the business of a site of one\'s own', () => {
    const words = [...shop.filter((word) => word !== '--no-nginx').map((word) => word.replace('https://shop.test', 'https://shop.test:8443')), ...own];
    const refused = machine('port').run('init', words);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /https:\/\/shop\.test:8443: nginx listens on 443/);
    init(machine('port-own'), [...words, '--no-nginx']);
    const proxied = machine('port-proxy');
    writeFileSync(join(proxied.at, 'site'), '#!/bin/sh\n', { mode: 0o755 });
    init(proxied, [...words, '--proxies', '10.0.0.0/8']);
});

test('init keeps no configuration that the shop does not take, and says which words it has not read', () => {
    const one = machine('unread'), refuses = { 'talat-web': 'echo "talat: currencies: THB,USD is not one we know" >&2; exit 1' };
    const ran = one.run('init', [...shop, ...own, '--currencies', 'THB,USD'], { tools: refuses });
    assert.equal(ran.code, 1);
    assert.match(ran.err, /there is no configuration yet[^]*THB,USD is not one we know/);
    assert.match(ran.asked, /^talat-web --check --config \S*\/etc\/talat\/talat\.conf\.new$/m);
    assert.deepEqual(readdirSync(join(one.at, 'etc/talat')).sort(), ['master-key', 'secret']);
    init(one, [...shop, ...own, '--currencies', 'USD'], { tools: { 'talat-web': '' } });
    assert.match(one.read('etc/talat/talat.conf'), /^currencies = THB USD$/m);
    assert.doesNotMatch(init(one, [...shop, ...own, '--currencies', 'USD']).out, /not taken/);
    const dong = machine('dong-again');
    init(dong, [...shop, ...own, '--currency', 'VND', '--currencies', 'USD']);
    assert.doesNotMatch(init(dong, [...shop, ...own, '--currencies', 'USD']).out, /not taken/);
    const later = init(one, [...shop, ...own, '--currencies', 'USD VND', '--staging', '--smtp-url', 'smtp://mail.test']);
    assert.match(later.out, /^not taken +--currencies --staging --smtp-url: it says otherwise, and stays$/m);
    assert.match(one.run('init', [...shop.map((word) => word === 'x@shop.test' ? 'the shop' : word), ...own]).out, /not taken +--mail-from/);
    assert.match(machine('unsent').run('init', [...shop.map((word) => word === 'x@shop.test' ? 'the shop' : word), ...own]).err, /--mail-from: the shop is no address/);
});

test('the manuals name every secret that init makes, and every word of a backup and a restore', () => {
    const read = (path) => readFileSync(join(top, path), 'utf8');
    const files = [...read('system/init').matchAll(/^(?:secret|master_key)_file = \$etc\/(\S+)$/mg)].map(([, file]) => file);
    assert.deepEqual(files, ['secret', 'master-key']);
    for (const page of ['man/talat.7', 'man/talat.conf.5']) {
        const told = /^\.Sh FILES\n([^]*?)^\.Sh/m.exec(read(page))[1];
        for (const file of files) assert.ok(told.includes(`.It Pa @SYSCONF@/talat/${file}\n`), `${page}: ${file}`);
    }
    for (const [, command, usage] of read('src/bin/talatctl.c').matchAll(/\{ "(backup|restore)", "(.*)",$/mg)) {
        const [, told] = new RegExp(`^\\.It Cm ${command} .*\\n([^]*?)^\\.It`, 'm').exec(read('man/talatctl.8'));
        for (const [, word] of usage.matchAll(/\[--(with\S+|replace)\]/g)) assert.match(told, new RegExp(`^\\.Fl -${word}`, 'm'), `${command} --${word}`);
    }
});

test('the styles of a package are laid beside those that are there, in the manual\'s words', () => {
    const at = join(place, 'beside'), made = join(at, 'made'), there = join(at, 'static'), deb = join(at, 'new.deb');
    for (const folder of [join(made, 'DEBIAN'), join(made, 'usr/share/talat/static/css'), join(made, 'usr/share/talat/templates'), join(there, 'css')]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(made, 'DEBIAN/control'), 'Package: talat\nVersion: 2\nArchitecture: all\nMaintainer: x <x@example.test>\nDescription: x\n');
    for (const [name, text] of [['static/css/shop.2.css', 'two'], ['static/manifest', 'of the new one'], ['templates/page', 'x']]) writeFileSync(join(made, 'usr/share/talat', name), text);
    for (const [name, text] of [['css/shop.1.css', 'one'], ['manifest', 'of the old one']]) writeFileSync(join(there, name), text);
    assert.equal(spawnSync('dpkg-deb', ['--root-owner-group', '-b', made, deb], { encoding: 'utf8' }).status, 0);
    const words = /^dpkg-deb --fsys-tarfile[^]*?(?=\n\.Ed)/m.exec(readFileSync(join(top, 'man/talat.7'), 'utf8'))[0].replaceAll('\\e\n', '\\\n').replace('talat_NEW.deb', deb).replace('/var/lib/talat/static', there);
    const ran = spawnSync('sh', ['-c', words], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    const of = (folder) => readdirSync(folder).sort();
    assert.deepEqual([of(there), of(join(there, 'css'))], [['css', 'manifest'], ['shop.1.css', 'shop.2.css']]);
    assert.equal(readFileSync(join(there, 'manifest'), 'utf8'), 'of the old one', 'the month of the old ones would not begin today');
});

test('a package that is purged takes its own logs along, and says what stays', () => {
    const one = machine('purged'), logs = ['nginx/talat.log', 'nginx/talat.log.1', 'nginx/talat.log.2.gz', 'nginx/access.log', 'redis/redis-server-talat.log', 'redis/redis-server-talat.log.1', 'redis/redis-server.log'];
    for (const folder of ['etc/talat', 'var/log/nginx', 'var/log/redis']) mkdirSync(join(one.at, folder), { recursive: true });
    for (const name of [...logs.map((log) => `var/log/${log}`), 'etc/talat/secret']) writeFileSync(join(one.at, name), 'x');
    const ran = one.run('talat.postrm', ['purge']);
    assert.equal(ran.code, 0, ran.err);
    assert.deepEqual(logs.filter((log) => existsSync(join(one.at, 'var/log', log))), ['nginx/access.log', 'redis/redis-server.log']);
    assert.match(ran.out, /etc\/talat stays[^]*roles talat_app[^]*pg_hba\.conf/);
});

test('a package that comes back to a shop says how that is started again', () => {
    const one = machine('back'), stopped = { systemctl: 'case "$*" in *is-active*) exit 3 ;; esac' };
    const installed = (tools) => {
        const ran = one.run('talat.postinst', ['configure', '0.1'], { tools });
        assert.equal(ran.code, 0, ran.err);
        return ran.out;
    };
    mkdirSync(join(one.at, 'run/systemd/system'), { recursive: true });
    assert.match(installed(stopped), /talatctl init makes a shop/);
    mkdirSync(join(one.at, 'etc/talat'));
    writeFileSync(join(one.at, 'etc/talat/talat.conf'), 'mode = production\n');
    assert.match(installed(stopped), /does not run: talatctl init starts it again/);
    assert.equal(installed({ systemctl: '' }), '', 'an upgrade of one that sells');
});
