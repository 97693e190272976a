-- Each filter of the audit is read from its newest line on. What was refused is rare, so that the lines of what was done pay nothing for its indexes.
create index audit_by_actor on audit (actor, id);
create index audit_by_action on audit (action, id);
create index audit_by_space_and_action on audit (space, action, id);
create index audit_refused on audit (id) where outcome = 'refused';
create index audit_refused_by_space on audit (space, id) where outcome = 'refused';

-- Which person says that somebody is in a team. Of those there are, the audit may know; who came by an invitation wrote the line themselves.
alter table team_members add column given_by text;
update team_members set given_by = (
    select a.actor from audit a join teams t on t.id = team_members.team_id join spaces s on s.id = t.space_id join users u on u.id = team_members.user_id
    where a.space = s.name and a.action = 'team.member.add' and a.outcome = 'done' and a.detail = u.name and a.actor <> u.name
        and substr(a.target, length(a.target) - length(t.name)) = '/' || t.name
    order by a.id desc limit 1)
    where source = '';
