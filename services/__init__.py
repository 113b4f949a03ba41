"""The deployables. Each owns its database; none imports another."""
