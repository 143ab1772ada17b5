-- patch: kind=concurrent
set session authorization default;
