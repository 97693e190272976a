-- What can be searched for. Everything here can be made anew from the content: it follows a moment behind.

-- Repositories that have changed since they were looked at. seq moves with every change, so that one made meanwhile is not forgotten.
-- There is no foreign key: a repository that is gone is news too.
create table changed_repositories (
    repo_id bigint primary key,
    seq     bigint not null
);

-- How a repository is shown in a list. size is that of its newest image, compressed.
create table search_documents (
    repo_id     bigint primary key references repositories (id) on delete cascade,
    title       text not null,
    description text not null,
    size        bigint not null,
    updated_at  bigint not null
);
create index search_documents_by_time on search_documents (updated_at, repo_id);

-- What is searched for exactly: port 5432/tcp, label a=b, base docker.io/library/debian:12, …
create table search_terms (
    repo_id bigint not null references repositories (id) on delete cascade,
    field   {text} not null,
    value   {text} not null,
    primary key (repo_id, field, value)
);
create index search_terms_by_value on search_terms (field, value, repo_id);

-- The names in pieces of three letters, to find those that were meant by others.
create table search_pieces (
    piece   {text} not null,
    repo_id bigint not null references repositories (id) on delete cascade,
    primary key (piece, repo_id)
);
create index search_pieces_by_repository on search_pieces (repo_id);

{word index};

create index manifests_by_digest on manifests (digest);

-- What people write about a repository: one line, and a page of Markdown.
create table repository_texts (
    repo_id     bigint primary key references repositories (id) on delete cascade,
    description text not null,
    readme      text not null,
    changed_at  bigint not null
);

create table stars (
    user_id bigint not null references users (id) on delete cascade,
    repo_id bigint not null references repositories (id) on delete cascade,
    primary key (user_id, repo_id)
);
create index stars_by_repository on stars (repo_id);

-- Pulls of manifests by day (days since 1970), added up in memory and written in batches.
create table pulls (
    repo_id bigint not null references repositories (id) on delete cascade,
    day     bigint not null,
    count   bigint not null,
    primary key (repo_id, day)
);

-- When each tag was last pulled.
create table tag_pulls (
    repo_id   bigint not null references repositories (id) on delete cascade,
    tag       {text} not null,
    count     bigint not null,
    pulled_at bigint not null,
    primary key (repo_id, tag)
);

-- Every move of every tag: what it pointed at from then on; null when it was deleted.
create table tag_moves (
    id       {identity},
    repo_id  bigint not null references repositories (id) on delete cascade,
    tag      {text} not null,
    digest   {text},
    actor    text not null,
    moved_at bigint not null
);
create index tag_moves_by_tag on tag_moves (repo_id, tag, id);

-- Everything that is there already is news.
insert into changed_repositories (repo_id, seq) select id, 1 from repositories;
create index tags_by_time on tags (repo_id, moved_at);
