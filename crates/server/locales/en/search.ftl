search-people = Colleagues
