"""How fast Suivi is, against references measured in the same run; absolute figures are printed, never asserted."""
