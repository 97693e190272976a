-- What the page of text of a repository is rendered as, and by which version of the rules; 0 for not yet.
alter table repository_texts add column html {text};
alter table repository_texts add column html_version bigint not null default 0;
create index repository_texts_by_html_version on repository_texts (html_version, repo_id);
