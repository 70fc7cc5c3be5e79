"""Start pages made for one domain; each uses only that domain's records and views."""
