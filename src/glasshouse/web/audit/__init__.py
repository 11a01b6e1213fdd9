"""The pages of the audit ledger."""
