// Rows of the gate: what it costs to know who asks, what they may do and how often they did; and
// how many people can log in.
import { cpu, spent } from './cpu.mjs';
import { clients, figures, median, pages, seconds } from './measure.mjs';
import { Browser, ask } from '../http/shop.mjs';
import { Node } from '../http/node.mjs';
import { bare } from './shop.mjs';

const BYTES = 1000, PEOPLE = 4, MOST_US = 150, LOGIN_US = 25000;

// Of CPU, within each round.
const more = (on, off) => median(on.map((one, i) => one.cpu_us.all - off[i].cpu_us.all));

async function log_in(parts, to) {
    const body = JSON.stringify({ email: 'shopper@example.test', password: 'market-day-demo' });
    const once = async () => {
        const { status } = await ask('/api/auth/login', { body, headers: { 'content-type': 'application/json' }, ...(to && { to }) });
        if (status !== 200) throw new Error(`a login was answered ${status}`);
    };
    await clients(PEOPLE, 100, once);
    const before = cpu(parts), { times, ms } = await clients(PEOPLE, seconds * 1000, once);
    return figures(times, ms, spent(before, cpu(parts)));
}

// By a node of its own, of as many workers, that counts nobody and is there for that long.
async function uncounting(parts, act) {
    const node = new Node({ limits: 'off', web_workers: 0, slow_workers: 1 }), { processes } = node;
    const end = () => { for (const one of Object.values(processes)) one.kill(); };
    process.on('exit', end);
    try {
        await node.start();
        return await act({ ...parts, nginx: [...parts.nginx, processes.nginx.pid], workers: [...parts.workers, processes.web.pid] }, node.at);
    } finally {
        await node.stop();
        process.off('exit', end);
    }
}

const gate = {
    name: 'session, permission and limit',
    target: `the gate on <= ${MOST_US} us of CPU more than off`,
    async prepare() {
        const { cookie } = await new Browser().login('shopper@example.test');
        this.headers = { cookie };
        return { bytes: BYTES };
    },
    sides: {
        it: (row, { parts }) => pages(parts, bare, `/-/constant/own?bytes=${BYTES}`, { headers: row.headers }),
        off: (row, { parts }) => pages(parts, bare, `/-/constant?bytes=${BYTES}`),
    },
    judge({ it, off }) {
        const gate_cpu_us = more(it, off);
        return { gate_cpu_us, holds: gate_cpu_us <= MOST_US };
    },
};
const logins = {
    name: 'logins',
    target: `<= ${LOGIN_US / 1000} ms of CPU each, argon2id with 19 MiB; ${PEOPLE} clients`,
    prepare: async () => ({}),
    sides: {
        it: (row, { parts }) => log_in(parts),
        uncounted: (row, { parts }) => uncounting(parts, log_in),
    },
    judge: ({ it, uncounted }, middles) => ({ gate_cpu_us: more(it, uncounted), holds: middles.it.cpu_us.all <= LOGIN_US }),
};
export const rows = [gate, logins];
