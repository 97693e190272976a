-- The repository of the image stands beside each of its packages, so that whoever looks for a package need not look at every image that has it.
alter table image_packages add column repo_id bigint not null default 0;
update image_packages set repo_id = (select m.repo_id from manifests m where m.id = image_packages.manifest_id);
drop index image_packages_by_package;
create index image_packages_by_package on image_packages (package_id, repo_id);
