// Rows of the desk: what a merchant waits for when there are many orders (TALAT_BENCH_ORDERS). One
// client, each question asked of another order than the last.
import { cpu, spent } from './cpu.mjs';
import { clients, figures, seconds } from './measure.mjs';
import { admin } from '../http/shop.mjs';

const MOST_MS = 50, SAMPLES = 100;
const find = (words) => `/admin/orders?q=${encodeURIComponent(words)}`;

const desk = (name, path, most = MOST_MS) => ({
    name: `desk: ${name}`,
    target: `p95 <= ${most} ms`,
    async prepare({ db }) {
        this.browser = await admin();
        const of_all = await db.one("select count(*) from orders.part p join auth.organisation o on o.id = p.organisation_id and o.slug = 'house'");
        const asked = await db.ask(`select r.id || '|' || r.number || '|' || r.name || '|' || r.email
            from generate_series(1, ${SAMPLES}) n cross join lateral (select o.id, o.number, o.name, o.email from orders.part p
                join auth.organisation g on g.id = p.organisation_id and g.slug = 'house' join orders."order" o on o.id = p.order_id
                where p.order_id >= (select max(x.id) * n / ${SAMPLES + 1} from orders."order" x) order by p.order_id limit 1) r`);
        this.paths = asked.map((line) => { const [, number, who, email] = line.split('|'); return path({ number, who, email }); });
        if (!this.paths.length) this.paths = [path({ number: 'TL-0000', who: 'Nobody', email: 'nobody@example.test' })];
        await this.ask(0);
        return { of_orders: of_all };
    },
    async ask(n) {
        const at = this.paths[n % this.paths.length], { status } = await this.browser.get(at);
        if (status !== 200) throw new Error(`${at}: ${status}`);
    },
    sides: {
        async it(row, { parts }) {
            const before = cpu(parts), { times, ms } = await clients(1, seconds * 1000, (_, n) => row.ask(n));
            return figures(times, ms, spent(before, cpu(parts)));
        },
    },
    judge: (_, { it }) => ({ holds: it.p95_ms <= most }),
});

export const rows = [
    desk('orders, first page', () => '/admin/orders'),
    desk('orders of a first name', ({ who }) => find(who.split(' ')[0])),
    desk('orders of a name', ({ who }) => find(who)),
    desk('orders of an address', ({ email }) => find(email)),
    desk('an order by its number', ({ number }) => find(number.slice(3, 12))),
    desk('what nobody has', ({ number }) => find(`zyx ${number.slice(3, 7)}`)),
    desk('orders to be sent', () => '/admin/orders?status=processing'),
    desk('orders not paid', () => '/admin/orders?payment=pending'),
    desk('orders whose money went back', () => '/admin/orders?payment=refunded'),
    desk('today', () => '/admin', 500),
];
