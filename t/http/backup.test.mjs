// Backups, and what is made of them: in folders and databases of these tests' own, beside the
// stack's. Only the jobs at the end are the stack's.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync, rmSync, statSync, symlinkSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skip as noStack, Browser, conf, confPath, goods, holdOn, sql, run, ask, mails, until } from './shop.mjs';

const talatctl = process.env.TALAT_APP && join(process.env.TALAT_APP, 'bin/talatctl');
const skip = noStack || !talatctl;
const bin = '/usr/lib/postgresql/15/bin/';
const place = skip ? '' : mkdtempSync(join(tmpdir(), 'talat-backup-'));
const ELSEWHERE = 'talat_elsewhere';

function shell(program, args, more = {}) {
    return spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...more });
}
// A configuration like the stack's with other values, and the tool run by it.
function shop(name, changes) {
    const path = join(place, `${name}.conf`);
    const lines = readFileSync(confPath, 'utf8').split('\n').filter((line) => !Object.keys(changes).some((key) => line.startsWith(`${key} =`)));
    writeFileSync(path, [...lines, ...Object.entries(changes).map(([key, value]) => `${key} = ${value}`), ''].join('\n'));
    return (...words) => {
        const got = shell(talatctl, ['--config', path, ...words]);
        return { code: got.status, said: got.stdout + got.stderr };
    };
}
const here = (database) => ({ pg: `host=${run} user=talat_app dbname=${database}`, pg_owner: `host=${run} user=talat_owner dbname=${database}` });
const folder = (name) => join(place, name);
const backups = (dir) => readdirSync(dir).filter((name) => name.startsWith('talat-')).sort();
const newest = (dir) => join(dir, backups(dir).at(-1));
function make(shopOf, dir, ...more) {
    const got = shopOf('backup', '--to', dir, ...more);
    assert.equal(got.code, 0, got.said);
    return newest(dir);
}
const asked = (database, text, user = 'postgres') => {
    const got = shell(`${bin}psql`, ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', run, '-U', user, '-d', database, '-c', text]);
    assert.equal(got.status, 0, got.stderr);
    return got.stdout.trim();
};
const drop = (database) => asked('postgres', `drop database if exists ${database} with (force)`);
const schema = (database) => shell(`${bin}pg_dump`, ['-s', '-h', run, '-U', 'postgres', database]).stdout.replace(/^\\(un)?restrict .*$/gm, '');
const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)]));

const stack = skip ? null : shop('stack', { backup_dir: folder('stack') });
const elsewhere = skip ? null : shop('elsewhere', { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: folder('own'), backup_keep: 2 });
let first;
const isRoot = process.getuid() === 0, shopsUser = () => { const { uid, gid } = statSync(run); return { uid, gid }; };

after(() => {
    if (skip) return;
    for (const name of ['', '_restore', '_before_restore', '_drill']) drop(ELSEWHERE + name);
    rmSync(place, { recursive: true, force: true });
});

test('a backup is whole, checked by its sums, and for its owner alone', { skip }, () => {
    mkdirSync(folder('stack'));
    holdOn();
    mkdirSync(join(folder('stack'), '.new')); // what one that was cut off has left
    writeFileSync(join(folder('stack'), '.new/database.dump'), 'half');
    first = make(stack, folder('stack'));
    assert.deepEqual(readdirSync(first).sort(), ['SHA256SUMS', 'database.dump', 'manifest.json', 'media', 'names', 'rows']);
    assert.ok(!existsSync(join(folder('stack'), '.new')));
    assert.equal(shell('sha256sum', ['--check', '--quiet', '--ignore-missing', 'SHA256SUMS'], { cwd: first }).stderr.replace(/^.*no file was verified.*$/m, '').replace(/^.*no properly formatted.*$/m, '').trim(), '');
    const manifest = JSON.parse(readFileSync(join(first, 'manifest.json'), 'utf8'));
    assert.equal(manifest.counts['catalog.product'], Number(sql('select count(*) from catalog.product')));
    assert.equal(manifest.media_files, readdirSync(join(first, 'media')).length);
    for (const file of [first, ...files(first)]) assert.equal(statSync(file).mode & 0o77, 0, file);
    const secret = readFileSync(conf('secret_file'), 'utf8').trim();
    for (const file of files(first)) assert.ok(!readFileSync(file).includes(secret), `the secret stands in ${file}`);
});

