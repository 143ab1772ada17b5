prepare transaction 'x';
