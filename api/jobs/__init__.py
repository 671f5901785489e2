"""Long work: put in a queue, done by one worker beside the service, told how far it is."""
