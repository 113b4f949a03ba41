"""Deliveries: claimed, sent, settled; the attempt log; what became of each event (推送)."""
