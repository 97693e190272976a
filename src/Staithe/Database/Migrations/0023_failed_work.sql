-- Units of background work that failed: which, why, how often, and when each is tried again. A row goes when its unit has gone well.
-- unit names it for the worker, label for people.
create table failed_work (
    kind       {text} not null,
    unit       {text} not null,
    label      text not null,
    cause      text not null,
    attempts   bigint not null,
    failed_at  bigint not null,
    not_before bigint not null,
    primary key (kind, unit)
);
create index failed_work_by_time on failed_work (failed_at);
