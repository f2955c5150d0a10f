-- notify: the log of what was said to whom.

-- name: say :exec
-- in: organisation bigint?, order_id bigint?, person bigint?, template text, cause text, recipient text, lang text, request text, rank bigint, wake bool
-- Once per template and cause, with the job that sends it.
select notify.say(:template, :cause, :recipient, :lang, :organisation, :order_id, :person,
    :request, :rank, :wake) as said;

-- name: mail :one
-- in: id bigint
select id, coalesce(organisation_id, 0) as organisation_id, coalesce(order_id, 0) as order_id,
       coalesce(person_id, 0) as person_id, template, cause, recipient, lang, state
  from notify.mail where id = :id;

-- name: sent :exec
-- in: id bigint, subject text, answer text, message_id text
update notify.mail
   set state = 'sent', subject = :subject, answer = :answer, message_id = :message_id,
       sent_at = now()
 where id = :id;

-- name: failed :exec
-- in: id bigint, answer text
update notify.mail set state = 'failed', answer = :answer where id = :id and state <> 'sent';

-- name: wait_again :exec
-- in: id bigint
update notify.mail set state = 'waiting', answer = '' where id = :id;

-- name: of_order :many
-- in: order_id bigint
select id, template, recipient, subject, state, answer, created_at, sent_at
  from notify.mail where order_id = :order_id order by id limit 100;

-- name: of_person :many
-- in: person bigint
select template, recipient, subject, state, created_at, sent_at
  from notify.mail where person_id = :person order by id limit 5000;

-- name: forget :exec
-- in: email text
update notify.mail
   set recipient = '', answer = '', state = case state when 'waiting' then 'failed' else state end
 where recipient = :email;

-- name: forget_one :exec
-- in: template text, cause text
update notify.mail set recipient = '', answer = ''
 where template = :template and cause = :cause and state <> 'waiting';
