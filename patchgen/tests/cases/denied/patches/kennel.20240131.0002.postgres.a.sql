begin; commit;
