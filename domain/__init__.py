"""The town hall’s own rules: facts, demands, procedures, agents, and nothing technical."""
