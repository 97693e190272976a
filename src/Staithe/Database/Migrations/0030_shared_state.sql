-- What all servers of a registry have in common.

-- The secret that hashes and seals; older servers kept it in a file of the data directory. One row.
create table server_secret (
    id   bigint primary key check (id = 1),
    root {bytes} not null
);

-- Failed sign-ins by account and by address: keyed hashes of them. A row goes when the password was right, or an hour after the last failure.
create table guesses (
    key       {text} primary key,
    failed    bigint not null,
    failed_at bigint not null
);
create index guesses_by_time on guesses (failed_at);
create index guesses_by_worth on guesses (failed, failed_at);

-- Attempts to sign in with an issuer that have come back: each comes back once. A row goes when the attempt would have ended.
create table used_logins (
    state      {text} primary key,
    expires_at bigint not null
);
create index used_logins_by_end on used_logins (expires_at);
