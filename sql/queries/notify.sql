-- notify: the log of what was said to whom.

-- name: say :exec
-- in: organisation bigint?, order_id bigint?, person bigint?, template text, cause text, recipient text, lang text, request text, rank bigint, wake bool
-- Once per template and cause, with the job that sends it.
select notify.say(:template, :cause, :recipient, :lang, :organisation, :order_id, :person,
    :request, :rank, :wake) as said;

-- name: mail :one
-- in: id bigint
select id, coalesce(organisation_id, 0) as organisation_id, coalesce(order_id, 0) as order_id,
       coalesce(person_id, 0) as person_id, template, cause, recipient, lang, state, again
  from notify.mail where id = :id;

-- name: sent :exec
-- in: id bigint, subject text, answer text, message_id text
-- Lost with the database's machine, it is sent once more under the same Message-ID, as after any
-- crash: nobody waits for the disk.
update notify.mail
   set state = 'sent', subject = :subject, answer = :answer, message_id = :message_id,
       sent_at = now()
 where id = :id
returning set_config('synchronous_commit', 'off', true) as hurry;

-- name: failed :exec
-- in: id bigint, answer text
update notify.mail set state = 'failed', answer = :answer where id = :id and state <> 'sent';

-- name: put_off :exec
-- in: id bigint, answer text
-- It is tried again; why it has not gone out yet.
update notify.mail set answer = :answer where id = :id and state = 'waiting' and answer <> :answer;

-- name: wait_again :maybe
-- in: id bigint
-- Whether it waited already; nothing of one that goes to nobody any more.
update notify.mail m
   set state = 'waiting', answer = '', again = m.again + (m.state = 'sent')::int
  from (select id, state from notify.mail where id = :id and recipient <> '' for update) old
 where m.id = old.id
returning old.state = 'waiting' as is_waiting;

-- name: of_order :many
-- in: order_id bigint, to_staff text[], organisation bigint?
-- Those of the templates to_staff only where they went to people of this organisation; null: all.
select id, template, recipient, subject, state, answer, created_at, sent_at
  from notify.mail
 where order_id = :order_id
   and (:organisation is null or template <> all (:to_staff) or organisation_id = :organisation)
 order by id limit 100;

-- name: of_person :many
-- in: person bigint
select template, recipient, subject, state, created_at, sent_at
  from notify.mail where person_id = :person order by id limit 5000;

-- name: forget :exec
-- in: email text
update notify.mail
   set recipient = '', answer = '', state = case state when 'waiting' then 'failed' else state end
 where recipient = :email;

-- name: forget_order :exec
-- in: order_id bigint, email text
-- What its buyer was told; what staff were told of it is theirs.
update notify.mail
   set recipient = '', answer = '', state = case state when 'waiting' then 'failed' else state end
 where order_id = :order_id and recipient = :email and :email <> '';

-- name: forget_person :exec
-- in: person bigint
-- Wherever it went: also to an address they had before.
update notify.mail
   set recipient = '', answer = '', state = case state when 'waiting' then 'failed' else state end
 where person_id = :person and recipient <> '';

-- name: forget_one :one
-- in: template text, cause text
with gone as (
    update notify.mail set recipient = '', answer = ''
     where template = :template and cause = :cause and state <> 'waiting')
select exists (select from notify.mail
                where template = :template and cause = :cause and state = 'waiting') as waits;

-- name: out_of_backup :exec
-- in: ids bigint[], plains text[]
-- What a backup has sealed beside its dump (orders: query mails_in_backup).
update notify.mail m set recipient = lower(v.plain ->> 'recipient'), answer = v.plain ->> 'answer'
  from (select u.id, u.plain::jsonb as plain
          from unnest(:ids::bigint[], :plains::text[]) as u(id, plain)) v
 where m.id = v.id and m.recipient = '';

-- name: forget_old :exec
-- Of what was said to people, not of orders, the first ones, a page at a time.
delete from notify.mail
 where id in (select id from notify.mail where order_id is null order by id limit 10000)
   and created_at < now() - interval '400 days';

-- name: add_sms :one
-- in: person bigint, template text, cause text, mark text, network text, country text, lang text
-- in: most bigint
-- The new one's id; 0: said before; below: -1 enough to this number, -2 for this person, -3 to this
-- address, -4 in this hour.
select notify.add_sms(:person, :template, :cause, :mark, :network, :country, :lang, :most) as id;

-- name: sms :one
-- in: id bigint
select id, person_id, template, cause, lang, state from notify.sms where id = :id;

-- name: sms_sending :exec
-- in: id bigint
update notify.sms set state = 'sending' where id = :id and state in ('waiting', 'sending');

-- name: sms_waiting :exec
-- in: id bigint
update notify.sms set state = 'waiting' where id = :id and state = 'sending';

-- name: sms_sent :exec
-- in: id bigint, sid text, delivery text, segments bigint
-- A report may have been faster than the answer.
update notify.sms
   set state = 'sent', sid = :sid, segments = :segments, sent_at = now(),
       delivery = case when delivery = '' then :delivery else delivery end
 where id = :id;

-- name: sms_failed :exec
-- in: id bigint, answer text
update notify.sms set state = 'failed', answer = :answer where id = :id and state <> 'sent';

-- name: sms_delivery :exec
-- in: id bigint, sid text, delivery text, code bigint
update notify.sms
   set delivery = :delivery, sid = case when sid = '' then :sid else sid end,
       answer = case when :code > 0 then 'code ' || :code else answer end
 where id = :id and (sid = '' or sid = :sid) and notify.rank(delivery) < notify.rank(:delivery);

-- name: sms_of_person :many
-- in: person bigint
select template, country, state, delivery, created_at, sent_at
  from notify.sms where person_id = :person order by id limit 5000;

-- name: erase_sms :exec
-- in: person bigint
-- What was sent within a day counts on, as nobody's: else the ceilings would be lifted by erasing
-- one account after the other.
with gone as (
    delete from notify.sms where person_id = :person and created_at < now() - interval '1 day')
update notify.sms set person_id = 0, sid = '', answer = ''
 where person_id = :person and created_at >= now() - interval '1 day';

-- name: forget_sms :exec
delete from notify.sms
 where created_at < now() - case when person_id = 0 then interval '1 day' else interval '90 days' end;

-- name: sms_hour :one
-- For the doctor: what this hour has cost so far, and what went wrong in it.
select count(*) as n, count(*) filter (where state = 'failed') as failed from notify.sms
 where created_at > now() - interval '1 hour';
