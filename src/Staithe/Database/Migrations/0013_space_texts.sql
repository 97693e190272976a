-- What people say of a space, in one line.
alter table spaces add column description {text} not null default '';
