-- Packages are found by the key of their name, which the rules of their package system give (PackageName). Those that are known already get theirs here.
alter table packages add column key {text} not null default '';
update packages set key = case ecosystem
    when 'pypi' then replace(replace(replace(replace(replace(lower(name), '_', '-'), '.', '-'), '---', '-'), '--', '-'), '--', '-')
    when 'cargo' then replace(lower(name), '_', '-')
    when 'gem' then name when 'golang' then name when 'maven' then name
    else lower(name) end;
create index packages_by_key on packages (key);
drop index packages_by_name;
