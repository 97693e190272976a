-- What images are built on: for each number of their layers, from the lowest, the ChainID of these (image-spec, config.md). Images with the same
-- ChainID have the same files up to there, however their layers are packed. above is how many layers the image has on top: 0 for the whole image.
create table image_chains (
    manifest_id bigint not null references image_contents (manifest_id) on delete cascade,
    repo_id     bigint not null,
    above       bigint not null,
    chain       text not null,
    primary key (manifest_id, above)
) {without rowid};
create index image_chains_by_chain on image_chains (chain, above, repo_id);

-- All are looked into once more, which is little work where the listings of their layers are still there.
update image_contents set state = 'waiting', attempts = 0, not_before = 0 where state <> 'waiting';
