
-- What looking into a layer found out. diff_id is the digest of the unpacked archive, null when it was not read to its end; incomplete says why it
-- was not; skipped counts the entries that were left out, and skipped_example says what was wrong with the first ones. reader is the version of the
-- code that read the layer: rows of older code are made again.
alter table layers add column diff_id text;
alter table layers add column incomplete text;
alter table layers add column skipped bigint not null default 0;
alter table layers add column skipped_example text;
alter table layers add column reader bigint not null default 0;

-- What is to be said of an image that was looked into, as a JSON array: what was not read, and claims that turned out to be wrong.
alter table image_contents add column notes text;

-- Until now the chains were what configs claim. They come back when the layers were held against the claim.
delete from image_chains;
update image_contents set state = 'waiting', attempts = 0, not_before = 0 where state <> 'waiting';
