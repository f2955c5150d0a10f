-- orders:read is a buyer's right; to read the orders of an organisation is orders:read-all. Who was
-- given that under its old name has it under both: the programs of the version before look for the
-- one, those of today for the other.
set local lock_timeout = '3s';
select set_config('app.platform', 'on', true);
update auth.role set permissions = permissions || 'orders:read-all'::text
 where 'orders:read' = any (permissions) and not 'orders:read-all' = any (permissions);
update auth.api_key set scopes = scopes || 'orders:read-all'::text
 where 'orders:read' = any (scopes) and not 'orders:read-all' = any (scopes);
