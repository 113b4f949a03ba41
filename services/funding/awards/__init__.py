"""Awards: schemes as dated rule files, and the entitlements that follow from titles (奖补)."""
