"""What happens when processes die, agents race, disks fill and clocks step: the proofs of ``promises.md``."""
