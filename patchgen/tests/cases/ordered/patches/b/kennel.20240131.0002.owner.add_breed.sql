alter table dog add breed text;
