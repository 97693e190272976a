-- What the storage of the bytes has to remember of an upload, in its own form: null for files. When an upload is given up, its state goes
-- to the trash with its key, because deleting the bytes may take it.
alter table uploads add column storage_state {bytes};
alter table trash add column storage_state {bytes};
