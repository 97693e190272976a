-- What has happened: a row for each deed, in its transaction. tx is the transaction on PostgreSQL, where ids may be committed in another order than
-- they were given out, and 0 on SQLite. origin is the process that wrote it. What a kind does not have is null.
create table events (
    id          {identity},
    tx          bigint not null,
    at          bigint not null,
    origin      bigint not null,
    kind        {text} not null,
    space       {text},
    repo_id     bigint,
    name        {text},
    former      {text},
    digest      {text},
    manifest_id bigint,
    is_image    bigint not null,
    tags        text not null
);
{event order}
-- How far each listener has come, and, as the listener 'trimmed', up to where events were deleted.
create table event_cursors (listener {text} not null primary key, tx bigint not null, id bigint not null);
-- The events tell of changes of rights, too.
drop table access_epoch;
