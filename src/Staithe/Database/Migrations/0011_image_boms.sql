-- The lists of packages (CycloneDX) that the registry has attached to images on somebody's request. Such a one goes with its image, unless it is in use.
create table image_boms (
    image_id    bigint primary key references manifests (id) on delete cascade,
    manifest_id bigint not null unique references manifests (id) on delete cascade
);
