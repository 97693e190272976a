-- Which types of artifacts refer to something in a repository is told by as many steps as there are types, not referrers.
create index manifests_by_type on manifests (repo_id, artifact_type) where subject is not null;