test('restored into nothing it is the same shop: rows, rights, row level security', { skip }, () => {
    const got = elsewhere('restore', first);
    assert.equal(got.code, 0, got.said);
    assert.match(got.said, /the books hold/);
    assert.match(got.said, /Redis is away/);
    assert.equal(schema(ELSEWHERE), schema('talat'));
    const { counts } = JSON.parse(readFileSync(join(first, 'manifest.json'), 'utf8'));
    for (const [table, rows] of Object.entries(counts)) {
        const [space, name] = table.split('.');
        const more = table === 'ops.mark' ? 1 : 0; // it says of when it is
        const is = Number(asked(ELSEWHERE, `select count(*) from ${space}."${name}"`));
        // What bringing it up to date changed in it is on record, too, and waits for its seal.
        if (table === 'audit.entry' || table === 'audit.unsealed') assert.ok(is >= rows, `${is} of ${rows} in ${table}`);
        else assert.equal(is, rows + more, table);
    }
    assert.equal(asked(ELSEWHERE, 'select count(*) from auth.person', 'talat_app'), '0');
    assert.ok(Number(asked(ELSEWHERE, "set app.platform = 'on'; select count(*) from auth.person", 'talat_app')) > 0);
    assert.deepEqual(readdirSync(folder('media')).sort(), readdirSync(join(first, 'media')).sort());
});

test('a shop in use is not overwritten unasked; when asked, it is kept aside', { skip }, () => {
    const before = Number(asked(ELSEWHERE, 'select count(*) from auth.person'));
    asked(ELSEWHERE, "insert into auth.person (email, password_hash) values ('later@example.test', 'x')");
    const id = Number(asked(ELSEWHERE, "select id from auth.person where email = 'later@example.test'"));
    const refused = elsewhere('restore', first);
    assert.equal(refused.code, 1);
    assert.match(refused.said, /in use.*--replace/s);
    assert.equal(Number(asked(ELSEWHERE, 'select count(*) from auth.person')), before + 1);
    const got = elsewhere('restore', join(first, 'manifest.json'), '--replace');
    assert.equal(got.code, 0, got.said);
    assert.match(got.said, new RegExp(`kept as ${ELSEWHERE}_before_restore`));
    assert.equal(Number(asked(ELSEWHERE, 'select count(*) from auth.person')), before);
    assert.equal(asked(`${ELSEWHERE}_before_restore`, "select count(*) from auth.person where email = 'later@example.test'"), '1');
    asked(ELSEWHERE, "insert into auth.person (email, password_hash) values ('new@example.test', 'x')");
    assert.ok(Number(asked(ELSEWHERE, "select id from auth.person where email = 'new@example.test'")) > id, 'a number is given twice');
});

test('a backup of a clock that was ahead is restored, and no number is given twice', { skip }, () => {
    const ahead = join(folder('stack'), 'ahead'); // beside the list of keys
    shell('cp', ['-a', first, ahead]);
    const manifest = JSON.parse(readFileSync(join(ahead, 'manifest.json'), 'utf8'));
    writeFileSync(join(ahead, 'manifest.json'), JSON.stringify({ ...manifest, made_at: new Date(Date.now() + 2 * 86400000).toISOString() }));
    const got = elsewhere('restore', ahead, '--replace');
    assert.match(got.said, /the database of before is kept/);
    asked(ELSEWHERE, "insert into auth.person (email, password_hash) values ('ahead@example.test', 'x')");
    assert.ok(Number(asked(ELSEWHERE, "select id from auth.person where email = 'ahead@example.test'")) > Number(asked('talat', 'select max(id) from auth.person')), 'a number is given twice');
    const last = () => Number(asked(ELSEWHERE, "select last_value from pg_sequences where schemaname = 'auth' and sequencename = 'person_id_seq'"));
    const first_time = last(), again = elsewhere('restore', ahead, '--replace');
    assert.match(again.said, /the database of before is kept/);
    assert.ok(last() > first_time, 'a second restore gives the numbers of the first again');
    rmSync(ahead, { recursive: true });
});

