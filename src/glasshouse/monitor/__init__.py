"""Everything that can be seen: one sampler per server for all viewers, views with their age."""
