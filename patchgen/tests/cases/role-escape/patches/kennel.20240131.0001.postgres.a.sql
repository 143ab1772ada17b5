set role owner;
reset role;
