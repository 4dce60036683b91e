-- Roles and database, once, as a superuser of PostgreSQL 15 or later:
--   psql -v ON_ERROR_STOP=1 -v migrator_password=… -v service_password=… -f roles.sql postgres
-- The owner has no password and cannot log in. Whoever migrates logs in as custos_migrator and acts as the owner from the first statement on.
create role custos_owner nologin;
create role custos_migrator login noinherit password :'migrator_password';
create role custos_service login password :'service_password';
grant custos_owner to custos_migrator;
create database custos owner custos_owner encoding 'UTF8' template template0;
alter role custos_migrator in database custos set role to custos_owner;
revoke all on database custos from public;
grant connect on database custos to custos_migrator, custos_service;
\connect custos
revoke all on schema public from public;
grant usage on schema public to custos_service;
