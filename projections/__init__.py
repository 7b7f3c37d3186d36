"""What agents and analysts look at: lists, journal and statistics, built from the facts and rebuildable from them."""
