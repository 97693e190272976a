-- What moves and what goes: former names, hand-overs that wait for an answer, and what new repositories give to whom.

-- A space that gets another name leaves a row under the old one, which is removed like any other and points at the space: so the name, and
-- what looks like it, stays taken. moved_to never points at such a row.
alter table spaces add column moved_to bigint references spaces (id);
create index spaces_by_moved_to on spaces (moved_to) where moved_to is not null;

-- Names that a repository had before, and still answers to. space is the first part, and never one that moved: a name below the old name of
-- a space is read below its new one first.
create table repository_aliases (
    name       {text} primary key,
    space      {text} not null,
    repo_id    bigint not null references repositories (id) on delete cascade,
    created_at bigint not null
);
create index repository_aliases_by_repository on repository_aliases (repo_id);
create index repository_aliases_by_space on repository_aliases (space);

-- A repository that is to go to another space, once an admin of that space takes it. path is its name there without the space.
create table repository_offers (
    id         {identity},
    repo_id    bigint not null unique references repositories (id) on delete cascade,
    space_id   bigint not null references spaces (id) on delete cascade,
    path       {text} not null,
    offered_by bigint not null references users (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
);
create index repository_offers_by_space on repository_offers (space_id);
create index repository_offers_by_offerer on repository_offers (offered_by);

-- A space that is to belong to a user, once that user takes it: as the user's own, or as an organization whose owner the user is.
create table space_offers (
    space_id        bigint primary key references spaces (id) on delete cascade,
    user_id         bigint not null references users (id) on delete cascade,
    is_organization bigint not null,
    offered_by      bigint not null references users (id) on delete cascade,
    created_at      bigint not null,
    expires_at      bigint not null
);
create index space_offers_by_user on space_offers (user_id);
create index space_offers_by_offerer on space_offers (offered_by);

-- Grants that come with each new repository that the target reaches, when it is made by the user, by somebody in the team or by the robot; by
-- anybody where all three are null. It goes to at most one of user_id, team_id and robot_id; where all are null, to whoever made the repository.
create table default_grants (
    id             {identity},
    space_id       bigint not null references spaces (id),
    target         {text} not null,
    maker_user_id  bigint references users (id) on delete cascade,
    maker_team_id  bigint references teams (id) on delete cascade,
    maker_robot_id bigint references robots (id) on delete cascade,
    user_id        bigint references users (id) on delete cascade,
    team_id        bigint references teams (id) on delete cascade,
    robot_id       bigint references robots (id) on delete cascade,
    rights         bigint not null,
    tags           text,
    created_at     bigint not null
);
create index default_grants_by_space on default_grants (space_id);
create index default_grants_by_maker_user on default_grants (maker_user_id) where maker_user_id is not null;
create index default_grants_by_maker_team on default_grants (maker_team_id) where maker_team_id is not null;
create index default_grants_by_maker_robot on default_grants (maker_robot_id) where maker_robot_id is not null;
create index default_grants_by_user on default_grants (user_id) where user_id is not null;
create index default_grants_by_team on default_grants (team_id) where team_id is not null;
create index default_grants_by_robot on default_grants (robot_id) where robot_id is not null;
