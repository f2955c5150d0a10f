-- A way of delivery with a blank in its code, or more than forty letters, was offered and could never be
-- chosen. Codes that could be are left as they are, but for signs that mean something in an address.
set local lock_timeout = '3s';
select set_config('app.platform', 'on', true);
update shipping.method
   set code = coalesce(nullif(trim(both '-' from left(regexp_replace(lower(code), '[^a-z0-9]+', '-', 'g'),
              20)), ''), 'way') || '-' || id
 where code !~ '^[A-Za-z0-9_-]{1,40}$';
alter table shipping.method add constraint method_code check (code ~ '^[A-Za-z0-9_-]{1,40}$');
