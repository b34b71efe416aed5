search-people = 同事
