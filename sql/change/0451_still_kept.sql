-- What was taken out of a cart and put in again was sold out, or only some of it was left: kept by the
-- buyer's own order, which was known of the line alone that was gone.
set local lock_timeout = '3s';
alter table cart.cart add column held jsonb not null default '{}';
-- An order keeps so many of these for this cart, and nothing else.
create or replace function cart.keep(of_cart bigint, variants bigint[], quantities bigint[]) returns void
language plpgsql as $$ -- planned once; in SQL it would be at each call
begin
    update cart.cart
       set held = (select coalesce(jsonb_object_agg(u.variant, least(u.quantity, 999)), '{}')
                     from unnest(variants, quantities) as u(variant, quantity))
     where id = of_cart;
    update cart.line l set held = least(u.quantity, 999)
      from unnest(variants, quantities) as u(variant, quantity)
     where l.cart_id = of_cart and l.variant_id = u.variant;
end $$;
-- A program of the version before lets go of what a cart keeps at its lines alone. It goes with that
-- column.
create function cart.line_let_go() returns trigger language plpgsql as $$
begin
    update cart.cart set held = '{}' where id = new.cart_id and held <> '{}';
    return null;
end $$;
create trigger let_go after update of held on cart.line for each row
    when (old.held > 0 and new.held = 0) execute function cart.line_let_go();
-- How many are kept for the scope's open cart: for itself, and for those that were poured into it.
create function cart.kept() returns table (variant_id bigint, held bigint) language sql stable as $$
    select h.key::bigint, sum(h.value::bigint)::bigint
      from (select k.held from cart.cart k where k.id = cart.mine() and k.state = 'open'
            union all
            select k.held from cart.cart k where k.merged_into = cart.mine()) x,
           jsonb_each_text(x.held) h
     group by 1
$$;
-- What was ordered has been paid: the cart is done. One that was changed since keeps the rest, also
-- what is more of the same, and so does one that it was poured into.
create or replace function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[],
    quantities bigint[]) returns void
language plpgsql as $$
declare
    other bigint;
begin
    update cart.cart set state = 'ordered'
     where id = of_cart and state = 'open' and revision = ordered_revision;
    if found then return; end if;
    update cart.cart set held = '{}' where id = of_cart; -- it has left the shelf
    update cart.line set held = 0 where cart_id = of_cart and held > 0;
    for other in
        update cart.cart set revision = revision + 1
         where state = 'open' and id in (of_cart, (select merged_into from cart.cart
                                                    where id = of_cart))
        returning id
    loop
        delete from cart.line l using unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant and l.quantity <= u.quantity;
        update cart.line l set quantity = l.quantity - u.quantity
          from unnest(variants, quantities) as u(variant, quantity)
         where l.cart_id = other and l.variant_id = u.variant;
    end loop;
end $$;
