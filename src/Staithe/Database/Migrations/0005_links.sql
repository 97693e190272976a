-- What is shared by a link: pulls without an account, and invitations. A link's secret stands here as a keyed hash only.

-- Whoever holds the link may pull from one repository, or one tag of it. Exactly one of user_id and robot_id made it, and it ends with
-- what they may. max_pulls is null for as many as one likes. The repository is meant, not its name: a link follows it.
create table share_links (
    id         {identity},
    repo_id    bigint not null references repositories (id) on delete cascade,
    tag        {text},
    secret     {text} not null unique,
    user_id    bigint references users (id) on delete cascade,
    robot_id   bigint references robots (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null,
    max_pulls  bigint,
    pulls      bigint not null,
    used_at    bigint
);
create index share_links_by_repository on share_links (repo_id, id);
create index share_links_by_user on share_links (user_id) where user_id is not null;
create index share_links_by_robot on share_links (robot_id) where robot_id is not null;
create index share_links_by_expiry on share_links (expires_at);

-- Whoever accepts gets into the team, or is granted the rights as they stand here (see grants). path is the target without the name of its
-- space, which may change: '/' is the whole space. For a team it is that, and the rights are none. user_name is null for anybody;
-- new_accounts is 1 where one may make an account for it.
create table invitations (
    id           {identity},
    space_id     bigint not null references spaces (id),
    secret       {text} not null unique,
    team_id      bigint references teams (id) on delete cascade,
    path         {text} not null,
    rights       bigint not null,
    tags         text,
    grant_days   bigint,
    user_name    {text},
    new_accounts bigint not null,
    max_uses     bigint not null,
    uses         bigint not null,
    user_id      bigint not null references users (id) on delete cascade,
    created_at   bigint not null,
    expires_at   bigint not null
);
create index invitations_by_space on invitations (space_id, id);
create index invitations_by_team on invitations (team_id) where team_id is not null;
create index invitations_by_user on invitations (user_id);
create index invitations_by_expiry on invitations (expires_at);

-- Nobody accepts the same invitation twice.
create table invitation_uses (
    invitation_id bigint not null references invitations (id) on delete cascade,
    user_id       bigint not null references users (id) on delete cascade,
    used_at       bigint not null,
    primary key (invitation_id, user_id)
);
create index invitation_uses_by_user on invitation_uses (user_id);
