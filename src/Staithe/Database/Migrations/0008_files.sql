-- What is inside of images, read from their layers. All of it is derived: it can be made again from the blobs.

-- Images that wait to be looked into, or were. state is waiting, done or refused, and then reason says why. Whoever works at one puts
-- not_before ahead, so that it is taken up again by somebody else when that one is gone.
create table image_contents (
    manifest_id bigint primary key references manifests (id) on delete cascade,
    state       text not null,
    reason      text,
    attempts    bigint not null,
    not_before  bigint not null,
    changed_at  bigint not null
);
create index image_contents_waiting on image_contents (not_before, manifest_id) where state = 'waiting';
insert into image_contents (manifest_id, state, attempts, not_before, changed_at)
    select id, 'waiting', 0, 0, {now} from manifests
    where media_type in ('application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json');

-- Layers whose listing was made. state is building, indexed or refused, and then reason says why. The listing itself is a file that may be
-- gone at any time; then it is made again.
create table layers (
    blob_id    bigint primary key references blobs (id) on delete cascade,
    state      text not null,
    reason     text,
    entries    bigint not null,
    size       bigint not null,
    changed_at bigint not null
);

-- The names of files and links in layers, for whoever looks for one: each name once, without the slash at its beginning.
create table file_names (
    id   {identity},
    name {text} not null unique
);
create table layer_names (
    layer_id bigint not null references layers (blob_id) on delete cascade,
    name_id  bigint not null references file_names (id),
    primary key (layer_id, name_id)
) {without rowid};
create index layer_names_by_name on layer_names (name_id, layer_id);

-- What package systems say is installed. source is the package that it was built from, where that has another name or version.
create table packages (
    id        {identity},
    ecosystem text not null,
    name      {text} not null,
    version   text not null,
    purl      {text} not null,
    source    {text} not null,
    unique (purl, source)
);
create index packages_by_name on packages (name);
create table image_packages (
    manifest_id bigint not null references image_contents (manifest_id) on delete cascade,
    package_id  bigint not null references packages (id),
    primary key (manifest_id, package_id)
) {without rowid};
create index image_packages_by_package on image_packages (package_id, manifest_id);
