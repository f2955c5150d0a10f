-- A person's telephone, devices one knows again, and a way back from a changed address.
set local lock_timeout = '3s';
alter table auth.person add column phone text not null default '' check (length(phone) <= 30);
alter table auth.person add column erased_at timestamptz;
alter table auth.device add column browser_hash text not null default '';
alter table auth.device add column network text not null default '';
create index device_browser on auth.device (person_id, browser_hash);
alter table auth.code drop constraint code_purpose_check;
alter table auth.code add constraint code_purpose_check check (purpose in
    ('verify-email', 'reset-password', 'change-email', 'undo-email', 'login-otp', 'invite'));
