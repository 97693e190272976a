-- Which server writes to an upload, until when by the database's clock. Only where several servers may use one database.
alter table uploads add column claimed_by {text};
alter table uploads add column claimed_until bigint not null default 0;
