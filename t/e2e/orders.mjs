// Orders made in the database, many at once, as no browser could buy them: the house's, of nothing
// and for nothing, but newest of all. What is done to them there is told as the shop tells it.
import { one, sql, until } from '../http/shop.mjs';

const like = `LIST-${process.pid}-`;
let made = 0;

const NONE = { status: 'pending', payment: 'pending' }, PAID = { status: 'processing', payment: 'paid' };
const list = (numbers) => numbers.map((number) => `'${number}'`).join(', ');

// Their numbers, newest first, as a list has them.
export function placed(n, { isPaid = false } = {}) {
    const { status, payment } = isPaid ? PAID : NONE;
    sql(`with new as (select nextval('orders.order_id') as id, '${like}' || lpad((${made} + i)::text, 4, '0') as number,
                             clock_timestamp() - (${n} - i) * interval '1 millisecond' as at from generate_series(1, ${n}) i),
              whole as (insert into orders."order" (id, number, cart_id, cart_revision, email, name, address, lang, currency, goods_total, delivery_total,
                            tax_total, total, tax_inclusive, rounding, delivery_method, trace, status, payment_status, is_held, hold_until, placed_at)
                        select id, number, -id, 1, 'list@example.test', 'Mali Suksai', '{"line1": "12 Soi Ari 4", "city": "Phaya Thai", "country": "TH"}', 'en', 'THB', 0, 0,
                               0, 0, true, 'per_line', 'standard', '[]', '${status}', '${payment}', false, now(), at from new)
         insert into orders.part (order_id, organisation_id, status, goods_total, tax_total, placed_at)
         select id, 1, '${status}', 0, 0, at from new`);
    made += n;
    return Array.from({ length: n }, (_, i) => like + String(made - i).padStart(4, '0'));
}

export function cancelled(number) {
    sql(`update orders."order" set status = 'cancelled' where number = '${number}';
         update orders.part set status = 'cancelled' where order_id = (select id from orders."order" where number = '${number}')`);
}

// Open pages hear of them, one after the other.
export const told = (...numbers) => sql(`select from (select orders.tell(id, 'order.updated', '', true) from orders."order"
    where number in (${list(numbers)}) order by id) t`);

// When all is told, so that no job misses its order.
export async function forgotten() {
    const ours = `(select id from orders."order" where number like '${like}%')`;
    await until(() => one(`select (select count(*) from work.outbox where read_at is null and kind like 'order.%' and subject_id in ${ours})
        + (select count(*) from work.job where kind in ('orders.push', 'orders.lapse') and subject_id in ${ours})`) === 0, 60000, 'the shop is not done with them');
    sql(`begin; delete from orders.words where order_id in ${ours}; delete from orders.part where order_id in ${ours};
         delete from orders."order" where number like '${like}%'; commit`);
}
