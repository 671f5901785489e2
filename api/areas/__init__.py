"""Areas and grids: the tree, a place's card, and the search for one."""
