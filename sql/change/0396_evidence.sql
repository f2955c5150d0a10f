-- As 0321, of what is put before a bank in a dispute: it names the buyer, their address of mail and
-- on the network, and where they live. What programs of the version before store meanwhile keeps it.
-- meanwhile: an event that a provider sends again is answered late, and who erases an account waits
-- rows: payments.event
set local lock_timeout = '3s';
set local statement_timeout = 0;
select set_config('app.platform', 'on', true);
update payments.event e
   set body = (b.j #- '{data,object,evidence}' #- '{data,previous_attributes,evidence}')::text
  from payments.event f cross join lateral (
           select replace(f.body, '\u0000', '\ufffd')::jsonb as j) b
 where f.kind like 'charge.dispute.%' and f.body like '%"evidence"%' and e.id = f.id;