// Of the shop elsewhere, where nothing happens meanwhile. Format 1 had the rows with buyers' names in the
// dump: nothing lay beside it for them.
function asFormat1(from, to) {
    const sha256 = (name) => createHash('sha256').update(readFileSync(join(to, name))).digest('hex');
    cpSync(from, to, { recursive: true });
    for (const name of ['rows', 'names']) rmSync(join(to, name), { recursive: true });
    const got = shell(`${bin}pg_dump`, ['-h', run, '-U', 'talat_owner', '-d', ELSEWHERE, '--format=custom', '--role=talat_backup', '--no-comments', '--no-blobs', '--exclude-table-data=vault.key',
        ...['pg_trgm', 'unaccent', 'btree_gin', 'btree_gist'].map((name) => `--extension=${name}`), `--file=${join(to, 'database.dump')}`]);
    assert.equal(got.status, 0, got.stderr);
    const list = readFileSync(join(to, 'SHA256SUMS'), 'utf8').split('\n');
    writeFileSync(join(to, 'SHA256SUMS'), list.filter((line) => !/^\S+  (names$|rows\/)/.test(line)).join('\n'));
    const manifest = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'));
    delete manifest.rows;
    for (const table of Object.keys(manifest.counts)) manifest.counts[table] = Number(asked(ELSEWHERE, `select count(*) from ${table.replace(/\.(.*)/, '."$1"')}`));
    Object.assign(manifest, { format: 1, sums: { ...manifest.sums, 'database.dump': sha256('database.dump'), SHA256SUMS: sha256('SHA256SUMS') } });
    writeFileSync(join(to, 'manifest.json'), JSON.stringify(manifest));
    return to;
}

test('a backup of the format before is restored with its names', { skip }, async () => {
    const guest = new Browser(), held = () => asked(ELSEWHERE, `select string_agg(name || ' ' || email, ',' order by id) || (select count(*) from notify.mail) from orders."order"`);
    await guest.add(goods().sku);
    assert.equal((await guest.post('/checkout/pay', await guest.toPay({ email: 'before@example.test' }))).status, 303);
    const made = make(stack, folder('stack')), now = elsewhere('restore', made, '--replace');
    assert.equal(now.code, 0, now.said);
    const names = held();
    assert.match(names, /before@example\.test/);
    const got = elsewhere('restore', asFormat1(made, folder('format-1')), '--replace');
    assert.equal(got.code, 0, got.said);
    assert.match(got.said, /the books hold/);
    assert.equal(held(), names);
});

test('no autovacuum and no worker bars a restore, in the database it replaces or in the one kept aside', { skip, timeout: 300000 }, async () => {
    const nap = (text) => { asked('postgres', `alter system ${text}`); asked('postgres', 'select pg_reload_conf()'); };
    const at_work = (database) => until(async () => asked('postgres',
        `select count(*) from pg_stat_activity where backend_type = 'autovacuum worker' and datname = '${database}'`) > 0, 60000, `no autovacuum in ${database}`);
    asked(ELSEWHERE, `create table public.slow with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
        as select n from generate_series(1, 100000) n`);
    asked(ELSEWHERE, 'delete from public.slow');
    nap("set autovacuum_naptime = '1s'");
    try {
        for (const database of [ELSEWHERE, `${ELSEWHERE}_before_restore`]) {
            await at_work(database);
            const worker = spawn(`${bin}psql`, ['-Xq', '-h', run, '-U', 'talat_app', '-d', database, '-c', 'select pg_sleep(300)'], { stdio: 'ignore' });
            const ended = new Promise((done) => worker.on('exit', done));
            await until(async () => asked('postgres', `select count(*) from pg_stat_activity where usename = 'talat_app' and datname = '${database}'`) > 0);
            const got = elsewhere('restore', first, '--replace');
            assert.equal(got.code, 0, got.said.slice(-600));
            assert.notEqual(await ended, 0, 'it is at work still');
        }
    } finally {
        nap('reset autovacuum_naptime');
    }
});

