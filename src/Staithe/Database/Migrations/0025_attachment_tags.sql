-- Tags that are no releases: named after the digest of another manifest (AttachmentTag), or pointing at a manifest with a subject. 1 or 0.
alter table tags add column is_attachment bigint not null default 0;
alter table tag_moves add column is_attachment bigint not null default 0;
update tags set is_attachment = 1 where exists (select 1 from manifests m where m.id = tags.manifest_id and m.subject is not null)
    or (substr(name, 1, 7) in ('sha256-', 'sha384-', 'sha512-') and length(name) >= 71 and trim(substr(name, 8, 64), '0123456789abcdef') = ''
        and (length(name) = 71 or (length(name) > 72 and substr(name, 72, 1) = '.')));
update tag_moves set is_attachment = 1 where exists (select 1 from tags t where t.repo_id = tag_moves.repo_id and t.name = tag_moves.tag and t.is_attachment = 1)
    or (substr(tag, 1, 7) in ('sha256-', 'sha384-', 'sha512-') and length(tag) >= 71 and trim(substr(tag, 8, 64), '0123456789abcdef') = ''
        and (length(tag) = 71 or (length(tag) > 72 and substr(tag, 72, 1) = '.')));
drop index tags_by_time;
create index tags_by_time on tags (repo_id, is_attachment, moved_at);
-- What is in the index of searches was made with attachments among the tags, and with licences in lower case.
insert into changed_repositories (repo_id, seq) select id, 1 from repositories where true on conflict (repo_id) do update set seq = changed_repositories.seq + 1;
