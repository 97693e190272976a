-- What an invitation grants ends no later than the inviter's rights and credential did when it was made.
alter table invitations add column grant_ends_at bigint;
