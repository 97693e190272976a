-- What is to be done away from any request: a row for each unit of a kind, until it has gone well. unit names it for the work, label for people, data is what the
-- work has to know beside. seq moves when the unit is asked for again. Whoever works at it is lease, until leased_until; nobody takes it before not_before, which is no
-- earlier than that. cause and failed_at are of the last failure. priority: 1 for what somebody waits for, -1 for failures of work that has no rows here.
create table jobs (
    kind         {text} not null,
    unit         {text} not null,
    label        text not null,
    data         text,
    priority     bigint not null,
    seq          bigint not null,
    created_at   bigint not null,
    not_before   bigint not null,
    leased_until bigint not null,
    lease        bigint not null,
    attempts     bigint not null,
    cause        text,
    failed_at    bigint,
    primary key (kind, unit)
);
create index jobs_by_turn on jobs (kind, priority desc, not_before);
create index jobs_by_failure on jobs (failed_at) where failed_at is not null;
-- What is to be said of a kind as a whole: since when it is paused; for one that runs by a schedule, which one, when it ran last and when it runs next.
create table job_kinds (kind {text} not null primary key, paused_at bigint, schedule {text}, last_at bigint, next_at bigint);

-- Until now each kind of work had a queue of its own.
insert into jobs (kind, unit, label, priority, seq, created_at, not_before, leased_until, lease, attempts, cause, failed_at)
select 'search index', cast(c.repo_id as text), coalesce(r.name, ''), 0, 1, {now}, coalesce(f.not_before, {now}), 0, 0, coalesce(f.attempts, 0), f.cause, f.failed_at
from changed_repositories c left join repositories r on r.id = c.repo_id
    left join failed_work f on f.kind = 'search index' and f.unit = cast(c.repo_id as text);
insert into jobs (kind, unit, label, priority, seq, created_at, not_before, leased_until, lease, attempts, cause, failed_at)
select 'layer inspection', cast(i.manifest_id as text), r.name || '@' || m.digest, 0, 1, i.changed_at, i.not_before, 0, 0, i.attempts, i.reason, case when i.attempts > 0 then i.changed_at end
from image_contents i join manifests m on m.id = i.manifest_id join repositories r on r.id = m.repo_id where i.state = 'waiting';
insert into jobs (kind, unit, label, priority, seq, created_at, not_before, leased_until, lease, attempts, cause, failed_at)
select kind, unit, label, -1, 1, failed_at, not_before, 0, 0, attempts, cause, failed_at from failed_work where kind <> 'search index';
drop table changed_repositories;
drop table failed_work;
drop index image_contents_waiting;
update image_contents set reason = null where state = 'waiting';
alter table image_contents drop column attempts;
alter table image_contents drop column not_before;
