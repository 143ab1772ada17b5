/* nothing yet */;