test('what is damaged, missing, unknown or too new is refused before anything is touched', { skip }, () => {
    const was = asked(ELSEWHERE, 'select count(*) from auth.person');
    const copy = folder('bad');
    const spoilt = (spoil, words) => {
        rmSync(copy, { recursive: true, force: true });
        shell('cp', ['-a', first, copy]);
        spoil();
        const got = elsewhere('restore', copy, '--replace');
        assert.equal(got.code, 1, got.said);
        assert.match(got.said, words);
        assert.equal(asked(ELSEWHERE, 'select count(*) from auth.person'), was);
        assert.equal(asked('postgres', `select count(*) from pg_database where datname = '${ELSEWHERE}_restore'`), '0');
    };
    const manifest = () => JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8'));
    const put = (m) => writeFileSync(join(copy, 'manifest.json'), JSON.stringify(m));
    spoilt(() => {
        const dump = readFileSync(join(copy, 'database.dump'));
        dump[dump.length >> 1] ^= 1;
        writeFileSync(join(copy, 'database.dump'), dump);
    }, /database\.dump is damaged/);
    spoilt(() => rmSync(join(copy, 'database.dump')), /database\.dump is missing/);
    spoilt(() => rmSync(join(copy, 'manifest.json')), /no manifest/);
    spoilt(() => writeFileSync(join(copy, 'SHA256SUMS'), 'x'), /SHA256SUMS is damaged/);
    spoilt(() => put({ ...manifest(), format: 99 }), /format/);
    spoilt(() => put({ ...manifest(), schema: ['9999_of_tomorrow.sql'] }), /newer Talat/);
    spoilt(() => put({ ...manifest(), counts: { ...manifest().counts, 'auth.person': 999 } }), /the backup said 999/);
    const pictures = readdirSync(join(first, 'media'));
    if (pictures.length) spoilt(() => rmSync(join(copy, 'media', pictures[0])), /missing/);
});

test('so many are kept, the same picture is kept once, and a missing one is told', { skip }, () => {
    const own = folder('own');
    for (let i = 0; i < 3; i++) make(elsewhere, own);
    assert.equal(backups(own).length, 2);
    mkdirSync(folder('media'), { recursive: true });
    asked(ELSEWHERE, "insert into media.picture (organisation_id, stem, width, height, widths) select id, '0123456789abcdef0123', 9, 9, '{200,400,800}' from auth.organisation limit 1");
    writeFileSync(join(folder('media'), '0123456789abcdef0123-200.webp'), 'picture');
    writeFileSync(join(folder('media'), '0123456789abcdef0123-800.webp'), ''); // a power cut before it was on the disk
    const told = elsewhere('backup', '--to', own);
    assert.equal(told.code, 0, told.said);
    assert.match(told.said, /0123456789abcdef0123-400\.webp, and the file is not there/);
    assert.match(told.said, /0123456789abcdef0123-800\.webp, and the file is empty/);
    make(elsewhere, own);
    const links = backups(own).map((name) => statSync(join(own, name, 'media/0123456789abcdef0123-200.webp')));
    assert.equal(links[0].ino, links[1].ino);
    rmSync(join(folder('media'), '0123456789abcdef0123-200.webp'));
    const back = elsewhere('restore', newest(own), '--replace');
    assert.equal(back.code, 0, back.said);
    assert.equal(readFileSync(join(folder('media'), '0123456789abcdef0123-200.webp'), 'utf8'), 'picture');
    assert.equal(statSync(join(folder('media'), '0123456789abcdef0123-200.webp')).mode & 0o777, 0o644);
});

