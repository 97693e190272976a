-- Who people and machines are elsewhere, and what that is worth here.

-- An account here of somebody elsewhere. The subject is what the issuer calls the person, for ever.
create table external_identities (
    id           {identity},
    issuer       {text} not null,
    subject      {text} not null,
    user_id      bigint not null references users (id) on delete cascade,
    created_at   bigint not null,
    signed_in_at bigint not null,
    unique (issuer, subject)
);
create index external_identities_by_user on external_identities (user_id);

-- The memberships that an issuer's groups gave, and that go with them again. One that somebody gave by hand is not here.
create table external_members (
    issuer  {text} not null,
    user_id bigint not null references users (id) on delete cascade,
    team_id bigint not null references teams (id) on delete cascade,
    primary key (user_id, issuer, team_id)
);
create index external_members_by_team on external_members (team_id);

-- By whose word a robot without a secret is let in: the issuer, whom its token must be for, and what it must say: an object of claims, with
-- values in which * stands for anything.
create table robot_trusts (
    id         {identity},
    robot_id   bigint not null references robots (id) on delete cascade,
    issuer     {text} not null,
    audience   text not null,
    claims     text not null,
    created_at bigint not null
);
create index robot_trusts_by_robot on robot_trusts (robot_id);
