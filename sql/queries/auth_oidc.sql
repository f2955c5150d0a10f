-- Logging in by another house's word: journeys under way, and the identities that are connected.

-- name: oidc_begin :exec
-- in: state_hash text, browser_hash text, provider text, nonce text, verifier text, next text, lang text, person bigint?, until timestamptz
insert into auth.login_try (state_hash, browser_hash, provider, nonce, verifier, next, lang, person_id, until)
values (:state_hash, :browser_hash, :provider, :nonce, :verifier, :next, :lang, :person, :until);

-- name: oidc_take :maybe
-- in: state_hash text, browser_hash text, provider text, at timestamptz
-- Once, and only in the browser it began in.
delete from auth.login_try
 where state_hash = :state_hash and browser_hash = :browser_hash and provider = :provider
   and until > :at
returning nonce, verifier, next, lang, coalesce(person_id, 0) as person_id;

-- name: oidc_forget :exec
-- in: before timestamptz
delete from auth.login_try where until < :before;

-- name: oidc_use :maybe
-- in: issuer text, subject text, email text, at timestamptz
-- Whose login this is.
update auth.identity i set used_at = :at, email = :email
  from auth.person p
 where i.issuer = :issuer and i.subject = :subject and p.id = i.person_id
returning p.id, p.email, p.name, p.epoch,
       p.role <> 'user' or exists (select from auth.member m where m.person_id = p.id) as is_staff;

-- name: oidc_person :maybe
-- in: email text, name text, lang text
-- An account of somebody whose address the provider has verified; it has no password. Nothing
-- when there is one already.
insert into auth.person (email, name, password_hash, lang, verified_at)
values (:email, :name, '', :lang, now())
on conflict (email) do nothing
returning id;

-- name: oidc_connect :maybe
-- in: person bigint, provider text, issuer text, subject text, email text
-- Nothing when it is connected, to this account or another.
insert into auth.identity (person_id, provider, issuer, subject, email)
values (:person, :provider, :issuer, :subject, :email)
on conflict (issuer, subject) do nothing
returning id;

-- name: oidc_connected :many
-- in: person bigint
select id, provider, email, created_at, used_at from auth.identity
 where person_id = :person order by id limit 20;

-- name: lock_person :exec
-- in: person bigint
-- Until the transaction ends nobody else has this.
select from auth.person where id = :person for no key update;

-- name: oidc_disconnect :exec
-- in: person bigint, id bigint
-- Not the last way in: a password must be there, or another login.
delete from auth.identity i
 where i.id = :id and i.person_id = :person
   and (exists (select from auth.person p where p.id = :person and p.password_hash <> '')
        or exists (select from auth.identity o where o.person_id = :person and o.id <> :id));

-- name: all_identities :many
-- in: person bigint
select provider, issuer, subject, email, created_at, used_at
  from auth.identity where person_id = :person order by id limit 100;
