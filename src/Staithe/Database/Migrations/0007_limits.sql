-- Who put somebody into a team: null for a person, else the directory or issuer that is to take them out again.
alter table team_members add column source text;

-- Whether every pull of a manifest in the space is written into the audit.
alter table spaces add column audit_pulls bigint not null default 0;

-- Accounts of people whose password is kept elsewhere: what source calls them, in words that outlive a change of name.
create table directory_accounts (
    source  {text} not null,
    subject {text} not null,
    user_id bigint not null references users (id) on delete cascade,
    primary key (source, subject)
);
create index directory_accounts_by_user on directory_accounts (user_id);
