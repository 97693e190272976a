-- The repositories that have a blob are read from the index alone.
drop index repo_blobs_by_blob;
create index repo_blobs_by_blob on repo_blobs (blob_id, repo_id);

-- The words that are in the index of words, where that is to be asked before a search: see SearchWords.
{word list}