test('the secret goes along only when asked for, and its absence is told', { skip }, () => {
    const own = folder('secret');
    const words = { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: own };
    writeFileSync(folder('a-secret'), `${'s'.repeat(40)}\n`);
    writeFileSync(folder('a-master'), `${'m'.repeat(40)}\n`);
    writeFileSync(folder('b-master'), `${'n'.repeat(40)}\n`, { mode: 0o600 });
    const a = shop('secret-a', { ...words, secret_file: folder('a-secret') });
    const b = shop('secret-b', { ...words, secret_file: folder('b-secret'), master_key_file: folder('b-master') });
    const plain = shop('secret-plain', { ...words, secret_file: folder('b-secret') });
    const sealed = shop('secret-sealed', { ...words, secret_file: folder('a-secret'), master_key_file: folder('a-master') });
    const without = make(a, own);
    const withIt = make(a, own, '--with-secrets');
    assert.ok(!existsSync(join(without, 'secrets')));
    assert.equal(readFileSync(join(withIt, 'secrets/secret'), 'utf8').trim(), 's'.repeat(40));
    writeFileSync(folder('b-secret'), `${'t'.repeat(40)}\n`, { mode: 0o600 });
    const lost = b('restore', without, '--replace');
    assert.equal(lost.code, 0, lost.said);
    assert.match(lost.said, /warning: this shop's secret is another/);
    assert.match(lost.said, /warning: this shop's master key is another/);
    assert.match(b('restore', without, '--replace', '--with-secrets').said, /holds no secret/);
    const found = plain('restore', withIt, '--replace', '--with-secrets');
    assert.equal(found.code, 0, found.said);
    assert.equal(readFileSync(folder('b-secret'), 'utf8').trim(), 's'.repeat(40));
    assert.equal(readFileSync(folder('b-secret.before'), 'utf8').trim(), 't'.repeat(40));
    assert.equal(statSync(folder('b-secret')).mode & 0o777, 0o600);
    const master = (end) => readFileSync(folder(`b-master${end}`), 'utf8').trim();
    const withMaster = make(sealed, own, '--with-secrets');
    for (const [to, from, words] of [ // what would leave sealed columns that nobody can read
        [b, withIt, /names a master_key_file, and the backup has none/],
        [plain, withMaster, /the backup holds secrets\/master-key.*names no master_key_file/],
    ]) {
        const got = to('restore', from, '--replace', '--with-secrets');
        assert.equal(got.code, 1, got.said);
        assert.match(got.said, words);
    }
    const template = (is) => asked('postgres', `alter database ${ELSEWHERE}_before_restore is_template ${is}`);
    template(true); // it cannot be dropped, so the databases cannot change places
    try {
        const got = b('restore', withMaster, '--replace', '--with-secrets');
        assert.equal(got.code, 1, got.said);
        assert.equal(master(''), 'n'.repeat(40), 'the shop is as it was');
    } finally {
        template(false);
    }
    const put = b('restore', withMaster, '--replace', '--with-secrets');
    assert.equal(put.code, 0, put.said);
    assert.deepEqual(['', '.before'].map(master), ['m'.repeat(40), 'n'.repeat(40)]);
});

test('secrets that are those of the backup already stay as they are, and new ones are for whom their folder belongs to', { skip }, () => {
    const own = folder('same'), etc = folder('etc'), owner = (path) => { const { ino, uid, gid, mode } = statSync(path); return { ino, uid, gid, mode: mode & 0o777 }; };
    mkdirSync(etc);
    writeFileSync(join(etc, 'secret'), `${'s'.repeat(40)}\n`);
    chmodSync(join(etc, 'secret'), 0o640);
    if (isRoot) for (const path of [etc, join(etc, 'secret')]) chownSync(path, shopsUser().uid, shopsUser().gid);
    const before = owner(join(etc, 'secret')), { uid, gid } = owner(etc);
    writeFileSync(folder('older-master'), `${'m'.repeat(40)}\n`);
    const words = { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: own, secret_file: join(etc, 'secret') };
    const made = make(shop('same-made', { ...words, master_key_before_file: folder('older-master') }), own, '--with-secrets');
    const got = shop('same', { ...words, master_key_before_file: join(etc, 'older') })('restore', made, '--replace', '--with-secrets');
    assert.equal(got.code, 0, got.said);
    assert.deepEqual(owner(join(etc, 'secret')), before);
    assert.match(got.said, /etc\/older is that of the backup/);
    assert.deepEqual({ ...owner(join(etc, 'older')), ino: 0 }, { ino: 0, uid, gid, mode: 0o640 });
});

test('the master key in use is what a backup takes, also out of the environment', { skip }, () => {
    const own = folder('given');
    writeFileSync(folder('stale-master'), `${'o'.repeat(40)}\n`);
    const words = { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: own, secret_file: folder('b-secret'), master_key_file: folder('stale-master') };
    const given = shop('given', { ...words, master_key_before_file: folder('a-master') });
    try {
        process.env.TALAT_MASTER_KEY = 'k'.repeat(40);
        const from = make(given, own, '--with-secrets');
        assert.deepEqual(['', '-before'].map((end) => readFileSync(join(from, `secrets/master-key${end}`), 'utf8')), ['k'.repeat(40), 'm'.repeat(40)]);
        assert.match(shop('given-none', words)('restore', from, '--replace', '--with-secrets').said, /names no master_key_before_file/);
        process.env.TALAT_MASTER_KEY = 'l'.repeat(40);
        assert.match(given('restore', from, '--replace', '--with-secrets').said, /TALAT_MASTER_KEY is not the master key of the backup/);
    } finally {
        delete process.env.TALAT_MASTER_KEY;
    }
    assert.equal(readFileSync(folder('stale-master'), 'utf8').trim(), 'o'.repeat(40));
});

test('a backup elsewhere is not the shop\'s own, which the drill tries', { skip }, () => {
    const mark = () => asked(ELSEWHERE, "select count(*) from ops.mark where name = 'backup'");
    asked(ELSEWHERE, "delete from ops.mark where name = 'backup'");
    make(elsewhere, folder('away'));
    assert.equal(mark(), '0');
    symlinkSync(folder('own'), folder('own-link'));
    make(elsewhere, folder('own-link'));
    assert.equal(mark(), '1');
});

// pg_bin with the tools of PostgreSQL but for one, which notes its number and hangs.
function hangingIn(tool) {
    const dir = folder(`hangs-${tool}`);
    mkdirSync(dir);
    for (const name of readdirSync(bin)) if (name !== tool) symlinkSync(join(bin, name), join(dir, name));
    writeFileSync(join(dir, tool), `#!/bin/sh\necho $$ >${dir}/number.new && mv ${dir}/number.new ${dir}/number\nexec sleep 300\n`, { mode: 0o755 });
    return { dir, number: () => existsSync(join(dir, 'number')) && Number(readFileSync(join(dir, 'number'), 'utf8')) };
}

test('what a backup of root\'s that was cut off has left bars none of the shop\'s own', { skip: skip || (!isRoot && 'only root makes what is not the shop\'s') }, async () => {
    const own = folder('cut-off'), user = shopsUser(), hangs = hangingIn('pg_restore');
    mkdirSync(own, { mode: 0o750 });
    chownSync(own, user.uid, user.gid);
    chmodSync(place, 0o755);
    const words = { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: own };
    shop('cut-off', words);
    shop('cut-off-root', { ...words, pg_bin: hangs.dir });
    chownSync(folder('cut-off.conf'), user.uid, user.gid);
    const root = spawn(talatctl, ['--config', folder('cut-off-root.conf'), 'backup', '--with-secrets'], { stdio: 'ignore' });
    const ended = new Promise((done) => root.on('exit', done));
    await until(() => hangs.number());
    root.kill('SIGKILL');
    await ended;
    process.kill(hangs.number(), 'SIGKILL');
    assert.ok(existsSync(join(own, '.new/secrets')) && existsSync(join(own, '.new/media')));
    writeFileSync(join(own, '.keys'), '', { mode: 0o600 }); // a moment later it would have left this, too
    const got = shell(talatctl, ['--config', folder('cut-off.conf'), 'backup'], user);
    assert.equal(got.status, 0, got.stdout + got.stderr);
    assert.deepEqual(readdirSync(own).map((name) => statSync(join(own, name)).uid).filter((uid) => uid !== user.uid), []);
});

test('a picture that was half put back is none', { skip }, () => {
    const own = folder('half'), stem = '0123456789abcdef0124', media = folder('half-media'), picture = join(media, `${stem}-200.webp`);
    const half = shop('half', { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: media, cache_dir: folder('cache'), backup_dir: own });
    mkdirSync(media);
    writeFileSync(picture, Buffer.alloc(1 << 20, 'picture'));
    const made = make(half, own);
    rmSync(picture);
    // No file may grow beyond 64 blocks: it is ended in the middle of it.
    const cut = shell('sh', ['-c', 'ulimit -f 64 && exec "$@"', 'sh', talatctl, '--config', folder('half.conf'), 'restore', made, '--replace']);
    assert.equal(cut.signal, 'SIGXFSZ', cut.stdout + cut.stderr);
    assert.equal(readdirSync(media).length, 1, 'nothing was begun');
    const next = half('backup');
    assert.equal(next.code, 0, next.said);
    assert.deepEqual(readdirSync(join(newest(own), 'media')), []);
    const again = half('restore', made, '--replace');
    assert.equal(again.code, 0, again.said);
    assert.deepEqual(readdirSync(media), [`${stem}-200.webp`]);
});

test('the drill passes sound books, fails bent ones, and leaves nothing behind', { skip }, () => {
    const good = elsewhere('drill');
    assert.equal(good.code, 0, good.said);
    assert.match(good.said, /restored and proved/);
    asked(ELSEWHERE, 'update inventory.stock set on_hand = on_hand + 1 where item_id = (select min(item_id) from inventory.stock)');
    make(elsewhere, folder('own'));
    const bad = elsewhere('drill');
    assert.equal(bad.code, 1, bad.said);
    assert.match(bad.said, /BROKEN I2_movements/);
    assert.equal(asked('postgres', `select count(*) from pg_database where datname like '${ELSEWHERE}%drill'`), '0');
    const none = shop('none', { backup_dir: folder('nowhere') })('drill');
    assert.equal(none.code, 1);
    assert.match(none.said, /there is no backup/);
});

test('neither a backup nor a drill is begun that would fill the disk, and the doctor says so before', { skip }, () => {
    const own = folder('crowded'), words = { ...here(ELSEWHERE), redis: folder('no-redis.sock'), media_dir: folder('media'), cache_dir: folder('cache'), backup_dir: own };
    const crowded = shop('crowded', { ...words, backup_every_hours: 24, drill_every_days: 7 });
    const made = make(crowded, own), path = join(made, 'manifest.json'), manifest = JSON.parse(readFileSync(path, 'utf8'));
    const size = Number(asked('postgres', `select pg_database_size('${ELSEWHERE}')`));
    assert.ok(manifest.disk_bytes > size / 2 && manifest.disk_bytes < size * 2, `${manifest.disk_bytes} of ${size}`);
    writeFileSync(path, JSON.stringify({ ...manifest, disk_bytes: 2 ** 50 }));
    const none = (got) => {
        assert.equal(got.code, 1, got.said);
        assert.match(got.said, /no room for a second database beside the shop's: it needs \d+ MB in \S+, \d+ MB are free/);
        assert.equal(asked('postgres', `select count(*) from pg_database where datname in ('${ELSEWHERE}_drill', '${ELSEWHERE}_restore')`), '0');
    };
    asked('postgres', `create database ${ELSEWHERE}_drill owner talat_owner`); // of one that was cut off
    none(crowded('drill'));
    none(crowded('restore', made, '--replace'));
    assert.match(crowded('doctor').said, /the drill: no room for a second database/);
});

test('a backup that does not fit is not begun', { skip: skip || (!isRoot && 'only root makes a small disk') }, (t) => {
    const small = folder('small');
    mkdirSync(small);
    if (shell('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]).status) return t.skip('no disk can be mounted here');
    try {
        const got = elsewhere('backup', '--to', small);
        assert.equal(got.code, 1, got.said);
        assert.match(got.said, /no room for a backup: it needs \d+ MB in \S+small, [34] MB are free/);
        assert.deepEqual(backups(small), []);
        assert.ok(!existsSync(join(small, '.new')));
    } finally {
        shell('umount', [small]);
    }
});

test('the shop backs itself up and tries it by its own jobs, and tells the admins', { skip }, async () => {
    const job = async (kind) => {
        sql(`insert into work.job (kind, key) values ('${kind}', '${kind}')`);
        sql("notify talat_work");
        await until(() => sql(`select count(*) from work.job where kind = '${kind}'`) === '0', 60000,
            () => `${kind}: ${sql(`select coalesce(max(error), 'no error') from work.job where kind = '${kind}'`)}`);
    };
    const gauge = async (name) => Number((await ask('/metrics')).body.match(new RegExp(`^talat_${name} (\\d+)$`, 'm'))?.[1] ?? -1);
    const began = Math.floor(Date.now() / 1000);
    await job('ops.backup');
    assert.ok(backups(conf('backup_dir')).length >= 1);
    await job('ops.drill');
    assert.ok((await gauge('backup_last_success')) >= began);
    assert.ok((await gauge('drill_last_success')) >= began);
    const mail = await until(() => mails().map((m) => m.text).find((m) => /restore drill went well/.test(m)), 20000, 'no mail to the admin');
    assert.match(mail, /admin@example\.test/);
});
