"""The party-member household map of a village: who keeps contact with whom, who is in need."""
