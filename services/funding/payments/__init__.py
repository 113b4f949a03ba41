"""Payment of awards (奖补资金拨付): lists, notices, approvals, files, returns, claw-backs."""
