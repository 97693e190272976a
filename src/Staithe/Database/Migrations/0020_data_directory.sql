-- Which data directory the bytes of this database are in: the same id is in a file there. One row, or none before the first start.
create table data_directory (id {text} not null);
