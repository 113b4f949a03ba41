"""Providers and their qualification (服务商, 遴选)."""
