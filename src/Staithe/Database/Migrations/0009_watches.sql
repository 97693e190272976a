-- What people watch: a repository, a space or a search, exactly one of them. A feed tells what happens there.
create table watches (
    id         {identity},
    user_id    bigint not null references users (id) on delete cascade,
    repo_id    bigint references repositories (id) on delete cascade,
    space_id   bigint references spaces (id) on delete cascade,
    query      {text},
    created_at bigint not null
);
create index watches_by_user on watches (user_id, id);
create unique index watches_of_repositories on watches (user_id, repo_id) where repo_id is not null;
create unique index watches_of_spaces on watches (user_id, space_id) where space_id is not null;
create unique index watches_of_searches on watches (user_id, query) where query is not null;
create index watches_by_repository on watches (repo_id) where repo_id is not null;
create index watches_by_space on watches (space_id) where space_id is not null;

-- The newest moves in a repository, whatever the tag.
create index tag_moves_by_repository on tag_moves (repo_id, id);

-- Packages by their name and by the name of the one that they were built from, however these are written.
drop index packages_by_name;
create index packages_by_name on packages (lower(name));
create index packages_by_source on packages (lower(source)) where source <> '';
