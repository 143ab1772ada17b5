-- patch: syntax=unchecked
selekt what only a newer server understands;
