-- What was ordered by a guest who logged in after that, and is paid, is kept for no cart any more.
set local lock_timeout = '3s';
create or replace function cart.close(of_cart bigint, ordered_revision bigint, variants bigint[]) returns void
language plpgsql as $$
declare
    other bigint;
begin
    update cart.cart set state = 'ordered'
     where id = of_cart and state = 'open' and revision = ordered_revision;
    if found then return; end if;
    update cart.line set held = 0 where cart_id = of_cart and held > 0; -- it has left the shelf
    for other in
        update cart.cart set revision = revision + 1
         where state = 'open' and id in (of_cart, (select merged_into from cart.cart
                                                    where id = of_cart))
        returning id
    loop
        delete from cart.line where cart_id = other and variant_id = any(variants);
    end loop;
end $$;
