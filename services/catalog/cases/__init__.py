"""Service cases from batch to follow-up (服务案件)."""
