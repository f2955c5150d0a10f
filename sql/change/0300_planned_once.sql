-- What was planned anew each time it was asked: SQL functions that are no mere expression.
set local lock_timeout = '3s';
create or replace function base.source() returns text language sql stable parallel safe as
$$ select rtrim(concat_ws(' ', split_part(current_setting('app.source', true), ' ', 3),
              case when current_setting('app.source', true) ~ '^\d+ \d+ web \S*[.:]' then '-'
                   else split_part(current_setting('app.source', true), ' ', 4) end,
              split_part(current_setting('app.source', true), ' ', 5))) $$;
create or replace function orders.sells_alone(of_order bigint) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return coalesce((select bool_and(p.organisation_id = base.organisation())
                       from orders.part p where p.order_id = of_order), false);
end $$;
alter policy seller on payments.transaction
    using (base.organisation() is not null and orders.sells_alone(order_id));
alter policy seller on payments.entry
    using (base.organisation() is not null and orders.sells_alone(order_id));
