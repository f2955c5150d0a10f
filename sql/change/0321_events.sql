-- As 0320, of what providers have said; what still waits to be applied needs none of it. What programs of
-- the version before store while machines are upgraded one by one keeps it.
-- meanwhile: an event that a provider sends again is answered late, and who erases an account waits
-- rows: payments.event
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update payments.event
   set body = regexp_replace(body,
       '("(?:success_url|cancel_url|return_url|phone|line1|line2)"\s*:\s*)"(?:[^"\\]|\\.)+"', '\1""', 'g')
 where body ~ '"(success_url|cancel_url|return_url|phone|line1|line2)"\s*:\s*"[^"]';
