-- Whose an upload is, so that the open ones of one account or address can be counted: "user N", "robot N" or "address N". Empty for those
-- that were begun before.
alter table uploads add column owner {text} not null default '';
