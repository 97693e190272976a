-- Who is in a team, and by whose word: an empty source is a person, any other the directory or issuer that may take its word back. Somebody is in a
-- team as long as anybody says so.
create table memberships (
    team_id bigint not null references teams (id) on delete cascade,
    user_id bigint not null references users (id) on delete cascade,
    source  {text} not null,
    primary key (team_id, user_id, source)
);
insert into memberships (team_id, user_id, source)
    select m.team_id, m.user_id, coalesce(m.source, '') from team_members m
    where m.source is not null or not exists (select 1 from external_members e where e.team_id = m.team_id and e.user_id = m.user_id);
insert into memberships (team_id, user_id, source)
    select e.team_id, e.user_id, e.issuer from external_members e join team_members m on m.team_id = e.team_id and m.user_id = e.user_id
    where m.source is null;
drop table external_members;
drop table team_members;
alter table memberships rename to team_members;
create index team_members_by_user on team_members (user_id);
