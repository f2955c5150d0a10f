// Rows of the gate: what it costs to know who asks, what they may do and how often they did; and
// how many people can log in.
import { cpu, spent } from './cpu.mjs';
import { clients, figures, pages, seconds } from './measure.mjs';
import { Browser, ask } from '../http/shop.mjs';
import { bare } from './shop.mjs';

const BYTES = 1000, PEOPLE = 4, MOST_US = 150, LOGIN_US = 25000;

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
        const more = it.map((one, i) => one.cpu_us.all - off[i].cpu_us.all).sort((a, b) => a - b)[it.length >> 1];
        return { gate_cpu_us: more, holds: more <= MOST_US };
    },
};
const logins = {
    name: 'logins',
    target: `<= ${LOGIN_US / 1000} ms of CPU each, argon2id with 19 MiB; ${PEOPLE} clients`,
    prepare: async () => ({}),
    sides: {
        async it(row, { parts }) {
            const before = cpu(parts), body = JSON.stringify({ email: 'shopper@example.test', password: 'market-day-demo' });
            const { times, ms } = await clients(PEOPLE, seconds * 1000, async () => {
                const { status } = await ask('/api/auth/login', { body, headers: { 'content-type': 'application/json' } });
                if (status !== 200) throw new Error(`a login was answered ${status}`);
            });
            return figures(times, ms, spent(before, cpu(parts)));
        },
    },
    judge: (_, { it }) => ({ holds: it.cpu_us.all <= LOGIN_US }),
};
export const rows = [gate, logins];
