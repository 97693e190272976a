-- What the registry holds. Times are milliseconds since 1970 by the database's clock; digests are text.
-- A reference exists only along restricting foreign keys: tag -> manifest -> repo_blob -> blob.

-- space is the first part of the name; visibility is public, internal or private.
create table repositories (
    id         {identity},
    name       {text} not null unique,
    space      {text} not null,
    visibility text not null,
    created_at bigint not null
);
create index repositories_by_space on repositories (space);

-- Content whose bytes are durable. A storage key is never reused and never overwritten.
create table blobs (
    id          {identity},
    digest      {text} not null unique,
    storage_key {text} not null unique,
    size        bigint not null,
    created_at  bigint not null
);

-- The link: this repository has that blob. Until protect_until it is promised to a client, manifest or not.
create table repo_blobs (
    repo_id       bigint not null references repositories (id),
    blob_id       bigint not null references blobs (id),
    protect_until bigint not null,
    primary key (repo_id, blob_id)
);
create index repo_blobs_by_blob on repo_blobs (blob_id);

-- The exact bytes come last, so that a list of manifests need not read past them.
create table manifests (
    id            {identity},
    repo_id       bigint not null references repositories (id),
    digest        {text} not null,
    media_type    text not null,
    size          bigint not null,
    subject       {text},
    artifact_type text,
    annotations   text,
    created_at    bigint not null,
    content       {bytes} not null,
    unique (repo_id, digest),
    unique (repo_id, id)
);
create index manifests_by_subject on manifests (repo_id, subject, id) where subject is not null;

create table manifest_blobs (
    manifest_id bigint not null references manifests (id) on delete cascade,
    repo_id     bigint not null,
    blob_id     bigint not null,
    primary key (manifest_id, blob_id),
    foreign key (repo_id, blob_id) references repo_blobs (repo_id, blob_id)
);
create index manifest_blobs_by_link on manifest_blobs (repo_id, blob_id);

create table manifest_children (
    manifest_id bigint not null references manifests (id) on delete cascade,
    repo_id     bigint not null,
    child_id    bigint not null,
    primary key (manifest_id, child_id),
    foreign key (repo_id, child_id) references manifests (repo_id, id)
);
create index manifest_children_by_child on manifest_children (repo_id, child_id);

-- What a manifest names and the repository does not have: layers that may not be distributed, and the gaps of sparse images.
-- When such content arrives, its row here turns into a row of the two tables above. kind is 'blob' or 'manifest'.
create table absent_references (
    manifest_id bigint not null references manifests (id) on delete cascade,
    repo_id     bigint not null,
    digest      {text} not null,
    kind        text not null,
    primary key (manifest_id, digest, kind)
);
create index absent_references_by_digest on absent_references (repo_id, digest, kind);

create table tags (
    repo_id     bigint not null references repositories (id),
    name        {text} not null,
    manifest_id bigint not null,
    moved_at    bigint not null,
    primary key (repo_id, name),
    foreign key (repo_id, manifest_id) references manifests (repo_id, id)
);
create index tags_by_manifest on tags (repo_id, manifest_id);

-- A blob on its way in. The repository is a name, because an upload alone makes none. received counts durable bytes; hash_state is the
-- state of the hash at that place, or null when the bytes must be read again; version moves with every change.
create table uploads (
    id          {text} primary key,
    repository  {text} not null,
    storage_key {text} not null unique,
    algorithm   text not null,
    received    bigint not null,
    hash_state  {bytes},
    version     bigint not null,
    started_at  bigint not null,
    expires_at  bigint not null
);
create index uploads_by_expiry on uploads (expires_at);

-- Bytes that no row above names any more. The sweep deletes the bytes first and the row after.
create table trash (
    storage_key  {text} primary key,
    delete_after bigint not null
);
create index trash_by_time on trash (delete_after);

-- Links that may have lost their last manifest, to be looked at by the collector.
create table gc_candidates (
    repo_id      bigint not null,
    blob_id      bigint not null,
    review_after bigint not null,
    seq          bigint not null,
    primary key (repo_id, blob_id)
);
create index gc_candidates_by_time on gc_candidates (review_after);
