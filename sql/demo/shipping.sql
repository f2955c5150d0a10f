-- The demo shop's two ways of delivery. Amounts in minor units; may run again and again.
insert into shipping.method as m (code, position, names, promises) values
    ('standard', 10,
     '{"en": "Standard delivery", "th": "จัดส่งธรรมดา", "vi": "Giao hàng tiêu chuẩn"}',
     '{"en": "2–4 days", "th": "2–4 วัน", "vi": "2–4 ngày"}'),
    ('express', 20,
     '{"en": "Express delivery", "th": "จัดส่งด่วน", "vi": "Giao hàng nhanh"}',
     '{"en": "Next working day", "th": "วันทำการถัดไป", "vi": "Ngày làm việc kế tiếp"}')
    on conflict (code) do update
   set position = excluded.position, names = excluded.names, promises = excluded.promises
 where (m.position, m.names, m.promises) is distinct from
       (excluded.position, excluded.names, excluded.promises);

insert into shipping.price as p (method_id, currency, amount, free_from)
select m.id, x.currency, x.amount, x.free_from
  from (values
    ('standard', 'THB', 5000, 150000::bigint),
    ('standard', 'VND', 40000, 1200000),
    ('standard', 'USD', 490, 4500),
    ('express', 'THB', 15000, null),
    ('express', 'VND', 120000, null),
    ('express', 'USD', 1490, null)) as x(code, currency, amount, free_from)
  join shipping.method m on m.code = x.code
    on conflict (method_id, currency) do update
   set amount = excluded.amount, free_from = excluded.free_from
 where (p.amount, p.free_from) is distinct from (excluded.amount, excluded.free_from);
