"""The worklist: findings that somebody is to put right, until a check no longer finds them."""
