-- checkout: what was filled in so far.

-- name: draft :maybe
-- in: cart_id bigint
select email, name, phone, address, coalesce(delivery_method, '') as delivery_method
  from checkout.draft where cart_id = :cart_id;

-- name: save_address :exec
-- in: cart_id bigint, email text, name text, phone text, address jsonb
-- Changes nothing when it was filled in like this before.
insert into checkout.draft as d (cart_id, email, name, phone, address)
values (:cart_id, :email, :name, :phone, :address)
on conflict (cart_id) do update
    set email = excluded.email, name = excluded.name, phone = excluded.phone,
        address = excluded.address, updated_at = now()
  where (d.email, d.name, d.phone, d.address)
     is distinct from (excluded.email, excluded.name, excluded.phone, excluded.address);

-- name: save_delivery :exec
-- in: cart_id bigint, method text
update checkout.draft set delivery_method = :method, updated_at = now()
 where cart_id = :cart_id and delivery_method is distinct from :method;

-- name: last_used :maybe
-- in: person bigint
-- Where this person's things went the last time.
select name, phone, address, delivery_method from orders."order"
 where person_id = :person and coalesce(address ->> 'line1', '') <> ''
 order by id desc limit 1;

-- name: erase :exec
-- in: person bigint
-- Also what was filled in without logging in, with the address that is known to be theirs.
delete from checkout.draft
 where cart_id in (select id from cart.cart where person_id = :person)
    or email = (select email from auth.person where id = :person and verified_at is not null);
