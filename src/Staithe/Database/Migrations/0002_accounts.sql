-- Who is who, and who may do what. Secrets stand here as keyed hashes only; the key is a file of the data directory.

create table users (
    id           {identity},
    name         {text} not null unique,
    password     text,
    is_admin     bigint not null,
    disabled_at  bigint,
    created_at   bigint not null,
    signed_in_at bigint
);

-- The first part of repository names. owner_id is null for an organization. visibility is what new repositories get. skeleton is what a
-- hurried eye sees of the name. A removed space keeps its row, so that nobody takes the name over.
create table spaces (
    id         {identity},
    name       {text} not null unique,
    skeleton   {text} not null unique,
    owner_id   bigint references users (id),
    visibility text not null,
    created_at bigint not null,
    removed_at bigint
);
create index spaces_by_owner on spaces (owner_id);

create table teams (
    id         {identity},
    space_id   bigint not null references spaces (id),
    name       {text} not null,
    created_at bigint not null,
    unique (space_id, name)
);

create table team_members (
    team_id bigint not null references teams (id) on delete cascade,
    user_id bigint not null references users (id) on delete cascade,
    primary key (team_id, user_id)
);
create index team_members_by_user on team_members (user_id);

-- A machine's account. secret is null for one that signs in elsewhere.
create table robots (
    id         {identity},
    space_id   bigint not null references spaces (id),
    name       {text} not null,
    secret     {text} unique,
    created_at bigint not null,
    expires_at bigint,
    used_at    bigint,
    unique (space_id, name)
);

-- target is a repository, or with a slash at its end everything from there on: 'team/' is the whole space, 'team/web/' a part of it.
-- rights are bits (see Rights). tags is a pattern, and then the rights that have to do with tags hold only for tags it matches.
-- Exactly one of user_id, team_id and robot_id says to whom.
create table grants (
    id         {identity},
    space_id   bigint not null references spaces (id),
    target     {text} not null,
    user_id    bigint references users (id) on delete cascade,
    team_id    bigint references teams (id) on delete cascade,
    robot_id   bigint references robots (id) on delete cascade,
    rights     bigint not null,
    tags       text,
    created_at bigint not null,
    expires_at bigint
);
create index grants_by_space on grants (space_id);
create index grants_by_user on grants (user_id) where user_id is not null;
create index grants_by_team on grants (team_id) where team_id is not null;
create index grants_by_robot on grants (robot_id) where robot_id is not null;

-- What a person gives to a program instead of the password. kind is 'personal', 'refresh' for what docker login keeps, or 'session' for what
-- a browser keeps. rights and target limit it further than its owner is.
create table access_tokens (
    id         {identity},
    user_id    bigint not null references users (id) on delete cascade,
    kind       text not null,
    name       text not null,
    secret     {text} not null unique,
    rights     bigint not null,
    target     text,
    created_at bigint not null,
    expires_at bigint,
    used_at    bigint,
    parent_id  bigint references access_tokens (id) on delete cascade
);
create index access_tokens_by_user on access_tokens (user_id);
create index access_tokens_by_expiry on access_tokens (expires_at) where expires_at is not null;

-- The keys that sign tokens, encrypted. The newest signs; the others are known until what they signed has ended.
create table signing_keys (
    id         {text} primary key,
    material   {bytes} not null,
    created_at bigint not null
);

-- Who did what to what, written in the deed's own transaction.
create table audit (
    id      {identity},
    at      bigint not null,
    actor   text not null,
    action  text not null,
    target  text not null,
    space   {text},
    address text,
    outcome text not null,
    detail  text
);
create index audit_by_space on audit (space, id);
create index audit_by_time on audit (at);

-- Moves with every change of the tables above, so that who remembers an answer can tell whether it still holds.
create table access_epoch (
    epoch bigint not null
);
insert into access_epoch (epoch) values (1);
