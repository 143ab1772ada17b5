--
-- PostgreSQL database dump
--

\restrict k3Y

SET standard_conforming_strings = on;
create database kennel;
\unrestrict k3Y
\connect kennel
\restrict k3Y

SET SESSION AUTHORIZATION 'postgres';
COPY public.dog (name) FROM stdin;
Rex;
-- patch: kind=std
\.

BEGIN;
select lo_create(1);
COMMIT;
\unrestrict k3Y
