"""The audit ledger, pure: records, their chain, signed checkpoints, verification."""
